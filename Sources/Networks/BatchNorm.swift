import Kernels
import Tensors

/// Batch normalisation (Ioffe and Szegedy 2015) as PyTorch computes it: normalised by the biased variance of the batch,
/// averages follow the unbiased one.
final class BatchNorm {
    private let machine: Machine
    private let parameters: Parameters
    private let gamma: Parameters.Slot
    private let beta: Parameters.Slot
    private let averageMean: Parameters.Slot
    private let averageVariance: Parameters.Slot
    private let momentum: Float
    private let mean: Buffer<Float>
    private let scale: Buffer<Float>
    private let products: Buffer<Float>

    /// ε of the published network.
    static let epsilon: Float = 0.001

    init(name: String, channels: Int, momentum: Float, parameters: Parameters, machine: Machine) {
        gamma = parameters.add("\(name).weight", [channels], .constant(1))
        beta = parameters.add("\(name).bias", [channels], .constant(0))
        averageMean = parameters.addAverage("\(name).running_mean", [channels], 0)
        averageVariance = parameters.addAverage("\(name).running_var", [channels], 1)
        self.momentum = momentum
        self.parameters = parameters
        self.machine = machine
        mean = Buffer(count: channels)
        scale = Buffer(count: channels)
        products = Buffer(count: channels)
    }

    /// y = norm(x) (+ shortcut), rectified if asked.
    func forward(
        _ x: UnsafePointer<Lanes>, _ y: UnsafeMutablePointer<Lanes>, shortcut: UnsafePointer<Lanes>? = nil,
        rectify: Bool,
        shape: BlockShape, training: Bool
    ) {
        if training { measure(x, shape) } else { recall(shape.channels) }
        machine.team.share(shape.blocks, work: shape.count / 2) { _, blocks in
            machine.kernels.normalize(
                x, y: y, shortcut: shortcut, rectify: rectify, shape: shape, mean: mean.pointer, scale: scale.pointer,
                gamma: parameters.weight(gamma), beta: parameters.weight(beta), blocks: blocks)
        }
    }

    /// Leaves in `gradient` the gradient masked by the rectifier (the shortcut's share) and in `result` that of x.
    /// - Parameter y: what `forward` gave, where it rectified.
    func backward(
        _ gradient: UnsafeMutablePointer<Lanes>, y: UnsafePointer<Lanes>?, x: UnsafePointer<Lanes>,
        result: UnsafeMutablePointer<Lanes>, shape: BlockShape
    ) {
        let sums = parameters.gradient(beta)
        machine.team.share(shape.channels, work: shape.count / 2) { _, channels in
            machine.kernels.normGradientSums(
                gradient: gradient, y: y, x: x, shape: shape, mean: mean.pointer, scale: scale.pointer,
                channels: channels, sums: sums, products: products.pointer)
        }
        parameters.gradient(gamma).update(from: products.pointer, count: shape.channels)
        machine.team.share(shape.blocks, work: shape.count / 2) { _, blocks in
            machine.kernels.normGradient(
                gradient: gradient, x: x, result: result, shape: shape, mean: mean.pointer, scale: scale.pointer,
                gamma: parameters.weight(gamma), sums: sums, products: products.pointer, blocks: blocks)
        }
    }

    /// Mean and variance of the batch; the averages move towards them.
    private func measure(_ x: UnsafePointer<Lanes>, _ shape: BlockShape) {
        let count = Float(shape.samples)
        let averageMean = parameters.average(averageMean)
        let averageVariance = parameters.average(averageVariance)
        machine.team.share(shape.channels, work: shape.count / 2) { _, channels in
            machine.kernels.channelSums(x, shape: shape, channels: channels, sums: mean.pointer)
            for channel in channels { mean.pointer[channel] /= count }
            machine.kernels.channelSquares(
                x, shape: shape, mean: mean.pointer, channels: channels, sums: scale.pointer)
            for channel in channels {
                let variance = scale.pointer[channel] / count
                let unbiased = scale.pointer[channel] / max(count - 1, 1)
                averageMean[channel] += momentum * (mean.pointer[channel] - averageMean[channel])
                averageVariance[channel] += momentum * (unbiased - averageVariance[channel])
                scale.pointer[channel] = 1 / (variance + BatchNorm.epsilon).squareRoot()
            }
        }
    }

    private func recall(_ channels: Int) {
        let averageMean = parameters.average(averageMean)
        let averageVariance = parameters.average(averageVariance)
        for channel in 0..<channels {
            mean.pointer[channel] = averageMean[channel]
            scale.pointer[channel] = 1 / (averageVariance[channel] + BatchNorm.epsilon).squareRoot()
        }
    }
}
