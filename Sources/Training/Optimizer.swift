import Kernels
import Networks
import Tensors

/// How gradients move weights.
package enum OptimizerKind: String, CaseIterable, Sendable {
    /// Kingma and Ba 2015; weight decay is added to the gradient.
    case adam
    /// Loshchilov and Hutter 2019; weight decay shrinks the weights themselves.
    case adamw
    /// Gradient descent with momentum.
    case sgd
    /// Chen et al. 2023.
    case lion
}

/// Neighbouring weights that are treated alike by an optimiser.
package struct ParameterGroup: Sendable, Equatable {
    /// In weights; both ends are multiples of sixteen.
    package var range: Range<Int>
    /// Of the learning rate.
    package var scale = 1.0
    package var isDecayed = true
}

/// An optimiser and its moments, for all weights of a network. Constants are PyTorch's defaults
/// (Lion: the paper's).
package final class Optimizer {
    private let kind: OptimizerKind
    private let weightDecay: Float
    private let momentum: Float
    private let weights, gradients: Buffer<Float>
    /// The moments, in the order of the weights.
    let first, second: Buffer<Float>
    private let context: ComputeContext
    private let groups: [ParameterGroup]
    private var steps = 0

    /// - Parameter groups: of the weights, in their order; none: all are alike.
    package init(
        _ kind: OptimizerKind, weights: Buffer<Float>, gradients: Buffer<Float>,
        weightDecay: Double, momentum: Double, groups: [ParameterGroup] = [],
        context: ComputeContext
    ) {
        self.groups = groups.isEmpty ? [ParameterGroup(range: 0..<weights.count)] : groups
        self.kind = kind
        self.weightDecay = Float(weightDecay)
        self.momentum = Float(momentum)
        self.weights = weights
        self.gradients = gradients
        self.context = context
        let usesSecond = kind == .adam || kind == .adamw
        first = Buffer(count: weights.count)
        second = Buffer(count: usesSecond ? weights.count : 0)
    }

    /// Goes on after so many steps; the moments are restored apart.
    func resume(after steps: Int) {
        self.steps = steps
    }

    /// One step with learning rate `lr`.
    package func step(lr: Double) {
        steps += 1
        context.team.share(weights.count / laneCount, work: weights.count / 2) { _, part in
            let part = part.lowerBound * laneCount..<part.upperBound * laneCount
            for group in groups where group.range.overlaps(part) {
                move(
                    group.range.clamped(to: part), lr: lr * group.scale,
                    decay: group.isDecayed ? weightDecay : 0)
            }
        }
    }

    private func move(_ range: Range<Int>, lr: Double, decay weightDecay: Float) {
        switch kind {
        case .adam, .adamw:
            let decoupled = kind == .adamw
            let firstCorrection = 1 - PortableMath.power(0.9, steps)
            let secondCorrection = (1 - PortableMath.power(0.999, steps)).squareRoot()
            context.kernels.adam(
                AdamStep(
                    weights: weights.pointer, first: first.pointer, second: second.pointer,
                    gradients: gradients.pointer,
                    beta1: 0.9, beta2: 0.999, stepSize: Float(lr / firstCorrection),
                    secondCorrection: Float(secondCorrection), epsilon: 1e-8,
                    decay: decoupled ? 0 : weightDecay,
                    shrink: decoupled ? Float(1 - lr * Double(weightDecay)) : 1), range: range)
        case .sgd:
            context.kernels.momentum(
                MomentumStep(
                    weights: weights.pointer, velocity: first.pointer, gradients: gradients.pointer,
                    lr: Float(lr),
                    momentum: momentum, decay: weightDecay), range: range)
        case .lion:
            context.kernels.lion(
                LionStep(
                    weights: weights.pointer, average: first.pointer, gradients: gradients.pointer,
                    lr: Float(lr),
                    beta1: 0.9, beta2: 0.99, shrink: Float(1 - lr * Double(weightDecay))),
                range: range)
        }
    }
}

/// Scales all gradients so that their norm is at most `limit` (Pascanu et al. 2013), as PyTorch's
/// `clip_grad_norm_`.
/// - Returns: the norm before.
@discardableResult
package func clipGradients(_ gradients: Buffer<Float>, limit: Double, context: ComputeContext)
    -> Double
{
    let chunk = 4096
    var total = 0.0
    for start in stride(from: 0, to: gradients.count, by: chunk) {
        total += Double(
            context.kernels.squaredNorm(
                gradients.pointer + start, count: min(chunk, gradients.count - start)))
    }
    let norm = total.squareRoot()
    let factor = limit / (norm + 1e-6)
    if factor < 1 {
        context.kernels.scale(gradients.pointer, by: Float(factor), count: gradients.count)
    }
    return norm
}
