/// A configuration value.
package enum Value: Hashable, Sendable {
    case bool(Bool)
    case integer(Int)
    /// A whole number above the greatest `Int`; smaller ones are `integer`.
    case unsigned(UInt64)
    case number(Double)
    case text(String)
    case list([Value])

    /// As people see it in labels and tables.
    package var label: String {
        switch self {
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .unsigned(let value): String(value)
        case .number(let value): shortest(value)
        case .text(let value): value
        case .list(let values): "[" + values.map(\.label).joined(separator: ",") + "]"
        }
    }

    /// Canonical JSON: shortest decimals that read back as the same number.
    package var json: String {
        switch self {
        case .bool, .integer, .unsigned, .number: label
        case .text(let value): jsonString(value)
        case .list(let values): "[" + values.map(\.json).joined(separator: ",") + "]"
        }
    }

    /// JSON in which 7.0 keeps its point: for programs, not for identities.
    package var writtenJSON: String {
        switch self {
        case .number: word
        case .list(let values): "[" + values.map(\.writtenJSON).joined(separator: ",") + "]"
        default: json
        }
    }

    /// As a program receives it on its command line: 7.0 keeps its point, as it was written.
    package var word: String {
        switch self {
        case .number(let value): value.description
        case .list(let values): "[" + values.map(\.word).joined(separator: ",") + "]"
        default: label
        }
    }

    /// As Python's own programs print it: truth values with a capital.
    package var pythonWord: String {
        switch self {
        case .bool(let value): value ? "True" : "False"
        case .list(let values): "[" + values.map(\.pythonWord).joined(separator: ",") + "]"
        default: word
        }
    }

    /// As a number, where it is one.
    package var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .unsigned(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// Whether its type is that of whole numbers.
    package var isWhole: Bool {
        switch self {
        case .integer, .unsigned: true
        default: false
        }
    }

    /// A whole number of at most 64 bits from its decimal digits; nil for any other text.
    package static func whole(_ digits: some StringProtocol) -> Value? {
        Int(digits).map { .integer($0) } ?? UInt64(digits).map { .unsigned($0) }
    }
}

extension Value {
    /// A whole number is one value, however it is held: JSON does not distinguish 1 from 1.0.
    private var exact: Value {
        guard case .number(let value) = self else { return self }
        return Int(exactly: value).map { .integer($0) }
            ?? UInt64(exactly: value).map { .unsigned($0) } ?? self
    }

    /// Numbers are equal if they are the same number; texts, if they are the same bytes. (Texts
    /// that differ only in their Unicode form are one `String` to Swift, and two to a file system.)
    package static func == (a: Value, b: Value) -> Bool {
        switch (a.exact, b.exact) {
        case (.bool(let x), .bool(let y)): x == y
        case (.integer(let x), .integer(let y)): x == y
        case (.unsigned(let x), .unsigned(let y)): x == y
        case (.number(let x), .number(let y)): x == y
        case (.text(let x), .text(let y)): x.utf8.elementsEqual(y.utf8)
        case (.list(let x), .list(let y)): x == y
        default: false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch exact {
        case .bool(let value): hasher.combine(value)
        case .integer(let value): hasher.combine(value)
        case .unsigned(let value): hasher.combine(value)
        case .number(let value): hasher.combine(value)
        case .text(var value): value.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        case .list(let values): hasher.combine(values)
        }
    }
}

/// The shortest decimal that reads back as `value`; whole numbers below 10¹⁵ without a point.
package func shortest(_ value: Double) -> String {
    if value == value.rounded(), abs(value) < 1e15 { return String(Int(value)) }
    return value.description
}

/// Text as a JSON string (RFC 8259), control characters escaped.
package func jsonString(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\r": result += "\\r"
        case "\t": result += "\\t"
        case _ where scalar.value < 0x20:
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}

/// An object of canonical JSON: keys in the order of their UTF-8 bytes, no spaces.
package func canonicalJSON(_ fields: [String: String]) -> String {
    let sorted = fields.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    return "{" + sorted.map { jsonString($0.key) + ":" + $0.value }.joined(separator: ",") + "}"
}

extension Value: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        // The decoder decides the type.
        if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(UInt64.self) {
            self = .unsigned(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else {
            self = .list(try container.decode([Value].self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .unsigned(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .list(let values): try container.encode(values)
        }
    }
}
