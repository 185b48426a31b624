import Files
import Foundation
import RunStore
import Studies

/// Metrics in files that a program writes, by a pattern; read again as they change.
struct FileMetrics: Sendable {
    private let pattern: FilePattern
    private let format: MetricSource.FileFormat?
    private let folder: URL
    private let axis: MetricAxis
    /// Files that were not changed since are of other runs; nil: all are of this one.
    private let since: Date?
    private var files: [String: Followed] = [:]
    private var nextRead = 0.0

    /// One file.
    private struct Followed {
        var facts: FileFacts?
        var table: MetricTable
        var events = EventFile()
        /// Why its end does not count.
        var cut = ""
    }

    private static let sizeLimit = 1 << 30

    init(
        _ pattern: String, _ format: MetricSource.FileFormat?, in folder: URL, axis: MetricAxis,
        since: Date?
    ) {
        (self.pattern, self.format) = (FilePattern(pattern), format)
        (self.folder, self.axis, self.since) = (folder, axis, since)
    }

    var name: String { pattern.text }
    var isEmpty: Bool { files.values.allSatisfy(\.table.isEmpty) }

    /// Reads what has changed, unless that was done a moment ago.
    /// - Throws: what is wrong with a file's content.
    mutating func poll(isLast: Bool = false) throws {
        let start = monotonicSeconds()
        guard isLast || start >= nextRead else { return }
        // Reading takes at most a tenth of the time.
        defer { nextRead = monotonicSeconds() + max(0.5, 10 * (monotonicSeconds() - start)) }
        for file in pattern.files(in: folder) {
            guard let facts = FileFacts(file) else { continue }
            if let since, Double(facts.modified) / 1e9 < since.timeIntervalSince1970 { continue }
            let kind = try kind(of: file)
            var followed =
                files[file.path]
                ?? Followed(table: MetricTable(relative(file), axis: axis, mayGoBack: true))
            guard followed.facts != facts || isLast else { continue }
            guard facts.size <= FileMetrics.sizeLimit else {
                throw TableFiles.Problem(description: "\(relative(file)): is larger than 1 GB")
            }
            do { try read(file, kind, &followed, isLast: isLast) } catch {
                // A file in the middle of being written may be anything.
                guard isLast else { continue }
                throw TableFiles.Problem(description: "\(relative(file)): \(error)")
            }
            followed.facts = facts
            files[file.path] = followed
        }
    }

    /// Files whose end does not count, in words.
    var cuts: [String] {
        files.sorted { $0.key < $1.key }.filter { !$0.value.cut.isEmpty }.map {
            "\(relative(URL(filePath: $0.key))): \($0.value.cut)"
        }
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

    private func read(
        _ file: URL, _ kind: MetricSource.FileFormat, _ followed: inout Followed, isLast: Bool
    ) throws {
        let bytes = try DurableFile.read(file)
        let content: TableFiles.Content
        switch kind {
        case .tensorboard:
            let (records, isCut) = try followed.events.next(bytes)
            for record in records { try followed.table.take(record) }
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
        var table = MetricTable(relative(file), axis: axis, mayGoBack: kind == .trainerState)
        for record in content.records { try table.take(record) }
        followed.table = table
        followed.cut = content.cut == "unended" ? content.odd : content.cut + content.odd
    }

    private func relative(_ file: URL) -> String {
        let prefix = folder.path + "/"
        return file.path.hasPrefix(prefix) ? String(file.path.dropFirst(prefix.count)) : file.path
    }

    /// What all files say, with where each metric comes from.
    func tables() throws -> [(place: String, rows: [(row: Int, values: [String: Double])])] {
        let known = files.filter { !$0.value.table.isEmpty }.sorted { $0.key < $1.key }
        // Of the states of a trainer, each holds all before it: the longest counts.
        let states = known.filter {
            URL(filePath: $0.key).lastPathComponent == "trainer_state.json"
        }
        let longest = states.max { $0.value.table.rows.count < $1.value.table.rows.count }?.key
        // Event files of one folder are one run of TensorBoard's; several folders have their names.
        let folders = Set(
            known.filter { $0.key.contains("tfevents") }.map {
                URL(filePath: $0.key).deletingLastPathComponent().path
            })
        // Folders with a number as their name hold the settings of the run.
        let named = folders.filter { Double(URL(filePath: $0).lastPathComponent) == nil }
        let events = try folders.sorted().filter { named.isEmpty || named.contains($0) }.map {
            folder in
            var table = MetricTable(
                relative(URL(filePath: folder)), axis: axis, mayGoBack: true)
            for (path, followed) in known
            where path.contains("tfevents")
                && URL(filePath: path).deletingLastPathComponent().path == folder
            {
                table.merge(followed.table)
            }
            let rows = try table.numbered()
            let parent = URL(filePath: folder)
            guard max(named.count, 1) > 1 else { return (relative(parent), rows) }
            return (
                relative(parent),
                rows.map { row, values in
                    let renamed = values.map { name, value in
                        (name == "step" ? name : "\(parent.lastPathComponent)/\(name)", value)
                    }
                    return (row, Dictionary(renamed) { $1 })
                }
            )
        }
        return try events
            + known.filter { !$0.key.contains("tfevents") }.filter {
                longest == nil || !states.map(\.key).contains($0.key) || $0.key == longest
            }
            .map { path, followed in (relative(URL(filePath: path)), try followed.table.numbered())
            }
    }
}
