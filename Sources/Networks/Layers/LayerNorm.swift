import Kernels
import Tensors

/// Layer norm (Ba et al. 2016) over the channels of each step, ε as PyTorch has it.
package final class LayerNorm: Layer {
    private let gamma, beta: Parameters.Slot
    private let parameters: Parameters
    private let context: ComputeContext
    private let gradients: GradientMemory
    private let output, normed, scales, totals: Buffer<Lanes>
    private var input: Activations?

    package static func parameters(_ name: String, channels: Int) -> [ParameterSpec] {
        [
            ParameterSpec("\(name).weight", [channels], .constant(1)),
            ParameterSpec("\(name).bias", [channels], .constant(0)),
        ]
    }

    package init(name: String, channels: Int, in context: LayerContext) {
        parameters = context.parameters
        gamma = parameters.slot("\(name).weight")
        beta = parameters.slot("\(name).bias")
        self.context = context.compute
        gradients = context.gradients
        let rows = max(context.frameBlocks, context.steps * context.clipBlocks)
        output = Buffer(count: rows * channels)
        normed = Buffer(count: rows * channels)
        scales = Buffer(count: rows)
        totals = Buffer(count: channels)
        gradients.reserve(rows * channels)
    }

    package func forward(_ x: Activations, _ pass: Pass) -> Activations {
        input = x
        context.team.share(x.blocks, work: x.count) { _, rows in
            context.kernels.layerNorm(
                x.pointer, y: output.pointer, normed: normed.pointer, scales: scales.pointer,
                gamma: parameters.weight(gamma), beta: parameters.weight(beta),
                epsilon: BatchNorm.standardEpsilon, channels: x.channels, rows: rows)
        }
        return x.at(output.pointer)
    }

    package func backward(_ gradient: Activations) -> Activations? {
        guard let x = input else { preconditionFailure("backward follows forward") }
        let (result, products) = gradients.besides(gradient.pointer)
        context.team.share(x.blocks, work: x.count) { _, rows in
            context.kernels.layerNormGradient(
                gradient.pointer, normed: normed.pointer, scales: scales.pointer,
                gamma: parameters.weight(gamma), products: products, result: result,
                channels: x.channels, rows: rows)
        }
        // Lanes beyond the last clip have a gradient of zero.
        let shape = BlockShape(
            frames: x.blocks * laneCount, height: 1, width: 1, channels: x.channels)
        for (numbers, slot) in [(products, gamma), (gradient.pointer, beta)] {
            context.kernels.channelSums(
                numbers, shape: shape, channels: 0..<x.channels, totals: totals.pointer,
                sums: parameters.gradient(slot))
        }
        return x.at(result)
    }
}
