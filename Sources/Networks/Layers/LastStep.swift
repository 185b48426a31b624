import Kernels
import Tensors

/// The last time step of a sequence, or the last real one of each clip.
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
        if let mask = x.mask {
            for block in 0..<x.clipBlocks {
                for channel in 0..<x.channels {
                    var sum = Lanes.zero
                    for time in 0..<x.steps {
                        let row = x.row(time: time, clipBlock: block)
                        sum += x.pointer[row * x.channels + channel] * isLast(time, block, x, mask)
                    }
                    output.pointer[block * x.channels + channel] = sum
                }
            }
        } else {
            output.pointer.update(from: x.pointer + (x.steps - 1) * count, count: count)
        }
        var y = x.at(output.pointer)
        (y.layout, y.steps) = (.clips, 1)
        return y
    }

    /// Zero for all steps but the last.
    package func backward(_ gradient: Activations) -> Activations? {
        guard let x = input else { preconditionFailure("backward follows forward") }
        let (result, _) = gradients.besides(gradient.pointer)
        let count = x.clipBlocks * x.channels
        if let mask = x.mask {
            for block in 0..<x.clipBlocks {
                for time in 0..<x.steps {
                    let (row, last) = (
                        x.row(time: time, clipBlock: block), isLast(time, block, x, mask)
                    )
                    for channel in 0..<x.channels {
                        result[row * x.channels + channel] =
                            gradient.pointer[block * x.channels + channel] * last
                    }
                }
            }
            return x.at(result)
        }
        result.update(repeating: .zero, count: (x.steps - 1) * count)
        (result + (x.steps - 1) * count).update(from: gradient.pointer, count: count)
        return x.at(result)
    }

    /// 1 in the lanes of clips whose last step it is.
    private func isLast(_ time: Int, _ block: Int, _ x: Activations, _ mask: StepMask) -> Lanes {
        let masks = mask.rows(x.layout)
        let now = masks[x.row(time: time, clipBlock: block)]
        return time + 1 < x.steps ? now - masks[x.row(time: time + 1, clipBlock: block)] : now
    }
}
