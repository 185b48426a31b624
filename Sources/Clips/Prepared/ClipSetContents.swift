import Digests
import Foundation
import Studies

/// What a file of clips says of them; the pixels lie elsewhere in it.
package struct ClipSetContents: Sendable {
    package struct Entry: Sendable, Equatable {
        /// Path within the data set.
        package var name: String
        package var split: Split
        package var label: Int
        /// Its frames among those of all clips.
        package var frames: Range<Int>
        /// SHA-256 of its pixels.
        package var digest: [UInt8]
        /// Frames a second; nil where the clip carries no time.
        package var frameRate: Double?
        /// Frames of the clip, from 0, in which its word is spoken; nil where nothing says it.
        package var word: Range<Int>?
    }

    package var classes: [String]
    package var entries: [Entry] = []
    var sizes: FrameSizes = .each([])
    /// How it was made: JSON.
    var settings = "{}"
    package var skipped: [SkippedClip] = []

    var frameCount: Int { entries.last?.frames.upperBound ?? 0 }
    var byteCount: Int { sizes.bytes(frameCount) }

    /// Where the pixels of a clip lie among those of all.
    func bytes(_ clip: Int) -> Range<Int> {
        let frames = entries[clip].frames
        return sizes.bytes(frames.lowerBound)..<sizes.bytes(frames.upperBound)
    }
}

/// Width, height (px) and channels of a picture.
struct FrameSize: Sendable, Hashable {
    var width, height, channels: Int
    var bytes: Int { width * height * channels }
}

/// Sizes of the frames of a file, in order.
enum FrameSizes: Sendable {
    case even(FrameSize, count: Int)
    /// And where each frame begins.
    case each([(size: FrameSize, start: Int)])

    init(_ sizes: [FrameSize]) {
        if let first = sizes.first, sizes.allSatisfy({ $0 == first }) {
            self = .even(first, count: sizes.count)
        } else {
            var start = 0
            self = .each(
                sizes.map { size in
                    defer { start += size.bytes }
                    return (size, start)
                })
        }
    }

    var count: Int {
        switch self {
        case .even(_, let count): count
        case .each(let sizes): sizes.count
        }
    }

    subscript(frame: Int) -> FrameSize {
        switch self {
        case .even(let size, _): size
        case .each(let sizes): sizes[frame].size
        }
    }

    /// Of all frames before `frame`.
    func bytes(_ frame: Int) -> Int {
        switch self {
        case .even(let size, _): frame * size.bytes
        case .each(let sizes):
            frame < sizes.count
                ? sizes[frame].start : (sizes.last.map { $0.start + $0.size.bytes } ?? 0)
        }
    }
}
