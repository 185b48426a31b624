import Studies

/// A report as Markdown that GitHub renders as it is. Figures lie beside it.
package struct MarkdownForm {
    /// - Parameter figure: the path of a figure's file, from where the text will lie.
    package init(figure: @escaping (Notebook.Figure) -> String = { "figures/\($0.name).svg" }) {
        path = figure
    }

    private let path: (Notebook.Figure) -> String

    package func text(_ notebook: Notebook) -> String {
        let head = ["# \(words(Words(notebook.title)))", ""]
        return (head + notebook.sections.flatMap(lines)).joined(separator: "\n") + "\n"
    }

    /// One section with its heading.
    package func text(_ section: Notebook.Section) -> String {
        lines(section).joined(separator: "\n") + "\n"
    }

    private func lines(_ section: Notebook.Section) -> [String] {
        var lines: [String] = []
        if let heading = section.heading {
            lines += ["## \(words(Words(heading)))", ""]
        } else if section.name == "definitions" {
            lines += ["---", ""]
        }
        return lines + section.blocks.flatMap(self.lines)
    }

    private func lines(_ block: Notebook.Block) -> [String] {
        switch block {
        case .paragraph(let text): [words(text), ""]
        case .quotation(let text): ["> \(words(text))", ""]
        case .command(let commands): fenced(commands.joined(separator: "\n"), "sh")
        case .listing(let text): fenced(text, "text")
        case .table(let table): lines(table)
        case .figure(let figure): ["![\(words(figure.caption))](\(path(figure)))", ""]
        case .picture(let picture): ["![\(words(picture.caption))](<\(picture.path.visible)>)", ""]
        case .folded(let title, let blocks):
            ["<details>", "<summary>\(HTMLForm.words(title))</summary>", ""]
                + blocks.flatMap(lines) + ["</details>", ""]
        case .computed(let block, _, _): lines(block)
        }
    }

    /// With a fence that the text does not hold.
    private func fenced(_ text: String, _ language: String) -> [String] {
        let text = text.visible
        var fence = "```"
        while text.contains(fence) { fence += "`" }
        return [fence + language, text, fence, ""]
    }

    private func lines(_ table: Notebook.Table) -> [String] {
        let titles =
            "| \(table.columns.map { words($0.title, inTable: true) }.joined(separator: " | ")) |"
        let rule = "|\(table.columns.map { $0.isNumber ? "--:" : "---" }.joined(separator: "|"))|"
        return [titles, rule]
            + table.rows.map {
                "| \($0.map { words($0, inTable: true) }.joined(separator: " | ")) |"
            } + [""]
    }

    package func words(_ words: Words, inTable: Bool = false) -> String {
        words.spans.map { span in
            switch span {
            case .text(let text): MarkdownForm.escaped(text)
            case .code(let text): code(text, inTable)
            case .strong(let text): "**\(MarkdownForm.escaped(text))**"
            case .strongCode(let text): "**\(code(text, inTable))**"
            case .link(let text, let target): "[\(MarkdownForm.escaped(text))](\(target))"
            }
        }.joined()
    }

    /// Bars would end a table's cell; backticks the code, unless it begins with more of them.
    private func code(_ text: String, _ inTable: Bool) -> String {
        let line = text.replacing("\r\n", with: " ").replacing("\n", with: " ").replacing(
            "\r", with: " ")
        let whole = inTable ? line.replacing("|", with: "\\|") : line
        guard whole.contains("`") else { return whole.isEmpty ? "" : "`\(whole)`" }
        var fence = "``"
        while whole.contains(fence) { fence += "`" }
        return "\(fence) \(whole) \(fence)"
    }

    /// Text as text, whatever characters it holds.
    package static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\n", "\r\n", "\r": result += " "
            case "\\", "`", "*", "_", "[", "]", "|", "#", "~", "$": result += "\\\(character)"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            default: result.append(character)
            }
        }
        // What would be a list at the start of a line.
        if let first = result.first, "+-".contains(first) || first.isNumber,
            result.contains(#/^([+-]|\d+[.)])\s/#)
        {
            result = "\u{2060}" + result
        }
        return result
    }
}
