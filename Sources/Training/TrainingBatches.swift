import Clips
import Networks

/// Clips on their way into a network, training clips changed and mixed as the settings say.
package final class TrainingBatches {
    private let clips: FramedClips
    private let augmentation: Augmentation
    private let seed: UInt64
    private var views = ClipViews()

    package init(clips: FramedClips, augmentation: Augmentation, seed: UInt64) {
        (self.clips, self.augmentation, self.seed) = (clips, augmentation, seed)
    }

    /// Puts clips where the network reads them, the first at place 0.
    /// - Parameters:
    ///   - chosen: places among the training clips.
    ///   - epoch: from 1.
    /// - Throws: `StoreError` where the file of the clips is damaged.
    package func load(_ chosen: [Int], epoch: Int, into input: FrameInput) throws -> [MixedLabel] {
        guard !augmentation.isOff else {
            try input.load(clips, chosen, &views)
            return chosen.map { MixedLabel(clips.label($0)) }
        }
        if augmentation.mixupBatch > 0 {
            return try loadMixed(chosen, epoch: epoch, into: input)
        }
        var labels: [MixedLabel] = []
        var pixels: [MixedPixels] = []
        for (place, clip) in chosen.enumerated() {
            let draw = augmentation.draw(seed: seed, epoch: epoch, clip: clip)
            let first = try views.show(clips, clip, draw, at: 2 * place)
            let label = clips.label(clip)
            guard
                let partner = augmentation.partner(
                    seed: seed, epoch: epoch, clip: clip, count: clips.count)
            else {
                labels.append(MixedLabel(label))
                pixels.append(MixedPixels(first))
                continue
            }
            let other = augmentation.draw(seed: seed, epoch: epoch, clip: partner.clip)
            let second = try views.show(clips, partner.clip, other, at: 2 * place + 1)
            labels.append(
                MixedLabel(first: label, second: clips.label(partner.clip), share: partner.share))
            pixels.append(MixedPixels(first, mixedWith: second, share: partner.share))
        }
        input.setClips(pixels)
        return labels
    }

    /// Each clip mixed with another of the batch, all with the same share.
    private func loadMixed(_ chosen: [Int], epoch: Int, into input: FrameInput) throws
        -> [MixedLabel]
    {
        let shown = try chosen.enumerated().map { place, clip in
            try views.show(
                clips, clip, augmentation.draw(seed: seed, epoch: epoch, clip: clip), at: place)
        }
        let mixing = augmentation.batchMixing(seed: seed, epoch: epoch, clips: chosen)
        input.setClips(
            shown.indices.map {
                MixedPixels(
                    shown[$0], mixedWith: shown[mixing.partners[$0]], share: mixing.share)
            })
        return chosen.indices.map {
            MixedLabel(
                first: clips.label(chosen[$0]),
                second: clips.label(chosen[mixing.partners[$0]]), share: mixing.share)
        }
    }
}

/// Memory for the clips of a batch, used again for the next.
struct ClipViews {
    private var views: [ClipView] = []

    /// Reads a clip into the memory at `place`.
    mutating func show(
        _ clips: FramedClips, _ clip: Int, _ draw: Augmentation.Draw?, at place: Int
    ) throws -> ClipPixels {
        while views.count <= place { views.append(ClipView()) }
        let view = views[place]
        try clips.show(clip, changed: draw, in: view)
        let tone = Tone(gain: view.gain, contrast: view.contrast, mean: view.mean)
        return ClipPixels(
            frames: view.frames, rows: view.rows, columns: view.columns, tone: tone,
            scale: PixelScale(factor: view.scale.factor, offset: view.scale.offset),
            length: view.length, wordBoundary: view.wordBoundary)
    }
}

extension FrameInput {
    /// Puts whole clips where the network reads them, the first at place 0.
    /// - Parameter mirrored: left and right change places.
    func load(
        _ source: FramedClips, _ clips: [Int], mirrored: Bool = false, _ views: inout ClipViews
    ) throws {
        setClips(
            try clips.enumerated().map { place, clip in
                MixedPixels(
                    try views.show(source, clip, mirrored ? .mirrored : nil, at: place))
            })
    }
}
