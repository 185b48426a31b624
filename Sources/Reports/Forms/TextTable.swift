/// A table of texts as pandas prints a `DataFrame`.
package struct TextTable: Sendable {
    let columns: [String]
    /// Columns that are numbers to pandas, not texts.
    let numbers: Set<String>
    let rows: [[String]]

    init(columns: [String], numbers: Set<String>, rows: [[String]]) {
        (self.columns, self.numbers) = (columns, numbers)
        // pandas shows these as escapes.
        self.rows = rows.map { row in
            row.map {
                $0.replacing("\r\n", with: "\\r\\n").replacing("\n", with: "\\n")
                    .replacing("\r", with: "\\r").replacing("\t", with: "\\t")
            }
        }
    }

    /// Rows are numbered from 1.
    var text: String {
        guard !rows.isEmpty else {
            return "Empty DataFrame\nColumns: [\(columns.joined(separator: ", "))]\nIndex: []"
        }
        let widths = columns.indices.map { column -> Int in
            let title = columns[column].unicodeScalars.count
            let longest = rows.map { $0[column].unicodeScalars.count }.max() ?? 0
            return max(title + (numbers.contains(columns[column]) ? 1 : 0), longest + 1)
        }
        let first = "\(rows.count)".count
        func line(_ name: String, _ cells: [String]) -> String {
            name + String(repeating: " ", count: first - name.count)
                + zip(cells, widths).map { cell, width in
                    String(repeating: " ", count: 1 + width - cell.unicodeScalars.count) + cell
                }.joined()
        }
        return ([line("", columns)] + rows.enumerated().map { line("\($0 + 1)", $1) })
            .joined(separator: "\n")
    }

    /// In the form of pandas.
    var html: String {
        let head = columns.map { "<th>\(escaped($0))</th>" }.joined()
        let body = rows.enumerated().map { number, row in
            "<tr><th>\(number + 1)</th>\(row.map { "<td>\(escaped($0))</td>" }.joined())</tr>"
        }.joined(separator: "\n")
        return
            "<table border=\"1\" class=\"dataframe\">\n<thead><tr style=\"text-align: right;\"><th></th>\(head)</tr></thead>\n<tbody>\n\(body)\n</tbody>\n</table>"
    }
}
