import Kernels
import Tensors

/// Two recurrent layers over the same sequence, one in each direction of time; their states side by
/// side: `[time][block of clips][forward, reverse]`.
package final class BothDirections: Layer {
    private let forwardLayer, reverseLayer: any Layer
    /// Of one direction's state.
    private let size: Int
    private let output, forwardGradient, reverseGradient, sum: Buffer<Lanes>
    private let gradients: GradientMemory

    /// - Parameters:
    ///   - size: of each one's state.
    ///   - inputs: channels of the sequence.
    package init(
        _ forwardLayer: any Layer, _ reverseLayer: any Layer, inputs: Int, size: Int,
        in context: LayerContext
    ) {
        (self.forwardLayer, self.reverseLayer, self.size) = (forwardLayer, reverseLayer, size)
        let blocks = context.steps * context.clipBlocks
        output = Buffer(count: blocks * 2 * size)
        forwardGradient = Buffer(count: blocks * size)
        reverseGradient = Buffer(count: blocks * size)
        sum = Buffer(count: blocks * inputs)
        gradients = context.gradients
        gradients.reserve(blocks * 2 * size)
    }

    package func pack(training: Bool) {
        forwardLayer.pack(training: training)
        reverseLayer.pack(training: training)
    }

    package func forward(_ x: Activations, _ pass: Pass) -> Activations {
        place(forwardLayer.forward(x, pass), part: 0)
        place(reverseLayer.forward(x, pass), part: 1)
        return x.at(output.pointer, channels: 2 * size)
    }

    private func place(_ states: Activations, part: Int) {
        for block in 0..<states.blocks {
            (output.pointer + (2 * block + part) * size).update(
                from: states.pointer + block * size, count: size)
        }
    }

    package func backward(_ gradient: Activations) -> Activations? {
        for block in 0..<gradient.blocks {
            let both = gradient.pointer + 2 * block * size
            (forwardGradient.pointer + block * size).update(from: both, count: size)
            (reverseGradient.pointer + block * size).update(from: both + size, count: size)
        }
        let own = gradient.at(forwardGradient.pointer, channels: size)
        guard let first = forwardLayer.backward(own) else { return nil }
        sum.pointer.update(from: first.pointer, count: first.count)
        guard
            let second = reverseLayer.backward(
                gradient.at(reverseGradient.pointer, channels: size))
        else { return nil }
        for at in 0..<second.count { second.pointer[at] += sum.pointer[at] }
        return second
    }
}
