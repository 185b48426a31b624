import Kernels
import Tensors

/// The greatest number of each window of a picture, for each channel.
package final class MaxPool: Layer {
    private let geometry: PoolGeometry
    private let context: ComputeContext
    private let gradients: GradientMemory
    private let output, chosen: Buffer<Lanes>
    private var input: Activations?

    /// Of its output, px.
    var outputHeight: Int { geometry.outputHeight }
    var outputWidth: Int { geometry.outputWidth }

    package init(_ geometry: PoolGeometry, in context: LayerContext) {
        self.geometry = geometry
        self.context = context.compute
        gradients = context.gradients
        let count =
            context.frameBlocks * geometry.outputHeight * geometry.outputWidth * geometry.channels
        output = Buffer(count: count)
        chosen = Buffer(count: count)
        gradients.reserve(
            context.frameBlocks * geometry.height * geometry.width * geometry.channels)
    }

    package func forward(_ x: Activations, _ pass: Pass) -> Activations {
        input = x
        context.team.share(x.blocks, work: x.count) { _, blocks in
            context.kernels.maxPool(
                x.pointer, y: output.pointer, chosen: pass.isTraining ? chosen.pointer : nil,
                geometry: geometry, blocks: blocks)
        }
        var y = x.at(output.pointer)
        (y.height, y.width) = (geometry.outputHeight, geometry.outputWidth)
        return y
    }

    package func backward(_ gradient: Activations) -> Activations? {
        guard let x = input else { preconditionFailure("backward follows forward") }
        let (result, _) = gradients.besides(gradient.pointer)
        context.team.share(x.blocks, work: x.count) { _, blocks in
            context.kernels.maxPoolGradient(
                gradient.pointer, chosen: chosen.pointer, result: result, geometry: geometry,
                blocks: blocks)
        }
        return x.at(result)
    }
}
