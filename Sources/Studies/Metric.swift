/// The number a study is judged by.
package struct Metric: Sendable, Equatable, Codable {
    package enum Goal: String, CaseIterable, Sendable, Codable {
        case maximize, minimize
    }

    package var name: String
    package var goal: Goal

    package init(name: String, goal: Goal) {
        self.name = name
        self.goal = goal
    }

    package static let valAccuracy = Metric(name: "val_accuracy", goal: .maximize)

    /// Whether `value` beats `best`. A value that is not finite beats nothing; any other beats none
    /// at all.
    package func isBetter(_ value: Double, than best: Double?) -> Bool {
        guard value.isFinite else { return false }
        guard let best else { return true }
        return goal == .maximize ? value > best : value < best
    }

    /// Where a history is best; ties go to the earlier epoch. Nil if no value is finite.
    /// - Parameter steps: of each value, where rows are counted by steps.
    package func bestEpoch(of history: [Double], steps: [Int]? = nil) -> BestEpoch? {
        var best: BestEpoch?
        for (index, value) in history.enumerated() where isBetter(value, than: best?.value) {
            best = BestEpoch(epoch: index + 1, value: value)
        }
        if let steps, let place = best?.epoch { best?.step = steps[place - 1] }
        return best
    }
}

/// Where a metric was best.
package struct BestEpoch: Sendable, Equatable {
    /// From 1; where rows are counted by steps, the number of the row among those that are held.
    package var epoch: Int
    /// Where rows are counted by steps.
    package var step: Int?
    package var value: Double

    package init(epoch: Int, step: Int? = nil, value: Double) {
        self.epoch = epoch
        self.step = step
        self.value = value
    }

    /// The epoch, or the step where rows are counted by steps.
    package var number: Int { step ?? epoch }

    /// `epoch 5`, `step 1200`.
    package var place: String { (step == nil ? MetricAxis.epoch : .step).place(number) }
}

/// Who decides which epoch of a run is its best.
package enum BestEpochRule: String, Sendable, Codable {
    /// The trainer, while it trains: the weights it keeps are that epoch's, and the epoch is part
    /// of the content digest.
    case whileTraining = "while_training"
    /// Whoever reads the histories: judged by another metric, another epoch is best, and no run has
    /// to be trained again.
    case fromHistories = "from_histories"
}
