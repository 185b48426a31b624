import Expressions
import Foundation
import Studies
import Synchronization

/// Finds metrics in what a program prints.
struct OutputMetrics {
    private let matchers: [(matcher: RegularExpression.Matcher, groups: Groups)]
    private let format: OutputFormat?
    private var lines = OutputLines()
    private(set) var table: MetricTable
    /// What was said of the epoch under way and is not in the table yet: of values that are printed
    /// again and again the last counts.
    private var pending = MetricRecord()
    /// The line that is read; it keeps its room from one to the next.
    private var scratch = MetricRecord()
    /// Of a table of columns: their names.
    private var columns: [String] = []
    private var epoch: Double?
    private var step: Double?
    private var hasEnded = false
    /// Whether the values of this epoch are complete.
    private var isClosed = false
    private var slow = 0
    /// Lines that are over, and the number of the one that is looked at.
    private var (ended, number) = (0, 1)

    /// Numbers of the groups of an expression.
    private struct Groups {
        var epoch, step, metric, value, of, end, skip: Int?
        var metrics: [(name: String, number: Int)] = []

        init(_ expression: RegularExpression) {
            for (name, number) in expression.groups {
                switch name {
                case "epoch": epoch = number
                case "step": step = number
                case "metric": metric = number
                case "value": value = number
                case "of": of = number
                case "end": end = number
                case "skip": skip = number
                default: metrics.append((name, number))
                }
            }
        }
    }

    /// - Throws: `RegularExpression.Malformed`.
    init(format: OutputFormat?, patterns: [String], table: MetricTable) throws {
        self.format = format
        matchers = try (patterns + (format?.patterns ?? [])).map {
            let expression = try RegularExpression($0)
            return (RegularExpression.Matcher(expression), Groups(expression))
        }
        self.table = table
    }
    /// Lines on which an expression gave up.
    var slowLines: Int { slow }
    /// Lines that were too long to look at.
    var longLines: Int { lines.skipped }

    /// - Throws: `MetricTable.Problem`.
    mutating func take(_ chunk: [UInt8]) throws {
        var lines = lines
        defer { self.lines = lines }
        try lines.take(chunk) { try take(line: $0, isOver: $1) }
    }

    mutating func end() throws {
        var lines = lines
        defer { self.lines = lines }
        try lines.end { try take(line: $0, isOver: $1) }
        try flush()
    }

    /// Puts what is pending into the table.
    /// - Throws: `MetricTable.Problem`.
    mutating func flush() throws {
        guard !pending.values.isEmpty else { return }
        defer { pending.values.removeAll(keepingCapacity: true) }
        try table.take(pending)
    }

    /// The numbers of the rows that have changed since the last call.
    mutating func takeChanged() throws -> Set<Int> {
        try flush()
        return table.takeChanged()
    }

    private mutating func take(line: UnsafeBufferPointer<UInt8>, isOver: Bool) throws {
        number = ended + 1
        if isOver { ended += 1 }
        guard !hasEnded, !line.isEmpty else { return }
        if format?.isTable == true { return try takeColumns(line) }
        var record = scratch
        scratch = MetricRecord()
        defer {
            record.values.removeAll(keepingCapacity: true)
            (record.epoch, record.step) = (nil, nil)
            scratch = record
        }
        var hasNewEpoch = false
        var isSkipped = false
        for (matcher, groups) in matchers {
            do {
                try matcher.matches(in: line) { place in
                    func text(_ group: Int?) -> String? {
                        group.flatMap(place).map { String(decoding: line[$0], as: UTF8.self) }
                    }
                    if text(groups.end) != nil { hasEnded = true }
                    if text(groups.skip) != nil { isSkipped = true }
                    func number(_ group: Int?, _ name: String) throws -> Double? {
                        guard let range = group.flatMap(place) else { return nil }
                        return try MetricNumber.plain(line[range])
                            ?? value(String(decoding: line[range], as: UTF8.self), name)
                    }
                    if let found = try number(groups.epoch, "epoch") {
                        record.epoch = found
                        hasNewEpoch = true
                    }
                    if let found = try number(groups.step, "step") { record.step = found }
                    for (name, group) in groups.metrics {
                        guard let found = try number(group, name) else { continue }
                        if record.values[name] != nil, epoch == nil, record.epoch == nil {
                            try take(&record)
                        }
                        record.values[name] = found
                    }
                    if let name = text(groups.metric),
                        let found = try number(groups.value, name)
                    {
                        // Without epochs, a metric that comes again begins the next row.
                        if record.values[name] != nil, epoch == nil, record.epoch == nil {
                            try take(&record)
                        }
                        // `Train Loss`; LightGBM's names have spaces of their own.
                        let plain =
                            format?.name == "key=value" && name.utf8.contains(UInt8(ascii: " "))
                            ? name.replacing(". ", with: "_").replacing(" ", with: "_") : name
                        record.values[plain] = try found / (number(groups.of, name) ?? 1)
                    }
                }
            } catch is RegularExpression.TooSlow { slow += 1 }
            if hasEnded || isSkipped { return }
        }
        // A line that is drawn over and over begins no row by itself: its last state counts.
        if !isOver, epoch == nil, record.epoch == nil { return }
        // Tools that print pairs name the epoch as one of them.
        if let found = record.values.removeValue(forKey: "epoch") {
            (record.epoch, hasNewEpoch) = (found, true)
        }
        if let found = record.values.removeValue(forKey: "step") { record.step = found }
        if hasNewEpoch { isClosed = false }
        epoch = record.epoch ?? epoch
        step = record.step ?? step
        guard !record.values.isEmpty, !isClosed else { return }
        try take(&record)
        if isOver, format?.endsWithLine == true, epoch != nil { isClosed = true }
    }

