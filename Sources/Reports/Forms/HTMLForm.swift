import Studies

/// A report as one HTML file that holds all it shows: no script, no font, no picture from
/// elsewhere. It fits a phone, a page and a sheet of paper.
package struct HTMLForm {
    package init() {}

    package func text(_ notebook: Notebook) -> String {
        var parts = [
            "<!DOCTYPE html>", "<html lang=\"en\">", "<head>", "<meta charset=\"utf-8\">",
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
            "<meta name=\"color-scheme\" content=\"light dark\">",
            "<title>\(escaped(notebook.title))</title>", "<style>\n\(PageStyle.css)\n</style>",
            "</head>", "<body>", "<main>", "<h1>\(escaped(notebook.title))</h1>",
        ]
        let named = notebook.sections.compactMap { section in
            section.heading.map { (section.name, $0) }
        }
        if named.count > 1 {
            let links = named.map { "<a href=\"#\(escaped($0.0))\">\(escaped($0.1))</a>" }
            parts.append("<nav aria-label=\"Contents\">\(links.joined(separator: "\n"))</nav>")
        }
        parts += notebook.sections.map(text)
        parts += ["</main>", "</body>", "</html>"]
        return parts.joined(separator: "\n") + "\n"
    }

    /// One section; under a heading it can be folded.
    package func text(_ section: Notebook.Section) -> String {
        let open = "<section id=\"\(escaped(section.name))\">"
        let blocks = section.blocks.map(text)
        guard let heading = section.heading else {
            return ([open] + blocks + ["</section>"]).joined(separator: "\n")
        }
        return
            ([open, "<details open>", "<summary><h2>\(escaped(heading))</h2></summary>"] + blocks
            + ["</details>", "</section>"]).joined(separator: "\n")
    }

    private func text(_ block: Notebook.Block) -> String {
        switch block {
        case .paragraph(let text): "<p>\(HTMLForm.words(text))</p>"
        case .quotation(let text): "<blockquote>\(HTMLForm.words(text))</blockquote>"
        case .command(let commands):
            "<pre class=\"command\"><code>\(escaped(commands.joined(separator: "\n")))</code></pre>"
        case .listing(let text): "<pre><code>\(escaped(text))</code></pre>"
        case .table(let table): self.table(table)
        case .figure(let figure):
            "<figure>\n<div class=\"page\">\(figure.svg)</div><div class=\"phone\">\(figure.narrowSVG)</div>"
                + "<figcaption>\(HTMLForm.words(figure.caption))</figcaption>\n</figure>"
        case .picture(let picture): self.picture(picture)
        case .folded(let title, let blocks):
            (["<details class=\"more\">", "<summary>\(HTMLForm.words(title))</summary>"]
                + blocks.map(text) + ["</details>"]).joined(separator: "\n")
        case .computed(let block, _, _): text(block)
        }
    }

    private func picture(_ picture: Notebook.Picture) -> String {
        let caption = HTMLForm.words(picture.caption)
        guard !picture.data.isEmpty else {
            return "<p><a href=\"\(escaped(picture.path))\">\(caption)</a></p>"
        }
        let ending = picture.path.split(separator: ".").last?.lowercased() ?? "png"
        let kind = ["svg": "svg+xml", "jpg": "jpeg"][ending] ?? ending
        return
            "<figure>\n<img src=\"data:image/\(kind);base64,\(picture.data.base64EncodedString())\" alt=\"\(escaped(picture.caption.plain))\"><figcaption>\(caption)</figcaption>\n</figure>"
    }

    private func table(_ table: Notebook.Table) -> String {
        func cell(_ name: String, _ column: Notebook.Table.Column, _ text: String) -> String {
            "<\(name)\(column.isNumber ? " class=\"number\"" : "")>\(text)</\(name)>"
        }
        let decimals = table.columns.indices.map { column in
            table.columns[column].isNumber
                ? table.rows.compactMap { HTMLForm.decimals($0[column].plain) }.max() ?? 0 : 0
        }
        let head = table.columns.map { cell("th", $0, HTMLForm.words($0.title)) }.joined()
        let rows = table.rows.map { row in
            let cells = zip(zip(table.columns, row), decimals).map { pair, most in
                cell("td", pair.0, HTMLForm.words(pair.1) + HTMLForm.padding(pair.1.plain, most))
            }
            return "<tr>\(cells.joined())</tr>"
        }
        return
            "<div class=\"wide\"><table\(table.columns.count > 10 ? " class=\"many\"" : "")>\n<thead><tr>\(head)</tr></thead>\n<tbody>\n"
            + rows.joined(separator: "\n") + "\n</tbody>\n</table></div>"
    }

    /// How many decimals a plain number has; nil for any other text.
    private static func decimals(_ text: String) -> Int? {
        guard let first = text.first, first.isNumber || first == "-" else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let digits = parts.map { $0.drop { $0 == "-" } }
        guard parts.count < 3, digits.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isNumber) })
        else { return nil }
        return parts.count == 2 ? parts[1].count : 0
    }

    /// Spaces as wide as digits, so that the points of a column are below each other.
    private static func padding(_ text: String, _ most: Int) -> String {
        guard most > 0, let own = decimals(text), own < most else { return "" }
        return (own == 0 ? "\u{2008}" : "") + String(repeating: "\u{2007}", count: most - own)
    }

    static func words(_ words: Words) -> String {
        words.spans.map { span in
            switch span {
            case .text(let text): escaped(text)
            case .code(let text): "<code>\(escaped(text))</code>"
            case .strong(let text): "<strong>\(escaped(text))</strong>"
            case .strongCode(let text): "<strong><code>\(escaped(text))</code></strong>"
            case .link(let text, let target): "<a href=\"\(escaped(target))\">\(escaped(text))</a>"
            }
        }.joined()
    }
}
