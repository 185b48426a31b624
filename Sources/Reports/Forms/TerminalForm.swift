import Studies

/// A report, or a section of it, for a terminal.
package struct TerminalForm {
    private let room: Int
    private let bold: (String) -> String

    /// - Parameters:
    ///   - room: columns of the terminal.
    ///   - bold: marks a heading.
    package init(room: Int, bold: @escaping (String) -> String) {
        (self.room, self.bold) = (room, bold)
    }

    package func text(_ notebook: Notebook) -> String {
        bold(notebook.title.visible) + "\n\n"
            + notebook.sections.map(text).joined(separator: "\n")
    }

    package func text(_ section: Notebook.Section) -> String {
        let heading = section.heading.map { bold($0.visible) + "\n\n" } ?? ""
        return heading
            + section.blocks.compactMap(text).joined(separator: "\n\n") + "\n"
    }

    /// Nil for what a terminal does not need: the command that was just given.
    private func text(_ block: Notebook.Block) -> String? {
        switch block {
        case .paragraph(let words): return wrapped(words.plain, to: room)
        case .quotation(let words): return wrapped(words.plain, to: room - 2, indent: "  ")
        case .command(let commands):
            return commands.count > 1
                ? commands.map { "  " + $0.visible }.joined(separator: "\n") : nil
        case .listing(let text): return text.visible
        case .picture(let picture):
            return "\(picture.caption.plain.visible): \(picture.path.visible)"
        case .table(let table): return self.table(table)
        case .figure(let figure):
            return wrapped("[figure \(figure.name): \(figure.caption.plain)]", to: room)
        case .folded(let title, let blocks):
            return ([wrapped(title.plain + ":", to: room)] + blocks.compactMap(text))
                .joined(separator: "\n")
        case .computed(let block, _, _): return text(block)
        }
    }

    private func table(_ table: Notebook.Table) -> String {
        let columns = table.columns.enumerated().map { place, column in
            FittedTable.Column(
                column.title.plain, isNumber: column.isNumber,
                cut: column.isNumber ? .never : .whereDistinct,
                dropOrder: table.dropped.firstIndex(of: place))
        }
        return FittedTable(columns, table.rows.map { $0.map(\.plain) }).text(room: room) {
            row, _, text in row == nil ? bold(text) : text
        }
    }
}
