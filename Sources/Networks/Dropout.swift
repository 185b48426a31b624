import Kernels
import Tensors

/// Dropout (Srivastava et al. 2014): each value is dropped with probability `rate`, the others grow by 1/(1 − rate).
///
/// What is dropped depends on the seed, the layer, the step and the value's place `[time][clip][channel]` alone.
final class Dropout {
    private let rate: Float
    private let layer: UInt32
    private let channels: Int
    private let mask: Buffer<Lanes>

    init(rate: Float, layer: UInt32, channels: Int, steps: Int, clips: Int) {
        self.rate = rate
        self.layer = layer
        self.channels = channels
        mask = Buffer(count: rate == 0 ? 0 : steps * ((clips + laneCount - 1) / laneCount) * channels)
    }

    /// Draws the mask of training step `step` and applies it in place.
    func forward(
        _ x: UnsafeMutablePointer<Lanes>, steps: Int, clips: Int, seed: UInt64, step: UInt64, context: ComputeContext
    ) {
        guard rate > 0 else { return }
        let stream = RandomStream(seed: seed, purpose: .dropout, part: layer)
        let clipBlocks = (clips + laneCount - 1) / laneCount
        let kept = 1 / (1 - rate)
        let quads = (channels + 3) / 4
        let scalars = UnsafeMutableRawPointer(mask.pointer).assumingMemoryBound(to: Float.self)
        for time in 0..<steps {
            for clip in 0..<clips {
                let block = time * clipBlocks + clip / laneCount
                let start = block * channels * laneCount + clip % laneCount
                for quad in 0..<quads {
                    let place = UInt64((time * clips + clip) * quads + quad)
                    let bits = stream.block(at: step << 32 | place)
                    for lane in 0..<min(4, channels - quad * 4) {
                        scalars[start + (quad * 4 + lane) * laneCount] = unitFloat(bits[lane]) < rate ? 0 : kept
                    }
                }
            }
        }
        apply(x, steps: steps, clips: clips, context: context)
    }

    /// The gradient passes where the value did.
    func backward(_ gradient: UnsafeMutablePointer<Lanes>, steps: Int, clips: Int, context: ComputeContext) {
        guard rate > 0 else { return }
        apply(gradient, steps: steps, clips: clips, context: context)
    }

    private func apply(_ x: UnsafeMutablePointer<Lanes>, steps: Int, clips: Int, context: ComputeContext) {
        let count = steps * ((clips + laneCount - 1) / laneCount) * channels
        context.kernels.multiply(x, by: mask.pointer, count: count)
    }
}
