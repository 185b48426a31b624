import Kernels
import Networks
import Tensors

/// Averaged weights, which are judged and kept in place of the last.
package final class WeightAverage {
    package enum Kind: String, CaseIterable, Sendable {
        case none
        /// An exponential average over the steps (Polyak and Juditsky 1992).
        case ema
        /// The mean over the ends of the last epochs (Izmailov et al. 2018).
        case swa
    }

    private let kind: Kind
    private let decay: Float
    /// The first epoch whose weights swa averages.
    private let firstEpoch: Int
    private let network: Network
    private let context: ComputeContext
    /// In the order of the weights.
    let averaged: Buffer<Float>
    private let kept: Buffer<Float>
    private var keptNorms: [Float] = []

    init(_ settings: TrainingSettings, _ network: Network, context: ComputeContext) {
        kind = settings.average
        decay = Float(settings.averageDecay)
        firstEpoch = max(1, settings.epochs - settings.averageEpochs + 1)
        self.network = network
        self.context = context
        let count = kind == .none ? 0 : network.parameters.weights.count
        averaged = Buffer(count: count)
        kept = Buffer(count: count)
    }

    /// Whether there is an average after this epoch.
    func isActive(epoch: Int) -> Bool { kind == .ema || kind == .swa && epoch >= firstEpoch }

    /// After a step.
    /// - Parameter step: steps before it.
    func take(step: UInt64) {
        guard kind == .ema else { return }
        // It begins with the weights themselves, and soon forgets the first.
        let early = Float(step) / Float(step + 10)
        move(share: 1 - min(decay, early))
    }

    /// After an epoch.
    func take(epoch: Int) {
        guard kind == .swa, epoch >= firstEpoch else { return }
        move(share: 1 / Float(epoch - firstEpoch + 1))
    }

    /// average += share·(weights − average).
    private func move(share: Float) {
        let weights = network.parameters.weights.pointer
        for at in 0..<averaged.count {
            averaged.pointer[at] += share * (weights[at] - averaged.pointer[at])
        }
    }

    /// Puts the average in the place of the weights, measures batch norm for it, and puts all back
    /// afterwards.
    func withAverage<Result>(
        measuredBy forward: (_ take: () -> Void) throws -> Void, _ body: () throws -> Result
    ) throws -> Result {
        let parameters = network.parameters
        kept.pointer.update(from: parameters.weights.pointer, count: kept.count)
        keptNorms = Array(parameters.averages.elements)
        defer {
            parameters.weights.pointer.update(from: kept.pointer, count: kept.count)
            for (at, value) in keptNorms.enumerated() { parameters.averages.pointer[at] = value }
        }
        parameters.weights.pointer.update(from: averaged.pointer, count: averaged.count)
        try measureNorms(forward)
        return try body()
    }

    /// The mean over all batches of what each moves the averages of batch norm to.
    /// - Parameter forward: passes the training clips through the network, batch by batch, and
    ///   calls its argument after each.
    private func measureNorms(_ forward: (_ take: () -> Void) throws -> Void) throws {
        let averages = network.parameters.averages
        let momentum = network.shape.batchNormMomentum
        // Averages that do not move can't be measured; they stay.
        guard momentum > 0, averages.count > 0 else { return }
        averages.clear()
        var sums = [Double](repeating: 0, count: averages.count)
        var batches = 0
        try forward {
            for at in sums.indices { sums[at] += Double(averages.pointer[at]) }
            averages.clear()
            batches += 1
        }
        // Starting from 0, a batch moves an average to momentum · its own value.
        for at in sums.indices {
            averages.pointer[at] = Float(sums[at] / (Double(max(batches, 1)) * Double(momentum)))
        }
    }
}
