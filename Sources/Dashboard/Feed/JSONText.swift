/// JSON made piece by piece: thousands of rows are written several times a second, where a
/// `JSONEncoder` would need most of that second.
struct JSONText: Sendable {
    private(set) var bytes: [UInt8] = []

    /// Punctuation, or JSON that is made already.
    mutating func raw(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    mutating func raw(_ json: [UInt8]) { bytes.append(contentsOf: json) }

    /// `"name":`
    mutating func key(_ name: String) {
        string(name)
        raw(":")
    }

    /// `<` is escaped too: the text may lie in a page.
    mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): raw("\\\"")
            case UInt8(ascii: "\\"): raw("\\\\")
            case UInt8(ascii: "\n"): raw("\\n")
            case UInt8(ascii: "<"): raw("\\u003c")
            case 0..<0x20:
                raw("\\u00")
                bytes.append(JSONText.digits[Int(byte >> 4)])
                bytes.append(JSONText.digits[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func string(_ text: String?) {
        if let text { string(text) } else { raw("null") }
    }

    /// JSON has finite numbers only: others are the texts `nan`, `inf` and `-inf`.
    mutating func number(_ value: Double?) {
        guard let value else { return raw("null") }
        guard value.isFinite else { return string(value.isNaN ? "nan" : "\(value)") }
        if let whole = Int(exactly: value), abs(whole) < 1 << 53 { return number(whole) }
        bytes.append(contentsOf: "\(value)".utf8)
    }

    mutating func number(_ value: Int?) {
        guard let value else { return raw("null") }
        bytes.append(contentsOf: String(value).utf8)
    }

    mutating func bool(_ value: Bool) {
        if value { raw("true") } else { raw("false") }
    }

    mutating func list<Item>(
        _ items: some Sequence<Item>, _ write: (inout JSONText, Item) -> Void
    ) {
        raw("[")
        for (index, item) in items.enumerated() {
            if index > 0 { raw(",") }
            write(&self, item)
        }
        raw("]")
    }

    /// An object of named values, in the order of the calls.
    mutating func object(_ write: (inout Members) -> Void) {
        raw("{")
        var members = Members(text: self)
        write(&members)
        self = members.text
        raw("}")
    }

    struct Members {
        fileprivate(set) var text: JSONText
        private var isFirst = true

        fileprivate init(text: JSONText) { self.text = text }

        mutating func member(_ name: String, _ write: (inout JSONText) -> Void) {
            if !isFirst { text.raw(",") }
            isFirst = false
            text.key(name)
            write(&text)
        }

        mutating func string(_ name: String, _ value: String?) {
            member(name) { $0.string(value) }
        }
        mutating func number(_ name: String, _ value: Double?) {
            member(name) { $0.number(value) }
        }
        mutating func number(_ name: String, _ value: Int?) { member(name) { $0.number(value) } }
        mutating func bool(_ name: String, _ value: Bool) { member(name) { $0.bool(value) } }
        mutating func list<Item>(
            _ name: String, _ items: some Sequence<Item>,
            _ write: (inout JSONText, Item) -> Void
        ) {
            member(name) { $0.list(items, write) }
        }
    }

    private static let digits = Array("0123456789abcdef".utf8)
}
