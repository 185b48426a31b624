import Foundation
import Training
import Yams

/// A value with the place it was written at.
struct Setting {
    var value: Value
    var place: Place
    /// Where relative paths start from.
    var folder: URL
}

/// Reads configuration keys out of YAML nodes, noting every mistake.
struct SettingsReader {
    let source: SourceText
    let mistakes: MistakeList

    /// All keys of a mapping, nested ones under their dotted names.
    func settings(_ node: Node, prefix: String = "") -> [(name: String, setting: Setting)] {
        var result: [(name: String, setting: Setting)] = []
        forEachKey(node) { name, keyNode, valueNode in
            let full = prefix + name
            if let key = ConfigurationKey.byName[full] {
                if let value = value(valueNode, key) {
                    result.append((full, Setting(value: value, place: place(valueNode), folder: source.folder)))
                }
            } else if isGroup(full) {
                guard case .mapping = valueNode else {
                    mistakes.add(place(valueNode), "\(full): needs keys of its own: \(members(full))", in: source)
                    return
                }
                result += settings(valueNode, prefix: full + ".")
            } else {
                add(unknown: full, at: keyNode)
            }
        }
        return result
    }

    /// Calls `body` for each key of a mapping. Anything but a mapping is a mistake.
    func forEachKey(_ node: Node, _ body: (_ name: String, _ key: Node, _ value: Node) -> Void) {
        guard case .mapping(let mapping) = node else {
            mistakes.add(
                place(node), "here stands \(described(node)); a mapping of keys to values belongs here", in: source)
            return
        }
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key else {
                mistakes.add(place(key), "a key has to be a word", in: source)
                continue
            }
            body(scalar.string, key, value)
        }
    }

    /// The value of one key, or nil after a mistake.
    func value(_ node: Node, _ key: ConfigurationKey) -> Value? {
        guard let value = typed(node, key) else {
            mistakes.add(
                place(node),
                "\(key.name): here stands \(described(node)); it has to be \(key.rule)\(spelling(node, key))",
                in: source)
            return nil
        }
        return value
    }

    func add(unknown name: String, at node: Node) {
        let names = ConfigurationKey.all.map(\.name)
        let hint = nearest(name, in: names).map { ": did you mean \($0)?" } ?? ""
        mistakes.add(place(node), "\(name): there is no such key\(hint)", in: source)
    }

    func place(_ node: Node) -> Place { source.place(node.mark) }

    /// What stands there, for a message.
    func described(_ node: Node) -> String {
        switch node {
        case .scalar(let scalar) where scalar.string.isEmpty && scalar.style == .plain: "nothing"
        case .scalar(let scalar) where scalar.style == .plain: scalar.string.count > 60 ? "a long text" : scalar.string
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

    private func typed(_ node: Node, _ key: ConfigurationKey) -> Value? {
        switch key.kind {
        case .texts(let count):
            guard case .sequence(let sequence) = node else { return nil }
            let texts = sequence.compactMap { text($0) }
            guard texts.count == sequence.count, count == nil || texts.count == count, Set(texts).count == texts.count
            else { return nil }
            return .list(texts.map { .text($0) })
        case .text:
            return text(node).flatMap { $0.isEmpty ? nil : .text($0) }
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
            let whole = Int(scalar.string) ?? plainNumber(scalar.string).flatMap { Int(exactly: $0) }
            guard let whole, range.contains(whole), key.name != "channels_lips" || whole != 2 else { return nil }
            return .integer(whole)
        case .number(let range, let belowUpper):
            guard let number = SettingsReader.number(node), range.contains(number) else { return nil }
            return belowUpper && number == range.upperBound ? nil : .number(number)
        }
    }

    private func text(_ node: Node) -> String? {
        guard case .scalar(let scalar) = node else { return nil }
        if scalar.style == .plain, ["", "~", "null"].contains(scalar.string) { return nil }
        return scalar.string
    }

    /// The right spelling of a number or a truth value that YAML readers take in different ways.
    private func spelling(_ node: Node, _ key: ConfigurationKey) -> String {
        guard case .scalar(let scalar) = node else { return "" }
        switch key.kind {
        case .bool:
            if ["yes", "on", "y", "1"].contains(scalar.string.lowercased()) { return ": write true" }
            if ["no", "off", "n", "0"].contains(scalar.string.lowercased()) { return ": write false" }
        case .integer, .number:
            let plain = scalar.string.replacing("_", with: "").replacing(",", with: ".")
            if plain != scalar.string || scalar.style != .plain, plainNumber(plain) != nil { return ": write \(plain)" }
        case .choice(let names):
            if let name = nearest(scalar.string, in: names) { return ": did you mean \(name)?" }
        default: break
        }
        return ""
    }

    private func isGroup(_ name: String) -> Bool {
        ConfigurationKey.all.contains { $0.name.hasPrefix(name + ".") }
    }

    private func members(_ group: String) -> String {
        ConfigurationKey.all.filter { $0.name.hasPrefix(group + ".") }
            .map { String($0.name.dropFirst(group.count + 1)) }.joined(separator: ", ")
    }
}

/// A decimal number as people write it: digits, one point, an exponent. No hexadecimal, no `inf`, no underscores.
func plainNumber(_ text: String) -> Double? {
    guard text.wholeMatch(of: /[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?/) != nil else { return nil }
    return Double(text).flatMap { $0.isFinite ? $0 : nil }
}
