import Kernels
import Tensors

/// The word boundary as one more channel behind the features of each step (Feng et al. 2020; Ma et
/// al. 2021): `[…][channels]` to `[…][channels + 1]`.
package final class AppendBoundary: Layer {
    private let channels: Int
    private let boundary: WordBoundary
    private let gradients: GradientMemory
    private let output: Buffer<Lanes>

    package init(_ boundary: WordBoundary, channels: Int, in context: LayerContext) {
        (self.boundary, self.channels) = (boundary, channels)
        gradients = context.gradients
        let rows = context.steps * context.clipBlocks
        output = Buffer(count: rows * (channels + 1))
        gradients.reserve(rows * (channels + 1))
    }

    package func forward(_ x: Activations, _ pass: Pass) -> Activations {
        let y = x.at(output.pointer, channels: channels + 1)
        for time in 0..<x.steps {
            for clipBlock in 0..<x.clipBlocks {
                let row = x.row(time: time, clipBlock: clipBlock)
                let target = y.pointer + row * y.channels
                target.update(from: x.pointer + row * channels, count: channels)
                target[channels] = boundary.lanes(time: time, clipBlock: clipBlock)
            }
        }
        return y
    }

    package func backward(_ gradient: Activations) -> Activations? {
        let (pointer, _) = gradients.besides(gradient.pointer)
        let result = gradient.at(pointer, channels: channels)
        for row in 0..<gradient.blocks {
            (pointer + row * channels).update(
                from: gradient.pointer + row * gradient.channels, count: channels)
        }
        return result
    }
}
