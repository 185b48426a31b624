/// A configuration value.
package enum Value: Hashable, Sendable {
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case list([Value])

    /// As people see it in labels and tables.
    package var label: String {
        switch self {
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .number(let value): shortest(value)
        case .text(let value): value
        case .list(let values): "[" + values.map(\.label).joined(separator: ",") + "]"
        }
    }

    /// Canonical JSON: shortest decimals that read back as the same number.
    package var json: String {
        switch self {
        case .bool, .integer, .number: label
        case .text(let value): jsonString(value)
        case .list(let values): "[" + values.map(\.json).joined(separator: ",") + "]"
        }
    }

    /// As a number, where it is one.
    package var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }
}

extension Value {
    /// A whole number is one value, however it is held: JSON does not distinguish 1 from 1.0.
    private var exactInteger: Int? {
        switch self {
        case .integer(let value): value
        case .number(let value) where abs(value) < 0x1p53: Int(exactly: value)
        default: nil
        }
    }

    package static func == (a: Value, b: Value) -> Bool {
        if let x = a.exactInteger, let y = b.exactInteger { return x == y }
        return switch (a, b) {
        case (.bool(let x), .bool(let y)): x == y
        case (.number(let x), .number(let y)): x == y
        case (.text(let x), .text(let y)): x == y
        case (.list(let x), .list(let y)): x == y
        default: false
        }
    }

    package func hash(into hasher: inout Hasher) {
        if let exactInteger { return hasher.combine(exactInteger) }
        switch self {
        case .bool(let value): hasher.combine(value)
        case .integer(let value): hasher.combine(value)
        case .number(let value): hasher.combine(value)
        case .text(let value): hasher.combine(value)
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
        case .number(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .list(let values): try container.encode(values)
        }
    }
}
