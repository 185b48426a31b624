import Kernels
import Tensors

/// Batch norm of the features of frames, or of the steps of a timeline, by itself.
package final class FeatureNorm: Layer {
    private let norm: BatchNorm
    private let gradients: GradientMemory
    private let output: Buffer<Lanes>
    private var input: Activations?

    package static func parameters(_ name: String, channels: Int) -> [ParameterSpec] {
        BatchNorm.parameters(name, channels: channels)
    }

    /// - Parameter momentum: weight of the new batch in the averages.
    package init(name: String, channels: Int, momentum: Float, in context: LayerContext) {
        norm = BatchNorm(
            name: name, channels: channels, momentum: momentum,
            epsilon: BatchNorm.standardEpsilon, parameters: context.parameters,
            context: context.compute)
        gradients = context.gradients
        let count = max(context.frameBlocks, context.steps * context.clipBlocks) * channels
        output = Buffer(count: count)
        gradients.reserve(count)
    }

    package func forward(_ x: Activations, _ pass: Pass) -> Activations {
        input = x
        norm.forward(
            x.pointer, output.pointer, rectify: false, shape: x.picture, training: pass.isTraining)
        return x.at(output.pointer)
    }

    package func backward(_ gradient: Activations) -> Activations? {
        guard let x = input else { preconditionFailure("backward follows forward") }
        let (result, _) = gradients.besides(gradient.pointer)
        norm.backward(
            gradient.pointer, rectifier: .none, x: x.pointer, result: result, shape: x.picture)
        return x.at(result)
    }
}
