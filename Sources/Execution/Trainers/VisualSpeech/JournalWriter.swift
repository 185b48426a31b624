import Foundation
import RunStore
import Studies
import Training

/// Keeps the journal of one run of the built-in trainer. Epochs that come again after an
/// interruption have to give the numbers they gave before: a context that does not repeat itself is
/// found out here.
final class JournalWriter {
    private let journal: Journal
    private let started = monotonicSeconds()
    private var known: [Int: [String: Double]]
    private var lastBatch = monotonicSeconds()

    /// Seconds between two records of batches: within short epochs there are none.
    private static let batchInterval = 2.0

    /// - Throws: `Journal.Claimed` where another process trains this run.
    init(_ file: URL, provenance: Provenance, epochs: Int) throws {
        journal = try Journal(file)
        known = RunProgress(Journal.read(file)).values
        try journal.append([
            .begun(number: provenance.tries, started: provenance.started, epochs: epochs)
        ])
    }

    func take(_ event: TrainingEvent) throws {
        switch event {
        case .resumed(let epochs): try journal.append([.resumed(epochs: epochs)])
        case .batch(let epoch, let done, let count):
            let now = monotonicSeconds()
            guard now - lastBatch >= JournalWriter.batchInterval else { return }
            lastBatch = now
            try journal.append([.batch(epoch: epoch, done: done, of: count)], durably: false)
        case .epoch(let record):
            lastBatch = monotonicSeconds()
            let values = Dictionary(zip(record.names, record.values)) { first, _ in first }
            if let before = known[record.epoch] { try compare(values, before, epoch: record.epoch) }
            known[record.epoch] = values
            try journal.append([
                .epoch(
                    record.epoch, values: values.mapValues(\.description),
                    seconds: monotonicSeconds() - started)
            ])
        }
    }

    func close() { journal.remove() }

    private func compare(_ values: [String: Double], _ before: [String: Double], epoch: Int) throws
    {
        for name in values.keys.sorted() {
            guard let now = values[name], let then = before[name], now != then,
                !(now.isNaN && then.isNaN)
            else {
                continue
            }
            // What differs once may differ again: neither number is to be trusted, and the run
            // starts afresh.
            journal.remove()
            throw NotRepeated(epoch: epoch, metric: name, before: then, now: now)
        }
    }
}

/// A run that went on from a checkpoint gave other numbers than before.
package struct NotRepeated: UserError {
    let epoch: Int
    let metric: String
    /// The value of the first time, and of the second.
    let before, now: Double

    package var place: String { "epoch \(epoch)" }
    package var rule: String {
        "was repeated after an interruption and gave \(metric) \(now) instead of \(before)"
    }
    package var remedy: String {
        "this machine does not reproduce its own results, or the program was changed in between"
    }
}
