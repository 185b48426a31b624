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

    /// What the keys of the rows are; known after the first record.
    private enum Counting { case epochs, steps, repetitions }

    let name: String
    /// What the recipe counts by; nil: it does not say.
    private let axis: MetricAxis?
    /// Rows that came back after later ones count only while a file is read again.
    private let mayGoBack: Bool
    private var counting: Counting?
    private var hasSteps = false
    /// By an epoch as the program counts, a step, or a count from 1.
    private var rows: [Int: [String: Double]] = [:]
    /// The keys of the rows, ascending.
    private(set) var keys: [Int] = []
    private(set) var names: Set<String> = []
    private var current: Int?
    /// Rows that have changed since they were asked for.
    private var changed: Set<Int> = []
    /// Whether the program's first epoch is 0.
    private(set) var countsFromZero: Bool

    static let rowLimit = 1_000_000
    static let epochLimit = 10_000
    /// All whole numbers up to here are floating-point numbers.
    static let stepLimit = 1 << 53

    /// - Parameter countsFromZero: as an earlier attempt of the run has shown.
    init(
        _ name: String, axis: MetricAxis?, mayGoBack: Bool = false, countsFromZero: Bool = false
    ) {
        (self.name, self.axis, self.mayGoBack) = (name, axis, mayGoBack)
        self.countsFromZero = countsFromZero
    }

    var isEmpty: Bool { keys.isEmpty }

    /// Whether it has steps and no epochs, and the recipe does not say what to count by.
    var hasOnlySteps: Bool { axis != .step && counting == .steps }

    // MARK: Taking records

    /// - Throws: `Problem`.
    mutating func take(_ record: MetricRecord) throws(Problem) {
        let key = try key(of: record)
        if let current, key < current, !mayGoBack {
            throw Problem(
                description:
                    "\(name), line \(record.place): \(counting == .steps ? "step" : "epoch") \(key) comes after \(current): if the program trains several times, for folds say, let each be a run of its own, or read the lines of one of them"
            )
        }
        guard key >= 0, keys.count < MetricTable.rowLimit || rows[key] != nil else {
            throw Problem(
                description:
                    "\(name), line \(record.place): found row \(key); expected 0 or more, and at most \(MetricTable.rowLimit) rows"
            )
        }
        current = key
        if key == 0, counting == .epochs { countsFromZero = true }
        add(record.values, to: key)
    }

    /// Of values that are printed again and again in one epoch, the last counts.
    private mutating func add(_ values: [String: Double], to key: Int) {
        if rows[key] == nil {
            if key > keys.last ?? -1 {
                keys.append(key)
            } else {
                keys.insert(key, at: place(of: key))
            }
        }
        rows[key, default: [:]].merge(values) { $1 }
        names.formUnion(values.keys)
        changed.insert(key)
    }

    /// Where a key is among the keys, or would be.
    private func place(of key: Int) -> Int {
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func key(of record: MetricRecord) throws(Problem) -> Int {
        if counting == nil || counting == .repetitions { try startCounting(record) }
        switch counting {
        case .epochs:
            let number = record.epoch ?? (axis == .epoch && !hasSteps ? record.step : nil)
            guard let number else { return current ?? 1 }
            // Tools that report within an epoch count in parts: 0.5 is within the first.
            guard number.isFinite, abs(number) <= Double(MetricTable.rowLimit) else {
                throw Problem(
                    description: "\(name), line \(record.place): found epoch \(number)")
            }
            return Int(number.rounded(.up))
        case .steps:
            guard let number = record.step ?? (hasSteps ? nil : record.epoch) else {
                return current ?? 0
            }
            guard let whole = Int(exactly: number.rounded()), abs(whole) <= MetricTable.stepLimit
            else {
                throw Problem(description: "\(name), line \(record.place): found step \(number)")
            }
            return whole
        case .repetitions, nil:
            let key = current ?? 1
            let repeats = record.values.keys.contains { rows[key]?[$0] != nil }
            return repeats ? key + 1 : key
        }
    }

    /// Decides by the first record that has a number what rows are counted by.
    private mutating func startCounting(_ record: MetricRecord) throws(Problem) {
        let isFirst = counting == nil
        if axis == .step {
            guard isFirst else { return }
            hasSteps = record.step != nil
            counting = hasSteps || record.epoch != nil ? .steps : .repetitions
        } else if let epoch = record.epoch {
            (counting, hasSteps) = (.epochs, record.step != nil)
            guard !isFirst, epoch.isFinite else { return }
            // What was reported before the first epoch belongs to it.
            let values = keys.reduce(into: [String: Double]()) { $0.merge(rows[$1] ?? [:]) { $1 } }
            (rows, keys, changed, current) = ([:], [], [], nil)
            guard abs(epoch) <= Double(MetricTable.rowLimit) else { return }
            add(values, to: Int(epoch.rounded(.up)))
        } else if isFirst {
            // Steps count as epochs where the recipe says so.
            counting = record.step == nil ? .repetitions : axis == .epoch ? .epochs : .steps
        }
    }

    /// Takes the place of an earlier state of the same source: rows that are the same have not
    /// changed.
    mutating func follow(_ earlier: MetricTable) {
        changed = Set(
            keys.filter { key in
                guard let old = earlier.rows[key], let new = rows[key], old.count == new.count
                else { return true }
                return earlier.changed.contains(key)
                    || !new.allSatisfy { name, value in
                        old[name].map { $0 == value || $0.isNaN && value.isNaN } ?? false
                    }
            })
    }

    // MARK: Numbers of rows

    /// Epochs that a program counts from 0 become 1, 2, …. Steps keep their numbers where the recipe
    /// counts by steps; else they become the first, second, … report, with the metric `step`.
    var numbers: [Int] {
        if hasOnlySteps { return Array(1..<keys.count + 1) }
        return keys.map { $0 + shift }
    }

    /// The values of a row; nil if there is none of this number.
    func values(at number: Int) -> [String: Double]? {
        guard hasOnlySteps else { return rows[number - shift] }
        guard keys.indices.contains(number - 1) else { return nil }
        var values = rows[keys[number - 1]]
        values?[MetricAxis.steps] = Double(keys[number - 1])
        return values
    }

    private var shift: Int { counting == .epochs && countsFromZero ? 1 : 0 }

    /// The numbers of the rows that have changed since the last call.
    mutating func takeChanged() -> Set<Int> {
        defer { changed = [] }
        guard hasOnlySteps else { return Set(changed.map { $0 + shift }) }
        return Set(changed.map { place(of: $0) + 1 })
    }

    /// - Throws: `Problem` if there are more epochs than can be.
    func check() throws(Problem) {
        guard axis != .step, let last = keys.last else { return }
        let count = hasOnlySteps ? keys.count : last + shift
        guard count <= MetricTable.epochLimit else {
            throw Problem(
                description:
                    "\(name): found epoch \(count); expected at most \(MetricTable.epochLimit): if these are steps, add `axis: step` to metrics:"
            )
        }
    }
}
