import Tensors

/// The learning rate of each epoch, as a factor of the configured one.
package struct LearningRateSchedule: Sendable, Equatable {
    package enum Kind: String, CaseIterable, Sendable {
        case constant
        /// Half a cosine, from 1 in the first epoch after the warm-up towards 0 (Loshchilov and
        /// Hutter 2017, one cycle).
        case cosine
        /// Times `stepFactor` after every `stepEpochs`.
        case step
    }

    package var kind: Kind
    /// Epochs over which the rate rises evenly; the first has lr/(warmupEpochs + 1).
    package var warmupEpochs: Int
    package var stepEpochs: Int
    package var stepFactor: Double

    package init(
        kind: Kind = .constant, warmupEpochs: Int = 0, stepEpochs: Int = 10,
        stepFactor: Double = 0.1
    ) {
        self.kind = kind
        self.warmupEpochs = warmupEpochs
        self.stepEpochs = stepEpochs
        self.stepFactor = stepFactor
    }

    /// - Parameter epoch: 1…epochs.
    package func factor(epoch: Int, epochs: Int) -> Double {
        if epoch <= warmupEpochs { return Double(epoch) / Double(warmupEpochs + 1) }
        let past = epoch - 1 - warmupEpochs
        switch kind {
        case .constant: return 1
        case .cosine:
            return 0.5
                * (1 + PortableMath.cosPi(Double(past) / Double(max(epochs - warmupEpochs, 1))))
        case .step: return PortableMath.power(stepFactor, past / stepEpochs)
        }
    }
}
