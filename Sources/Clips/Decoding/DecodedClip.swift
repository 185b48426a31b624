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
    }

    var parts: [Part]
    var crop: CropBox?

    /// - Throws: what is wrong with the clip, in words.
    func forEachPicture(_ body: (Picture) throws -> Void) throws {
        for part in parts {
            switch part {
            case .pictures(let pictures):
                for picture in pictures { try show(picture, body) }
            case .planes(let file, let matrix):
                // The decoder left no output.
                guard let bytes = try? Data(contentsOf: file, options: .alwaysMapped) else {
                    throw Problem.nothing
                }
                try bytes.withUnsafeBytes { bytes in
                    try Y4M.forEachPicture(bytes.bindMemory(to: UInt8.self), matrix) {
                        try show($0, body)
                    }
                }
            case .raw(let file, let size, let count):
                // The decoder left no output.
                guard let bytes = try? Data(contentsOf: file, options: .alwaysMapped) else {
                    throw Problem.nothing
                }
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
            }
        }
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
        static let nothing = Problem(description: "ffmpeg wrote nothing")
    }
}
