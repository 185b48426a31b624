import Foundation
import Studies
import Yams

/// A value with the place it was written at.
struct WrittenValue {
    var value: Value
    /// Text without quotes: where a number is expected, it is probably a misspelt number.
    var isPlainText = false
    /// Not a value, but the wish that there be none.
    var isDeletion = false
    /// What it refers to; the value is the text until that is resolved.
    var reference: Reference?
    var place: Place
    /// Where relative paths start from.
    var folder: URL

    /// The path written there, as an absolute path.
    func wholePath(_ text: String) -> String {
        URL(
            filePath: (text as NSString).expandingTildeInPath,
            relativeTo: folder.appending(path: "")
        )
        .standardizedFileURL.path
    }
}

/// Reads configuration keys out of YAML nodes, noting every mistake.
struct SettingsReader {
    let source: SourceText
    let mistakes: MistakeList
    var schema: ParameterSchema

    /// All keys of a mapping, nested ones under their dotted names.
    func settings(_ node: Node, prefix: String = "") -> [(name: String, setting: WrittenValue)] {
        var result: [(name: String, setting: WrittenValue)] = []
        defer { if prefix.isEmpty { refuseRepeats(result) } }
        forEachKey(node) { name, keyNode, valueNode in
            let full = prefix + name
            let isKey = schema.parameter(full) != nil || schema.isGroup(full, valueNode)
            if isKey, SettingsReader.isDeletion(valueNode) {
                result.append(
                    (
                        full,
                        WrittenValue(
                            value: .text(""), isDeletion: true, place: place(keyNode),
                            folder: source.folder)
                    ))
            } else if let key = schema.parameter(full),
                let reference = Reference(valueNode, key, self)
            {
                result.append(
                    (
                        full,
                        WrittenValue(
                            value: .text(reference.text), reference: reference,
                            place: place(valueNode),
                            folder: source.folder)
                    ))
            } else if schema.isGroup(full, valueNode) {
                guard case .mapping = valueNode else {
                    mistakes.add(
                        place(valueNode),
                        "\(full): needs keys of its own: \(schema.members(of: full).joined(separator: ", "))",
                        in: source)
                    return
                }
                if schema.isOpen, valueNode.mapping?.isEmpty ?? false {
                    mistakes.add(
                        place(valueNode),
                        "\(full): an empty mapping holds no values: leave it out, or give it keys",
                        in: source)
                }
                result += settings(valueNode, prefix: full + ".")
            } else if let key = schema.parameter(full) {
                if let value = value(valueNode, key) {
                    result.append((full, setting(value, valueNode)))
                }
            } else {
                add(unknown: full, at: keyNode)
            }
        }
        return result
    }

    /// `{a.b: 1, a: {b: 2}}`: YAML sees two keys.
    private func refuseRepeats(_ settings: [(name: String, setting: WrittenValue)]) {
        var seen: Set<String> = []
        for (name, setting) in settings where !seen.insert(name).inserted {
            mistakes.add(setting.place, "\(name): given twice: keep one", in: source)
        }
    }

    static func refers(_ node: Node) -> Bool {
        if let members = node.sequence { return members.contains(where: refers) }
        return node.scalar?.string.contains("${") ?? false
    }

