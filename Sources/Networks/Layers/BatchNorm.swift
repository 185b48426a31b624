import Kernels
import Tensors

/// Batch normalisation (Ioffe and Szegedy 2015) as PyTorch computes it: normalised by the biased
/// variance of the batch, averages follow the unbiased one. A part of layers, which fuse it with a
/// rectifier, a shortcut or pooling.
package final class BatchNorm {
    private let context: ComputeContext
    private let parameters: Parameters
    private let gamma: Parameters.Slot
    private let beta: Parameters.Slot
    private let averageMean: Parameters.Slot
    private let averageVariance: Parameters.Slot
    private let momentum, epsilon: Float
    private let mean, scale, factor: Buffer<Float>
    private let sums, products, offset, slope: Buffer<Float>
    private let totals: Buffer<Lanes>

    /// ε of OpenAV's network.
    static let openAVEpsilon: Float = 0.001
    /// PyTorch's.
    package static let standardEpsilon: Float = 1e-5

    static func parameters(_ name: String, channels: Int) -> [ParameterSpec] {
        [
            ParameterSpec("\(name).weight", [channels], .constant(1)),
            ParameterSpec("\(name).bias", [channels], .constant(0)),
            ParameterSpec("\(name).running_mean", [channels], .constant(0), isTrained: false),
            ParameterSpec("\(name).running_var", [channels], .constant(1), isTrained: false),
        ]
    }

    init(
        name: String, channels: Int, momentum: Float, epsilon: Float = openAVEpsilon,
        parameters: Parameters, context: ComputeContext
    ) {
        gamma = parameters.slot("\(name).weight")
        beta = parameters.slot("\(name).bias")
        averageMean = parameters.slot("\(name).running_mean")
        averageVariance = parameters.slot("\(name).running_var")
        (self.momentum, self.epsilon) = (momentum, epsilon)
        self.parameters = parameters
        self.context = context
        mean = Buffer(count: channels)
        scale = Buffer(count: channels)
        factor = Buffer(count: channels)
        sums = Buffer(count: channels)
        products = Buffer(count: channels)
        offset = Buffer(count: channels)
        slope = Buffer(count: channels)
        totals = Buffer(count: 2 * channels)
    }

    private var factors: NormFactors {
        NormFactors(
            mean: mean.pointer, factor: factor.pointer, beta: parameters.weight(beta),
            offset: offset.pointer,
            slope: slope.pointer)
    }

    /// y = norm(x) (+ shortcut), rectified if asked.
    func forward(
        _ x: UnsafePointer<Lanes>, _ y: UnsafeMutablePointer<Lanes>,
        shortcut: UnsafePointer<Lanes>? = nil,
        rectify: Bool, shape: BlockShape, training: Bool
    ) {
        prepare(x, shape, training: training)
        context.team.share(shape.blocks, work: shape.count / 2) { _, blocks in
            context.kernels.normalize(
                x, y: y, shortcut: shortcut, rectify: rectify, shape: shape, norm: factors,
                blocks: blocks)
        }
    }

    /// y = the greatest of each 2×2 square of norm(x), rectified.
    /// - Parameter chosen: takes the x that gave it, for the gradient.
    func forwardPooled(
        _ x: UnsafePointer<Lanes>, _ y: UnsafeMutablePointer<Lanes>,
        chosen: UnsafeMutablePointer<Lanes>,
        shape: BlockShape, training: Bool
    ) {
        prepare(x, shape, training: training)
        context.team.share(shape.blocks, work: shape.count / 2) { _, blocks in
            context.kernels.normalizePooled(
                x, y: y, chosen: training ? chosen : nil, shape: shape, norm: factors,
                blocks: blocks)
        }
    }

    /// The gradient of x, in `result`. A rectifier known by its output leaves its own gradient, the
    /// shortcut's share, in `gradient`.
    func backward(
        _ gradient: UnsafeMutablePointer<Lanes>, rectifier: Rectifier, x: UnsafePointer<Lanes>,
        result: UnsafeMutablePointer<Lanes>, shape: BlockShape
    ) {
        addGradients(gradient, rectifier, x, shape)
        takeGradientSums(shape)
        context.team.share(shape.blocks, work: shape.count / 2) { _, blocks in
            context.kernels.normGradient(
                gradient: gradient, rectifier: rectifier, x: x, result: result, shape: shape,
                norm: factors,
                blocks: blocks)
        }
    }

    /// The gradient of x from that of the pooled values `y`, which is spent.
    func backwardPooled(
        _ gradient: UnsafeMutablePointer<Lanes>, y: UnsafePointer<Lanes>,
        chosen: UnsafePointer<Lanes>,
        x: UnsafePointer<Lanes>, result: UnsafeMutablePointer<Lanes>, shape: BlockShape
    ) {
        var pooled = shape
        (pooled.height, pooled.width) = (shape.height / 2, shape.width / 2)
        addGradients(gradient, .output(y), chosen, pooled)
        takeGradientSums(shape)
        context.team.share(shape.blocks, work: shape.count / 2) { _, blocks in
            context.kernels.pooledGradient(
                gradient: gradient, chosen: chosen, x: x, result: result, shape: shape,
                norm: factors, blocks: blocks)
        }
    }

    private func addGradients(
        _ gradient: UnsafeMutablePointer<Lanes>, _ rectifier: Rectifier, _ x: UnsafePointer<Lanes>,
        _ shape: BlockShape
    ) {
        context.team.share(shape.channels, work: shape.count / 2) { _, channels in
            context.kernels.normGradientSums(
                gradient: gradient, rectifier: rectifier, x: x, shape: shape, norm: factors,
                channels: channels,
                totals: totals.pointer, sums: sums.pointer, products: products.pointer)
        }
    }

    /// The gradients of gamma and beta, and what that of x needs.
    private func takeGradientSums(_ shape: BlockShape) {
        let (gammaGradient, betaGradient) = (parameters.gradient(gamma), parameters.gradient(beta))
        let share = 1 / Float(shape.samples)
        for channel in 0..<shape.channels {
            let scale = scale.pointer[channel]
            let product = products.pointer[channel] * scale
            betaGradient[channel] = sums.pointer[channel]
            gammaGradient[channel] = product
            offset.pointer[channel] = sums.pointer[channel] * share
            slope.pointer[channel] = -(product * share * scale)
        }
    }

    private func prepare(_ x: UnsafePointer<Lanes>, _ shape: BlockShape, training: Bool) {
        if training { measure(x, shape) } else { recall(shape.channels) }
        let gamma = parameters.weight(gamma)
        for channel in 0..<shape.channels {
            factor.pointer[channel] = scale.pointer[channel] * gamma[channel]
        }
    }

    /// Mean and variance of the batch; the averages move towards them.
    private func measure(_ x: UnsafePointer<Lanes>, _ shape: BlockShape) {
        let count = Float(shape.samples)
        let averageMean = parameters.average(averageMean)
        let averageVariance = parameters.average(averageVariance)
        context.team.share(shape.channels, work: shape.count / 2) { _, channels in
            context.kernels.channelSums(
                x, shape: shape, channels: channels, totals: totals.pointer, sums: mean.pointer)
            for channel in channels { mean.pointer[channel] /= count }
            context.kernels.channelSquares(
                x, shape: shape, mean: mean.pointer, channels: channels, totals: totals.pointer,
                sums: scale.pointer)
            for channel in channels {
                let variance = scale.pointer[channel] / count
                let unbiased = scale.pointer[channel] / max(count - 1, 1)
                averageMean[channel] += momentum * (mean.pointer[channel] - averageMean[channel])
                averageVariance[channel] += momentum * (unbiased - averageVariance[channel])
                scale.pointer[channel] = 1 / (variance + epsilon).squareRoot()
            }
        }
    }

    private func recall(_ channels: Int) {
        let averageMean = parameters.average(averageMean)
        let averageVariance = parameters.average(averageVariance)
        for channel in 0..<channels {
            mean.pointer[channel] = averageMean[channel]
            scale.pointer[channel] = 1 / (averageVariance[channel] + epsilon).squareRoot()
        }
    }
}
