import Kernels
import Tensors

/// The mean over each picture: one pixel with all channels is left.
package final class AveragePool: Layer {
    private let kernels: any KernelSet.Type
    private let gradients: GradientMemory
    private let output: Buffer<Lanes>
    private var input: Activations?

    /// - Parameters:
    ///   - height, width: of its input, px.
    package init(height: Int, width: Int, channels: Int, in context: LayerContext) {
        kernels = context.compute.kernels
        gradients = context.gradients
        output = Buffer(count: context.frameBlocks * channels)
        gradients.reserve(context.frameBlocks * height * width * channels)
    }

    package func forward(_ x: Activations, _ pass: Pass) -> Activations {
        input = x
        kernels.averagePool(x.pointer, y: output.pointer, shape: x.picture, blocks: 0..<x.blocks)
        var y = x.at(output.pointer)
        (y.height, y.width) = (1, 1)
        return y
    }

    package func backward(_ gradient: Activations) -> Activations? {
        guard let x = input else { preconditionFailure("backward follows forward") }
        let (result, _) = gradients.besides(gradient.pointer)
        kernels.averagePoolGradient(
            gradient.pointer, result: result, shape: x.picture, blocks: 0..<x.blocks)
        return x.at(result)
    }
}
