import Studies

/// Follows the best epoch, and says when to stop: after `patience` epochs without a rise (0:
/// never). An epoch whose value is not finite counts neither way.
package struct EarlyStopping: Sendable, Equatable {
    package let metric: Metric
    package let patience: Int
    package private(set) var best: BestEpoch?
    private var epochs = 0
    /// Epochs with a finite value since the best one.
    private var withoutRise = 0

    package init(metric: Metric, patience: Int) {
        self.metric = metric
        self.patience = patience
    }

    /// Takes in the next epoch. Ties go to the earlier one.
    /// - Returns: whether this epoch is the best so far.
    package mutating func record(_ value: Double) -> Bool {
        epochs += 1
        guard metric.isBetter(value, than: best?.value) else {
            if value.isFinite { withoutRise += 1 }
            return false
        }
        withoutRise = 0
        best = BestEpoch(epoch: epochs, value: value)
        return true
    }

    package var shouldStop: Bool { patience > 0 && withoutRise >= patience }
}
