import Foundation
import Studies

/// What one source says at one place: a line, a row, an event.
struct MetricRecord: Sendable, Equatable {
    /// As the program counts; tools may count in parts of epochs.
    var epoch: Double?
    var step: Double?
    var values: [String: Double] = [:]
    /// Where it is, for messages: a line's or a row's number.
    var place = 0
}

/// The rows of metrics of one source: epochs, or the steps at which something was reported.
struct MetricTable: Sendable {
    /// A record that fits into no row.
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    /// How rows are counted; known after the first record.
    private enum Counting { case epochs, steps, repetitions }

    private let name: String
    private let axis: MetricAxis
    private var counting: Counting?
    /// By the number of the row: an epoch as the program counts, a step, or a count from 1.
    private(set) var rows: [Int: [String: Double]] = [:]
    private(set) var current: Int?
    /// Rows that came back after later ones count only while a file is read again.
    private let mayGoBack: Bool

    static let rowLimit = 1_000_000
    static let epochLimit = 10_000

    init(_ name: String, axis: MetricAxis, mayGoBack: Bool) {
        (self.name, self.axis, self.mayGoBack) = (name, axis, mayGoBack)
    }

    /// - Throws: `Problem`.
    mutating func take(_ record: MetricRecord) throws(Problem) {
        let row = try row(of: record)
        if let current, row < current, !mayGoBack {
            throw Problem(
                description:
                    "\(name), line \(record.place): \(counting == .steps ? "step" : "epoch") \(row) comes after \(current): if the program trains several times, for folds say, let each be a run of its own, or read the lines of one of them"
            )
        }
        guard row >= 0, rows.count < MetricTable.rowLimit else {
            throw Problem(
                description:
                    "\(name), line \(record.place): found row \(row); expected 0 or more, and at most \(MetricTable.rowLimit) rows"
            )
        }
        current = row
        // Of values that are printed again and again in one epoch, the last counts.
        rows[row, default: [:]].merge(record.values) { $1 }
    }

    private mutating func row(of record: MetricRecord) throws(Problem) -> Int {
        if counting == nil {
            counting =
                axis == .step && record.step != nil
                ? .steps
                : record.epoch != nil ? .epochs : record.step != nil ? .steps : .repetitions
        }
        // What was reported before the first epoch belongs to it.
        if counting == .repetitions, let epoch = record.epoch, axis == .epoch {
            counting = .epochs
            let values = rows.keys.sorted().reduce(into: [String: Double]()) {
                $0.merge(rows[$1] ?? [:]) { $1 }
            }
            rows = epoch.isFinite ? [Int(epoch.rounded(.up)): values] : [:]
            current = nil
        }
        switch counting {
        case .epochs:
            guard let epoch = record.epoch else { return current ?? 1 }
            // Tools that report within an epoch count in parts: 0.5 is within the first.
            guard epoch.isFinite, epoch <= Double(MetricTable.rowLimit) else {
                throw Problem(
                    description: "\(name), line \(record.place): found epoch \(epoch)")
            }
            return Int(epoch.rounded(.up))
        case .steps:
            guard let step = record.step ?? record.epoch else { return current ?? 1 }
            guard let whole = Int(exactly: step.rounded()) else {
                throw Problem(description: "\(name), line \(record.place): found step \(step)")
            }
            return whole
        case .repetitions, nil:
            let row = current ?? 1
            let repeats = record.values.keys.contains { rows[row]?[$0] != nil }
            return repeats ? row + 1 : row
        }
    }

    /// Takes in what another part of the same source says; of one step the later part counts.
    mutating func merge(_ other: MetricTable) {
        counting = counting ?? other.counting
        rows.merge(other.rows) { $0.merging($1) { $1 } }
    }

    var isEmpty: Bool { rows.isEmpty }
    var names: Set<String> { rows.values.reduce(into: []) { $0.formUnion($1.keys) } }

    /// Rows in order, from 1. Epochs that a program counts from 0 become 1, 2, …; steps become the
    /// first, second, … report, with the metric `step`.
    /// - Throws: `Problem` if there are more epochs than can be.
    func numbered() throws(Problem) -> [(row: Int, values: [String: Double])] {
        let keys = rows.keys.sorted()
        guard counting == .steps else {
            let shift = keys.first == 0 ? 1 : 0
            if let last = keys.last, last + shift > MetricTable.epochLimit {
                throw Problem(
                    description:
                        "\(name): found epoch \(last); expected at most \(MetricTable.epochLimit): if these are steps, add `axis: step` to metrics:"
                )
            }
            return keys.map { ($0 + shift, rows[$0] ?? [:]) }
        }
        return keys.enumerated().map { index, step in
            var values = rows[step] ?? [:]
            values["step"] = Double(step)
            return (index + 1, values)
        }
    }
}
