import Crypto
import Foundation

/// Framed clips in a file, so that only the first run of a study frames (or draws) them: a line of JSON, then the pixels
/// of all splits, one after the other.
///
/// It is a cache: it can be deleted at any time, and one that is damaged is made again.
struct FramedCache {
    private struct Index: Codable {
        struct Part: Codable {
            var labels: [Int]
            var names: [String]
        }

        var classes: [String]
        /// Train, val, and test where there is one.
        var parts: [Part]
        /// SHA-256 of the pixels.
        var digest: String
    }

    let file: URL
    private let format: ClipFormat

    /// Raised when framing changes.
    private static let version = 1

    /// - Parameter data: the digest of the data set.
    init(folder: URL, data: String, format: ClipFormat) {
        let key =
            "framed \(FramedCache.version) \(data) \(format.frames)×\(format.height)×\(format.width)×\(format.channels)"
            + " padding \(format.padding)"
        file = folder.appending(path: "framed-" + hexadecimal(SHA256.hash(data: Data(key.utf8))).prefix(32) + ".clips")
        self.format = format
    }

    /// The clips; nil where there are none, or not as they were written.
    func read() -> ClipSplits? {
        guard let data = try? Data(contentsOf: file, options: .alwaysMapped), let lineEnd = data.firstIndex(of: 0x0A),
            let index = try? JSONDecoder().decode(Index.self, from: data[..<lineEnd]),
            (2...3).contains(index.parts.count)
        else { return nil }
        let pixels = data[(lineEnd + 1)...]
        let clipBytes = format.frames * format.frameBytes
        guard pixels.count == index.parts.reduce(0, { $0 + $1.labels.count }) * clipBytes,
            index.parts.allSatisfy({ $0.labels.count == $0.names.count }),
            hexadecimal(SHA256.hash(data: pixels)) == index.digest
        else { return nil }
        var start = pixels.startIndex
        let framed = index.parts.map { part in
            let end = start + part.labels.count * clipBytes
            defer { start = end }
            return FramedClips(format: format, labels: part.labels, names: part.names, pixels: pixels[start..<end])
        }
        return ClipSplits(
            classes: index.classes, train: framed[0], val: framed[1], test: framed.count > 2 ? framed[2] : nil)
    }

    /// Keeps the clips for the next run. A folder that can't be written is no reason to fail.
    func write(_ clips: ClipSplits) {
        let parts = [clips.train, clips.val] + [clips.test].compactMap { $0 }
        var pixels = Data()
        for part in parts { pixels.append(part.pixels) }
        let index = Index(
            classes: clips.classes, parts: parts.map { Index.Part(labels: $0.labels, names: $0.names) },
            digest: hexadecimal(SHA256.hash(data: pixels)))
        guard var data = try? JSONEncoder().encode(index) else { return }
        data.append(0x0A)
        data.append(pixels)
        try? FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try? data.write(to: file, options: .atomic)
    }
}
