import Kernels
import Tensors

/// The mean over the time steps of a sequence: one chain of sums in the order of time, divided by
/// their number.
package final class MeanStep: Layer {
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
        let share = 1 / Float(x.steps)
        for at in 0..<count {
            var sum = x.pointer[at]
            for step in 1..<x.steps { sum += x.pointer[step * count + at] }
            output.pointer[at] = sum * share
        }
        var y = x.at(output.pointer)
        (y.layout, y.steps) = (.clips, 1)
        return y
    }

    /// Each step has the same share.
    package func backward(_ gradient: Activations) -> Activations? {
        guard let x = input else { preconditionFailure("backward follows forward") }
        let (result, _) = gradients.besides(gradient.pointer)
        let count = x.clipBlocks * x.channels
        let share = 1 / Float(x.steps)
        for at in 0..<count {
            let part = gradient.pointer[at] * share
            for step in 0..<x.steps { result[step * count + at] = part }
        }
        return x.at(result)
    }
}
