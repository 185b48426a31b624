import Foundation
import Studies

/// Records of metrics from the text of a file, as common loggers write them.
enum TableFiles {
    /// What is wrong with a file's content.
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    /// A file as far as it is whole.
    struct Content {
        var records: [MetricRecord] = []
        /// The first cell that is no number in a column of numbers; empty if there is none.
        var odd = ""
        /// Why the end of the file does not count; empty if it does.
        var cut = ""
    }

    // MARK: CSV

    /// Comma-separated values with a header (RFC 4180); semicolons or tabs, where the header has them
    /// and no commas. Columns called epoch and step count;
    /// other columns of numbers are metrics. Cells may be empty: loggers write what they have.
    static func csv(_ text: String, isTabbed: Bool) throws(Problem) -> Content {
        let separator = isTabbed ? "\t" : CSVRows.separator(of: text)
        var rows = CSVRows(text, separator: separator)
        guard let header = rows.next() else { return Content() }
        let names = header.map { $0.trimmingCharacters(in: .whitespaces) }
        guard Set(names).count == names.count else {
            throw Problem(description: "row 1: a column is named twice: \(names)")
        }
        let epoch = names.firstIndex { ["epoch", "epochs"].contains($0.lowercased()) }
        let step = names.firstIndex {
            ["step", "steps", "global_step", "iteration", "iter"].contains($0.lowercased())
        }
        var content = Content()
        var number = 1
        var texts: [Int: String] = [:]
        var numbers: Set<Int> = []
        while let cells = rows.next() {
            number += 1
            if cells.count == 1, cells[0].allSatisfy(\.isWhitespace) { continue }
            guard cells.count == names.count else {
                if rows.isAtEnd, cells.count < names.count {
                    content.cut =
                        "row \(number) has \(cells.count) of \(names.count) cells: the file ends within it"
                    break
                }
                throw Problem(
                    description:
                        "row \(number): found \(cells.count) cells; expected \(names.count)")
            }
            // While it is written, a last line without an end may be part of one.
            if rows.isAtEnd, rows.lacksEnd, content.cut.isEmpty { content.cut = "unended" }
            var record = MetricRecord(place: number)
            for (at, cell) in cells.enumerated() {
                // Where semicolons separate, a comma is a decimal point.
                let plain = separator == ";" ? cell.replacing(",", with: ".") : cell
                guard let value = MetricNumber.value(plain) else {
                    if !cell.allSatisfy(\.isWhitespace), texts[at] == nil {
                        texts[at] = "row \(number): \(names[at]) is \"\(cell.prefix(40))\""
                    }
                    continue
                }
                numbers.insert(at)
                if at == epoch {
                    record.epoch = value
                } else if at == step {
                    record.step = value
                } else if !names[at].isEmpty {
                    record.values[names[at]] = value
                }
            }
            if !record.values.isEmpty { content.records.append(record) }
        }
        let odd = texts.filter { numbers.contains($0.key) }.min { $0.key < $1.key }
        content.odd = odd.map { "\($0.value), which is not a number: it counts as NaN" } ?? ""
        return content
    }

    // MARK: JSON

