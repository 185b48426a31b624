import Tensors

/// Random changes to training clips, new in each epoch; a function of the run's seed, the epoch and the clip alone.
public struct Augmentation: Sendable, Equatable {
    /// Mirror left and right in half the cases.
    public var flip = false
    /// Move the picture by up to so many px each way; the border repeats.
    public var shift = 0
    /// Move the clip by up to so many frames in time; the first and last frame repeat.
    public var time = 0
    /// Multiply brightness by up to 1 ± so much.
    public var brightness = 0.0
    /// α of the Beta distribution that mixes each clip with another (mixup, Zhang et al. 2018); 0: not mixed.
    public var mixup = 0.0

    public init() {}

    public var isOff: Bool { self == Augmentation() }

    /// What happens to one clip in one epoch.
    public struct Draw: Sendable {
        let mirrored: Bool
        let right, down, later: Int
        let gain: Float
    }

    /// - Parameter epoch: from 1.
    public func draw(seed: UInt64, epoch: Int, clip: Int) -> Draw {
        let stream = RandomStream(seed: seed, purpose: .augmentation, part: UInt32(epoch))
        let bits = stream.block(at: UInt64(clip) * 2)
        let more = stream.block(at: UInt64(clip) * 2 + 1)
        func within(_ bits: UInt32, _ limit: Int) -> Int {
            Int((UInt64(bits) * UInt64(2 * limit + 1)) >> 32) - limit
        }
        return Draw(
            mirrored: flip && bits.x & 1 == 1, right: within(bits.y, shift), down: within(bits.z, shift),
            later: within(bits.w, time), gain: 1 + Float(brightness) * (2 * unitFloat(more.x) - 1))
    }
}

extension Augmentation {
    /// Which clip is mixed into another, and the other's share.
    public struct Partner: Sendable {
        public let clip: Int
        /// Of the clip itself, ½…1.
        public let share: Float
    }

    /// - Parameters:
    ///   - epoch: from 1.
    ///   - count: clips to choose from.
    /// - Returns: nil where nothing is mixed.
    public func partner(seed: UInt64, epoch: Int, clip: Int, count: Int) -> Partner? {
        guard mixup > 0 else { return nil }
        var stream = RandomStream(seed: seed, purpose: .mixup, part: UInt32(epoch), index: UInt64(clip) << 32)
        let other = Int(stream.below(UInt32(count)))
        let share = beta(&stream)
        return Partner(clip: other, share: Float(max(share, 1 - share)))
    }

    /// Beta(α, α) by Jöhnk's method (1964): two powers of uniform numbers whose sum is at most 1.
    private func beta(_ stream: inout RandomStream) -> Double {
        while true {
            let (u, v) = (stream.uniformDouble(), stream.uniformDouble())
            guard u > 0, v > 0 else { continue }
            // Powers below e⁻⁷⁰⁰ are nought for all that follows.
            let x = PortableMath.exp(max(PortableMath.log(u) / mixup, -700))
            let y = PortableMath.exp(max(PortableMath.log(v) / mixup, -700))
            if x + y <= 1 { return x / (x + y) }
        }
    }
}

extension FramedClips {
    /// The frames of one clip in time, changed as drawn.
    public func withFrames(
        of clip: Int, changed draw: Augmentation.Draw, _ body: (_ time: Int, _ pixels: UnsafePointer<UInt8>) -> Void
    ) {
        let (height, width, channels) = (format.height, format.width, format.channels)
        var changed = [UInt8](repeating: 0, count: height * width * channels)
        let gains = (0..<256).map { UInt8(max(0, min(255, Float($0) * draw.gain + 0.5))) }
        var frames: [UnsafePointer<UInt8>] = []
        withFrames(of: clip) { _, pixels in frames.append(pixels) }
        for time in 0..<format.frames {
            let source = frames[max(0, min(format.frames - 1, time - draw.later))]
            for row in 0..<height {
                let fromRow = max(0, min(height - 1, row - draw.down))
                for column in 0..<width {
                    let moved = max(0, min(width - 1, column - draw.right))
                    let fromColumn = draw.mirrored ? width - 1 - moved : moved
                    for c in 0..<channels {
                        let value = source[(fromRow * width + fromColumn) * channels + c]
                        changed[(row * width + column) * channels + c] = gains[Int(value)]
                    }
                }
            }
            changed.withUnsafeBufferPointer { buffer in
                if let base = buffer.baseAddress { body(time, base) }
            }
        }
    }
}
