import Foundation

/// When the word of a clip is spoken, as its table or its file of metadata says.
package enum WordTime: Sendable, Equatable {
    /// Frames from 0, as the clip is read.
    case frames(Range<Int>)
    /// s from the clip's beginning.
    case seconds(from: Double, to: Double)
    /// s; the word is in the middle of the clip, as in LRW.
    case duration(Double)

    /// What is wrong with a time, in words.
    struct Problem: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }

        static let missing = Problem(
            "nothing says when its word is spoken: give word_start and word_end (s), or word_start_frame and word_end_frame, in a table, or a file of metadata beside it as LRW has"
        )
    }

    /// The frames that the word touches, even in part.
    /// - Parameters:
    ///   - count: of the clip's frames.
    ///   - rate: frames a second; nil where the clip carries no time.
    func frames(of count: Int, rate: Double?) throws(Problem) -> Range<Int> {
        let (start, end): (Double, Double)
        switch self {
        case .frames(let range):
            guard range.upperBound <= count else {
                throw Problem(
                    "its word ends behind frame \(range.upperBound - 1), and the clip has \(count) frames, numbered from 0"
                )
            }
            return range
        case .seconds(let from, let to):
            let rate = try WordTime.known(rate)
            (start, end) = (from * rate, to * rate)
        case .duration(let seconds):
            let half = try WordTime.known(rate) * seconds / 2
            (start, end) = (Double(count) / 2 - half, Double(count) / 2 + half)
        }
        // Times are rounded: a frame too many at an end is none.
        guard start > -1.001, end < Double(count) + 1.001, start < Double(count) else {
            func shown(_ frames: Double) -> String {
                String((frames / (rate ?? 1) * 1000).rounded() / 1000)
            }
            throw Problem(
                "its word lasts from \(shown(start)) s to \(shown(end)) s, and the clip from 0 to \(shown(Double(count))) s"
            )
        }
        // 0.28 s · 25 is 7 and a little.
        let first = max(0, Int((start + 1e-6).rounded(.down)))
        let last = min(count, Int((end - 1e-6).rounded(.up)))
        return first..<max(first + 1, last)
    }

    private static func known(_ rate: Double?) throws(Problem) -> Double {
        guard let rate else {
            throw Problem(
                "its word has a time in seconds, and the clip, of pictures or numbers, has no frame rate: give word_start_frame and word_end_frame in a table"
            )
        }
        return rate
    }
}

/// Whether the times of words are looked for.
package enum WordReading: Sendable, Hashable {
    case ignored
    /// As far as they are given.
    case ifGiven
    /// Every clip has to have one.
    case required
}

/// The metadata that LRW has beside each clip, `ABOUT_00001.txt` for `ABOUT_00001.mp4`: lines
/// `key: value`, of which one is `Duration: 0.53 seconds`.
enum ClipMetadata {
    /// As files that are left out are counted.
    static let kind = ".txt of a clip (word_boundary: true reads them)"

    /// What those of some clips are called.
    static func names(of clips: [String]) -> Set<String> {
        Set(clips.map { ($0 as NSString).deletingPathExtension + ".txt" })
    }

    /// The file that belongs to a clip, whether or not it is there.
    static func file(of clip: URL) -> URL {
        clip.deletingPathExtension().appendingPathExtension("txt")
    }

    private static let byteLimit = 4096

    /// - Returns: nil where there is no such file.
    /// - Throws: `WordTime.Problem`.
    static func word(of clip: URL) throws(WordTime.Problem) -> WordTime? {
        let file = file(of: clip)
        guard let bytes = read(file) else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
        for line in lines {
            guard let colon = line.firstIndex(of: ":"),
                line[..<colon].trimmingCharacters(in: .whitespaces).lowercased() == "duration"
            else { continue }
            let words = line[line.index(after: colon)...].split(separator: " ")
            guard let number = words.first, let seconds = Double(number), seconds > 0,
                seconds.isFinite
            else {
                throw WordTime.Problem(
                    "\(file.lastPathComponent): its line is \"\(line.prefix(80))\", and has to be like \"Duration: 0.53 seconds\""
                )
            }
            return .duration(seconds)
        }
        throw WordTime.Problem(
            "\(file.lastPathComponent): has no line like \"Duration: 0.53 seconds\"")
    }

    /// A small file in three system calls: LRW has half a million.
    private static func read(_ file: URL) -> [UInt8]? {
        let descriptor = open(file.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: byteLimit)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return count < 0 ? nil : Array(bytes.prefix(count))
    }
}
