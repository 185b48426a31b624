import Kernels
import Tensors

/// `[block of frames][channel]` to `[time][block of clips][channel]`: lanes are frames before,
/// clips afterwards.
package final class FramesToSequence: Layer {
    private let gradients: GradientMemory
    private let output: Buffer<Lanes>

    package init(channels: Int, in context: LayerContext) {
        gradients = context.gradients
        output = Buffer(count: context.steps * context.clipBlocks * channels)
        gradients.reserve(max(context.frameBlocks, context.steps * context.clipBlocks) * channels)
    }

    package func forward(_ x: Activations, _ pass: Pass) -> Activations {
        var y = x.at(output.pointer)
        y.layout = .sequence
        FramesToSequence.forEachFrame(x) { frameBlock, frameLane, clipBlock, clipLane in
            for channel in 0..<x.channels {
                y.pointer[clipBlock * x.channels + channel][clipLane] =
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
        FramesToSequence.forEachFrame(result) { frameBlock, frameLane, clipBlock, clipLane in
            for channel in 0..<size {
                pointer[frameBlock * size + channel][frameLane] =
                    gradient.pointer[clipBlock * size + channel][clipLane]
            }
        }
        return result
    }

    private static func forEachFrame(
        _ x: Activations,
        _ body: (_ frameBlock: Int, _ frameLane: Int, _ clipBlock: Int, _ clipLane: Int) -> Void
    ) {
        for time in 0..<x.steps {
            for clip in 0..<x.batch {
                let frame = time * x.batch + clip
                body(
                    frame / laneCount, frame % laneCount, time * x.clipBlocks + clip / laneCount,
                    clip % laneCount)
            }
        }
    }
}
