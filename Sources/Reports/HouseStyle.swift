import Mustache
import Studies

/// A report in a house's own style: a Mustache template around the rendered sections.
package enum HouseStyle {
    /// - Parameters:
    ///   - template: Mustache. It sees `title`, `question`, `body` (all sections), `sections` (a
    ///     list of `name`, `heading`, `body`)
    ///     and `section.<name>`, all rendered; three braces insert them without escaping.
    ///   - section: renders one section.
    package static func render(
        _ template: String, _ notebook: Notebook, section: (Notebook.Section) -> String
    ) throws -> String {
        let bodies = notebook.sections.map { ($0.name, $0.heading ?? "", section($0)) }
        let context: [String: Any] = [
            "title": notebook.title, "question": notebook.subtitle ?? "",
            "body": bodies.map(\.2).joined(separator: "\n"),
            "sections": bodies.map { ["name": $0.0, "heading": $0.1, "body": $0.2] },
            "section": Dictionary(bodies.map { ($0.0, $0.2) }) { first, _ in first },
        ]
        return try MustacheTemplate(string: template).render(context)
    }
}
