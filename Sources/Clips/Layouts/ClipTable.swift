import Foundation
import Studies

extension DatasetIndex {
    /// A table (CSV, RFC 4180) with a row for each clip. Columns `path` (relative to the table's
    /// folder, or absolute) and `class`; optional `split` (the names of the splits' folders),
    /// `group` (clips of one group stay in one split), and when the word is spoken: `word_start`
    /// and `word_end` (s), or `word_start_frame` and `word_end_frame` (from 0; the frame behind the
    /// last). Other columns are ignored.
    ///
    /// Throws `ClipError.noTable` if the file is no such table, or `ClipError.several` with every
    /// line that is wrong.
    init(table file: URL, _ settings: ClipFolderSettings) throws {
        let rule = settings.rule
        let table = try ClipTable(file, settings)
        let names = Set(table.clips.map(\.className)).sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
        guard !names.isEmpty else {
            throw ClipError.noTable(path: file.path, reason: "it lists no clip")
        }
        let classes = try settings.chosen(of: names, file)
        let chosen = table.clips.compactMap { clip in
            classes.firstIndex(of: clip.className).map { (clip: clip, label: $0) }
        }
        var splits = chosen.map { $0.clip.split ?? .train }
        if table.hasSplits {
            try rule.refuse(because: "\(file.path) has a column of splits")
            try table.refuseDividedGroups(chosen.map(\.clip))
        } else {
            splits = try rule.splits(
                chosen.map { ($0.label, $0.clip.path) },
                groups: table.hasGroups ? chosen.map { $0.clip.group ?? "" } : nil)
        }
        let folder = file.deletingLastPathComponent()
        let entries = zip(chosen, splits).map { chosen, split in
            Entry(
                file: URL(filePath: chosen.clip.path, relativeTo: folder.appending(path: ""))
                    .standardizedFileURL,
                split: split, label: chosen.label, name: chosen.clip.path,
                word: chosen.clip.word)
        }
        // By split, class and name, as with folders.
        let ordered = entries.sorted { a, b in
            let (x, y) = ((a.split.order, a.label), (b.split.order, b.label))
            return x == y ? a.name.utf8.lexicographicallyPrecedes(b.name.utf8) : x < y
        }
        try settings.refuseEmptyClasses(
            classes, ordered.map { ($0.split, $0.label) }, file.path)
        self.init(root: folder, settings, classes: classes, entries: ordered)
        try readWords(settings.words)
    }
}

/// The rows of a table of clips, each checked.
private struct ClipTable {
    struct Clip {
        let path: String
        let className: String
        let split: Split?
        let group: String?
        let word: WordTime?
    }

    let file: URL
    let hasSplits: Bool
    let hasGroups: Bool
    let clips: [Clip]

    init(_ file: URL, _ settings: ClipFolderSettings) throws {
        func refuse(_ reason: String) -> ClipError { .noTable(path: file.path, reason: reason) }
        var facts = stat()
        guard stat(file.path, &facts) == 0 else { throw refuse(String(cString: strerror(errno))) }
        guard facts.st_mode & S_IFMT == S_IFREG else { throw refuse("it is not a regular file") }
        let bytes: Data
        do { bytes = try Data(contentsOf: file) } catch { throw refuse(error.localizedDescription) }
        guard !bytes.starts(with: [0xFF, 0xFE]), !bytes.starts(with: [0xFE, 0xFF]) else {
            throw refuse("it is UTF-16: save it as UTF-8")
        }
        guard let text = String(data: bytes, encoding: .utf8) else {
            throw refuse("it is not UTF-8 text")
        }
        let rows = try CommaSeparated.rows(text, file.path)
        guard let header = rows.first else {
            throw ClipError.noTable(path: file.path, reason: "it is empty")
        }
        let columns = try Columns(header.cells, file, settings)
        var problems: [ClipError] = []
        var clips: [Clip] = []
        var lines: [String: Int] = [:]
        var classes: [String: String] = [:]
        for row in rows.dropFirst() {
            do throws(RowMistake) {
                let clip = try columns.clip(row.cells, settings.splits)
                let place = URL(filePath: "/" + clip.path).standardizedFileURL.path
                if let line = lines.updateValue(row.line, forKey: place) {
                    throw RowMistake("\(clip.path) is in line \(line) already")
                }
                if let other = classes[clip.className], !other.hasSameBytes(as: clip.className) {
                    throw RowMistake(
                        "the class \(clip.className) differs from one above only in its Unicode form (composed and decomposed letters)"
                    )
                }
                classes[clip.className] = clip.className
                if !settings.followsLinks, ClipTable.leaves(clip.path) {
                    throw RowMistake(
                        "\(clip.path) leads out of the table's folder: set follow_links: true if it should"
                    )
                }
                clips.append(clip)
            } catch {
                problems.append(.noTable(path: "\(file.path):\(row.line)", reason: error.reason))
            }
        }
        guard problems.isEmpty else { throw ClipError.several(problems) }
        self.file = file
        self.clips = clips
        (hasSplits, hasGroups) = (columns.split != nil, columns.group != nil)
    }

