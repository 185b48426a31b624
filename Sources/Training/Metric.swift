/// The number a study is judged by.
public struct Metric: Sendable, Equatable, Codable {
    public enum Goal: String, CaseIterable, Sendable, Codable {
        case maximize, minimize
    }

    public var name: String
    public var goal: Goal

    public init(name: String, goal: Goal) {
        self.name = name
        self.goal = goal
    }

    public static let valAccuracy = Metric(name: "val_accuracy", goal: .maximize)

    /// Whether `value` beats `best`. A NaN beats nothing, and everything but a NaN beats none at all.
    public func isBetter(_ value: Double, than best: Double?) -> Bool {
        guard !value.isNaN else { return false }
        guard let best else { return true }
        return goal == .maximize ? value > best : value < best
    }

    /// Where a history is best; ties go to the earlier epoch. Nil where no value is a number.
    public func bestEpoch(of history: [Double]) -> BestEpoch? {
        var best: BestEpoch?
        for (index, value) in history.enumerated() where isBetter(value, than: best?.value) {
            best = BestEpoch(epoch: index + 1, value: value)
        }
        return best
    }
}

/// One metric over the epochs of a run.
public struct History: Sendable, Equatable {
    public var name: String
    public var values: [Double]

    public init(name: String, values: [Double] = []) {
        self.name = name
        self.values = values
    }
}

/// Where a metric was best.
public struct BestEpoch: Sendable, Equatable {
    /// From 1.
    public var epoch: Int
    public var value: Double

    public init(epoch: Int, value: Double) {
        self.epoch = epoch
        self.value = value
    }
}

/// Follows the best epoch, and says when to stop: after `patience` epochs without a rise (0: never).
public struct EarlyStopping: Sendable, Equatable {
    public let metric: Metric
    public let patience: Int
    public private(set) var best: BestEpoch?
    public private(set) var epochs = 0

    public init(metric: Metric, patience: Int) {
        self.metric = metric
        self.patience = patience
    }

    /// Takes in the next epoch. Ties go to the earlier one.
    /// - Returns: whether this epoch is the best so far.
    public mutating func record(_ value: Double) -> Bool {
        epochs += 1
        guard metric.isBetter(value, than: best?.value) else { return false }
        best = BestEpoch(epoch: epochs, value: value)
        return true
    }

    public var shouldStop: Bool {
        patience > 0 && epochs - (best?.epoch ?? 0) >= patience
    }
}
