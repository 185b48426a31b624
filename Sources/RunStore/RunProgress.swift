import Studies

/// How far an unfinished run has come, by its journal.
package struct RunProgress: Sendable, Equatable {
    /// The number of the attempt, and when it began (ISO 8601).
    package var attempt = 0
    package var started = ""
    /// Epochs at most; nil if unknown.
    package var epochs: Int?
    /// Epochs that were done when the attempt began.
    package var resumedAfter = 0
    /// Metric values by epoch, later attempts over earlier ones.
    package var values: [Int: [String: Double]] = [:]
    /// Seconds from the beginning of the attempt to the end of its last epoch.
    package var seconds = 0.0
    /// When each epoch ended, in seconds of training over all attempts.
    package var ends: [Double] = []
    private var earlier = 0.0
    /// Epochs of this attempt.
    package var epochsOfAttempt = 0
    /// Share of the next epoch that is done, 0..<1.
    package var partOfEpoch = 0.0
    /// Why earlier attempts failed.
    package var failures: [String] = []

    package init(_ records: some Sequence<Journal.Record> = []) {
        for record in records { take(record) }
    }

    package mutating func take(_ record: Journal.Record) {
        switch record {
        case .begun(let number, let started, let epochs):
            earlier = ends.last ?? 0
            (attempt, self.started, self.epochs) = (number, started, epochs)
            (seconds, epochsOfAttempt, partOfEpoch, resumedAfter) = (0, 0, 0, 0)
        case .resumed(let epochs): resumedAfter = epochs
        case .batch(let epoch, let done, let count):
            partOfEpoch = epoch == self.epoch + 1 ? Double(done) / Double(max(count, 1)) : 0
        case .epoch(let epoch, let texts, let seconds):
            values[epoch, default: [:]].merge(texts.compactMapValues { Double($0) }) { $1 }
            self.seconds = seconds
            // Epochs may come again after an interruption.
            if epoch > ends.count { ends.append(earlier + seconds) }
            epochsOfAttempt += 1
            partOfEpoch = 0
        case .failed(let reason): failures.append(reason)
        }
    }

    /// The last epoch with a value; 0: none.
    package var epoch: Int { values.keys.max() ?? 0 }

    /// The best value of a metric so far; nil if there is none.
    package func best(_ metric: Metric) -> Double? {
        values.values.compactMap { $0[metric.name] }.reduce(nil as Double?) { best, value in
            metric.isBetter(value, than: best) ? value : best
        }
    }
}