    /// `key: ~` or `key: null`. Nothing at all is rather a value forgotten.
    static func isDeletion(_ node: Node) -> Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain else { return false }
        return ["~", "null", "Null", "NULL"].contains(scalar.string)
    }

    func setting(_ value: Value, _ node: Node) -> WrittenValue {
        WrittenValue(
            value: value, isPlainText: isPlainText(value, node), place: place(node),
            folder: source.folder)
    }

    func isPlainText(_ value: Value, _ node: Node) -> Bool {
        guard case .text = value, case .scalar(let scalar) = node else { return false }
        return scalar.style == .plain
    }

    /// Calls `body` for each key of a mapping. Anything but a mapping is a mistake.
    func forEachKey(_ node: Node, _ body: (_ name: String, _ key: Node, _ value: Node) -> Void) {
        guard case .mapping(let mapping) = node else {
            mistakes.add(
                place(node), "found \(described(node)); expected a mapping of keys to values",
                in: source)
            return
        }
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key else {
                mistakes.add(place(key), "expected a key", in: source)
                continue
            }
            body(scalar.string, key, value)
        }
    }

    /// The value of one key, or nil after a mistake.
    func value(_ node: Node, _ key: Parameter) -> Value? {
        if let members = node.sequence, let member = members.first(where: SettingsReader.refers) {
            mistakes.add(
                place(member),
                "\(key.name): references are not resolved in lists and axes: write the value",
                in: source)
            return nil
        }
        guard let value = typed(node, key) else {
            mistakes.add(
                place(node),
                "\(key.name): found \(described(node)); expected \(key.rule)\(spelling(node, key))",
                in: source)
            return nil
        }
        return value
    }

    func add(unknown name: String, at node: Node) {
        guard !schema.isOpen else {
            let rule = "a key consists of letters, digits, _ and -, with dots between nested keys"
            return mistakes.add(
                place(node), "\(name.prefix(60)): can't be a key: \(rule)", in: source)
        }
        let hint =
            Recipes.nearest(name, in: schema.parameters.map(\.name) + Recipe.keys).map {
                ": did you mean \($0)?"
            } ?? ""
        mistakes.add(place(node), "\(name): there is no such key\(hint)", in: source)
    }

    func place(_ node: Node?) -> Place { source.place(node?.mark) }

    /// A list of texts, or a single one.
    func texts(_ node: Node, _ name: String) -> [String] {
        let nodes = node.sequence.map(Array.init) ?? [node]
        return nodes.compactMap { item in
            if case .scalar(let scalar) = item, !scalar.string.isEmpty { return scalar.string }
            mistakes.add(
                place(item), "\(name): found \(described(item)); expected a list of texts",
                in: source)
            return nil
        }
    }

    /// The value found, for a message.
    func described(_ node: Node) -> String {
        switch node {
        case .scalar(let scalar) where scalar.string.isEmpty && scalar.style == .plain: "nothing"
        case .scalar(let scalar) where scalar.style == .plain:
            scalar.string.count > 60 ? "a long text" : scalar.string
        case .scalar(let scalar): "the text \"\(scalar.string.prefix(60))\""
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }

    /// A plain number, whole or not; nil for anything else.
    static func number(_ node: Node) -> Double? {
        guard case .scalar(let scalar) = node, scalar.style == .plain else { return nil }
        return plainNumber(scalar.string)
    }

    private func typed(_ node: Node, _ key: Parameter) -> Value? {
        switch key.kind {
        case .texts(let count):
            guard case .sequence(let sequence) = node else { return nil }
            let texts = sequence.compactMap { text($0) }
            guard texts.count == sequence.count, count == nil || texts.count == count,
                Set(texts).count == texts.count
            else { return nil }
            return .list(texts.map { .text($0) })
        case .text:
            return text(node).flatMap { $0.isEmpty ? nil : .text($0) }
        case .format(let format):
            return text(node).flatMap { format.accepts($0) ? .text($0) : nil }
        case .choice(let names):
            return text(node).flatMap { names.contains($0) ? .text($0) : nil }
        case .bool:
            guard case .scalar(let scalar) = node, scalar.style == .plain else { return nil }
            return switch scalar.string {
            case "true", "True", "TRUE": .bool(true)
            case "false", "False", "FALSE": .bool(false)
            default: nil
            }
        case .integer(let range):
            guard case .scalar(let scalar) = node, scalar.style == .plain else { return nil }
            let whole =
                Int(scalar.string) ?? plainNumber(scalar.string).flatMap { Int(exactly: $0) }
            return whole.flatMap { range.contains($0) ? .integer($0) : nil }
        case .integer64(let isSigned):
            guard case .scalar(let scalar) = node, scalar.style == .plain else { return nil }
            let whole =
                Value.whole(scalar.string)
                ?? (SettingsReader.isWhole(scalar.string)
                    ? nil : plainNumber(scalar.string).flatMap { key.value($0) })
            return whole.flatMap { isSigned || $0.double ?? 0 >= 0 ? $0 : nil }
        case .integers: return SettingsReader.number(node).flatMap { key.value($0) }
        case .number(let range, let belowUpper):
            guard let number = SettingsReader.number(node), range.contains(number) else {
                return nil
            }
            return belowUpper && number == range.upperBound ? nil : .number(number)
        case .any: return any(node)
        }
    }

    /// What YAML says it is, as long as all its readers agree.
    private func any(_ node: Node) -> Value? {
        if case .sequence(let sequence) = node {
            let values = sequence.compactMap { any($0) }
            return values.count == sequence.count ? .list(values) : nil
        }
        guard case .scalar(let scalar) = node else { return nil }
        guard scalar.style == .plain else { return .text(scalar.string) }
        switch scalar.string {
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        case let word:
            if SettingsReader.isWhole(word), !SettingsReader.hasLeadingZero(word) {
                return Value.whole(word)
            }
            if let number = plainNumber(word), !SettingsReader.hasLeadingZero(word) {
                // 3.10 is rather a version than a number.
                if word.wholeMatch(of: /[0-9]+\.[0-9]+0/) != nil, number.description != word {
                    mistakes.note(
                        place(node),
                        "\(word) is the number \(number.description), and a command receives that: put it into quotes if it is text"
                    )
                }
                return .number(number)
            }
            return SettingsReader.isAmbiguous(word) ? nil : .text(word)
        }
    }

    /// `007`, `-08`, `01.5`: what some readers take for octal.
    static func hasLeadingZero(_ word: String) -> Bool {
        word.prefixMatch(of: /[-+]?0[0-9]/) != nil
    }

    /// Decimal digits, with a sign or without.
    static func isWhole(_ word: String) -> Bool {
        !word.isEmpty && word.wholeMatch(of: /[-+]?[0-9]+/) != nil
    }

    /// Why a number can't be held; empty if it can.
    private static func limit(_ word: String, _ key: Parameter) -> String {
        if case .any = key.kind, isWhole(word), Value.whole(word) == nil {
            return ": whole numbers reach from \(Int64.min) to \(UInt64.max)"
        }
        guard isNumber(word), plainNumber(word) == nil else { return "" }
        return ": numbers reach from 4.9e-324 to 1.8e308 (64-bit floating point)"
    }

    /// Words that one reader of YAML takes for text and another for a number, a truth value or
    /// nothing.
    private static func isAmbiguous(_ word: String) -> Bool {
        ["", "~", "null", "yes", "no", "on", "off", "y", "n"].contains(word.lowercased())
            || word.wholeMatch(
                of: /[0-9]+(:[0-9]+)+(\.[0-9]*)?|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?/) != nil
            || word.wholeMatch(
                of:
                    /[-+]?(\.inf|\.Inf|\.INF|0[xob][0-9a-fA-F_]+|[0-9][0-9_,]*\.?[0-9_]*([eE][-+]?[0-9]+)?)|\.(nan|NaN|NAN)/
            )
                != nil
    }

    private func text(_ node: Node) -> String? {
        guard case .scalar(let scalar) = node else { return nil }
        if scalar.style == .plain, ["", "~", "null"].contains(scalar.string) { return nil }
        return scalar.string
    }

    /// The right spelling of a number or a truth value that YAML readers take in different ways.
    private func spelling(_ node: Node, _ key: Parameter) -> String {
        guard case .scalar(let scalar) = node else { return "" }
        let limit = scalar.style == .plain ? SettingsReader.limit(scalar.string, key) : ""
        if limit != "" { return limit }
        switch key.kind {
        case .bool:
            if ["yes", "on", "y", "1"].contains(scalar.string.lowercased()) {
                return ": write true"
            }
            if ["no", "off", "n", "0"].contains(scalar.string.lowercased()) {
                return ": write false"
            }
        case .integer, .integer64, .integers, .number:
            let plain = scalar.string.replacing("_", with: "").replacing(",", with: ".")
            if plain != scalar.string || scalar.style != .plain, plainNumber(plain) != nil {
                return ": write \(plain)"
            }
        case .choice(let names):
            if let name = nearest(scalar.string, in: names) { return ": did you mean \(name)?" }
        case .any where !scalar.string.isEmpty:
            let plain = scalar.string.replacing("_", with: "").replacing(",", with: ".")
            let word = ["yes": "true", "on": "true", "no": "false", "off": "false"][
                scalar.string.lowercased()]
            let meant =
                word ?? (plainNumber(plain) != nil ? shortest(plainNumber(plain) ?? 0) : nil)
            return (meant.map { ": write \($0), or" } ?? ":") + " put it into quotes if it is text"
        default: break
        }
        return ""
    }
}
