import Expressions
import Foundation
import Studies
import Yams

/// Reads `stdout` and `file` of `metrics:`, noting every mistake.
final class MetricSourceReader {
    private let settings: SettingsReader
    private(set) var found: [MetricSource] = []

    init(settings: SettingsReader) { self.settings = settings }

    /// Whether no source can give an epoch: TensorBoard has none, and an expression names its groups.
    var haveStepsAlone: Bool {
        !found.isEmpty
            && found.allSatisfy { source in
                switch source {
                case .file(let pattern, let format):
                    return (format ?? .init(name: pattern)) == .tensorboard
                case .output(let format, let patterns):
                    // Expressions were checked.
                    let groups = patterns.compactMap { try? RegularExpression($0) }.flatMap {
                        $0.groups.map(\.name)
                    }
                    return format == nil && groups.contains("step") && !groups.contains("epoch")
                }
            }
    }

    /// A named format, an expression, or a list of expressions.
    func readOutput(_ node: Node) {
        let nodes = node.sequence.map(Array.init) ?? [node]
        var patterns: [String] = []
        for node in nodes {
            guard case .scalar(let scalar) = node, !scalar.string.isEmpty else {
                add(node, "stdout: found \(settings.described(node)); expected \(Self.expected)")
                continue
            }
            let text = scalar.string
            if OutputFormat.named(text) != nil {
                found.append(.output(format: text, patterns: []))
            } else if check(text, node) {
                patterns.append(text)
            }
        }
        guard !patterns.isEmpty else { return }
        let names = patterns.compactMap { try? RegularExpression($0) }.flatMap {
            $0.groups.map(\.name)
        }
        let isPair = names.contains("metric") && names.contains("value")
        if !isPair,
            names.allSatisfy({
                ["epoch", "step", "end", "skip", "metric", "value", "of"].contains($0)
            })
        {
            add(
                node,
                "stdout: no group is a metric: name one, as in 'loss: (?<loss>\\S+)', or use (?<metric>…) with (?<value>…)"
            )
        }
        found.append(.output(format: nil, patterns: patterns))
    }

    private static let expected =
        "a regular expression with named groups, as 'loss: (?<loss>\\S+)', or one of "
        + OutputFormat.all.map(\.name).joined(separator: ", ")

    private func check(_ text: String, _ node: Node) -> Bool {
        let expression: RegularExpression
        do { expression = try RegularExpression(text) } catch {
            add(node, "stdout: \(text): \(error.description), at character \(error.place + 1)")
            return false
        }
        guard !expression.groups.isEmpty else {
            let names = OutputFormat.all.map(\.name)
            let hint =
                nearest(text, in: names).map { ": did you mean \($0)?" }
                ?? ": name a group, as in 'loss: (?<loss>\\S+)', or give one of \(names.joined(separator: ", "))"
            add(node, "stdout: \(text) has no named group\(hint)")
            return false
        }
        return true
    }

    /// A pattern, `{path, format}`, or a list of these.
    func readFiles(_ node: Node) {
        for node in node.sequence.map(Array.init) ?? [node] {
            if case .scalar(let scalar) = node, !scalar.string.isEmpty {
                take(scalar.string, nil, node)
                continue
            }
            var (path, format): (String?, MetricSource.FileFormat?) = (nil, nil)
            settings.forEachKey(node) { name, keyNode, value in
                switch name {
                case "path": path = value.string
                case "format":
                    let names = MetricSource.FileFormat.allCases.map(\.rawValue)
                    format = value.string.flatMap(MetricSource.FileFormat.init(rawValue:))
                    if format == nil {
                        add(
                            value,
                            "format: found \(settings.described(value)); expected \(names.joined(separator: ", "))"
                        )
                    }
                default: add(keyNode, "file: there is no such key: \(name); it has path and format")
                }
            }
            guard let path, !path.isEmpty else {
                add(
                    node,
                    "file: expected a pattern, as 'logs/**/metrics.csv', or {path: …, format: …}")
                continue
            }
            take(path, format, node)
        }
    }

    private func take(_ path: String, _ format: MetricSource.FileFormat?, _ node: Node) {
        let last = path.split(separator: "/").last.map(String.init) ?? path
        if format == nil, !last.contains("*"), MetricSource.FileFormat(name: last) == nil {
            add(
                node,
                "file: \(path): its name says no format: give {path: \(path), format: csv}, or another of \(MetricSource.FileFormat.allCases.map(\.rawValue).joined(separator: ", "))"
            )
        }
        found.append(.file(pattern: path, format: format))
    }

    private func add(_ node: Node?, _ message: String) {
        settings.mistakes.add(settings.place(node), message, in: settings.source)
    }
}
