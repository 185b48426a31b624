import Kernels
import Tensors

/// Dropout (Srivastava et al. 2014): each value is dropped with probability `rate`, the others grow
/// by 1/(1 − rate).
///
/// What is dropped depends on the seed, the layer, the step and the value's place
/// `[time][clip][channel]` alone.
package final class Dropout: Layer {
    /// What is dropped as one.
    package enum Unit: String, Sendable, CaseIterable {
        case value
        /// A channel of a clip, at all times (Tompson et al. 2015).
        case channel
        /// A step of a clip, all its channels.
        case frame
    }

    private let rate: Float
    private let unit: Unit
    /// Its number in the network: each draws from a stream of its own.
    private let number: UInt32
    private let channels: Int
    private let mask: Buffer<Lanes>
    private let kernels: any KernelSet.Type

    /// - Parameter steps: 1 if its input are clips.
    package init(
        rate: Float, unit: Unit = .value, number: UInt32, channels: Int, steps: Int,
        in context: LayerContext
    ) {
        (self.rate, self.unit) = (rate, unit)
        self.number = number
        self.channels = channels
        mask = Buffer(count: rate == 0 ? 0 : steps * context.clipBlocks * channels)
        kernels = context.compute.kernels
    }

    /// In training, draws the mask of the step and applies it in place.
    package func forward(_ x: Activations, _ pass: Pass) -> Activations {
        guard rate > 0, let step = pass.step else { return x }
        let stream = RandomStream(seed: step.seed, purpose: .dropout, part: number)
        let clips = x.batch
        let kept = 1 / (1 - rate)
        let quads = (channels + 3) / 4
        let scalars = UnsafeMutableRawPointer(mask.pointer).assumingMemoryBound(to: Float.self)
        for time in 0..<x.steps {
            for clip in 0..<clips {
                let row = x.row(time: time, clipBlock: clip / laneCount)
                let start = row * channels * laneCount + clip % laneCount
                for quad in 0..<quads {
                    let place = (time: unit == .channel ? 0 : time, quad: unit == .frame ? 0 : quad)
                    let bits = stream.block(
                        at: step.number << 32
                            | UInt64((place.time * clips + clip) * quads + place.quad))
                    for lane in 0..<min(4, channels - quad * 4) {
                        let drawn = bits[unit == .frame ? 0 : lane]
                        scalars[start + (quad * 4 + lane) * laneCount] =
                            unitFloat(drawn) < rate ? 0 : kept
                    }
                }
            }
        }
        kernels.multiply(x.pointer, by: mask.pointer, count: x.count)
        return x
    }

    /// The gradient passes where the value did.
    package func backward(_ gradient: Activations) -> Activations? {
        if rate > 0 { kernels.multiply(gradient.pointer, by: mask.pointer, count: gradient.count) }
        return gradient
    }
}
