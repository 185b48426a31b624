import Digests
import Files
import Foundation
import RunStore
import Studies

/// The metrics that a command appends to a file, one JSON object a line: `{"epoch": 1,
/// "val_accuracy": 0.41}`. Read as it grows, through a handle that outlives the file's name.
package struct MetricsFile {
    /// A line that breaks a rule.
    package struct Problem: Error, CustomStringConvertible {
        let line: Int
        let message: String

        package var description: String { "its metrics, line \(line): \(message)" }
    }

    /// What one line reports.
    package struct Entry: Equatable {
        package var epoch: Int
        package var values: [String: Double]

        package init(epoch: Int, values: [String: Double]) {
            self.epoch = epoch
            self.values = values
        }
    }

    static let epochLimit = 10_000
    private static let metricLimit = 500
    private static let lineLimit = 1 << 20

    private let path: String
    private let handle: FileHandle
    private var pending: [UInt8] = []
    /// Bytes read so far, and their digest: what was reported may not change.
    private var readBytes = 0
    private var readHash = SHA256()
    private var line = 0
    private var problem: Problem?
    private var values: [String: [Double]] = [:]
    /// The last value of each metric: a NaN that was reported differs from an epoch without a
    /// value.
    private var lastReported: [String: Double] = [:]
    private(set) var epochs = 0
    /// Whether the next line is the first of this attempt: epochs that it reports again replace
    /// those of earlier attempts.
    private var isFirstOfAttempt = true
    private var entriesOfEpoch: Set<String> = []

    /// - Parameter isContinued: whether the command goes on from what it kept itself; if not, the
    ///   file begins empty.
    /// - Throws: `StoreError` where the file can't be made.
    package init(_ file: URL, isContinued: Bool) throws {
        path = file.path
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
        guard let entry = try? MetricsFile.entry(text, line: 0) else { return false }
        return entry.epoch < epochs
            || (entry.epoch == epochs && !entriesOfEpoch.isDisjoint(with: entry.values.keys))
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
        (values, lastReported, epochs, line, isFirstOfAttempt, entriesOfEpoch) = (
            [:], [:], 0, 0, true, []
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

    /// All that the command reported.
    package struct Reported: Sendable {
        /// Sorted by name; NaN at epochs without a word of the metric.
        package var histories: [History]
        package var outcome: Outcome

        /// Adds what declared sources have given.
        /// - Throws: `MetricSources.Problem` where the command reported one of the metrics too.
        mutating func take(_ rows: [Int: [String: Double]], judgedBy metric: Metric) throws {
            let epochs = max(rows.keys.max() ?? 0, histories.first?.values.count ?? 0)
            var values: [String: [Double]] = [:]
            for history in histories {
                values[history.name] =
                    history.values
                    + [Double](repeating: .nan, count: epochs - history.values.count)
            }
            let own = Set(values.keys)
            for row in rows.keys.sorted() {
                for (name, value) in rows[row] ?? [:] {
                    guard !own.contains(name) else {
                        throw MetricSources.Problem(
                            description:
                                "its metrics: \(name) comes from two sources, $VISEME_METRICS and metrics:"
                        )
                    }
                    values[name, default: [Double](repeating: .nan, count: epochs)][row - 1] = value
                }
            }
            let last = rows.keys.max().flatMap { rows[$0] } ?? [:]
            if last.contains(where: { isLost($0, $1, metric) }) { outcome = .diverged }
            histories = values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map {
                History(name: $0, values: $1)
            }
        }

        /// Whether a value shows that the run has diverged.
        private func isLost(_ name: String, _ value: Double, _ metric: Metric) -> Bool {
            !value.isFinite && (name == metric.name || name.lowercased().hasSuffix("loss"))
        }
    }

    /// A run whose loss, or whose judged metric, ends as no finite number has diverged, whatever
    /// the program made of it.
    package func reported(judgedBy metric: Metric) -> Reported {
        let histories = values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map {
            name, values in
            History(
                name: name, values: values + [Double](repeating: .nan, count: epochs - values.count)
            )
        }
        let isLost = lastReported.contains { name, value in
            !value.isFinite && (name == metric.name || name.lowercased().hasSuffix("loss"))
        }
        return Reported(histories: histories, outcome: isLost ? .diverged : .trained)
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
        let entry = try MetricsFile.entry(text, line: line)
        if isFirstOfAttempt {
            // The command continues before the end of what it has reported.
            isFirstOfAttempt = false
            for (name, known) in values { values[name] = Array(known.prefix(entry.epoch - 1)) }
            epochs = min(epochs, entry.epoch - 1)
            lastReported = [:]
            entriesOfEpoch = []
        }
        guard entry.epoch >= epochs else {
            throw Problem(line: line, message: "epoch \(entry.epoch) comes after epoch \(epochs)")
        }
        if entry.epoch > epochs {
            epochs = entry.epoch
            entriesOfEpoch = []
        }
        for (name, value) in entry.values.sorted(by: { $0.key < $1.key }) {
            guard entriesOfEpoch.insert(name).inserted else {
                throw Problem(line: line, message: "epoch \(epochs) reports \(name) twice")
            }
            if let place = values.index(forKey: name), !values[place].key.hasSameBytes(as: name) {
                throw Problem(
                    line: line,
                    message:
                        "\(name) differs from a metric before only in its Unicode form (composed and decomposed letters)"
                )
            }
            let gap = epochs - 1 - (values[name]?.count ?? 0)
            lastReported[name] = value
            values[name, default: []] += [Double](repeating: .nan, count: gap) + [value]
        }
        guard values.count <= MetricsFile.metricLimit else {
            throw Problem(
                line: line, message: "there are more than \(MetricsFile.metricLimit) metrics")
        }
        return entry
    }

    private static func entry(_ text: ArraySlice<UInt8>, line: Int) throws -> Entry {
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
        guard let epoch = fields["epoch"]?.value, let whole = Int(exactly: epoch),
            (1...epochLimit).contains(whole)
        else {
            throw Problem(
                line: line, message: "epoch has to be a whole number, 1…\(epochLimit): \(shown)")
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
            epoch: whole, values: fields.filter { $0.key != "epoch" }.compactMapValues(\.value))
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
