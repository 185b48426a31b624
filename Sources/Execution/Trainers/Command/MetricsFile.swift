import Digests
import Files
import Foundation
import RunStore
import Studies

/// The metrics that a command appends to a file, one JSON object a line: `{"epoch": 1,
/// "val_accuracy": 0.41}`; or `{"step": 100, …}` where the recipe counts by steps. Read as it grows,
/// through a handle that outlives the file's name.
package struct MetricsFile {
    /// A line that breaks a rule.
    package struct Problem: Error, CustomStringConvertible {
        let line: Int
        let message: String

        package var description: String { "its metrics, line \(line): \(message)" }
    }

    /// What one line reports.
    package struct Entry: Equatable {
        /// Or the step.
        package var epoch: Int
        package var values: [String: Double]

        package init(epoch: Int, values: [String: Double]) {
            self.epoch = epoch
            self.values = values
        }
    }

    private static let metricLimit = 500
    private static let lineLimit = 1 << 20

    private let path: String
    private let axis: MetricAxis
    private let handle: FileHandle
    private var pending: [UInt8] = []
    /// Bytes read so far, and their digest: what was reported may not change.
    private var readBytes = 0
    private var readHash = SHA256()
    private var line = 0
    private var problem: Problem?
    /// The numbers of the rows: all epochs up to the last, or the steps that were reported.
    private var rows: [Int] = []
    /// By row; a metric that ends earlier has no value in the others.
    private var values: [String: [Double]] = [:]
    /// The last value of each metric: a NaN that was reported differs from an epoch without a
    /// value.
    private var lastReported: [String: Double] = [:]
    /// Whether the next line is the first of this attempt: epochs that it reports again replace
    /// those of earlier attempts.
    private var isFirstOfAttempt = true
    private var entriesOfEpoch: Set<String> = []

    /// - Parameters:
    ///   - isContinued: whether the command goes on from what it kept itself; if not, the file begins
    ///     empty.
    ///   - axis: what lines are counted by.
    /// - Throws: `StoreError` where the file can't be made.
    package init(_ file: URL, isContinued: Bool, axis: MetricAxis = .epoch) throws {
        (path, self.axis) = (file.path, axis)
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | (isContinued ? 0 : O_TRUNC)
        let descriptor = open(path, flags, 0o666)
        guard descriptor >= 0 else {
            throw StoreError.unwritable(path: path, reason: String(cString: strerror(errno)))
        }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        if isContinued { try takeEarlierTries(descriptor) }
    }

    /// Lines of earlier attempts. The first that is incomplete or invalid is removed with all lines
    /// after it.
    private mutating func takeEarlierTries(_ descriptor: Int32) throws {
        let data = try read()
        var sound = 0
        for line in [UInt8](data).split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
        ).dropLast() {
            isFirstOfAttempt = goesBack(line)
            do { _ = try take(line) } catch { break }
            sound += line.count + 1
        }
        problem = nil
        ftruncate(descriptor, off_t(sound))
        lseek(descriptor, 0, SEEK_END)
        readBytes = sound
        readHash.update(data.prefix(sound))
        isFirstOfAttempt = true
    }

    /// Whether a line of an earlier attempt repeats an epoch before it: a later attempt began
    /// there.
    private func goesBack(_ text: ArraySlice<UInt8>) -> Bool {
        // A line that is unsound is reported when it is taken.
        guard let last = rows.last, let entry = try? entry(text, line: 0) else { return false }
        return entry.epoch < last
            || (entry.epoch == last && !entriesOfEpoch.isDisjoint(with: entry.values.keys))
    }

    /// The rest of the file, from where the handle is.
    private func read() throws -> Data {
        do { return try handle.readToEnd() ?? Data() } catch {
            throw StoreError.unreadable(path: path, reason: "\(error.localizedDescription)")
        }
    }

    /// What was appended since, as far as it ends with a line's end.
    package mutating func poll() throws -> [Entry] {
        if let problem { throw problem }
        var facts = stat()
        if fstat(handle.fileDescriptor, &facts) == 0, Int(facts.st_size) < readBytes {
            throw rewritten()
        }
        let data = try read()
        readBytes += data.count
        readHash.update(data)
        pending += data
        var entries: [Entry] = []
        var rest = pending[...]
        defer { pending = Array(rest) }
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let text = rest[..<end]
            rest = rest[rest.index(after: end)...]
            if let entry = try take(text) { entries.append(entry) }
        }
        guard rest.count <= MetricsFile.lineLimit else {
            throw Problem(line: line + 1, message: "is longer than 1 MB")
        }
        return entries
    }

    /// The rest, when the command has ended: a last line without an end, or a file put in the place
    /// of the first.
    package mutating func finish() throws -> [Entry] {
        var entries = try poll()
        if !pending.isEmpty {
            let last = pending
            pending = []
            if let entry = try take(last[...]) { entries.append(entry) }
        }
        guard access(path, F_OK) == 0 else {
            throw Problem(
                line: line,
                message:
                    "the file was removed while the program ran: what it reported afterwards is lost"
            )
        }
        guard isReplaced else {
            try refuseRewriting()
            return entries
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Problem(
                line: line, message: "the file was replaced by something that is not a file")
        }
        // A program may rewrite the file each time and rename it; the lines read before must be
        // unchanged.
        guard data.count >= readBytes, SHA256.hash(data.prefix(readBytes)) == readHash.finalize()
        else {
            throw rewritten()
        }
        (rows, values, lastReported, line, isFirstOfAttempt, entriesOfEpoch) = (
            [], [:], [:], 0, true, []
        )
        return try [UInt8](data).split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
        ).compactMap {
            try take($0)
        }
    }

    /// What was read has to be there still.
    private mutating func refuseRewriting() throws {
        lseek(handle.fileDescriptor, 0, SEEK_SET)
        let data = try read()
        guard data.count >= readBytes, SHA256.hash(data.prefix(readBytes)) == readHash.finalize()
        else {
            throw rewritten()
        }
    }

    private mutating func rewritten() -> Problem {
        let found = Problem(
            line: line,
            message:
                "a line that was read before has changed: append to the file (open it with \"a\")")
        problem = found
        return found
    }

    /// Whether another file has the name now.
    private var isReplaced: Bool {
        var (own, named) = (stat(), stat())
        return fstat(handle.fileDescriptor, &own) == 0 && stat(path, &named) == 0
            && own.st_ino != named.st_ino
    }

    /// All that was reported. A run whose loss, or whose judged metric, ends as no finite number has
    /// diverged, whatever the program made of it.
    package func reported(judgedBy metric: Metric) -> ReportedMetrics {
        ReportedMetrics(axis: axis, rows: rows, values: values, last: lastReported, metric)
    }

    /// The first problem found; later calls report it again.
    private mutating func take(_ text: ArraySlice<UInt8>) throws -> Entry? {
        if let problem { throw problem }
        do { return try read(text) } catch let found as Problem {
            problem = found
            throw found
        }
    }

    private mutating func read(_ text: ArraySlice<UInt8>) throws -> Entry? {
        line += 1
        guard text.contains(where: { $0 > 0x20 }) else { return nil }
        let entry = try entry(text, line: line)
        if isFirstOfAttempt {
            // The command continues before the end of what it has reported.
            isFirstOfAttempt = false
            rows.removeAll { $0 >= entry.epoch }
            for (name, known) in values { values[name] = Array(known.prefix(rows.count)) }
            lastReported = [:]
            entriesOfEpoch = []
        }
        if let last = rows.last, entry.epoch < last {
            throw Problem(
                line: line,
                message: "\(axis.place(entry.epoch)) comes after \(axis.place(last))")
        }
        if rows.last.map({ entry.epoch > $0 }) ?? true {
            rows += axis == .step ? [entry.epoch] : Array((rows.last ?? 0) + 1...entry.epoch)
            entriesOfEpoch = []
        }
        for (name, value) in entry.values.sorted(by: { $0.key < $1.key }) {
            guard entriesOfEpoch.insert(name).inserted else {
                throw Problem(
                    line: line, message: "\(axis.place(entry.epoch)) reports \(name) twice")
            }
            if let place = values.index(forKey: name), !values[place].key.hasSameBytes(as: name) {
                throw Problem(
                    line: line,
                    message:
                        "\(name) differs from a metric before only in its Unicode form (composed and decomposed letters)"
                )
            }
            let gap = rows.count - 1 - (values[name]?.count ?? 0)
            lastReported[name] = value
            values[name, default: []] += [Double](repeating: .nan, count: gap) + [value]
        }
        guard values.count <= MetricsFile.metricLimit else {
            throw Problem(
                line: line, message: "there are more than \(MetricsFile.metricLimit) metrics")
        }
        return entry
    }

    private func entry(_ text: ArraySlice<UInt8>, line: Int) throws -> Entry {
        let shown = String(decoding: text.prefix(60), as: UTF8.self) + (text.count > 60 ? "…" : "")
        let decoder = JSONDecoder()
        // Python writes NaN and Infinity, which JSON itself does not know.
        decoder.allowsJSON5 = true
        guard text.first(where: { $0 > 0x20 }) == UInt8(ascii: "{"),
            // The message quotes the line; the decoder's own words would not help.
            let fields = try? decoder.decode([String: Number].self, from: Data(text))
        else { throw Problem(line: line, message: "is not a JSON object of numbers: \(shown)") }
        if let name = MetricLine(text).repeatedKey {
            throw Problem(line: line, message: "names \(name) twice: \(shown)")
        }
        let key = axis.rawValue
        let limits = axis == .step ? 0...MetricTable.stepLimit : 1...MetricTable.epochLimit
        guard let number = fields[key]?.value, let whole = Int(exactly: number),
            limits.contains(whole)
        else {
            throw Problem(
                line: line,
                message:
                    "\(key) has to be a whole number, \(limits.lowerBound)…\(limits.upperBound): \(shown)"
            )
        }
        for (name, number) in fields {
            guard !name.isEmpty, name.utf8.count <= 200,
                name.visible == name, !name.unicodeScalars.contains(where: { $0.value < 0x20 })
            else {
                throw Problem(
                    line: line, message: "a metric's name is empty, too long or not text: \(shown)")
            }
            guard number.value != nil else {
                throw Problem(line: line, message: "\(name) is not a number: \(shown)")
            }
        }
        return Entry(
            epoch: whole, values: fields.filter { $0.key != key }.compactMapValues(\.value))
    }

    /// A number; `null` is what some languages write for NaN.
    private struct Number: Decodable {
        /// Nil for anything else.
        let value: Double?

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            // The decoder decides the type.
            if container.decodeNil() {
                value = .nan
            } else if (try? container.decode(Bool.self)) != nil {
                value = nil
            } else {
                value = try? container.decode(Double.self)
            }
        }
    }
}
