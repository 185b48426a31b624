import Studies

/// A report as one HTML file that holds all it shows: no script, no font, no picture from
/// elsewhere.
package struct HTMLForm {
    package init() {}

    package func text(_ notebook: Notebook) -> String {
        var parts = [
            "<!DOCTYPE html>", "<html lang=\"en\">", "<head>", "<meta charset=\"utf-8\">",
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
            "<meta name=\"color-scheme\" content=\"light dark\">",
            "<title>\(escaped(notebook.title))</title>", "<style>\n\(style)\n</style>", "</head>",
            "<body>", "<main>",
            "<h1>\(escaped(notebook.title))</h1>",
        ]
        parts += notebook.sections.map(text)
        parts += ["</main>", "</body>", "</html>"]
        return parts.joined(separator: "\n") + "\n"
    }

    /// One section with its heading.
    package func text(_ section: Notebook.Section) -> String {
        let heading = section.heading.map { ["<h2>\(escaped($0))</h2>"] } ?? []
        return
            (["<section id=\"\(escaped(section.name))\">"] + heading + section.blocks.map(text) + [
                "</section>"
            ])
            .joined(separator: "\n")
    }

    private func text(_ block: Notebook.Block) -> String {
        switch block {
        case .paragraph(let text): "<p>\(words(text))</p>"
        case .quotation(let text): "<blockquote>\(words(text))</blockquote>"
        case .command(let commands):
            "<pre class=\"command\"><code>\(escaped(commands.joined(separator: "\n")))</code></pre>"
        case .listing(let text): "<pre><code>\(escaped(text))</code></pre>"
        case .table(let table): self.table(table)
        case .figure(let figure):
            "<figure>\n\(figure.svg)<figcaption>\(words(figure.caption))</figcaption>\n</figure>"
        case .computed(let block, _, _): text(block)
        case .python: ""
        }
    }

    private func table(_ table: Notebook.Table) -> String {
        func cell(_ name: String, _ column: Notebook.Table.Column, _ text: Words) -> String {
            "<\(name)\(column.isNumber ? " class=\"number\"" : "")>\(words(text))</\(name)>"
        }
        let head = zip(table.columns, table.columns).map { cell("th", $0, $1.title) }.joined()
        let rows = table.rows.map { row in
            "<tr>\(zip(table.columns, row).map { cell("td", $0, $1) }.joined())</tr>"
        }
        return "<div class=\"wide\"><table>\n<thead><tr>\(head)</tr></thead>\n<tbody>\n"
            + rows.joined(separator: "\n") + "\n</tbody>\n</table></div>"
    }

    private func words(_ words: Words) -> String {
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

    private let style = """
        :root { --ground: #ffffff; --ink: #1f2328; --faint: #656d76; --line: #d1d9e0; --inset: #f6f8fa; --link: #0969da; }
        @media (prefers-color-scheme: dark) {
          :root { --ground: #0d1117; --ink: #e6edf3; --faint: #9198a1; --line: #3d444d; --inset: #151b23; --link: #4493f8; }
        }
        body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
        main { max-width: 68rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
        h1 { font-size: 2rem; margin: 0 0 .75rem; overflow-wrap: anywhere; }
        h2 { font-size: 1.35rem; margin: 2.5rem 0 .75rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
        p { max-width: 46rem; overflow-wrap: anywhere; }
        a { color: var(--link); }
        blockquote { margin: 0 0 1rem; padding: .1rem 1rem; border-left: .25rem solid var(--line); color: var(--faint); font-size: 1.1rem; }
        code { font: .86em/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; background: var(--inset); padding: .12em .3em; border-radius: 4px; }
        pre { background: var(--inset); padding: .75rem 1rem; border-radius: 6px; overflow-x: auto; }
        pre code { background: none; padding: 0; }
        pre.command { border-left: .25rem solid var(--link); }
        .wide { overflow-x: auto; margin: 1rem 0; }
        table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
        th, td { padding: .3rem .55rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
        th { border-bottom-width: 2px; }
        td code { overflow-wrap: anywhere; }
        td:has(code) { min-width: 12rem; }
        .number { text-align: right; white-space: nowrap; }
        figure { margin: 1.5rem 0; }
        figure svg { max-width: 100%; height: auto; }
        figcaption { color: var(--faint); font-size: .9rem; max-width: 46rem; }
        #definitions { margin-top: 3rem; border-top: 1px solid var(--line); color: var(--faint); font-size: .9rem; }
        @media print { main { max-width: none; } pre, figure, tr { break-inside: avoid; } }
        """
}
