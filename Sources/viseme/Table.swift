import Foundation

/// Columns as wide as their widest cell, two spaces apart.
func table(_ header: [String], _ rows: [[String]]) -> String {
    let counts = ([header] + rows).map { $0.map(\.count) }
    let widths = header.indices.map { column in counts.map { $0[column] }.max() ?? 0 }
    return zip([header] + rows, counts).map { row, counts in
        var line = ""
        for column in row.indices {
            line += row[column]
            if column < row.count - 1 {
                line += String(repeating: " ", count: widths[column] - counts[column] + 2)
            }
        }
        while line.last == " " { line.removeLast() }
        return line
    }.joined(separator: "\n")
}
