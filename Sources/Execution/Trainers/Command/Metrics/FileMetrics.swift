import Files
import Foundation
import RunStore
import Studies

/// Metrics in files that a program writes, by a pattern; read again as they change.
struct FileMetrics: Sendable {
    /// What is known of one file.
    private struct Followed {
        /// Rows that it had and has no more, in words.
        var lost = ""
        var facts: FileFacts?
        var events = EventFile()
        /// Why its end does not count.
        var cut = ""
    }

    private let pattern: FilePattern
    private let format: MetricSource.FileFormat?
    private let folders: OutputFiles
    private let axis: MetricAxis?
    /// Names of tables that count from 0, as an earlier attempt has shown.
    private let fromZero: Set<String>
    private var files: [String: Followed] = [:]
    /// By the file's path; event files of one folder are one table, by the folder's path.
    private var tables: [String: MetricTable] = [:]
    private var nextRead = 0.0

    private static let sizeLimit = 1 << 30

    init(
        _ pattern: String, _ format: MetricSource.FileFormat?, in folders: OutputFiles,
        axis: MetricAxis?, fromZero: Set<String> = []
    ) {
        (self.pattern, self.format) = (FilePattern(pattern), format)
        (self.folders, self.axis, self.fromZero) = (folders, axis, fromZero)
    }

    var isEmpty: Bool { tables.values.allSatisfy(\.isEmpty) }

    /// Files whose end does not count, in words.
    var cuts: [String] {
        files.sorted { $0.key < $1.key }.flatMap { path, file in
            [file.lost, file.cut].filter { !$0.isEmpty }.map {
                "\(relative(URL(filePath: path))): \($0)"
            }
        }
    }

    // MARK: Reading

    /// Reads what has changed, unless that was done a moment ago.
    /// - Throws: what is wrong with a file's content.
    mutating func poll(isLast: Bool = false) throws {
        let start = monotonicSeconds()
        guard isLast || start >= nextRead else { return }
        // Reading takes at most a tenth of the time.
        defer { nextRead = monotonicSeconds() + max(0.5, 10 * (monotonicSeconds() - start)) }
        let found = folders.matching(pattern)
        if isLast { readEventsAgain(found) }
        for file in found {
            guard let facts = FileFacts(file) else { continue }
            let kind = try kind(of: file)
            var followed = files[file.path] ?? Followed()
            guard followed.facts != facts || isLast else { continue }
            guard facts.size <= FileMetrics.sizeLimit else {
                throw TableFiles.Problem(description: "\(relative(file)): is larger than 1 GB")
            }
            do { try read(file, kind, &followed) } catch {
                // A file in the middle of being written may be anything.
                guard isLast else { continue }
                throw TableFiles.Problem(description: "\(relative(file)): \(error)")
            }
            followed.facts = facts
            files[file.path] = followed
        }
    }

    /// Of several event files of one folder the later ones count where they say the same: in the
    /// order of their names, however they grew.
    private mutating func readEventsAgain(_ found: [URL]) {
        let events = found.filter { isEvents($0) && files[$0.path] != nil }
        let folders = Dictionary(grouping: events) { $0.deletingLastPathComponent().path }
        for (folder, own) in folders where own.count > 1 {
            for file in own {
                // A file that has become shorter is still a problem.
                let size = FileFacts(file)?.size ?? 0
                if files[file.path]?.events.isLonger(than: size) == false {
                    files[file.path]?.events = EventFile()
                }
            }
            tables[folder] = nil
        }
    }

    private func isEvents(_ file: URL) -> Bool {
        (format ?? .init(name: file.lastPathComponent)) == .tensorboard
    }

    private func kind(of file: URL) throws -> MetricSource.FileFormat {
        guard let kind = format ?? .init(name: file.lastPathComponent) else {
            throw TableFiles.Problem(
                description:
                    "\(relative(file)): its name says no format: give {path: …, format: csv}, or another of \(MetricSource.FileFormat.allCases.map(\.rawValue).joined(separator: ", "))"
            )
        }
        return kind
    }

