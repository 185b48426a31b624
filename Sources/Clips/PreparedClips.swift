import Crypto
import Foundation

/// Decoded clips in one file: a line of JSON, then the pixels of all pictures, one after the other.
///
/// It is a cache: it can be deleted at any time. The digest covers classes, names, splits, labels, sizes and pixels; it
/// is the identity of the data.
struct PreparedClips {
    struct Index: Codable, Equatable {
        struct Entry: Codable, Equatable {
            var name: String
            var split: Split
            var label: Int
            /// Width, height and channels of each picture.
            var sizes: [[Int]]
        }

        var classes: [String]
        var entries: [Entry]
        var digest: String
    }

    let index: Index
    private let pixels: Data

    /// Reads a file that `write` made; nil where it is not one, whole.
    init?(file: URL) {
        guard let data = try? Data(contentsOf: file, options: .mappedIfSafe),
            let lineEnd = data.firstIndex(of: 0x0A),
            let index = try? JSONDecoder().decode(Index.self, from: data[..<lineEnd])
        else { return nil }
        let count = index.entries.reduce(0) { $0 + $1.sizes.reduce(0) { $0 + $1.reduce(1, *) } }
        guard data.count == lineEnd + 1 + count else { return nil }
        self.index = index
        self.pixels = data[(lineEnd + 1)...]
    }

    /// Whether the pixels are still those of the digest.
    var isIntact: Bool {
        PreparedClips.digest(classes: index.classes, entries: index.entries, pixels: pixels) == index.digest
    }

    /// - Returns: the digest of the data.
    static func write(classes: [String], clips: [(Split, Clip)], to file: URL) throws -> String {
        let entries = clips.map { split, clip in
            Index.Entry(
                name: clip.name, split: split, label: clip.label,
                sizes: clip.frames.map { [$0.width, $0.height, $0.channels] })
        }
        var pixels = Data()
        for (_, clip) in clips {
            for frame in clip.frames { pixels.append(contentsOf: frame.pixels) }
        }
        let digest = digest(classes: classes, entries: entries, pixels: pixels)
        var data = try encoder.encode(Index(classes: classes, entries: entries, digest: digest))
        data.append(0x0A)
        data.append(pixels)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try data.write(to: file, options: .atomic)
        return digest
    }

    /// The clips of one split, framed.
    func framed(_ split: Split, _ format: ClipFormat) -> FramedClips {
        var framed = FramedClips(format: format)
        forEach { of, clip in if of == split { framed.append(clip()) } }
        return framed
    }

    /// All clips, as they were decoded.
    var all: [(Split, Clip)] {
        var clips: [(Split, Clip)] = []
        forEach { split, clip in clips.append((split, clip())) }
        return clips
    }

    /// Hands out each clip; its pixels are only copied if it is asked for.
    private func forEach(_ body: (_ split: Split, _ clip: () -> Clip) -> Void) {
        var at = pixels.startIndex
        for entry in index.entries {
            let sizes = entry.sizes.map { $0.reduce(1, *) }
            let first = at
            at += sizes.reduce(0, +)
            body(entry.split) {
                var start = first
                let frames = zip(entry.sizes, sizes).map { size, count in
                    defer { start += count }
                    return Picture(
                        width: size[0], height: size[1], channels: size[2],
                        pixels: [UInt8](pixels[start..<start + count]))
                }
                return Clip(name: entry.name, label: entry.label, frames: frames)
            }
        }
    }

    private static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()

    private static func digest(classes: [String], entries: [Index.Entry], pixels: Data) -> String {
        var hash = SHA256()
        if let description = try? encoder.encode(Index(classes: classes, entries: entries, digest: "")) {
            hash.update(data: description)
        }
        hash.update(data: pixels)
        return hexadecimal(hash.finalize())
    }
}
