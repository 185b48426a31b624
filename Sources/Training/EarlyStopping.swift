import Studies

/// Follows the best epoch, and says when to stop: after `patience` epochs without a rise (0:
/// never).
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