    /// Whether a path is absolute, or goes above the table's folder.
    private static func leaves(_ path: String) -> Bool {
        if path.hasPrefix("/") { return true }
        var depth = 0
        for part in path.split(separator: "/") where part != "." {
            depth += part == ".." ? -1 : 1
            if depth < 0 { return true }
        }
        return false
    }

    func refuseDividedGroups(_ clips: [Clip]) throws {
        let groups = Dictionary(grouping: clips.filter { $0.group != nil }) { $0.group ?? "" }
        if let divided = groups.filter({ Set($0.value.map(\.split)).count > 1 }).map(\.key).min() {
            throw ClipError.noTable(
                path: file.path,
                reason: "group \(divided) is in more than one split: give one of the two columns")
        }
    }
}

/// What is wrong with one row.
private struct RowMistake: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}

/// Where the columns of a table are.
private struct Columns {
    let path: Int
    /// Nil in a table whose clips are only to be classified.
    let className: Int?
    let split: Int?
    let group: Int?
    let word: WordColumns?
    let count: Int

    init(_ header: [String], _ file: URL, _ settings: ClipFolderSettings) throws {
        let readsWords = settings.words != .ignored
        let names = header.map { $0.lowercased() }
        let known =
            ["path", "class", "split", "group"] + (readsWords ? WordColumns.names : [])
        for name in known where names.count(where: { $0 == name }) > 1 {
            throw ClipError.noTable(
                path: file.path, reason: "its first line names the column \(name) twice: keep one")
        }
        func column(_ name: String) -> Int? {
            names.firstIndex(of: name)
        }
        let className = column("class")
        guard let path = column("path"), className != nil || settings.isForPrediction else {
            throw ClipError.noTable(
                path: file.path,
                reason:
                    "its first line has to name the columns path and class, and may name split and group; it is "
                    + header.joined(separator: ",").prefix(200))
        }
        (self.path, self.className, split, group) = (
            path, className, column("split"), column("group")
        )
        do throws(RowMistake) {
            word = readsWords ? try WordColumns(names) : nil
        } catch {
            throw ClipError.noTable(path: file.path, reason: error.reason)
        }
        count = header.count
    }

    /// The class of clips whose class is not known: no name of one.
    private static let unknown = "?"

    func clip(_ cells: [String], _ splitNames: [String]) throws(RowMistake) -> ClipTable.Clip {
        guard cells.count == count else {
            throw RowMistake("the line has \(cells.count) cells, and the first line \(count)")
        }
        guard !cells[path].isEmpty, className.map({ !cells[$0].isEmpty }) ?? true else {
            throw RowMistake("path and class may not be empty")
        }
        var ownSplit: Split?
        if let split {
            guard let place = splitNames.firstIndex(of: cells[split]) else {
                throw RowMistake(
                    "the split is \(cells[split]); it has to be \(splitNames.joined(separator: ", "))"
                )
            }
            ownSplit = Split.allCases[place]
        }
        return ClipTable.Clip(
            path: cells[path], className: className.map { cells[$0] } ?? Columns.unknown,
            split: ownSplit,
            group: group.map { cells[$0] }, word: try word?.time(cells))
    }
}

