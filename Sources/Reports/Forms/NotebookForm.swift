import Foundation
import Studies

/// A report as a Jupyter notebook (nbformat 4.5): prose, and cells of Python that work the findings
/// out from `sweep.h5`, with their output filled in.
package struct NotebookForm {
    package init() {}

    private struct Document: Encodable {
        var cells: [Cell]
        var metadata = Metadata()
        var nbformat = 4
        var nbformat_minor = 5
    }

    private struct Metadata: Encodable {
        var kernelspec = ["display_name": "Python 3", "language": "python", "name": "python3"]
        var language_info = ["name": "python"]
    }

    private struct Cell: Encodable {
        var id: String
        var cell_type: String
        var metadata: [String: String] = [:]
        var source: String
        /// Of code.
        var execution_count: Int?
        var outputs: [Output]?
        /// Of prose: pictures.
        var attachments: [String: [String: String]]?
    }

    private struct Output: Encodable {
        var output_type: String
        /// Of a stream.
        var name: String?
        var text: String?
        /// Of a picture, or of a cell's last value.
        var data: [String: String]?
        var metadata: [String: String]?
        var execution_count: Int?
    }

    package func text(_ notebook: Notebook) throws -> String {
        var builder = Builder(setup: notebook.setup)
        builder.say("# \(MarkdownForm.escaped(notebook.title))\n")
        for section in notebook.sections {
            if let heading = section.heading {
                builder.say("## \(MarkdownForm.escaped(heading))\n")
            }
            for block in section.blocks { builder.add(block) }
            builder.finish()
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(Document(cells: builder.cells)), as: UTF8.self)
            + "\n"
    }

    private struct Builder {
        var cells: [Cell] = []
        private var prose: [String] = []
        private var attachments: [String: [String: String]] = [:]
        private var executed = 0
        private let setup: String

        init(setup: String) { self.setup = setup }

        mutating func say(_ markdown: String) { prose.append(markdown) }

        mutating func add(_ block: Notebook.Block) {
            switch block {
            case .computed(let inner, let python, let output):
                if executed == 0, !setup.isEmpty { code(setup, []) }
                code(python, outputs(output, inner))
            case .folded(let title, let blocks):
                say("**\(MarkdownForm().words(title))**\n")
                for block in blocks { add(block) }
            case .figure(let figure):
                let file = figure.name + ".svg"
                attachments[file] = ["image/svg+xml": Data(figure.svg.utf8).base64EncodedString()]
                say(text(block))
            default: say(text(block))
            }
        }

        private func outputs(_ output: Notebook.Output, _ block: Notebook.Block) -> [Output] {
            var outputs: [Output] = []
            switch output {
            case .none: break
            case .printed(let text):
                outputs.append(Output(output_type: "stream", name: "stdout", text: text))
            case .table(let table):
                outputs.append(
                    Output(
                        output_type: "execute_result",
                        data: ["text/plain": table.text, "text/html": table.html], metadata: [:],
                        execution_count: executed + 1))
            }
            if case .figure(let figure) = block {
                outputs.append(
                    Output(
                        output_type: "display_data",
                        data: [
                            "image/svg+xml": figure.svg,
                            "text/plain": "<Figure: \(figure.caption.plain)>",
                        ],
                        metadata: [:]))
            }
            return outputs
        }

        private func text(_ block: Notebook.Block) -> String {
            MarkdownForm(figure: { "attachment:\($0.name).svg" }).text(
                Notebook.Section(name: "", heading: nil, blocks: [block]))
        }

        private mutating func code(_ python: String, _ outputs: [Output]) {
            finish()
            executed += 1
            let source = python.hasSuffix("\n") ? String(python.dropLast()) : python
            cells.append(
                Cell(
                    id: "cell-\(cells.count + 1)", cell_type: "code", source: source,
                    execution_count: executed,
                    outputs: outputs))
        }

        /// The prose so far becomes a cell.
        mutating func finish() {
            guard !prose.isEmpty else { return }
            let source = prose.joined(separator: "\n").trimmingCharacters(in: .newlines)
            cells.append(
                Cell(
                    id: "cell-\(cells.count + 1)", cell_type: "markdown", source: source,
                    attachments: attachments.isEmpty ? nil : attachments))
            (prose, attachments) = ([], [:])
        }
    }
}
