import Foundation
import Studies
import Tensors

/// Clips ready for the network: all of one format.
package struct FramedClips: Sendable {
    package let format: ClipFormat
    package private(set) var labels: [Int] = []
    package private(set) var names: [String] = []
    /// Kept frames in which each clip's word is spoken, where that is known.
    package private(set) var words: [Range<Int>?] = []
    /// Of all training clips, where they normalise these.
    package var statistics: PixelStatistics?
    private var pixels: Pixels

    /// Where the pixels are: `[frame][row][column][channel]` of each clip.
    private enum Pixels: Sendable {
        case memory([[UInt8]])
        /// And the places of these clips in it.
        case file(ClipSet, [Int])
    }

    package init(format: ClipFormat) {
        self.format = format
        pixels = .memory([])
    }

    /// The clips of one split of a file whose clips are of this format.
    init(format: ClipFormat, _ set: ClipSet, _ split: Split) {
        self.format = format
        let clips = set.contents.entries.indices.filter { set.contents.entries[$0].split == split }
        labels = clips.map { set.contents.entries[$0].label }
        names = clips.map { set.contents.entries[$0].name }
        words = clips.map { set.contents.entries[$0].word }
        pixels = .file(set, clips)
    }

    package var count: Int { labels.count }

    package func label(_ clip: Int) -> Int { labels[clip] }

    /// Takes in one clip of at least one frame.
    package mutating func append(_ clip: Clip) {
        append(
            kept: clip.frames[format.kept(of: clip.frames.count)].map(format.frame),
            name: clip.name, label: clip.label,
            word: format.kept(word: clip.word, of: clip.frames.count))
    }

    /// - Parameters:
    ///   - kept: its kept frames, framed.
    ///   - word: those in which its word is spoken, where that is known.
    mutating func append(kept: [Picture], name: String, label: Int, word: Range<Int>?) {
        guard case .memory(var all) = pixels else {
            preconditionFailure("clips of a prepared file can't be decoded differently")
        }
        pixels = .memory([])
        all.append(kept.flatMap(\.pixels))
        pixels = .memory(all)
        labels.append(label)
        names.append(name)
        words.append(word)
    }

    /// `[clip][time][channel][row][column]`: the same numbers that the network reads.
    package func tensor(named name: String) throws -> Tensor {
        var values: [Float] = []
        let (channels, plane) = (format.channels, format.height * format.width)
        values.reserveCapacity(count * format.frames * format.frameBytes)
        for clip in 0..<count {
            let view = ClipView()
            try show(clip, in: view)
            let (factor, offset) = view.scale
            try withFrames(of: clip) { _, frame in
                for channel in 0..<channels {
                    for at in 0..<plane {
                        let value = Float(frame[at * channels + channel]) / 255
                        values.append(offset.addingProduct(value, factor))
                    }
                }
            }
        }
        return Tensor(
            name: name, shape: [count, format.frames, channels, format.height, format.width],
            values: values)
    }

    /// `[clip][time]`: 1 in the word, 0 outside; nothing where the network does not see it.
    package func boundaries(named name: String) throws -> [Tensor] {
        guard format.hasWordBoundary else { return [] }
        let view = ClipView()
        let values = try (0..<count).flatMap { clip in
            try show(clip, in: view)
            return view.wordBoundary
        }
        return [Tensor(name: name, shape: [count, format.frames], values: values)]
    }

    /// Shows a clip to a network.
    /// - Parameter draw: how it is changed; nil: not.
    /// - Throws: `StoreError` where the file of the clips is damaged.
    package func show(_ clip: Int, changed draw: Augmentation.Draw? = nil, in view: ClipView) throws
    {
        switch pixels {
        case .memory(let clips):
            view.take(
                format, count: clips[clip].count / format.keptBytes, word: words[clip],
                changed: draw, statistics: statistics
            ) {
                $0.copyBytes(from: clips[clip])
            }
        case .file(let set, let places):
            let place = places[clip]
            try view.take(
                format, count: set.contents.entries[place].frames.count, word: words[clip],
                changed: draw, statistics: statistics
            ) {
                try set.read(place, into: $0)
            }
        }
    }

    /// Of all kept frames.
    /// - Throws: `StoreError` where the file of the clips is damaged.
    func measured() throws -> PixelStatistics? {
        var sums = PixelStatistics.Sums()
        switch pixels {
        case .memory(let clips):
            for clip in clips { clip.withUnsafeBufferPointer { sums.add($0) } }
        case .file(let set, let places):
            var room: [UInt8] = []
            for place in places {
                room = [UInt8](
                    repeating: 0,
                    count: set.contents.entries[place].frames.count * format.keptBytes)
                try room.withUnsafeMutableBytes { try set.read(place, into: $0) }
                room.withUnsafeBufferPointer { sums.add($0) }
            }
        }
        return sums.statistics
    }

    /// The frames of one clip in time; `pixels` is `[row][column][channel]`.
    /// - Parameter draw: how it is changed; nil: not.
    /// - Throws: `StoreError` where the file of the clips is damaged.
    package func withFrames(
        of clip: Int, changed draw: Augmentation.Draw? = nil,
        _ body: (_ time: Int, _ pixels: UnsafePointer<UInt8>) -> Void
    ) throws {
        let view = ClipView()
        try show(clip, changed: draw, in: view)
        let levels = view.levels
        var frame = [UInt8](repeating: 0, count: format.frameBytes)
        for (time, source) in view.frames.enumerated() {
            var at = 0
            for row in view.rows {
                for column in view.columns {
                    frame[at] = levels[Int(source[row + column])]
                    at += 1
                }
            }
            frame.withUnsafeBufferPointer { if let base = $0.baseAddress { body(time, base) } }
        }
    }
}

/// One clip as it was found: pictures of any size.
package struct Clip: Sendable, Equatable {
    package var name: String
    package var label: Int
    package var frames: [Picture]
    /// Frames in which its word is spoken, where that is known.
    package var word: Range<Int>?

    package init(name: String, label: Int, frames: [Picture], word: Range<Int>? = nil) {
        self.name = name
        self.label = label
        self.frames = frames
        self.word = word
    }
}

/// A data set: clips apart for training, for choosing and stopping, and for the final word.
package struct ClipSplits: Sendable {
    package var classes: [String]
    package var train: FramedClips
    package var val: FramedClips
    package var test: FramedClips?

    package init(classes: [String], train: FramedClips, val: FramedClips, test: FramedClips?) {
        self.classes = classes
        self.train = train
        self.val = val
        self.test = test
    }

    /// Of the loss of each class so that all count alike: clips/(classes · clips of the class), over
    /// the training clips; 1 for a class without any.
    package var classWeights: [Float] {
        var counts = [Int](repeating: 0, count: classes.count)
        for clip in 0..<train.count { counts[train.label(clip)] += 1 }
        return counts.map {
            $0 == 0 ? 1 : Float(train.count) / (Float(classes.count) * Float($0))
        }
    }

    /// The same, normalised by the training clips where the format says so.
    /// - Throws: `StoreError` where the file of the clips is damaged.
    package func normalized() throws -> ClipSplits {
        guard train.format.normalization == .dataset else { return self }
        var splits = self
        let statistics = try train.measured()
        splits.train.statistics = statistics
        splits.val.statistics = statistics
        splits.test?.statistics = statistics
        return splits
    }
}
