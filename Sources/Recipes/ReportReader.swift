import Foundation
import Mustache
import Studies
import Yams

/// Reads the recipe's key `report`.
struct ReportReader {
    let settings: SettingsReader

    private static let keys = [
        "sections", "metrics", "formats", "group", "introduction", "discussion", "template",
    ]

    func report(_ node: Node) -> ReportSettings {
        var report = ReportSettings()
        settings.forEachKey(node) { name, keyNode, value in
            switch name {
            case "sections":
                report.sections = words(value, "report.sections", of: ReportSettings.sectionNames)
            case "formats":
                let names = words(
                    value, "report.formats", of: ReportSettings.Form.allCases.map(\.rawValue))
                report.formats = names.compactMap(ReportSettings.Form.init)
            case "metrics": report.metrics = settings.texts(value, "report.metrics")
            case "group": report.group = pattern(value)
            case "introduction": report.introduction = text(value, "report.introduction")
            case "discussion": report.discussion = text(value, "report.discussion")
            case "template":
                for path in value.sequence != nil
                    ? settings.texts(value, "report.template") : [text(value, "report.template")]
                {
                    readTemplate(path, value, &report)
                }
            default:
                let hint =
                    nearest(name, in: ReportReader.keys).map { ": did you mean \($0)?" }
                    ?? "; it has \(ReportReader.keys.joined(separator: ", "))"
                mistake(keyNode, "report: there is no key \(name)\(hint)")
            }
        }
        return report
    }

    /// A list of known words, each once.
    private func words(_ node: Node, _ key: String, of known: [String]) -> [String] {
        let words = settings.texts(node, key)
        if words.isEmpty, node.sequence?.isEmpty ?? false {
            mistake(node, "\(key): names nothing; leave the key out for all")
        }
        var seen: Set<String> = []
        for word in words {
            if !known.contains(word) {
                let hint =
                    nearest(word, in: known).map { ": did you mean \($0)?" }
                    ?? ": it is \(known.joined(separator: ", "))"
                mistake(node, "\(key): there is no \(word)\(hint)")
            } else if !seen.insert(word).inserted {
                mistake(node, "\(key): \(word) is given twice")
            }
        }
        return words
    }

    private func text(_ node: Node, _ key: String) -> String {
        guard let text = node.scalar?.string else {
            mistake(node, "\(key): expected text")
            return ""
        }
        return text
    }

    /// A regular expression.
    private func pattern(_ node: Node) -> String {
        let pattern = text(node, "report.group")
        if (try? Regex(pattern)) == nil {
            mistake(node, "report.group: \(pattern) is not a regular expression")
        }
        return pattern
    }

    /// Absolute paths of the templates that a recipe names.
    func templates(_ node: Node) -> Set<String> {
        guard let template = node.mapping?["template"] else { return [] }
        let nodes = template.sequence.map(Array.init) ?? [template]
        return Set(
            nodes.compactMap(\.string).filter { !$0.isEmpty }.map {
                URL(filePath: $0, relativeTo: settings.source.folder.appending(path: ""))
                    .standardizedFileURL.path
            })
    }

    /// `house.html.mustache` is of the HTML form, any other of Markdown.
    private func readTemplate(_ path: String, _ node: Node, _ report: inout ReportSettings) {
        guard !path.isEmpty else { return }
        let file = URL(filePath: path, relativeTo: settings.source.folder.appending(path: ""))
        // The message names both reasons there are.
        guard let text = try? String(contentsOf: file, encoding: .utf8) else {
            return mistake(node, "report.template: there is no file \(path), or it is not UTF-8")
        }
        let form = path.hasSuffix(".html.mustache") || path.hasSuffix(".html") ? "html" : "md"
        if report.templates[form] != nil {
            mistake(node, "report.template: \(path) is a second template for the format \(form)")
        }
        do { _ = try MustacheTemplate(string: text) } catch {
            mistake(node, "report.template: \(path) is not a valid Mustache template: \(error)")
        }
        report.templates[form] = text
    }

    private func mistake(_ node: Node, _ text: String) {
        settings.mistakes.add(settings.place(node), text, in: settings.source)
    }
}