    /// A list of objects; an object of lists (Keras' `History.history`); or an object that holds one
    /// of these under `history`, `log_history` or `metrics`.
    static func json(_ data: Data) throws(Problem) -> Content {
        let value: Any
        do {
            value = try JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)
        } catch {
            throw Problem(description: "it is not whole JSON: \(error.localizedDescription)")
        }
        return Content(records: try records(value))
    }

    private static func records(_ value: Any) throws(Problem) -> [MetricRecord] {
        if let list = value as? [Any] {
            return list.enumerated().compactMap { index, entry in
                (entry as? [String: Any]).map { record($0, place: index + 1) }
            }.filter { !$0.values.isEmpty }
        }
        guard let object = value as? [String: Any] else {
            throw Problem(description: "expected a list of objects, or an object of lists")
        }
        for name in ["log_history", "history", "metrics"] {
            if let inner = object[name], inner is [Any] || inner is [String: Any] {
                return try records(inner)
            }
        }
        let lists = object.compactMapValues { $0 as? [Any] }
        guard !lists.isEmpty else {
            return [record(object, place: 1)].filter { !$0.values.isEmpty }
        }
        let count = lists.values.map(\.count).max() ?? 0
        return (0..<count).map { index in
            var row: [String: Any] = [:]
            for (name, list) in lists where list.indices.contains(index) { row[name] = list[index] }
            var found = record(row, place: index + 1)
            if found.epoch == nil { found.epoch = Double(index + 1) }
            return found
        }
    }

    private static func record(_ object: [String: Any], place: Int) -> MetricRecord {
        var record = MetricRecord(place: place)
        for (name, value) in object {
            guard let number = number(value) else { continue }
            switch name {
            case "epoch": record.epoch = number
            case "step", "global_step": record.step = number
            default: record.values[name] = number
            }
        }
        return record
    }

    private static func number(_ value: Any) -> Double? {
        if let text = value as? String { return MetricNumber.value(text) }
        // A truth value is a number of one byte there.
        guard let number = value as? NSNumber, String(cString: number.objCType) != "c" else {
            return nil
        }
        return number.doubleValue
    }

    /// One object a line.
    static func jsonLines(_ text: String) throws(Problem) -> Content {
        var content = Content()
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !line.allSatisfy(\.isWhitespace) {
            let isLast = index == lines.count - 1
            // JSON as Python writes it may say NaN.
            guard
                let value = try? JSONSerialization.jsonObject(
                    with: Data(finite(String(line)).utf8)),
                let object = value as? [String: Any]
            else {
                if isLast {
                    content.cut = "line \(index + 1) is not whole"
                    break
                }
                throw Problem(
                    description: "line \(index + 1) is not a JSON object: \(line.prefix(80))")
            }
            if isLast { content.cut = "unended" }
            let found = record(object, place: index + 1)
            if !found.values.isEmpty { content.records.append(found) }
        }
        return content
    }

    /// `NaN` and `Infinity` as texts, which JSON can hold.
    static func finite(_ text: String) -> String {
        guard text.contains("NaN") || text.contains("Infinity") else { return text }
        return text.replacing(/([:,\[\s])(-?(?:NaN|Infinity))/) { "\($0.1)\"\($0.2)\"" }
    }
}

/// Rows of cells of a text of separated values.
struct CSVRows {
    private let characters: [UInt8]
    private var at = 0
    private let separator: UInt8

    init(_ text: String, separator: String) {
        characters = Array(text.utf8)
        self.separator = separator.utf8.first ?? UInt8(ascii: ",")
        // A mark of the encoding is no part of the first name.
        if characters.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
    }

    /// What separates the names of the header: commas, else semicolons or tabs.
    static func separator(of text: String) -> String {
        let header = text.prefix { !$0.isNewline }
        return [",", ";", "\t"].first(where: header.contains) ?? ","
    }

    var isAtEnd: Bool { at >= characters.count }
    var lacksEnd: Bool { characters.last != UInt8(ascii: "\n") }

    mutating func next() -> [String]? {
        guard at < characters.count else { return nil }
        var cells: [String] = []
        var cell: [UInt8] = []
        var isQuoted = false
        while at < characters.count {
            let byte = characters[at]
            at += 1
            if isQuoted {
                if byte != UInt8(ascii: "\"") {
                    cell.append(byte)
                } else if at < characters.count, characters[at] == UInt8(ascii: "\"") {
                    cell.append(byte)
                    at += 1
                } else {
                    isQuoted = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\"") where cell.isEmpty: isQuoted = true
            case separator:
                cells.append(String(decoding: cell, as: UTF8.self))
                cell = []
            case UInt8(ascii: "\n"):
                cells.append(String(decoding: cell, as: UTF8.self))
                return cells
            case UInt8(ascii: "\r"): break
            default: cell.append(byte)
            }
        }
        cells.append(String(decoding: cell, as: UTF8.self))
        return cells
    }
}
