import Foundation

/// What a completed run gave: all but weights and predictions.
package struct RunResult: Sendable {
    package var id: String
    package var outcome: Outcome
    package var stoppedEarly: Bool
    /// Nil if no epoch has a value to judge by.
    package var best: BestEpoch?
    package var histories: [History]
    /// What the rows of `histories` are counted by. Of steps, the history `step` is among them, and
    /// only some rows of a long run are held (`ThinnedRows`).
    package var axis: MetricAxis = .epoch
    /// Seconds from the begin of the run to each row, where rows are counted by steps; NaN: not
    /// known.
    package var elapsed: [Double] = []
    /// How many rows the run has reported.
    package var reportedRows: Int
    /// Wall-clock time.
    package var seconds: Double
    package var test: (loss: Double, accuracy: Double)?
    package var contentDigest: String
    /// Bytes of weights in the run file.
    package var weightBytes: Int
    /// Of the run file, when it was verified.
    package var file: FileFacts
    /// JSON, decoded when it is asked for: a report of many runs rarely needs it.
    package let provenanceText: String

    package init(
        id: String, outcome: Outcome, stoppedEarly: Bool, best: BestEpoch?, histories: [History],
        seconds: Double,
        test: (loss: Double, accuracy: Double)?, contentDigest: String, weightBytes: Int,
        file: FileFacts,
        provenanceText: String
    ) {
        self.id = id
        self.outcome = outcome
        self.stoppedEarly = stoppedEarly
        self.best = best
        self.histories = histories
        reportedRows = histories.first?.values.count ?? 0
        self.seconds = seconds
        self.test = test
        self.contentDigest = contentDigest
        self.weightBytes = weightBytes
        self.file = file
        self.provenanceText = provenanceText
    }

    /// Empty if the text is not the JSON of a provenance: it is a record, and nothing is computed
    /// from it.
    package var provenance: Provenance {
        // Nothing is computed from a provenance.
        (try? JSONDecoder().decode(Provenance.self, from: Data(provenanceText.utf8)))
            ?? Provenance()
    }

    /// Empty if the run did not report the metric.
    package func history(_ name: String) -> [Double] {
        histories.first { $0.name == name }?.values ?? []
    }

    /// How many epochs, or steps that are held, there are.
    package var epochs: Int { histories.first?.values.count ?? 0 }

    /// The step of each row; nil where rows are epochs.
    package var steps: [Int]? {
        guard axis == .step else { return nil }
        return history(MetricAxis.steps).map { Int(exactly: $0) ?? 0 }
    }

    /// The last epoch or step; 0 without any.
    package var last: Int { steps?.last ?? epochs }

    /// `epoch 5`, `step 1200`: where it ended.
    package var end: String { axis.place(last) }

    /// The same run with its best epoch judged by `metric`.
    package func judged(by metric: Metric) -> RunResult {
        var result = self
        result.best = metric.bestEpoch(of: history(metric.name), steps: steps)
        return result
    }

    /// Whether another look at the same run has the same numbers.
    package func isSame(as other: RunResult?) -> Bool {
        guard let other, contentDigest == other.contentDigest, outcome == other.outcome,
            best == other.best,
            seconds == other.seconds, provenanceText == other.provenanceText,
            histories.count == other.histories.count
        else { return false }
        return zip(histories, other.histories).allSatisfy { a, b in
            a.name == b.name
                && a.values.elementsEqual(b.values) { $0 == $1 || ($0.isNaN && $1.isNaN) }
        }
    }
}

extension RunResult: Equatable {
    package static func == (a: RunResult, b: RunResult) -> Bool {
        a.id == b.id && a.contentDigest == b.contentDigest && a.file == b.file
    }
}

/// Size and time of change of a file that was verified: while both stay the same, it is not read
/// again.
package struct FileFacts: Sendable, Equatable {
    package var size: Int
    /// Nanoseconds since 1970.
    package var modified: Int

    package init(size: Int, modified: Int) {
        self.size = size
        self.modified = modified
    }
}
