import Foundation
import RunStore
import Training

/// Keeps the journal of one run of the built-in trainer. Epochs that come again after an interruption have to give the
/// numbers they gave before: a machine that does not repeat itself is found out here.
final class RunJournal {
    private let journal: Journal
    private let started = monotonicSeconds()
    private var known: [Int: [String: Double]]

    /// - Throws: `Journal.Claimed` where another process trains this run.
    init(_ file: URL, provenance: Provenance, epochs: Int) throws {
        journal = try Journal(file)
        known = RunProgress(Journal.read(file)).values
        try journal.append([.begun(number: provenance.tries, started: provenance.started, epochs: epochs)])
    }

    func take(_ event: TrainingEvent) throws {
        switch event {
        case .resumed(let epochs): try journal.append([.resumed(epochs: epochs)])
        case .batch: break
        case .epoch(let record):
            let values = Dictionary(zip(TrainingRun.metricNames, record.values)) { first, _ in first }
            if let before = known[record.epoch] { try compare(values, before, epoch: record.epoch) }
            known[record.epoch] = values
            try journal.append([
                .epoch(record.epoch, values: values.mapValues(\.description), seconds: monotonicSeconds() - started)
            ])
        }
    }

    func close() { journal.remove() }

    private func compare(_ values: [String: Double], _ before: [String: Double], epoch: Int) throws {
        for name in TrainingRun.metricNames {
            guard let now = values[name], let then = before[name], now != then, !(now.isNaN && then.isNaN) else {
                continue
            }
            // What differs once may differ again: neither number is to be trusted, and the run starts afresh.
            journal.remove()
            throw NotRepeated(epoch: epoch, metric: name, before: then, now: now)
        }
    }
}

/// A run that went on from a checkpoint gave other numbers than before.
package struct NotRepeated: Error, CustomStringConvertible {
    let epoch: Int
    let metric: String
    let before: Double
    let now: Double

    package var description: String {
        "epoch \(epoch) came again after an interruption and gave \(metric) \(now), before it was \(before): this machine "
            + "does not repeat its own numbers, or its program was changed in between"
    }
}
