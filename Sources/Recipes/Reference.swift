import Foundation
import Studies
import Yams

/// A value that is taken from elsewhere: `${epoch}`, `runs of ${name}`, `${env:DATA,/data}`.
struct Reference {
    /// As it was written.
    let text: String
    let node: Node
    let key: Parameter
    let reader: SettingsReader

    /// - Returns: nil where the node refers to nothing.
    init?(_ node: Node, _ key: Parameter, _ reader: SettingsReader) {
        guard case .scalar(let scalar) = node, scalar.string.contains("${") else { return nil }
        (text, self.node, self.key, self.reader) = (scalar.string, node, key, reader)
    }
}

/// Puts values in the place of references.
struct ReferenceResolver {
    let settings: [String: WrittenValue]
    let swept: Set<String>
    /// Names of environment variables that may be read.
    let environment: [String]
    let mistakes: MistakeList

    /// Bytes of a value: references to values with references can double it each time.
    private static let textLimit = 1 << 16

    /// All settings with their references resolved. What can't be is a mistake.
    func resolved() -> [String: WrittenValue] {
        guard settings.values.contains(where: { $0.reference != nil }) else { return settings }
        var done = settings
        for name in settings.keys.sorted() {
            var open: [String] = []
            if let value = value(name, &open, &done) { done[name]?.value = value }
            done[name]?.reference = nil
        }
        return done
    }

    private func value(_ name: String, _ open: inout [String], _ done: inout [String: WrittenValue])
        -> Value?
    {
        guard let setting = done[name] else { return nil }
        guard let reference = setting.reference else { return setting.value }
        func mistake(_ text: String) {
            mistakes.add(setting.place, "\(name): \(text)", in: reference.reader.source)
        }
        guard !open.contains(name) else {
            mistake("refers to itself, by \((open + [name]).joined(separator: " → "))")
            return nil
        }
        open.append(name)
        defer { open.removeLast() }
        var parts: [Value] = []
        var rest = reference.text[...]
        while let start = rest.range(of: "${") {
            // `$${` is an escaped `${`.
            if rest[..<start.lowerBound].hasSuffix("$") {
                parts.append(.text(rest[..<start.lowerBound].dropLast() + "${"))
                rest = rest[start.upperBound...]
                continue
            }
            guard let end = rest[start.upperBound...].firstIndex(of: "}") else {
                mistake("a reference is not closed: ${…} ends with }")
                return nil
            }
            if start.lowerBound > rest.startIndex {
                parts.append(.text(String(rest[..<start.lowerBound])))
            }
            let target = String(rest[start.upperBound..<end]).trimmingCharacters(in: .whitespaces)
            guard let found = lookUp(target, &open, &done, mistake) else { return nil }
            parts.append(found)
            rest = rest[rest.index(after: end)...]
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        guard parts.reduce(0, { $0 + $1.label.utf8.count }) <= ReferenceResolver.textLimit else {
            mistake("is longer than \(ReferenceResolver.textLimit) bytes with its references")
            done[name]?.reference = nil
            return nil
        }
        // A reference by itself keeps the type of what it refers to.
        let whole: Value = parts.count == 1 ? parts[0] : .text(parts.map(\.label).joined())
        let value = typed(whole, reference)
        done[name]?.value = value ?? setting.value
        if value != nil { done[name]?.reference = nil }
        return value
    }

    private func lookUp(
        _ target: String, _ open: inout [String], _ done: inout [String: WrittenValue],
        _ mistake: (String) -> Void
    ) -> Value? {
        for prefix in ["env:", "oc.env:"] where target.hasPrefix(prefix) {
            let parts = target.dropFirst(prefix.count).split(
                separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts[0].trimmingCharacters(in: .whitespaces)
            guard environment.contains(name) else {
                mistake(
                    "the value of the environment variable \(name) is stored with the study: name it under record_env: [\(name)]"
                )
                return nil
            }
            if let value = ProcessInfo.processInfo.environment[name] { return .text(value) }
            if parts.count > 1 { return .text(parts[1].trimmingCharacters(in: .whitespaces)) }
            mistake(
                "there is no environment variable \(name): set it, or give a default: ${env:\(name),…}"
            )
            return nil
        }
        if swept.contains(target) {
            mistake("refers to \(target), which is swept: a reference can't refer to a swept key")
            return nil
        }
        if done[target] != nil { return value(target, &open, &done) }
        let hint = nearest(target, in: done.keys.sorted()).map { ": did you mean \($0)?" } ?? ""
        mistake("refers to \(target), which has no value here\(hint)")
        return nil
    }

    /// As the key wants it: what came as text (of the environment, say) may be a number.
    private func typed(_ value: Value, _ reference: Reference) -> Value? {
        if case .any = reference.key.kind {
            guard case .text(let text) = value else { return value }
            // 007 is rather a name than a number.
            if SettingsReader.hasLeadingZero(text) { return value }
            if SettingsReader.isWhole(text) { return Value.whole(text) ?? value }
            return plainNumber(text).map { .number($0) } ?? value
        }
        if case .list = value { return reference.key.isList ? value : nil }
        let node = Node.scalar(.init(value.label, .init(.implicit), .plain, reference.node.mark))
        return reference.reader.value(node, reference.key)
    }
}
