import Studies

/// How far an unfinished run has come, by its journal. Where rows are counted by steps, what is said
/// of epochs holds for steps.
package struct RunProgress: Sendable, Equatable {
    package private(set) var axis: MetricAxis = .epoch
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
    package private(set) var ends: [Int: Double] = [:]
    private var earlier = 0.0
    /// Epochs of this attempt.
    package var epochsOfAttempt = 0
    private var firstOfAttempt: Int?
    private var latest: [String: Double] = [:]
    /// Share of the next epoch that is done, 0..<1.
    package var partOfEpoch = 0.0
    /// Why earlier attempts failed.
    package var failures: [String] = []

    package init(_ records: some Sequence<Journal.Record> = []) {
        for record in records { take(record) }
    }

    package mutating func take(_ record: Journal.Record) {
        switch record {
        case .begun(let number, let started, let epochs, let axis):
            earlier = ends[epoch] ?? 0
            self.axis = axis ?? .epoch
            firstOfAttempt = nil
            (attempt, self.started, self.epochs) = (number, started, epochs)
            (seconds, epochsOfAttempt, partOfEpoch, resumedAfter) = (0, 0, 0, 0)
        case .resumed(let epochs): resumedAfter = epochs
        case .batch(let epoch, let done, let count):
            partOfEpoch = epoch == self.epoch + 1 ? Double(done) / Double(max(count, 1)) : 0
        case .epoch(let epoch, let texts, let seconds):
            let numbers = texts.compactMapValues { Double($0) }
            values[epoch, default: [:]].merge(numbers) { $1 }
            if axis == .step { latest.merge(numbers) { $1 } }
            self.seconds = seconds
            // Epochs may come again after an interruption.
            if ends[epoch] == nil { ends[epoch] = earlier + seconds }
            let first = min(firstOfAttempt ?? epoch, epoch)
            firstOfAttempt = first
            epochsOfAttempt =
                axis == .step
                ? max(0, epoch - (attempt > 1 ? first : 0))
                : max(epochsOfAttempt, epoch - first + 1)
            self.epoch = max(self.epoch, epoch)
            partOfEpoch = 0
        case .countsFromZero: break
        case .failed(let reason): failures.append(reason)
        }
    }

    /// The last epoch with a value; 0: none.
    package private(set) var epoch = 0

    /// `epoch 5`, `epoch 5 of 30`, `step 1200`.
    package var place: String {
        axis.place(epoch) + (epochs.map { " of \($0)" } ?? "")
    }

    /// The numbers of the rows: all epochs up to the last, or the steps that were reported.
    package var rows: [Int] {
        axis == .step ? values.keys.sorted() : epoch < 1 ? [] : Array(1...epoch)
    }

    /// The values of a metric in these rows; NaN where there is none.
    package func history(_ metric: String) -> [Double] {
        rows.map { values[$0]?[metric] ?? .nan }
    }

    /// The metrics that were reported last, sorted.
    package var latestNames: [String] {
        (axis == .step ? latest : values[epoch] ?? [:]).keys.sorted()
    }

    /// The last value of a metric that was reported; nil if there is none.
    package func now(_ metric: String) -> Double? {
        axis == .step ? latest[metric] : values[epoch]?[metric]
    }

    /// The best value of a metric so far; nil if there is none.
    package func best(_ metric: Metric) -> Double? {
        values.values.compactMap { $0[metric.name] }.reduce(nil as Double?) { best, value in
            metric.isBetter(value, than: best) ? value : best
        }
    }
}
