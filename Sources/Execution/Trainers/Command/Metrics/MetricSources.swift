import Expressions
import Foundation
import Studies
import Synchronization

/// All that a recipe declares under `metrics:`, of one run: what is printed, and files.
final class MetricSources: Sendable {
    /// What is wrong with what a program reported.
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    private struct State {
        var outputs: [OutputMetrics]
        var files: [FileMetrics]
        /// The first problem of the output: found where nothing can be thrown.
        var problem: (any Error)?
        /// The end of what was printed.
        var last: [UInt8] = []
        /// When rows are looked at again: many of them take their time.
        var nextLook = 0.0
        /// Rows that the journal has.
        var noted: Set<Int> = []
    }

    // Matchers are used under the lock alone.
    private let state: Mutex<State>
    private let declared: [MetricSource]

    /// - Parameters:
    ///   - folder: the working folder of the run.
    ///   - since: see `FileMetrics`.
    /// - Throws: `RegularExpression.Malformed`.
    init?(_ command: TrainerCommand, folder: URL, since: Date?) throws {
        guard let sources = command.metricSources, !sources.isEmpty else { return nil }
        declared = sources
        let axis = command.metricAxis ?? .epoch
        var (outputs, files): ([OutputMetrics], [FileMetrics]) = ([], [])
        for source in sources {
            switch source {
            case .output(let format, let patterns):
                outputs.append(
                    try OutputMetrics(
                        format: format.flatMap(OutputFormat.named), patterns: patterns, axis: axis))
            case .file(let pattern, let format):
                files.append(FileMetrics(pattern, format, in: folder, axis: axis, since: since))
            }
        }
        nonisolated(unsafe) let first = State(outputs: outputs, files: files)
        state = Mutex(first)
    }

    /// What it has printed last, in words.
    var heard: String {
        state.withLock { state in
            let lines = String(decoding: state.last, as: UTF8.self).split(
                whereSeparator: \.isNewline)
            return lines.isEmpty
                ? "it has printed nothing"
                : "its last lines: \(lines.suffix(3).joined(separator: " | "))"
        }
    }

    /// Takes in what the program has printed.
    func take(_ chunk: [UInt8]) {
        state.withLock { state in
            state.last = Array((state.last + chunk.suffix(400)).suffix(400))
            guard state.problem == nil else { return }
            do {
                for index in state.outputs.indices { try state.outputs[index].take(chunk) }
            } catch { state.problem = error }
        }
    }

    /// Rows that are complete and were not given before.
    func poll() throws -> [MetricsFile.Entry] {
        try state.withLock { state in
            if let problem = state.problem { throw problem }
            let start = monotonicSeconds()
            guard start >= state.nextLook else { return [] }
            defer { state.nextLook = monotonicSeconds() + 10 * (monotonicSeconds() - start) }
            for index in state.files.indices { try state.files[index].poll() }
            // While a source is within a row, others may be ahead: what all have passed is complete.
            let (rows, _) = try MetricSources.merged(state)
            guard let last = rows.keys.max() else { return [] }
            return rows.keys.filter { $0 < last && state.noted.insert($0).inserted }.sorted().map {
                MetricsFile.Entry(epoch: $0, values: rows[$0] ?? [:])
            }
        }
    }

    /// All that was reported, when the program has ended.
    func finish() throws -> (entries: [MetricsFile.Entry], rows: [Int: [String: Double]]) {
        try state.withLock { state in
            if state.problem == nil {
                do {
                    for index in state.outputs.indices { try state.outputs[index].end() }
                } catch { state.problem = error }
            }
            if let problem = state.problem { throw problem }
            for index in state.files.indices { try state.files[index].poll(isLast: true) }
            let (rows, _) = try MetricSources.merged(state)
            let rest = rows.keys.filter { state.noted.insert($0).inserted }.sorted()
            return (rest.map { MetricsFile.Entry(epoch: $0, values: rows[$0] ?? [:]) }, rows)
        }
    }

    /// What people should know of what was read.
    var notes: [String] {
        state.withLock { state in
            state.files.flatMap(\.cuts)
                + state.outputs.filter { $0.longLines > 0 }.map {
                    "\($0.longLines) lines of output of more than \(OutputLines.limit >> 10) KB were not looked at"
                }
                + state.outputs.filter { $0.slowLines > 0 }.map {
                    "\($0.slowLines) lines of output were given up: an expression tries too much on them"
                }
        }
    }

    /// Sources that gave nothing, by name.
    var silent: [String] {
        state.withLock { state in
            let outputs = declared.filter { if case .output = $0 { true } else { false } }
            let files = declared.filter { if case .file = $0 { true } else { false } }
            return zip(outputs, state.outputs).filter { $0.1.rows.isEmpty }.map(\.0.name)
                + zip(files, state.files).filter { $0.1.isEmpty }.map(\.0.name)
        }
    }

    /// The rows of all sources.
    /// - Throws: `Problem` where two of them give one metric.
    private static func merged(_ state: borrowing State) throws -> (
        rows: [Int: [String: Double]], from: [String: String]
    ) {
        var rows: [Int: [String: Double]] = [:]
        var from: [String: String] = [:]
        var tables: [(place: String, rows: [(row: Int, values: [String: Double])])] = []
        for output in state.outputs { tables.append(("stdout", try output.rows.numbered())) }
        for file in state.files { tables += try file.tables() }
        for (place, table) in tables {
            for (row, values) in table {
                for (name, value) in values {
                    if let other = from[name], other != place, name != "step" {
                        throw Problem(
                            description:
                                "its metrics: \(name) comes from two sources, \(other) and \(place): name one of them under metrics:"
                        )
                    }
                    from[name] = place
                    rows[row, default: [:]][name] = value
                }
            }
        }
        return (rows, from)
    }
}
