import Digests
import Foundation
import Studies

/// What a data set holds, clip by clip, before it is framed.
package struct DataSurvey: Sendable {
    package struct Clip: Sendable {
        package let name: String
        package let split: Split
        package let label: Int
        package let frames: Int
        /// Frames in which its word is spoken; nil where that is not known or not used.
        package let word: Range<Int>?
        /// Of the first picture, px.
        package let width, height: Int
        package let channels: Int
        /// Whether all pictures are of that size.
        package let isEven: Bool
        /// SHA-256 of the pixels.
        package let digest: String
        /// Of all pixels, 0…255.
        package let low, high: UInt8
        package let mean: Double

        /// Nothing to see: less than 8 of 255 between the darkest and the brightest pixel.
        package var isBlank: Bool { Int(high) - Int(low) < 8 }
        package var isDark: Bool { mean < 12 }

        /// Whether part of its word is not among the frames that a network of this form sees.
        package func isWordCut(by format: ClipFormat) -> Bool {
            guard let word, format.length != .resample else { return false }
            var cut = format
            cut.keepsAllFrames = false
            return cut.kept(word: word, of: frames)?.count != word.count
        }
    }

    package let classes: [String]
    package private(set) var clips: [Clip] = []

    /// Clips with identical pixels in different splits: training clips are among the test clips.
    package var leaks: [[Clip]] {
        Dictionary(grouping: clips, by: \.digest).values.filter { Set($0.map(\.split)).count > 1 }
            .sorted { $0[0].name.utf8.lexicographicallyPrecedes($1[0].name.utf8) }
    }

    /// Clips with identical pixels in different classes: one label is wrong.
    package var contradictions: [[Clip]] {
        Dictionary(grouping: clips, by: \.digest).values.filter { Set($0.map(\.label)).count > 1 }
            .sorted { $0[0].name.utf8.lexicographicallyPrecedes($1[0].name.utf8) }
    }

    init(classes: [String]) { self.classes = classes }

    mutating func take(_ clip: FoundClip) throws {
        var hash = SHA256()
        var (low, high, sum, count) = (UInt8.max, UInt8.min, 0, 0)
        var sizes: Set<FrameSize> = []
        var first: FrameSize?
        try clip.show(0..<clip.frameCount) { frame in
            let size = FrameSize(width: frame.width, height: frame.height, channels: frame.channels)
            first = first ?? size
            sizes.insert(size)
            hash.update(Data("\(size.width)×\(size.height)×\(size.channels)".utf8))
            hash.update(frame.pixels)
            for pixel in frame.pixels {
                low = min(low, pixel)
                high = max(high, pixel)
                sum += Int(pixel)
            }
            count += frame.pixels.count
        }
        clips.append(
            Clip(
                name: clip.name, split: clip.split, label: clip.label, frames: clip.frameCount,
                word: clip.word,
                width: first?.width ?? 0, height: first?.height ?? 0,
                channels: first?.channels ?? 0,
                isEven: sizes.count < 2, digest: hexadecimal(hash.finalize()), low: low, high: high,
                mean: Double(sum) / Double(max(count, 1))))
    }
}
