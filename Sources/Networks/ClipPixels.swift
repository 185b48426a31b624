import Kernels

/// The bytes of one clip, and how a network reads them: at each time, at each place of a frame, a
/// byte, in a tone.
package struct ClipPixels {
    /// The frame at each time.
    package var frames: [UnsafePointer<UInt8>]
    /// Where each row begins in a frame.
    package var rows: [Int]
    /// Where each number of a row lies from its beginning: `[column][channel]`.
    package var columns: [Int]
    /// What becomes of each byte.
    package var tone: Tone
    /// How the result enters, white being 1.
    package var scale: PixelScale
    /// Frames that are real; those behind are not shown where clips have lengths of their own.
    package var length: Int
    /// 1 at each time at which the word is spoken, 0 at the others; empty where that is not known.
    package var wordBoundary: [Float]

    package init(
        frames: [UnsafePointer<UInt8>], rows: [Int], columns: [Int], tone: Tone,
        scale: PixelScale = PixelScale(), length: Int? = nil, wordBoundary: [Float] = []
    ) {
        self.wordBoundary = wordBoundary
        (self.frames, self.rows, self.columns, self.tone) = (frames, rows, columns, tone)
        self.scale = scale
        self.length = length ?? frames.count
    }
}

/// A clip, or two of which each number is mixed: share·first + (1 − share)·second.
package struct MixedPixels {
    package var first: ClipPixels
    package var second: ClipPixels?
    /// Of the first.
    package var share: Float

    package init(_ first: ClipPixels, mixedWith second: ClipPixels? = nil, share: Float = 1) {
        (self.first, self.second, self.share) = (first, second, share)
    }

    /// Of both.
    var length: Int { max(first.length, second?.length ?? 0) }

    /// Mixed like the pixels.
    package var wordBoundary: [Float] {
        guard let second else { return first.wordBoundary }
        return zip(first.wordBoundary, second.wordBoundary).map {
            $0 * share + $1 * (1 - share)
        }
    }

    /// As a frame sees it: what is behind the end of a clip is neither changed nor scaled.
    func at(time: Int) -> MixedPixels {
        func shown(_ clip: ClipPixels) -> ClipPixels {
            guard time >= clip.length else { return clip }
            var clip = clip
            (clip.tone, clip.scale) = (Tone(), PixelScale())
            return clip
        }
        var clips = self
        clips.first = shown(first)
        clips.second = second.map(shown)
        return clips
    }
}

/// How brightness and contrast of a clip change: mean + (byte·gain − mean)·contrast, rounded to the
/// nearest of 0…255, where `mean` is the clip's, brightened.
package struct Tone: Sendable, Equatable {
    package var gain: Float = 1
    package var contrast: Float = 1
    package var mean: Float = 0

    package init(gain: Float = 1, contrast: Float = 1, mean: Float = 0) {
        (self.gain, self.contrast, self.mean) = (gain, contrast, mean)
    }
}

/// How the numbers of a clip enter a network: factor · number + offset.
package struct PixelScale: Sendable, Equatable {
    package var factor: Float = 1
    package var offset: Float = 0

    package init(factor: Float = 1, offset: Float = 0) {
        (self.factor, self.offset) = (factor, offset)
    }
}

/// The scales of sixteen frames; nothing where all enter as they are. Of frames that are not there
/// the offset is 0.
struct LaneScale {
    private var lanes: (factor: Lanes, offset: Lanes)?

    /// - Parameter isMixed: whether the factors are in the shares of the mixing already.
    init(_ clips: [MixedPixels], isMixed: Bool) {
        guard
            clips.contains(where: {
                $0.first.scale != PixelScale() || ($0.second?.scale ?? PixelScale()) != PixelScale()
            })
        else { return }
        var lanes = (factor: Lanes(repeating: 1), offset: Lanes(repeating: 0))
        for (lane, clip) in clips.enumerated() {
            if !isMixed { lanes.factor[lane] = clip.first.scale.factor }
            lanes.offset[lane] = clip.first.scale.offset
            if let second = clip.second {
                lanes.offset[lane] =
                    clip.share * clip.first.scale.offset
                    + (1 - clip.share) * second.scale.offset
            }
        }
        self.lanes = lanes
    }

