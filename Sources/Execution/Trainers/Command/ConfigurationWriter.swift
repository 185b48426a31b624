import Files
import Foundation
import Studies
import Yams

/// Writes the configuration file of a run: the run's keys in a template, or alone.
struct ConfigurationWriter {
    /// A template that has no such key, or that is not of its format.
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    private let file: TrainerCommand.ConfigurationFile

    init(_ file: TrainerCommand.ConfigurationFile) { self.file = file }

    /// - Parameter folder: the working folder of the run.
    /// - Throws: `Problem`, `StoreError`.
    func write(_ configuration: Configuration, to folder: URL) throws {
        let target = folder.appending(path: file.path)
        FileManager.default.ensureFolder(target.deletingLastPathComponent())
        try DurableFile.write(Array(try text(configuration).utf8), to: target)
    }

    func text(_ configuration: Configuration) throws -> String {
        // Every run has a seed; a template without one asks for none.
        let hasSeed = file.template.map { $0.contains("seed") } ?? true
        let values = configuration.values.sorted { $0.key < $1.key }
            .filter { hasSeed || $0.key != "seed" }
        switch file.format {
        case .json:
            guard let template = file.template else { return configuration.nestedJSON + "\n" }
            return try yamlText(template, values, isJSON: true)
        case .yaml: return try yamlText(file.template ?? "{}", values, isJSON: false)
        case .toml:
            return try values.reduce(file.template ?? "") { text, pair in
                try TOMLText(text).replacing(
                    pair.key, pair.value, mayAdd: file.template == nil)
            }
        }
    }

    /// JSON is YAML: both are read as that.
    private func yamlText(
        _ template: String, _ values: [(key: String, value: Value)], isJSON: Bool
    ) throws -> String {
        var root: Node
        do { root = try Yams.compose(yaml: template) ?? Node([:]) } catch {
            throw Problem(
                description: "config: the template is not \(file.format.rawValue): \(error)")
        }
        for (key, value) in values {
            let path = key.split(separator: ".").map(String.init)
            root = try ConfigurationWriter.replacing(root, path[...], value, key)
        }
        guard isJSON else { return try Yams.serialize(node: root) }
        return ConfigurationWriter.json(root) + "\n"
    }

    private static func replacing(
        _ node: Node, _ path: ArraySlice<String>, _ value: Value, _ key: String
    ) throws -> Node {
        guard let name = path.first else {
            let written = try Yams.compose(yaml: value.writtenJSON)
            return written ?? node
        }
        guard case .mapping(var mapping) = node else {
            throw Problem(
                description: "config: the template has a value where \(key) needs a mapping")
        }
        let inner = mapping[Node(name)] ?? .mapping(Node.Mapping([]))
        mapping[Node(name)] = try replacing(inner, path.dropFirst(), value, key)
        return .mapping(mapping)
    }

    /// In the order of the template.
    private static func json(_ node: Node) -> String {
        switch node {
        case .mapping(let mapping):
            let members = mapping.map { "\(jsonString($0.key.string ?? "")): \(json($0.value))" }
            return "{\(members.joined(separator: ", "))}"
        case .sequence(let sequence):
            return "[\(sequence.map(json).joined(separator: ", "))]"
        case .scalar(let scalar):
            if scalar.style == .plain {
                if node.null != nil { return "null" }
                if let bool = node.bool { return bool ? "true" : "false" }
                if node.int != nil || node.float.map(\.isFinite) == true { return scalar.string }
            }
            return jsonString(scalar.string)
        case .alias: return "null"
        }
    }
}

/// TOML whose values are replaced line by line; comments and order stay.
private struct TOMLText {
    private var lines: [String]

    init(_ text: String) {
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    func replacing(_ key: String, _ value: Value, mayAdd: Bool) throws -> String {
        let path = key.split(separator: ".").map(String.init)
        let (table, name) = (path.dropLast().joined(separator: "."), path.last ?? key)
        var lines = lines
        var current = ""
        for (index, line) in lines.enumerated() {
            let plain = line.trimmingCharacters(in: .whitespaces)
            if plain.hasPrefix("["), let end = plain.firstIndex(of: "]") {
                current = String(plain[plain.index(after: plain.startIndex)..<end]).replacing(
                    " ", with: "")
            } else if let equals = plain.firstIndex(of: "=") {
                let left = plain[..<equals].trimmingCharacters(in: .whitespaces)
                    .replacing("\"", with: "")
                let whole = current.isEmpty ? left : "\(current).\(left)"
                guard whole == key else { continue }
                let indent = line.prefix { $0 == " " || $0 == "\t" }
                lines[index] = "\(indent)\(left) = \(TOMLText.text(value))"
                return lines.joined(separator: "\n")
            }
        }
        guard mayAdd else {
            throw ConfigurationWriter.Problem(
                description: "config: the template has no key \(key): add it there")
        }
        // A key without a table comes before all tables.
        let entry = "\(name) = \(TOMLText.text(value))"
        if table.isEmpty { return ([entry] + lines).joined(separator: "\n") }
        if let at = lines.firstIndex(of: "[\(table)]") {
            lines.insert(entry, at: at + 1)
        } else {
            lines += ["[\(table)]", entry]
        }
        return lines.joined(separator: "\n")
    }

    private static func text(_ value: Value) -> String {
        if case .list(let values) = value { return "[\(values.map(text).joined(separator: ", "))]" }
        return value.writtenJSON
    }
}

/// A value as Hydra's grammar reads it.
enum HydraValue {
    static func text(_ value: Value) -> String {
        switch value {
        case .text(let text):
            let isPlain = text.allSatisfy { $0.isLetter || $0.isNumber || "-_./".contains($0) }
            return isPlain && !text.isEmpty
                ? text
                : "'" + text.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
        case .list(let values): return "[\(values.map(text).joined(separator: ","))]"
        default: return value.word
        }
    }
}
