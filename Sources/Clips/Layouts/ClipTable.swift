import Foundation
import Studies

extension DatasetIndex {
    /// A table (CSV, RFC 4180) with a row for each clip. Columns `path` (from the table's folder, or whole) and `class`; and, as
    /// they are wanted, `split` (the names of the splits' folders) and `group` (clips of one group stay in one split).
    /// Others are left alone.
    init(table file: URL, splitNames: [String], wanted: [String], rule: SplitPolicy) throws {
        // What is no readable file of UTF-8 is refused below.
        let isFile = (try? file.resolvingSymlinksInPath().resourceValues(forKeys: [.isRegularFileKey]))?.isRegularFile
        guard isFile == true, let bytes = try? Data(contentsOf: file), let text = String(data: bytes, encoding: .utf8)
        else {
            throw ClipError.noTable(path: file.path, reason: "there is no such file, or it is not UTF-8 text")
        }
        let rows = try DatasetIndex.rows(text, file.path)
        guard let header = rows.first else { throw ClipError.noTable(path: file.path, reason: "it is empty") }
        func column(_ name: String) -> Int? {
            header.cells.firstIndex { $0.trimmingCharacters(in: .whitespaces).lowercased() == name }
        }
        guard let pathColumn = column("path"), let classColumn = column("class") else {
            throw ClipError.noTable(
                path: file.path,
                reason: "its first line has to name the columns path and class, and may name split and group; it is "
                    + header.cells.joined(separator: ",").prefix(200))
        }
        let (splitColumn, groupColumn) = (column("split"), column("group"))
        let folder = file.deletingLastPathComponent()
        var problems: [ClipError] = []
        var seen: [String: Int] = [:]
        var listed: [(path: String, name: String, split: Split?, group: String?)] = []
        for row in rows.dropFirst() {
            func mistake(_ reason: String) {
                problems.append(.noTable(path: "\(file.path):\(row.line)", reason: reason))
            }
            guard row.cells.count == header.cells.count else {
                mistake("the line has \(row.cells.count) cells, and the first line \(header.cells.count)")
                continue
            }
            let (path, name) = (row.cells[pathColumn], row.cells[classColumn])
            guard !path.isEmpty, !name.isEmpty else {
                mistake("path and class have to be there")
                continue
            }
            if let before = seen.updateValue(row.line, forKey: path) {
                mistake("\(path) stands in line \(before) already")
                continue
            }
            var split: Split?
            if let splitColumn {
                guard let place = splitNames.firstIndex(of: row.cells[splitColumn]) else {
                    mistake(
                        "the split is \(row.cells[splitColumn]); it has to be \(splitNames.joined(separator: ", "))")
                    continue
                }
                split = Split.allCases[place]
            }
            listed.append((path, name, split, groupColumn.map { row.cells[$0] }))
        }
        guard problems.isEmpty else { throw ClipError.several(problems) }
        let found = Set(listed.map(\.name)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        guard !found.isEmpty else { throw ClipError.noTable(path: file.path, reason: "it lists no clip") }
        let classes = try DatasetIndex.chosen(wanted, of: found, file)
        let chosen = listed.compactMap { row in classes.firstIndex(of: row.name).map { (row: row, label: $0) } }
        if splitColumn != nil {
            try rule.refuse(because: "\(file.path) has a column of splits")
            let groups = Dictionary(grouping: chosen.filter { $0.row.group != nil }) { $0.row.group ?? "" }
            if let torn = groups.filter({ Set($0.value.map(\.row.split)).count > 1 }).map(\.key).min() {
                throw ClipError.noTable(
                    path: file.path, reason: "group \(torn) stands in more than one split: give one of the two columns")
            }
        }
        var splits = chosen.map { $0.row.split ?? .train }
        if splitColumn == nil {
            splits = try rule.splits(
                chosen.map { ($0.label, $0.row.path) },
                groups: groupColumn == nil ? nil : chosen.map { $0.row.group ?? "" })
        }
        let entries = zip(chosen, splits).map { clip, split in
            Entry(
                file: URL(filePath: clip.row.path, relativeTo: folder.appending(path: "")).standardizedFileURL,
                split: split,
                label: clip.label, name: clip.row.path)
        }
        // By split, class and name, as with folders.
        let ordered = entries.sorted { a, b in
            let (x, y) = ((a.split.order, a.label), (b.split.order, b.label))
            return x == y ? a.name.utf8.lexicographicallyPrecedes(b.name.utf8) : x < y
        }
        try DatasetIndex.refuseEmptyClasses(classes, ordered.map { ($0.split, $0.label) }, file.path)
        self.init(root: folder, classes: classes, entries: ordered)
    }

    /// Cells of a table, with the line each row begins in. Empty lines are none.
    private static func rows(_ text: String, _ path: String) throws -> [(line: Int, cells: [String])] {
        var rows: [(line: Int, cells: [String])] = []
        var cells: [String] = []
        var cell: [UInt8] = []
        var (quoted, wasQuoted, line, start) = (false, false, 1, 1)
        let bytes = Array(text.utf8.drop { [0xEF, 0xBB, 0xBF].contains($0) })
        func endCell() {
            cells.append(String(decoding: cell, as: UTF8.self))
            (cell, wasQuoted) = ([], false)
        }
        func endRow() {
            endCell()
            if cells != [""] { rows.append((start, cells)) }
            cells = []
            start = line
        }
        var at = 0
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            if byte == 0x0A { line += 1 }
            if quoted {
                if byte != 0x22 {
                    cell.append(byte)
                } else if at < bytes.count, bytes[at] == 0x22 {
                    cell.append(byte)
                    at += 1
                } else {
                    quoted = false
                }
                continue
            }
            switch byte {
            case 0x22 where cell.isEmpty && !wasQuoted: (quoted, wasQuoted) = (true, true)
            case 0x2C: endCell()
            case 0x0D where at < bytes.count && bytes[at] == 0x0A: break
            case 0x0A: endRow()
            default: cell.append(byte)
            }
        }
        guard !quoted else { throw ClipError.noTable(path: "\(path):\(start)", reason: "a quote is not closed") }
        if !cell.isEmpty || !cells.isEmpty || wasQuoted { endRow() }
        return rows
    }
}
