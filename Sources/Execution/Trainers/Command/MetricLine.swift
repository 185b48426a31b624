import Foundation

/// The keys of one line of metrics as they are written. A JSON decoder keeps the last of two equal
/// keys without a word.
struct MetricLine {
    /// In the order of the line; texts that are not plain are decoded.
    private(set) var keys: [String] = []

    /// - Parameter text: a JSON5 object that a decoder has accepted.
    init(_ text: ArraySlice<UInt8>) {
        var depth = 0
        var at = text.startIndex
        while at < text.endIndex {
            switch text[at] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                let end = MetricLine.end(ofText: text, at)
                if depth == 1, MetricLine.isKey(text, end) { keys.append(decoded(text[at..<end])) }
                at = end
                continue
            case let byte where depth == 1 && MetricLine.isWord(byte):
                let end = text[at...].firstIndex { !MetricLine.isWord($0) } ?? text.endIndex
                if MetricLine.isKey(text, end) {
                    keys.append(String(decoding: text[at..<end], as: UTF8.self))
                }
                at = end
                continue
            default: break
            }
            at += 1
        }
    }

    /// The first key that is there twice, whatever its Unicode form.
    var repeatedKey: String? {
        var seen: Set<String> = []
        return keys.first { !seen.insert($0).inserted }
    }

    /// Letters and digits of keys and numbers without quotes, which JSON5 allows.
    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), UInt8(ascii: "$"),
            UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), 0x80...:
            true
        default: false
        }
    }

    /// The place after the closing quote.
    private static func end(ofText text: ArraySlice<UInt8>, _ start: Int) -> Int {
        var at = start + 1
        while at < text.endIndex, text[at] != text[start] {
            at += text[at] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(at + 1, text.endIndex)
    }

    private static func isKey(_ text: ArraySlice<UInt8>, _ end: Int) -> Bool {
        text[end...].first { $0 > 0x20 } == UInt8(ascii: ":")
    }

    private func decoded(_ text: ArraySlice<UInt8>) -> String {
        let decoder = JSONDecoder()
        decoder.allowsJSON5 = true
        // The whole line was decoded before: what is left as it is written is no text.
        return (try? decoder.decode([String].self, from: Data([0x5B] + text + [0x5D])))?.first
            ?? String(decoding: text, as: UTF8.self)
    }
}
