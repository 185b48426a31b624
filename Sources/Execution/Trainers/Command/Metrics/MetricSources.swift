import Expressions
import Foundation
import RunStore
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
        /// Rows that have changed and were not given yet: sources may be within them.
        var pending: Set<Int> = []
        /// The highest number of a row.
        var highest = 0
        /// Tables that were seen to count from 0.
        var fromZero: Set<String> = []

        var tables: [FileMetrics.Named] {
            outputs.map { FileMetrics.Named(table: $0.table) } + files.flatMap(\.named)
        }
    }

    // Matchers are used under the lock alone.
    private let state: Mutex<State>
    private let declared: [MetricSource]

    /// - Parameters:
    ///   - folders: where the run leaves its files.
    ///   - fromZero: names of tables that count from 0, as an earlier attempt has shown.
    /// - Throws: `RegularExpression.Malformed`.
    init?(_ command: TrainerCommand, in folders: OutputFiles, fromZero: Set<String> = []) throws {
        guard let sources = command.metricSources, !sources.isEmpty else { return nil }
        declared = sources
        let axis = command.metricAxis
        var (outputs, files): ([OutputMetrics], [FileMetrics]) = ([], [])
        for source in sources {
            switch source {
            case .output(let format, let patterns):
                let name = "its output"
                outputs.append(
                    try OutputMetrics(
                        format: format.flatMap(OutputFormat.named), patterns: patterns,
                        table: MetricTable(
                            name, axis: axis, countsFromZero: fromZero.contains(name))))
            case .file(let pattern, let format):
                files.append(
                    FileMetrics(
                        pattern, format, in: folders, axis: axis, fromZero: fromZero))
            }
        }
        nonisolated(unsafe) let first = State(outputs: outputs, files: files, fromZero: fromZero)
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

    /// Rows that are complete and have changed since they were given.
    func poll() throws -> [MetricsFile.Entry] {
        try state.withLock { state in
            if let problem = state.problem { throw problem }
            let start = monotonicSeconds()
            guard start >= state.nextLook else { return [] }
            defer { state.nextLook = monotonicSeconds() + 10 * (monotonicSeconds() - start) }
            for index in state.files.indices { try state.files[index].poll() }
            return try MetricSources.entries(&state, isLast: false)
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
            let entries = try MetricSources.entries(&state, isLast: true)
            var rows: [Int: [String: Double]] = [:]
            for source in state.tables {
                for number in source.table.numbers {
                    rows[number, default: [:]].merge(source.values(at: number)) { $1 }
                }
            }
            return (entries, rows)
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
        } + steps
    }

    /// Sources that have steps and no epochs, where the recipe does not say what to count by.
    var steps: [String] {
        state.withLock { state in
            state.tables.filter(\.table.hasOnlySteps).map {
                "\($0.table.name) has steps and no epochs: its rows count as epochs 1, 2, …; add `axis: step` to metrics:, or `axis: epoch` if its steps are epochs"
            }
        }
    }

    /// Sources that gave nothing, by name.
    var silent: [String] {
        state.withLock { state in
            let outputs = declared.filter { if case .output = $0 { true } else { false } }
            let files = declared.filter { if case .file = $0 { true } else { false } }
            return zip(outputs, state.outputs).filter { $0.1.table.isEmpty }.map(\.0.name)
                + zip(files, state.files).filter { $0.1.isEmpty }.map(\.0.name)
        }
    }

    /// Tables that count from 0 and were not given before, by name.
    func newFromZero() -> [String] {
        state.withLock { state in
            let names = Set(state.tables.filter(\.table.countsFromZero).map(\.table.name))
            defer { state.fromZero.formUnion(names) }
            return names.subtracting(state.fromZero).sorted()
        }
    }

    // MARK: Rows

    /// The rows that have changed; while the program runs, those that all sources may have passed.
    /// - Throws: `Problem` where two sources give one metric; `MetricTable.Problem`.
    private static func entries(_ state: inout State, isLast: Bool) throws -> [MetricsFile.Entry] {
        for index in state.outputs.indices {
            state.pending.formUnion(try state.outputs[index].takeChanged())
        }
        for index in state.files.indices {
            state.pending.formUnion(state.files[index].takeChanged())
        }
        let tables = state.tables
        try check(tables)
        state.highest = max(state.highest, state.pending.max() ?? 0)
        // The last row may get more values.
        let ready = state.pending.filter { isLast || $0 < state.highest }
        state.pending.subtract(ready)
        return ready.sorted().compactMap { number in
            let values = tables.reduce(into: [String: Double]()) {
                $0.merge($1.values(at: number)) { $1 }
            }
            return values.isEmpty ? nil : MetricsFile.Entry(epoch: number, values: values)
        }
    }

    private static func check(_ tables: [FileMetrics.Named]) throws {
        var from: [String: String] = [:]
        for source in tables {
            try source.table.check()
            for name in source.names {
                if let other = from[name] {
                    throw Problem(
                        description:
                            "its metrics: \(name) comes from two sources, \(other) and \(source.table.name): name one of them under metrics:"
                    )
                }
                from[name] = source.table.name
            }
        }
    }
}