/// Where the columns are that say when a clip's word is spoken.
private struct WordColumns {
    static let names = ["word_start", "word_end", "word_start_frame", "word_end_frame"]

    private let start, end: Int
    private let areFrames: Bool

    /// - Returns: nil if the table has none.
    init?(_ header: [String]) throws(RowMistake) {
        let places = WordColumns.names.map { header.firstIndex(of: $0) }
        for pair in [0, 2] where (places[pair] == nil) != (places[pair + 1] == nil) {
            let (there, missing) = places[pair] == nil ? (pair + 1, pair) : (pair, pair + 1)
            throw RowMistake(
                "its first line names the column \(WordColumns.names[there]), and not \(WordColumns.names[missing])"
            )
        }
        guard places[0] == nil || places[2] == nil else {
            throw RowMistake(
                "its first line names word_start and word_start_frame: give words in seconds or in frames"
            )
        }
        guard let start = places[0] ?? places[2], let end = places[1] ?? places[3] else {
            return nil
        }
        (self.start, self.end, areFrames) = (start, end, places[0] == nil)
    }

    /// - Returns: nil for empty cells.
    func time(_ cells: [String]) throws(RowMistake) -> WordTime? {
        let (from, to) = (cells[start], cells[end])
        if from.isEmpty && to.isEmpty { return nil }
        if areFrames {
            guard let first = Int(from), let last = Int(to), first >= 0, last > first else {
                throw RowMistake(
                    "the word's frames are \(shown(from)) to \(shown(to)); they have to be whole numbers from 0, the end behind the start"
                )
            }
            return .frames(first..<last)
        }
        guard let first = Double(from), let last = Double(to), first >= 0, last > first,
            last.isFinite
        else {
            throw RowMistake(
                "the word's times are \(shown(from)) to \(shown(to)); they have to be seconds from 0, the end behind the start"
            )
        }
        return .seconds(from: first, to: last)
    }

    private func shown(_ cell: String) -> String { cell.isEmpty ? "nothing" : cell }
}

/// Comma-separated values (RFC 4180).
private enum CommaSeparated {
    /// Cells of a table, with the line each row begins in. Empty lines are none.
    static func rows(_ text: String, _ path: String) throws -> [(line: Int, cells: [String])] {
        var rows: [(line: Int, cells: [String])] = []
        var cells: [String] = []
        var cell: [UInt8] = []
        var (quoted, wasQuoted, line, start) = (false, false, 1, 1)
        let bytes = Array(text.utf8.drop { [0xEF, 0xBB, 0xBF].contains($0) })
        func endCell() {
            // Blanks beside a comma are no part of a class's name.
            cells.append(
                String(decoding: cell, as: UTF8.self).trimmingCharacters(in: .whitespaces))
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
        guard !quoted else {
            throw ClipError.noTable(path: "\(path):\(start)", reason: "a quote is not closed")
        }
        if !cell.isEmpty || !cells.isEmpty || wasQuoted { endRow() }
        return rows
    }
}

extension DataSource {
    /// Whether a path is a table that says which clips belong together, as those of a speaker do.
    package static func tableHasGroups(_ path: String) -> Bool {
        guard (path as NSString).pathExtension.lowercased() == "csv" else { return false }
        var settings = ClipFolderSettings(splits: ["train", "val", "test"], classes: [])
        settings.followsLinks = true
        // What is wrong with a table is said where its clips are read.
        let table = try? ClipTable(URL(filePath: path), settings)
        return table?.hasGroups ?? false
    }
}
