import Studies

/// A table of text in so many columns of a terminal: long texts are cut in the middle where they
/// stay distinct, then columns are dropped in a fixed order.
package struct FittedTable {
    package struct Column: Sendable {
        package var title: String
        /// Aligned to the right.
        package var isNumber: Bool
        /// Whether its texts may be cut, and then have to stay distinct.
        package var cut: Cut
        /// Shorter forms of its texts, the longest first, to be taken before any is cut.
        package var forms: [[String]]
        /// Those of a lower number are dropped first; nil: never dropped.
        package var dropOrder: Int?

        package init(
            _ title: String, isNumber: Bool = false, cut: Cut = .never, forms: [[String]] = [],
            dropOrder: Int? = nil
        ) {
            (self.title, self.isNumber, self.cut) = (title, isNumber, cut)
            (self.forms, self.dropOrder) = (forms, dropOrder)
        }
    }

    package enum Cut: Sendable {
        case never, whereDistinct, freely
    }

    private let columns: [Column]
    private let rows: [[String]]

    /// Texts are not cut below so many columns before a column is dropped.
    private static let leastWidth = 18
    private static let gap = 2

    package init(_ columns: [Column], _ rows: [[String]]) {
        self.columns = columns
        self.rows = rows.map {
            $0.map { $0.visible.split(whereSeparator: \.isNewline).joined(separator: " ") }
        }
    }

    /// - Parameters:
    ///   - room: columns of the terminal; nil for no limit.
    ///   - style: how a cell is marked, by row (nil: the titles), column and text; marks take no
    ///     room.
    package func text(
        room: Int?, style: (_ row: Int?, _ column: Int, _ text: String) -> String = { $2 }
    ) -> String {
        var shown = Array(columns.indices)
        var cut = rows
        if let room {
            let order = columns.indices.filter { columns[$0].dropOrder != nil }
                .sorted { (columns[$0].dropOrder ?? 0, $0) < (columns[$1].dropOrder ?? 0, $1) }
            var dropped = 0
            while true {
                if let fitted = fitted(shown, room, least: FittedTable.leastWidth, isUnique: true) {
                    cut = fitted
                    break
                }
                guard dropped < order.count else {
                    // Cut what can be cut; then the rest goes, from the right.
                    if let fitted = fitted(shown, room, least: 4, isUnique: false) {
                        cut = fitted
                        break
                    }
                    guard shown.count > 1 else { break }
                    shown.removeLast()
                    continue
                }
                shown.removeAll { $0 == order[dropped] }
                dropped += 1
            }
        }
        let widths = Dictionary(uniqueKeysWithValues: shown.map { ($0, width($0, cut)) })
        let hasTitles = shown.contains { !columns[$0].title.isEmpty }
        var lines = hasTitles ? [line(columns.map(\.title), nil, shown, widths, style)] : []
        lines += cut.enumerated().map { line($1, $0, shown, widths, style) }
        let hidden = columns.indices.filter { !shown.contains($0) }.map { columns[$0].title }
        if !hidden.isEmpty, !rows.isEmpty {
            let words = "(no room for \(hidden.joined(separator: ", ")))"
            lines.append(room.map { wrapped(words, to: $0) } ?? words)
        }
        return lines.joined(separator: "\n")
    }

    private func width(_ column: Int, _ rows: [[String]]) -> Int {
        max(
            columns[column].title.displayColumns, rows.map { $0[column].displayColumns }.max() ?? 0)
    }

    /// The rows with their flexible texts cut so that the columns fit; nil where they do not.
    private func fitted(_ shown: [Int], _ room: Int, least: Int, isUnique: Bool) -> [[String]]? {
        let widths = shown.map { width($0, rows) }
        var excess =
            widths.reduce(0, +) + FittedTable.gap * max(0, shown.count - 1) - room
        guard excess > 0 else { return rows }
        var cut = rows
        // The widest first.
        for column in shown.filter({ columns[$0].cut != .never }).sorted(by: {
            (width($1, rows), $0) < (width($0, rows), $1)
        }) where excess > 0 {
            let own = width(column, rows)
            let narrow = max(own - excess, least, columns[column].title.displayColumns)
            guard narrow < own else { continue }
            let texts = rows.map { $0[column] }
            let width = { (text: String) in Double(text.displayColumns) }
            let form = columns[column].forms.first {
                $0.allSatisfy { $0.displayColumns <= narrow }
            }
            let isFree = !isUnique || columns[column].cut == .freely
            let short =
                form
                ?? (isFree
                    ? texts.map { $0.shortened(to: Double(narrow), width: width) }
                    : texts.shortened(to: Double(narrow), width: width))
            guard let short else { continue }
            for row in cut.indices { cut[row][column] = short[row].visible }
            excess -= own - self.width(column, cut)
        }
        return excess > 0 ? nil : cut
    }

    private func line(
        _ cells: [String], _ row: Int?, _ shown: [Int], _ widths: [Int: Int],
        _ style: (Int?, Int, String) -> String
    ) -> String {
        var line = ""
        for column in shown {
            let space = String(
                repeating: " ", count: max(0, (widths[column] ?? 0) - cells[column].displayColumns))
            let text = cells[column].isEmpty ? "" : style(row, column, cells[column])
            let gap = column == shown.last ? "" : String(repeating: " ", count: FittedTable.gap)
            line += columns[column].isNumber ? space + text + gap : text + space + gap
        }
        while line.last == " " { line.removeLast() }
        return line
    }
}

/// Text in lines of so many columns, broken at spaces.
package func wrapped(_ text: String, to room: Int, indent: String = "") -> String {
    var lines: [String] = []
    var line = indent
    var isEmpty = true
    for word in text.split(whereSeparator: { $0 == " " || $0.isNewline }) {
        if !isEmpty, line.displayColumns + 1 + String(word).displayColumns > room {
            lines.append(line)
            (line, isEmpty) = (indent, true)
        }
        line += (isEmpty ? "" : " ") + word
        isEmpty = false
    }
    if !isEmpty { lines.append(line) }
    return lines.joined(separator: "\n")
}
