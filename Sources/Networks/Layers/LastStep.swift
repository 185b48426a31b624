import Kernels
import Tensors

/// The last time step of a sequence.
package final class LastStep: Layer {
    private let gradients: GradientMemory
    private let output: Buffer<Lanes>
    private var input: Activations?

    package init(channels: Int, in context: LayerContext) {
        gradients = context.gradients
        output = Buffer(count: context.clipBlocks * channels)
        gradients.reserve(context.steps * context.clipBlocks * channels)
    }

    package func forward(_ x: Activations, _ pass: Pass) -> Activations {
        input = x
        let count = x.clipBlocks * x.channels
        output.pointer.update(from: x.pointer + (x.steps - 1) * count, count: count)
        var y = x.at(output.pointer)
        (y.layout, y.steps) = (.clips, 1)
        return y
    }

    /// Zero for all steps but the last.
    package func backward(_ gradient: Activations) -> Activations? {
        guard let x = input else { preconditionFailure("backward follows forward") }
        let (result, _) = gradients.besides(gradient.pointer)
        let count = x.clipBlocks * x.channels
        result.update(repeating: .zero, count: (x.steps - 1) * count)
        (result + (x.steps - 1) * count).update(from: gradient.pointer, count: count)
        return x.at(result)
    }
}
