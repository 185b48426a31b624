import Kernels
import Tensors

/// The mean over the time steps of a sequence or a timeline: one chain of sums in the order of time,
/// divided by their number.
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
        if let mask = x.mask { return masked(x, mask) }
        let share = 1 / Float(x.steps)
        forEachPlace(x) { first, stride, at in
            var sum = x.pointer[first]
            for step in 1..<x.steps { sum += x.pointer[first + step * stride] }
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
        if let mask = x.mask {
            for block in 0..<x.clipBlocks {
                for channel in 0..<x.channels {
                    let part =
                        gradient.pointer[block * x.channels + channel] * mask.shares.pointer[block]
                    for time in 0..<x.steps {
                        let row = x.row(time: time, clipBlock: block)
                        result[row * x.channels + channel] = part * mask.rows(x.layout)[row]
                    }
                }
            }
            return x.at(result)
        }
        let share = 1 / Float(x.steps)
        forEachPlace(x) { first, stride, at in
            let part = gradient.pointer[at] * share
            for step in 0..<x.steps { result[first + step * stride] = part }
        }
        return x.at(result)
    }

    /// The mean over the real steps of each clip.
    private func masked(_ x: Activations, _ mask: StepMask) -> Activations {
        for block in 0..<x.clipBlocks {
            for channel in 0..<x.channels {
                var sum = Lanes.zero
                for time in 0..<x.steps {
                    let row = x.row(time: time, clipBlock: block)
                    sum += x.pointer[row * x.channels + channel] * mask.rows(x.layout)[row]
                }
                output.pointer[block * x.channels + channel] = sum * mask.shares.pointer[block]
            }
        }
        var y = x.at(output.pointer)
        (y.layout, y.steps) = (.clips, 1)
        return y
    }

    /// - Parameter body: gets the place of each number at the first time, the distance to the next
    ///   time, and the place of the mean.
    private func forEachPlace(
        _ x: Activations, _ body: (_ first: Int, _ stride: Int, _ at: Int) -> Void
    ) {
        let stride = (x.row(time: 1, clipBlock: 0) - x.row(time: 0, clipBlock: 0)) * x.channels
        for block in 0..<x.clipBlocks {
            let first = x.row(time: 0, clipBlock: block) * x.channels
            for channel in 0..<x.channels {
                body(first + channel, stride, block * x.channels + channel)
            }
        }
    }
}
