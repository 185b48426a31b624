import Foundation
import Training

/// What a worker tells its parent: one JSON object a line on standard output.
package enum WorkerEvent: Codable, Sendable, Equatable {
    /// Goes on from a checkpoint after so many epochs.
    case resumed(epochs: Int)
    /// Share of an epoch that is done, for long ones.
    case batch(epoch: Int, done: Int, of: Int)
    case epoch(epoch: Int, metric: Double?)
    case published

    private static let mark = "viseme-event "

    /// A line for standard output.
    package var line: String {
        let json = (try? JSONEncoder().encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return WorkerEvent.mark + json
    }

    /// Nil for a line that is not an event.
    init?(line: String) {
        guard line.hasPrefix(WorkerEvent.mark),
            let event = try? JSONDecoder().decode(
                WorkerEvent.self, from: Data(line.dropFirst(WorkerEvent.mark.count).utf8))
        else { return nil }
        self = event
    }
}

/// Writes events, batches at most twice a second.
package final class WorkerReporter {
    private var last = 0.0
    private let metricIndex: Int?

    package init(metric: Metric) {
        metricIndex = TrainingRun.metricNames.firstIndex(of: metric.name)
    }

    package func report(_ event: TrainingEvent) {
        switch event {
        case .resumed(let epochs): write(.resumed(epochs: epochs))
        case .batch(let epoch, let done, let count):
            let now = monotonicSeconds()
            guard now - last > 0.5 else { return }
            last = now
            write(.batch(epoch: epoch, done: done, of: count))
        case .epoch(let record):
            last = monotonicSeconds()
            let value = metricIndex.map { record.values[$0] } ?? .nan
            write(.epoch(epoch: record.epoch, metric: value.isFinite ? value : nil))
        }
    }

    package func write(_ event: WorkerEvent) {
        // Where the sweep is gone there is nobody to tell.
        try? FileHandle.standardOutput.write(contentsOf: Data((event.line + "\n").utf8))
    }
}