    private mutating func take(_ record: inout MetricRecord) throws {
        (record.epoch, record.step) = (record.epoch ?? epoch, record.step ?? step)
        record.place = number
        if record.epoch == nil && record.step == nil {
            // Without numbers, a value that comes again begins the next row.
            try flush()
            try table.take(record)
        } else {
            if record.epoch != pending.epoch || record.step != pending.step {
                try flush()
                (pending.epoch, pending.step) = (record.epoch, record.step)
            }
            if pending.values.isEmpty { pending.place = number }
            for (name, value) in record.values { pending.values[name] = value }
        }
        record.values.removeAll(keepingCapacity: true)
        (record.epoch, record.step) = (nil, nil)
    }

    /// A line of names, then lines of numbers below them.
    private mutating func takeColumns(_ line: UnsafeBufferPointer<UInt8>) throws {
        let words = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace)
            .map(String.init)
        if words.first == "epoch", words.count > 1 {
            columns = words
            return
        }
        guard !columns.isEmpty, words.count == columns.count,
            let epoch = MetricNumber.value(words[0])
        else { return }
        var record = MetricRecord(epoch: epoch, place: number)
        for (name, word) in zip(columns, words).dropFirst() {
            if let value = MetricNumber.value(word) { record.values[name] = value }
        }
        try table.take(record)
    }

    private func value(_ text: String, _ name: String) throws -> Double {
        guard let value = MetricNumber.value(text) else {
            throw MetricTable.Problem(
                description:
                    "its output, line \(number): \(name) is \"\(text.prefix(60))\", which is not a number"
            )
        }
        return value
    }
}

/// Numbers as programs print them.
enum MetricNumber {
    /// Digits with a sign, a point and an exponent, as most programs print; nil for anything else,
    /// which may be a number all the same.
    static func plain(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Double? {
        guard (1...40).contains(bytes.count) else { return nil }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 41) { text in
            var count = 0
            for byte in bytes {
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "+"),
                    UInt8(ascii: "-"), UInt8(ascii: "e"), UInt8(ascii: "E"):
                    text[count] = CChar(bitPattern: byte)
                    count += 1
                default: return nil
                }
            }
            text[count] = 0
            guard let start = text.baseAddress else { return nil }
            var end: UnsafeMutablePointer<CChar>?
            let value = strtod(start, &end)
            return end == start + count ? value : nil
        }
    }

    /// `0.31`, `1,234.5`, `3e-4`, `97.5%`, `nan`, `-inf`; nil for anything else.
    static func value(_ text: some StringProtocol) -> Double? {
        var plain = text.trimmingCharacters(in: .whitespaces)
        while let last = plain.last, ",;%)]}".contains(last) { plain.removeLast() }
        if plain.contains(",") {
            let parts = plain.split(separator: ",", omittingEmptySubsequences: false)
            let isGrouped = parts.dropFirst().allSatisfy {
                $0.prefix { $0.isNumber }.count == 3
            }
            guard isGrouped else { return nil }
            plain.removeAll { $0 == "," }
        }
        guard let first = plain.unicodeScalars.first, first.isASCII else { return nil }
        switch plain.lowercased() {
        case "nan", "+nan", "-nan", "null", "none", "na": return .nan
        case "inf", "+inf", "infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        default:
            // Hexadecimal floating point is no number that a program would print.
            return plain.lowercased().contains("x") ? nil : Double(plain)
        }
    }
}