    private mutating func read(
        _ file: URL, _ kind: MetricSource.FileFormat, _ followed: inout Followed
    ) throws {
        let bytes = try DurableFile.read(file)
        let content: TableFiles.Content
        switch kind {
        case .tensorboard:
            let folder = file.deletingLastPathComponent()
            var table = tables[folder.path] ?? table(relative(folder), mayGoBack: true)
            let (records, isCut) = try followed.events.next(bytes)
            for record in records { try table.take(record) }
            tables[folder.path] = table
            followed.cut = isCut ? "it ends within a record" : ""
            return
        case .csv:
            content = try TableFiles.csv(
                String(decoding: bytes, as: UTF8.self), isTabbed: file.pathExtension == "tsv")
        case .jsonl: content = try TableFiles.jsonLines(String(decoding: bytes, as: UTF8.self))
        case .json, .trainerState:
            content = try TableFiles.json(
                Data(TableFiles.finite(String(decoding: bytes, as: UTF8.self)).utf8))
        }
        // The whole file is read again: rows may be filled up later.
        var table = table(relative(file), mayGoBack: kind == .trainerState)
        for record in content.records { try table.take(record) }
        if let earlier = tables[file.path] {
            table.follow(earlier)
            let kept = Set(table.keys)
            let lost = earlier.keys.filter { !kept.contains($0) }
            if let first = lost.first, let last = lost.last {
                followed.lost =
                    "it was written anew: \(lost.count) rows that it had before, \(first) to \(last), are gone and do not count"
            }
        }
        tables[file.path] = table
        followed.cut = content.cut == "unended" ? content.odd : content.cut + content.odd
    }

    private func table(_ name: String, mayGoBack: Bool) -> MetricTable {
        MetricTable(
            name, axis: axis, mayGoBack: mayGoBack, countsFromZero: fromZero.contains(name))
    }

    private func relative(_ file: URL) -> String {
        folders.relative(file) ?? file.path
    }

    // MARK: What all files say

    /// A table with what its metrics are called by.
    struct Named {
        let table: MetricTable
        /// In front of the names of its metrics.
        var prefix = ""

        var names: Set<String> {
            prefix.isEmpty ? table.names : Set(table.names.map { prefix + $0 })
        }

        /// The values of a row; none if there is no row of this number.
        func values(at number: Int) -> [String: Double] {
            let values = table.values(at: number) ?? [:]
            guard !prefix.isEmpty else { return values }
            let named = values.map { name, value in
                (name == MetricAxis.steps ? name : prefix + name, value)
            }
            return Dictionary(named) { $1 }
        }
    }

    var named: [Named] {
        let counted = counted
        let folders = counted.filter { files[$0] == nil }
        let prefixes = FileMetrics.prefixes(folders)
        return counted.compactMap { path in
            tables[path].map { Named(table: $0, prefix: prefixes[path] ?? "") }
        }
    }

    /// The numbers of the rows that have changed since the last call.
    mutating func takeChanged() -> Set<Int> {
        counted.reduce(into: []) { all, path in
            all.formUnion(tables[path]?.takeChanged() ?? [])
        }
    }

    /// The paths of the tables that count, sorted.
    private var counted: [String] {
        let known = tables.filter { !$0.value.isEmpty }.keys.sorted()
        // Of the states of a trainer, each holds all before it: the longest counts.
        let states = known.filter { $0.hasSuffix("/trainer_state.json") }
        let longest = states.max {
            (tables[$0]?.keys.count ?? 0) < (tables[$1]?.keys.count ?? 0)
        }
        // Folders of event files with a number as their name hold the settings of the run.
        let folders = known.filter { files[$0] == nil }
        let named = folders.filter { Double(URL(filePath: $0).lastPathComponent) == nil }
        return known.filter { path in
            if states.contains(path) { return path == longest }
            return files[path] != nil || named.isEmpty || named.contains(path)
        }
    }

    /// What metrics of several folders of event files are called by: the folder's path below the
    /// folder that all have in common. A folder whose name is a time (six digits or more) is called
    /// by its place among the others, since the name is another one each time.
    static func prefixes(_ folders: [String]) -> [String: String] {
        guard folders.count > 1 else { return [:] }
        let paths = folders.map { $0.split(separator: "/").map(String.init) }
        var common = paths[0]
        for path in paths {
            common = Array(zip(common, path).prefix { $0 == $1 }.map(\.0))
        }
        var places: [String: Int] = [:]
        var counts: [String: Int] = [:]
        var found: [String: String] = [:]
        for (folder, path) in zip(folders, paths) {
            var below: [String] = []
            for part in path.dropFirst(common.count) {
                guard part.count(where: \.isNumber) >= 6 else {
                    below.append(part)
                    continue
                }
                let parent = below.joined(separator: "/")
                let key = parent + "/" + part
                if places[key] == nil {
                    counts[parent, default: 0] += 1
                    places[key] = counts[parent]
                }
                below.append("\(places[key] ?? 0)")
            }
            found[folder] = below.map { $0 + "/" }.joined()
        }
        return found
    }
}
