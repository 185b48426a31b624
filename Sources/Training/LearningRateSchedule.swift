import Tensors

/// The learning rate of each epoch or step, as a factor of the configured one.
package struct LearningRateSchedule: Sendable, Equatable {
    package enum Kind: String, CaseIterable, Sendable {
        case constant
        /// Half a cosine, from 1 in the first epoch after the warm-up towards 0 (Loshchilov and
        /// Hutter 2017, one cycle).
        case cosine
        /// The same, step by step: from 1 in the first step after the warm-up towards 0.
        case cosineSteps = "cosine_steps"
        /// Times `stepFactor` after every `stepEpochs`.
        case step
    }

    package var kind: Kind
    /// Epochs over which the rate rises evenly; the first has lr/(warmupEpochs + 1).
    package var warmupEpochs: Int
    package var stepEpochs: Int
    package var stepFactor: Double
    /// Where the cosines end, as a factor.
    package var floor = 0.0

    package init(
        kind: Kind = .constant, warmupEpochs: Int = 0, stepEpochs: Int = 10,
        stepFactor: Double = 0.1
    ) {
        self.kind = kind
        self.warmupEpochs = warmupEpochs
        self.stepEpochs = stepEpochs
        self.stepFactor = stepFactor
    }

    /// - Parameters:
    ///   - epoch: 1…epochs.
    ///   - step: of the epoch, from 0; and how many it has.
    package func factor(epoch: Int, epochs: Int, step: Int = 0, of steps: Int = 1) -> Double {
        if kind == .cosineSteps {
            let (warmup, all) = (warmupEpochs * steps, epochs * steps)
            let at = (epoch - 1) * steps + step
            guard at >= warmup else { return Double(at + 1) / Double(warmup + 1) }
            return cosine(at - warmup, of: all - warmup)
        }
        if epoch <= warmupEpochs { return Double(epoch) / Double(warmupEpochs + 1) }
        let past = epoch - 1 - warmupEpochs
        switch kind {
        case .constant: return 1
        case .cosine, .cosineSteps: return cosine(past, of: epochs - warmupEpochs)
        case .step: return PortableMath.power(stepFactor, past / stepEpochs)
        }
    }

    private func cosine(_ past: Int, of all: Int) -> Double {
        let factor = 0.5 * (1 + PortableMath.cosPi(Double(past) / Double(max(all, 1))))
        return floor == 0 ? factor : floor + (1 - floor) * factor
    }
}
