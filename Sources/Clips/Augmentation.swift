import Tensors

/// Random changes to training clips, new in each epoch; a function of the run's seed, the epoch and
/// the clip alone. Values of the literature are in docs/data.md.
package struct Augmentation: Sendable, Equatable {
    /// Mirror left and right in half the cases.
    package var flip = false
    /// Move the picture by up to so many px each way; the border repeats.
    package var shift = 0
    /// Take frames that are so many px larger and cut the network's picture out of them, anywhere.
    package var crop = 0
    /// Move the clip by up to so many frames in time; the first and last frame repeat.
    package var time = 0
    /// Play the clip by up to 1 ± so much faster: the nearest frames are taken.
    package var speed = 0.0
    /// Cut longer clips anywhere instead of in the middle.
    package var randomWindow = false
    /// Cut the clip anywhere before its word, and anywhere behind it.
    package var variableLength = false
    /// Replace up to so many frames in a row by the mean of all.
    package var mask = 0
    /// Multiply brightness by up to 1 ± so much.
    package var brightness = 0.0
    /// Stretch or squeeze the distance to the clip's mean by up to 1 ± so much.
    package var contrast = 0.0
    /// α of the Beta distribution that mixes each clip with another (mixup, Zhang et al. 2018); 0:
    /// not mixed.
    package var mixup = 0.0
    /// The same with one share for all clips of a batch, each mixed with another of it.
    package var mixupBatch = 0.0
    /// Turn the picture by up to so many degrees each way.
    package var rotation = 0.0
    /// Enlarge or shrink the picture by up to 1 ± so much.
    package var scale = 0.0
    /// In half the cases, replace a rectangle of up to so much of the picture, the same in all
    /// frames, by the clip's mean (Zhong et al. 2020).
    package var erase = 0.0

    package init() {}

    package var isOff: Bool { self == Augmentation() }

    /// What happens to one clip in one epoch.
    package struct Draw: Sendable {
        package let mirrored: Bool
        package let right, down, later: Int
        package let gain: Float
        /// 0…1: where the picture is cut out, and the clip's frames; nil: in the middle.
        var cropAcross: Float?
        var cropDown: Float?
        var window: Float?
        /// 0…1 from the clip's start to its word, and from its word's end to its end: where it
        /// begins and ends; nil: it is not cut.
        var cut: (start: Float, end: Float)?
        package var speed = 1.0
        package var contrast: Float = 1
        /// Frames that the mean replaces, at most, and 0…1 where they begin.
        var masked = 0
        var maskPlace: Float = 0
        /// In degrees.
        var rotation = 0.0
        var scale = 1.0
        /// 0…1 of the picture; 0: nothing is erased. Then 0…1: how flat it is, and where.
        var erased: Float = 0
        var erasedShape: Float = 0.5
        var erasedAcross: Float = 0.5
        var erasedDown: Float = 0.5

        /// Nothing but left and right change places.
        package static let mirrored = Draw(mirrored: true, right: 0, down: 0, later: 0, gain: 1)

        package init(mirrored: Bool, right: Int, down: Int, later: Int, gain: Float) {
            (self.mirrored, self.right, self.down) = (mirrored, right, down)
            (self.later, self.gain) = (later, gain)
        }
    }

    /// - Parameter epoch: from 1.
    package func draw(seed: UInt64, epoch: Int, clip: Int) -> Draw {
        let stream = RandomStream(seed: seed, purpose: .augmentation, part: UInt32(epoch))
        let bits = stream.block(at: UInt64(clip) * 2)
        let more = stream.block(at: UInt64(clip) * 2 + 1)
        func within(_ bits: UInt32, _ limit: Int) -> Int {
            Int((UInt64(bits) * UInt64(2 * limit + 1)) >> 32) - limit
        }
        func around(_ bits: UInt32, _ part: Double) -> Float {
            1 + Float(part) * (2 * unitFloat(bits) - 1)
        }
        var draw = Draw(
            mirrored: flip && bits.x & 1 == 1, right: within(bits.y, shift),
            down: within(bits.z, shift),
            later: within(bits.w, time), gain: around(more.x, brightness))
        draw.contrast = around(more.y, contrast)
        let others = RandomStream(seed: seed, purpose: .cuts, part: UInt32(epoch))
        let cuts = others.block(at: UInt64(clip) * 2)
        let last = others.block(at: UInt64(clip) * 2 + 1)
        if crop > 0 { (draw.cropAcross, draw.cropDown) = (unitFloat(cuts.x), unitFloat(cuts.y)) }
        if randomWindow { draw.window = unitFloat(cuts.z) }
        draw.speed = Double(around(cuts.w, speed))
        draw.masked = mask == 0 ? 0 : Int((UInt64(last.x) * UInt64(mask + 1)) >> 32)
        draw.maskPlace = unitFloat(last.y)
        if variableLength { draw.cut = (unitFloat(last.z), unitFloat(last.w)) }
        guard rotation > 0 || scale > 0 || erase > 0 else { return draw }
        let warps = RandomStream(seed: seed, purpose: .warps, part: UInt32(epoch))
        let warp = warps.block(at: UInt64(clip) * 2)
        let erasing = warps.block(at: UInt64(clip) * 2 + 1)
        draw.rotation = rotation * Double(2 * unitFloat(warp.x) - 1)
        draw.scale = Double(around(warp.y, scale))
        if erase > 0, warp.z & 1 == 1 { draw.erased = Float(erase) * unitFloat(warp.w) }
        draw.erasedShape = unitFloat(erasing.x)
        (draw.erasedAcross, draw.erasedDown) = (unitFloat(erasing.y), unitFloat(erasing.z))
        return draw
    }
}

