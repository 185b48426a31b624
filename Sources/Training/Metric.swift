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

    /// Whether `value` beats `best`. A NaN beats nothing, and everything but a NaN beats none at all.
    package func isBetter(_ value: Double, than best: Double?) -> Bool {
        guard !value.isNaN else { return false }
        guard let best else { return true }
        return goal == .maximize ? value > best : value < best
    }

    /// Where a history is best; ties go to the earlier epoch. Nil where no value is a number.
    package func bestEpoch(of history: [Double]) -> BestEpoch? {
        var best: BestEpoch?
        for (index, value) in history.enumerated() where isBetter(value, than: best?.value) {
            best = BestEpoch(epoch: index + 1, value: value)
        }
        return best
    }
}

/// One metric over the epochs of a run.
package struct History: Sendable, Equatable {
    package var name: String
    package var values: [Double]

    package init(name: String, values: [Double] = []) {
        self.name = name
        self.values = values
    }
}

/// Where a metric was best.
package struct BestEpoch: Sendable, Equatable {
    /// From 1.
    package var epoch: Int
    package var value: Double

    package init(epoch: Int, value: Double) {
        self.epoch = epoch
        self.value = value
    }
}

/// Follows the best epoch, and says when to stop: after `patience` epochs without a rise (0: never).
package struct EarlyStopping: Sendable, Equatable {
    package let metric: Metric
    package let patience: Int
    package private(set) var best: BestEpoch?
    package private(set) var epochs = 0

    package init(metric: Metric, patience: Int) {
        self.metric = metric
        self.patience = patience
    }

    /// Takes in the next epoch. Ties go to the earlier one.
    /// - Returns: whether this epoch is the best so far.
    package mutating func record(_ value: Double) -> Bool {
        epochs += 1
        guard metric.isBetter(value, than: best?.value) else { return false }
        best = BestEpoch(epoch: epochs, value: value)
        return true
    }

    package var shouldStop: Bool {
        patience > 0 && epochs - (best?.epoch ?? 0) >= patience
    }
}
