import Kernels
import Tensors

/// y = W x + b of each clip, or of each step of a clip.
package final class Linear: Layer {
    let product: Convolution
    private let gradients: GradientMemory
    private let outputs: Int
    private let output: Buffer<Lanes>
    private var input: Activations?

    package static func parameters(_ name: String, inputs: Int, outputs: Int) -> [ParameterSpec] {
        WeightStart.pyTorch.specs(name, [outputs, inputs], hasBias: true)
    }

    /// - Parameter steps: 1 if its input are clips.
    package init(
        name: String, inputs: Int, outputs: Int, steps: Int = 1, in context: LayerContext
    ) {
        product = Convolution(
            inputs: inputs, outputs: outputs, weight: context.parameters.slot("\(name).weight"),
            biases: [context.parameters.slot("\(name).bias")], parameters: context.parameters,
            context: context.compute)
        self.outputs = outputs
        gradients = context.gradients
        output = Buffer(count: steps * context.clipBlocks * outputs)
        gradients.reserve(steps * context.clipBlocks * max(inputs, outputs))
    }

    package func pack(training: Bool) { product.pack(training: training) }

    package func forward(_ x: Activations, _ pass: Pass) -> Activations {
        input = x
        product.forward(x.pointer, output.pointer, blocks: x.blocks)
        return x.at(output.pointer, channels: outputs)
    }

    package func backward(_ gradient: Activations) -> Activations? {
        guard let x = input else { preconditionFailure("backward follows forward") }
        let (result, _) = gradients.besides(gradient.pointer)
        // Of several steps all lanes are summed: those beyond the last clip hold zeros.
        let frames = x.steps == 1 ? x.batch : x.blocks * laneCount
        let shape = BlockShape(frames: frames, height: 1, width: 1, channels: outputs)
        product.weightGradients(x.pointer, gradient.pointer, shape: shape)
        product.backward(gradient.pointer, result, blocks: x.blocks)
        return x.at(result)
    }
}
