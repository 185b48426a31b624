import Foundation
import Reports

/// Columns as wide as their widest cell, two spaces apart; on a terminal, long texts are cut where
/// they do not fit.
func table(_ header: [String], _ rows: [[String]]) -> String {
    FittedTable(header.map { FittedTable.Column($0, cut: .whereDistinct) }, rows)
        .text(room: Terminal.columns)
}
