import Files
import Foundation

/// A clip as a folder of pictures, PNG or JPEG, numbered in any usual way (`1.png … 12.png`,
/// `frame_0001.jpg`).
struct FrameFolder {
    static let endings: Set<String> = ["png", "jpg", "jpeg"]

    /// In the order of their numbers.
    let frames: [URL]

    /// What is wrong with a folder of pictures.
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    /// Whether a folder holds pictures, so that it is a clip.
    static func holdsPictures(_ folder: URL) -> Bool { pictures(folder) != nil }

    /// All pictures of a folder, in the order of their numbers; nil where there are none.
    static func pictures(_ folder: URL) -> [URL]? {
        let names = FileManager.default.names(in: folder).filter {
            !$0.hasPrefix(".")
                && FrameFolder.endings.contains(($0 as NSString).pathExtension.lowercased())
        }
        return names.isEmpty
            ? nil : FrameFolder.inOrder(names).map { folder.appending(path: $0) }
    }

    /// - Parameter series: a pattern that chooses pictures (`color_*.png`); empty: all, which have
    ///   to be one series.
    /// - Returns: nil where the folder holds no pictures.
    /// - Throws: `Problem`.
    init?(_ folder: URL, series: String) throws {
        guard let pictures = FrameFolder.pictures(folder) else { return nil }
        let names = pictures.map(\.lastPathComponent)
        let counts = Dictionary(grouping: names, by: FrameFolder.template).mapValues(\.count)
        let found = counts.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        let listed =
            found.prefix(4).map { "\($0.key) (\($0.value))" }.joined(separator: ", ")
            + (found.count > 4 ? " and \(found.count - 4) more" : "")
        guard series.isEmpty else {
            frames = pictures.filter { fnmatch(series, $0.lastPathComponent, 0) == 0 }
            guard !frames.isEmpty else {
                throw Problem(description: "no picture matches frames: \(series); it has \(listed)")
            }
            return
        }
        guard found.count == 1 else {
            let first = (found.first?.key ?? "").replacing("#", with: "*")
            throw Problem(
                description:
                    "its pictures are \(found.count) series: \(listed): choose one, as frames: '\(first).*'"
            )
        }
        frames = pictures
    }

    /// A name without its ending, digits as `#`: names of one series are equal.
    private static func template(_ name: String) -> String {
        pieces((name as NSString).deletingPathExtension).map {
            $0.number == nil ? String(decoding: $0.text, as: UTF8.self) : "#"
        }.joined()
    }

    /// In the order of their numbers: runs of digits compare as numbers, all else byte by byte.
    static func inOrder(_ names: [String]) -> [String] {
        names.map { (name: $0, pieces: pieces($0)) }.sorted { precedes($0.pieces, $1.pieces) }
            .map(\.name)
    }

    private static func precedes(_ x: [Piece], _ y: [Piece]) -> Bool {
        for (first, second) in zip(x, y) where first != second {
            if let m = first.number, let n = second.number, m != n {
                return m.count == n.count
                    ? m.lexicographicallyPrecedes(n) : m.count < n.count
            }
            if first.text != second.text {
                return first.text.lexicographicallyPrecedes(second.text)
            }
        }
        return x.count < y.count
    }

    /// A run of digits, or of anything else.
    private struct Piece: Equatable {
        let text: [UInt8]
        /// Without the zeros before it; nil where it is no number.
        let number: [UInt8]?
    }

    private static func pieces(_ name: String) -> [Piece] {
        func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
        var rest = Array(name.utf8)[...]
        var pieces: [Piece] = []
        while let first = rest.first {
            let isNumber = isDigit(first)
            let text = Array(rest.prefix { isDigit($0) == isNumber })
            pieces.append(
                Piece(text: text, number: isNumber ? Array(text.drop { $0 == 48 }) : nil))
            rest = rest.dropFirst(text.count)
        }
        return pieces
    }

    /// Pictures of one size and kind, to be decoded in one go: their files, one after the other,
    /// are a stream that ffmpeg reads.
    struct Part: Equatable {
        var files: [URL]
        let facts: PictureFacts
    }

    func parts() throws -> [Part] {
        var parts: [Part] = []
        for frame in frames {
            let facts = try PictureFacts(frame)
            if parts.last?.facts == facts {
                parts[parts.count - 1].files.append(frame)
            } else {
                parts.append(Part(files: [frame], facts: facts))
            }
        }
        return parts
    }
}

/// What the head of a PNG or JPEG file says.
struct PictureFacts: Equatable {
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    let isPNG: Bool
    let width, height: Int
    /// 1 grey, 3 colours.
    let channels: Int

    /// - Throws: `Problem`; another error if the file can't be read.
    init(_ file: URL) throws {
        // The header comes first.
        let bytes = [UInt8](try Data(contentsOf: file, options: .mappedIfSafe).prefix(1 << 18))
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]), bytes.count > 25 {
            let number = { (at: Int) in (0..<4).reduce(0) { $0 << 8 | Int(bytes[at + $1]) } }
            isPNG = true
            (width, height) = (number(16), number(20))
            channels = [0, 4].contains(bytes[25]) ? 1 : 3
        } else if let frame = PictureFacts.jpegFrame(bytes) {
            isPNG = false
            (height, width) = (
                Int(bytes[frame + 5]) << 8 | Int(bytes[frame + 6]),
                Int(bytes[frame + 7]) << 8 | Int(bytes[frame + 8])
            )
            channels = bytes[frame + 9] == 1 ? 1 : 3
        } else {
            throw Problem(description: "\(file.lastPathComponent) is neither PNG nor JPEG")
        }
        guard (1...16384).contains(width), (1...16384).contains(height) else {
            throw Problem(description: "\(file.lastPathComponent) is \(width)×\(height)")
        }
    }

    /// Where the frame header (SOF) of a JPEG begins (ITU T.81, B.1).
    private static func jpegFrame(_ bytes: [UInt8]) -> Int? {
        guard bytes.starts(with: [0xFF, 0xD8]) else { return nil }
        var at = 2
        while at + 10 < bytes.count, bytes[at] == 0xFF {
            let marker = bytes[at + 1]
            if (0xC0...0xCF).contains(marker), ![0xC4, 0xC8, 0xCC].contains(marker) { return at }
            at += marker == 0xFF ? 1 : 2 + (Int(bytes[at + 2]) << 8 | Int(bytes[at + 3]))
        }
        return nil
    }
}