    @inline(__always)
    func withPointer(_ body: (UnsafePointer<Float>?) -> Void) {
        guard let lanes else { return body(nil) }
        withUnsafeBytes(of: lanes) { body($0.bindMemory(to: Float.self).baseAddress) }
    }
}

/// The tones of sixteen frames; nothing where all are as they are.
struct LaneTone {
    private var lanes: (gain: Lanes, contrast: Lanes, mean: Lanes)?

    init(_ tones: [Tone?]) {
        guard tones.contains(where: { $0 != nil && $0 != Tone() }) else { return }
        var lanes = (
            gain: Lanes(repeating: 1), contrast: Lanes(repeating: 1), mean: Lanes(repeating: 0)
        )
        for (lane, tone) in tones.enumerated() {
            guard let tone else { continue }
            (lanes.gain[lane], lanes.contrast[lane], lanes.mean[lane]) = (
                tone.gain, tone.contrast, tone.mean
            )
        }
        self.lanes = lanes
    }

    @inline(__always)
    func withPointer(_ body: (UnsafePointer<Float>?) -> Void) {
        guard let lanes else { return body(nil) }
        withUnsafeBytes(of: lanes) { body($0.bindMemory(to: Float.self).baseAddress) }
    }
}

/// What is mixed into sixteen frames.
struct Mixing {
    private var shares = (first: Lanes(repeating: 1), rest: Lanes(repeating: 0))
    private let tone: LaneTone

    init(_ clips: [MixedPixels]) {
        tone = LaneTone(clips.map { $0.second?.tone })
        for (lane, clip) in clips.enumerated() {
            shares.first[lane] = clip.first.scale.factor
            guard let second = clip.second else { continue }
            (shares.first[lane], shares.rest[lane]) = (
                clip.share * clip.first.scale.factor, (1 - clip.share) * second.scale.factor
            )
        }
    }

    @inline(__always)
    func withPointers(
        _ body: (_ tone: UnsafePointer<Float>?, _ shares: UnsafePointer<Float>?) -> Void
    ) {
        tone.withPointer { tone in
            withUnsafeBytes(of: shares) { body(tone, $0.bindMemory(to: Float.self).baseAddress) }
        }
    }
}

/// The same as bare memory: rows are read ten thousands of times a batch.
struct PixelRows {
    let frames: UnsafePointer<UnsafePointer<UInt8>>
    let rows, columns: UnsafePointer<Int>
    let count: Int
    let isInOrder: Bool
    /// Whether a row can be taken where it lies.
    let isPlain: Bool

    /// - Parameter padded: numbers that are read, a multiple of sixteen.
    init(_ clip: ClipPixels, padded: Int, _ keep: inout [UnsafeMutableRawPointer]) {
        func kept<Element>(_ values: [Element]) -> UnsafePointer<Element> {
            let memory = UnsafeMutablePointer<Element>.allocate(capacity: values.count)
            memory.initialize(from: values, count: values.count)
            keep.append(UnsafeMutableRawPointer(memory))
            return UnsafePointer(memory)
        }
        let columns = clip.columns
        (frames, rows, self.columns) = (kept(clip.frames), kept(clip.rows), kept(columns))
        count = columns.count
        isInOrder = columns.indices.allSatisfy { columns[$0] == columns[0] + $0 }
        isPlain = isInOrder && count == padded
    }

    /// One of its frames.
    func frame(_ time: Int) -> FrameRows { FrameRows(clip: self, frame: frames[time]) }
}

struct FrameRows {
    let clip: PixelRows
    let frame: UnsafePointer<UInt8>

    /// The numbers of a row: where they lie, or put into `room`.
    @inline(__always)
    func row(_ row: Int, in room: UnsafeMutablePointer<UInt8>) -> UnsafePointer<UInt8> {
        let source = frame + clip.rows[row]
        let columns = clip.columns
        if clip.isPlain { return source + columns[0] }
        if clip.isInOrder {
            room.update(from: source + columns[0], count: clip.count)
        } else {
            for at in 0..<clip.count { room[at] = source[columns[at]] }
        }
        return UnsafePointer(room)
    }
}
