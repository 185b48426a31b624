import Files
import Foundation

/// A clip that was decoded, not yet read: its pictures come one by one, so that no clip has to fit
/// into memory.
struct DecodedClip {
    /// Pictures of one kind, one after the other.
    enum Part {
        case pictures([Picture])
        /// A stream of planes, in a file.
        case planes(URL, Y4M.Matrix)
        /// Pixels as they are, in a file.
        case raw(URL, FrameSize, count: Int?)
        /// Numbers of more than 8 bits, in 16, in a file; of RGB.
        case deep(URL, FrameSize, depth: Int, isPlanar: Bool)
    }

    var parts: [Part]
    var crop: CropBox?
    /// Frames a second; nil for pictures and numbers, which carry no time.
    var frameRate: Double?

    /// - Throws: what is wrong with the clip, in words.
    func forEachPicture(_ body: (Picture) throws -> Void) throws {
        for part in parts {
            switch part {
            case .pictures(let pictures):
                for picture in pictures { try show(picture, body) }
            case .planes(let file, let matrix):
                let bytes = try DecodedClip.mapped(file)
                try bytes.withUnsafeBytes { bytes in
                    try Y4M.forEachPicture(bytes.bindMemory(to: UInt8.self), matrix) {
                        try show($0, body)
                    }
                }
            case .raw(let file, let size, let count):
                let bytes = try DecodedClip.mapped(file)
                let found = bytes.count / size.bytes
                if let count, found != count {
                    throw Problem(
                        description: "\(count) pictures were to be read, and \(found) were")
                }
                for frame in 0..<found {
                    let pixels = Array(bytes[(frame * size.bytes)..<((frame + 1) * size.bytes)])
                    let picture = Picture(
                        width: size.width, height: size.height, channels: size.channels,
                        pixels: pixels)
                    try show(picture, body)
                }
            case .deep(let file, let size, let depth, let isPlanar):
                let bytes = try DecodedClip.mapped(file)
                for frame in 0..<bytes.count / (2 * size.bytes) {
                    try show(
                        DecodedClip.deep(bytes, frame, size, depth: depth, isPlanar: isPlanar), body
                    )
                }
            }
        }
    }

    /// - Throws: `StoreError`: what was decoded a moment ago is no property of the clip.
    private static func mapped(_ file: URL) throws -> Data {
        do { return try Data(contentsOf: file, options: .alwaysMapped) } catch {
            throw StoreError.unreadable(
                path: file.path, reason: "what ffmpeg wrote is gone: start again")
        }
    }

    /// Picture number `frame` with 8 bits of each number.
    private static func deep(
        _ bytes: Data, _ frame: Int, _ size: FrameSize, depth: Int, isPlanar: Bool
    ) -> Picture {
        let count = size.width * size.height
        let start = frame * 2 * size.bytes
        let pixels = bytes.withUnsafeBytes { bytes in
            (0..<size.bytes).map { place in
                let (pixel, channel) = (place / 3, place % 3)
                // Planes are green, blue, red.
                let at = isPlanar ? [2, 0, 1][channel] * count + pixel : place
                let number = bytes.loadUnaligned(fromByteOffset: start + 2 * at, as: UInt16.self)
                return PixelFormat.eightBits(Int(UInt16(littleEndian: number)), depth: depth)
            }
        }
        return Picture(width: size.width, height: size.height, channels: 3, pixels: pixels)
    }

    /// All pictures.
    func pictures() throws -> [Picture] {
        var all: [Picture] = []
        try forEachPicture { all.append($0) }
        return all
    }

    private func show(_ picture: Picture, _ body: (Picture) throws -> Void) throws {
        try body(crop.map { try $0.cut(picture) } ?? picture)
    }

    struct Problem: Error, CustomStringConvertible {
        let description: String
    }
}