extension Augmentation {
    /// Which clip is mixed into another, and the other's share.
    package struct Partner: Sendable {
        package let clip: Int
        /// Of the clip itself, ½…1.
        package let share: Float
    }

    /// - Parameters:
    ///   - epoch: from 1.
    ///   - count: clips to choose from.
    /// - Returns: nil where nothing is mixed.
    package func partner(seed: UInt64, epoch: Int, clip: Int, count: Int) -> Partner? {
        guard mixup > 0 else { return nil }
        var stream = RandomStream(
            seed: seed, purpose: .mixup, part: UInt32(epoch), index: UInt64(clip) << 32)
        let other = Int(stream.below(UInt32(count)))
        let share = beta(&stream, mixup)
        return Partner(clip: other, share: Float(max(share, 1 - share)))
    }

    /// Who is mixed with whom in a batch, by place.
    package struct BatchMixing: Sendable {
        package let partners: [Int]
        /// Of the clip itself, 0…1.
        package let share: Float
    }

    /// - Parameters:
    ///   - epoch: from 1.
    ///   - clips: of the batch; no two batches of an epoch have the same first clip.
    package func batchMixing(seed: UInt64, epoch: Int, clips: [Int]) -> BatchMixing {
        var stream = RandomStream(
            seed: seed, purpose: .mixup, part: UInt32(epoch),
            index: UInt64(clips.first ?? 0) << 32)
        let share = beta(&stream, mixupBatch)
        var partners = Array(clips.indices)
        stream.shuffle(&partners)
        return BatchMixing(partners: partners, share: Float(share))
    }

    /// Beta(α, α) by Jöhnk's method (1964): two powers of uniform numbers whose sum is at most 1.
    private func beta(_ stream: inout RandomStream, _ alpha: Double) -> Double {
        while true {
            let (u, v) = (stream.uniformDouble(), stream.uniformDouble())
            guard u > 0, v > 0 else { continue }
            // Powers below e⁻⁷⁰⁰ are zero for all that follows.
            let x = PortableMath.exp(max(PortableMath.log(u) / alpha, -700))
            let y = PortableMath.exp(max(PortableMath.log(v) / alpha, -700))
            if x + y <= 1 { return x / (x + y) }
        }
    }
}
