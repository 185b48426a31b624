import Kernels
import Tensors

/// `[block of frames][channel]` to `[time][block of clips][channel]`, or to a timeline: lanes are
/// frames before, clips afterwards.
package final class FramesToSequence: Layer {
    private let layout: Activations.Layout
    private let gradients: GradientMemory
    private let output: Buffer<Lanes>

    /// - Parameter layout: `sequence` or `timeline`.
    package init(
        channels: Int, to layout: Activations.Layout = .sequence, in context: LayerContext
    ) {
        self.layout = layout
        gradients = context.gradients
        output = Buffer(count: context.steps * context.clipBlocks * channels)
        gradients.reserve(max(context.frameBlocks, context.steps * context.clipBlocks) * channels)
    }

    package func forward(_ x: Activations, _ pass: Pass) -> Activations {
        var y = x.at(output.pointer)
        y.layout = layout
        FramesToSequence.forEachFrame(y) { frameBlock, frameLane, row, clipLane in
            for channel in 0..<x.channels {
                y.pointer[row * x.channels + channel][clipLane] =
                    x.pointer[frameBlock * x.channels + channel][frameLane]
            }
        }
        return y
    }

    package func backward(_ gradient: Activations) -> Activations? {
        let (pointer, _) = gradients.besides(gradient.pointer)
        var result = gradient.at(pointer)
        result.layout = .frames
        let size = result.channels
        // Lanes beyond the last frame hold zeros.
        if result.frames % laneCount != 0 {
            for at in 0..<size { pointer[result.frames / laneCount * size + at] = .zero }
        }
        FramesToSequence.forEachFrame(gradient) { frameBlock, frameLane, row, clipLane in
            for channel in 0..<size {
                pointer[frameBlock * size + channel][frameLane] =
                    gradient.pointer[row * size + channel][clipLane]
            }
        }
        return result
    }

    private static func forEachFrame(
        _ x: Activations,
        _ body: (_ frameBlock: Int, _ frameLane: Int, _ row: Int, _ clipLane: Int) -> Void
    ) {
        for time in 0..<x.steps {
            for clip in 0..<x.batch {
                let frame = time * x.batch + clip
                body(
                    frame / laneCount, frame % laneCount,
                    x.row(time: time, clipBlock: clip / laneCount), clip % laneCount)
            }
        }
    }
}
