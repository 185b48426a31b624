import Kernels
import Tensors

/// Each frame with its neighbours in time as further channels, `[time][channel]`; zero beyond the
/// ends of a clip. A convolution over pictures of such frames is a convolution over time, rows and
/// columns: the same sum, by the same kernels.
package final class TimeStack: Layer {
    private let depth, channels: Int
    private let context: ComputeContext
    private let gradients: GradientMemory
    private let output: Buffer<Lanes>
    private var input: Activations?

    /// - Parameters:
    ///   - depth: frames side by side, odd; the one itself is in the middle.
    ///   - height, width: of the pictures as they lie in memory, px.
    package init(depth: Int, height: Int, width: Int, channels: Int, in context: LayerContext) {
        (self.depth, self.channels) = (depth, channels)
        self.context = context.compute
        gradients = context.gradients
        let count = context.frameBlocks * height * width * channels
        output = Buffer(count: count * depth)
        gradients.reserve(count * depth)
    }

    package func forward(_ x: Activations, _ pass: Pass) -> Activations {
        input = x
        let pixels = x.height * x.width
        context.team.share(x.blocks, work: x.count * depth) { _, blocks in
            for block in blocks {
                for time in 0..<depth {
                    let target = output.pointer + (block * pixels * depth + time) * channels
                    shift(
                        x.pointer, stride: channels, of: x, block: block, by: time - depth / 2,
                        StridedPixels(target, stride: depth * channels), adding: false)
                }
            }
        }
        return x.at(output.pointer, channels: depth * channels)
    }

    package func backward(_ gradient: Activations) -> Activations? {
        guard let x = input else { preconditionFailure("backward follows forward") }
        let (result, _) = gradients.besides(gradient.pointer)
        let pixels = x.height * x.width
        context.team.share(x.blocks, work: x.count * depth) { _, blocks in
            for block in blocks {
                for time in 0..<depth {
                    shift(
                        gradient.pointer + time * channels, stride: depth * channels, of: x,
                        block: block, by: depth / 2 - time,
                        StridedPixels(result + block * pixels * channels, stride: channels),
                        adding: time > 0)
                }
            }
        }
        return x.at(result)
    }

    /// One block of the frames so many steps later than those of `block`.
    private func shift(
        _ source: UnsafePointer<Lanes>, stride: Int, of x: Activations, block: Int, by steps: Int,
        _ target: StridedPixels, adding: Bool
    ) {
        // Frames lie as time · batch + clip: those beyond the first and last frame are none.
        let first = block * laneCount + steps * x.batch
        let from = first >= 0 ? first / laneCount : -((-first + laneCount - 1) / laneCount)
        let blockStride = x.height * x.width * stride
        func place(_ block: Int) -> UnsafePointer<Lanes>? {
            (0..<x.blocks).contains(block) ? source + block * blockStride : nil
        }
        context.kernels.shiftLanes(
            place(from), place(from + 1), by: first - from * laneCount,
            kept: min(laneCount, x.frames - block * laneCount), sourceStride: stride,
            target: target, channels: channels, pixels: x.height * x.width, adding: adding)
    }
}
