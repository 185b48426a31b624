import Clips
import Networks

/// Training clips, changed and mixed as the settings say, on their way into a network.
public struct TrainingBatches: Sendable {
    private let clips: FramedClips
    private let augmentation: Augmentation
    private let seed: UInt64

    public init(clips: FramedClips, augmentation: Augmentation, seed: UInt64) {
        (self.clips, self.augmentation, self.seed) = (clips, augmentation, seed)
    }

    /// Puts clips where the network reads them, the first at place 0.
    /// - Parameters:
    ///   - chosen: places among the training clips.
    ///   - epoch: from 1.
    /// - Throws: `StoreError` where the file of the clips is damaged.
    public func load(_ chosen: [Int], epoch: Int, into network: VisualSpeechNetwork) throws -> [MixedLabel] {
        guard !augmentation.isOff else {
            try network.load(clips, chosen)
            return chosen.map { MixedLabel(clips.label($0)) }
        }
        return try chosen.enumerated().map { place, clip in
            let draw = augmentation.draw(seed: seed, epoch: epoch, clip: clip)
            try clips.withFrames(of: clip, changed: draw) { time, pixels in
                network.setFrame(pixels, clip: place, time: time, batch: chosen.count)
            }
            let label = clips.label(clip)
            guard let partner = augmentation.partner(seed: seed, epoch: epoch, clip: clip, count: clips.count) else {
                return MixedLabel(label)
            }
            let other = augmentation.draw(seed: seed, epoch: epoch, clip: partner.clip)
            try clips.withFrames(of: partner.clip, changed: other) { time, pixels in
                network.mixFrame(pixels, share: partner.share, clip: place, time: time, batch: chosen.count)
            }
            return MixedLabel(first: label, second: clips.label(partner.clip), share: partner.share)
        }
    }
}

extension VisualSpeechNetwork {
    /// Puts whole clips where the network reads them, the first at place 0.
    func load(_ source: FramedClips, _ clips: [Int]) throws {
        for (place, clip) in clips.enumerated() {
            try source.withFrames(of: clip) { time, pixels in
                setFrame(pixels, clip: place, time: time, batch: clips.count)
            }
        }
    }
}

