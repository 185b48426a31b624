import Files
import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// `running/<id>.journal`: what an unfinished run has told so far. Append-only, one line a record: the CRC-32 of its text
/// as eight hexadecimal digits, a blank, the text (JSON). Forced to the disk, it survives whatever happens; a torn last
/// line is not read. The writer holds a lock that the kernel lets go of when its process ends: it claims the run.
package final class Journal: Sendable {
    package enum Record: Codable, Sendable, Equatable {
        /// A try begins: which one, when (ISO 8601), and of how many epochs at most, where that is known.
        case begun(number: Int, started: String, epochs: Int?)
        /// Goes on from a checkpoint after so many epochs: later ones that were recorded before come again.
        case resumed(epochs: Int)
        /// Numbers of one epoch, as texts that read back as the same numbers; and seconds since the try began.
        case epoch(Int, values: [String: String], seconds: Double)
        case failed(reason: String)
    }

    /// Another process trains the run.
    package struct Claimed: Error, CustomStringConvertible {
        let path: String

        package var description: String { "\(path): another process works on this run" }
    }

    private let file: URL
    private let descriptor: Int32

    /// Opens or makes a journal and claims its run. What a kill left half written is cut off.
    /// - Throws: `Claimed`, or `StoreError` where it can't be written.
    package init(_ file: URL) throws {
        self.file = file
        try? FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        descriptor = open(file.path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw StoreError.unwritable(path: file.path, reason: systemProblem()) }
        // Whoever asks for the state of a run holds the lock for a moment too.
        guard lockPatiently(descriptor) else {
            close(descriptor)
            throw Claimed(path: file.path)
        }
        guard lseek(descriptor, 0, SEEK_END) > 0 else { return }
        let whole = Journal.wholeLines([UInt8]((try? Data(contentsOf: file)) ?? Data())).length
        ftruncate(descriptor, off_t(whole))
    }

    deinit { close(descriptor) }

    /// Appends records, and forces them to the disk all together.
    /// - Parameter durably: false for what nobody misses after a crash.
    package func append(_ records: [Record], durably: Bool = true) throws {
        guard !records.isEmpty else { return }
        let text = try records.map { try Journal.line($0) }.joined()
        try DurableFile.writeAll(Array(text.utf8), descriptor, file)
        guard !durably || fdatasync(descriptor) == 0 else {
            throw StoreError.unwritable(path: file.path, reason: systemProblem())
        }
    }

    /// The run is stored: what it told is in its file.
    package func remove() { unlink(file.path) }

    // MARK: Reading

    /// All whole records; none where there is no journal.
    package static func read(_ file: URL) -> [Record] {
        guard let data = try? Data(contentsOf: file) else { return [] }
        return wholeLines([UInt8](data)).texts.compactMap { text in
            try? JSONDecoder().decode(Record.self, from: Data(text))
        }
    }

    /// Whether some process works on the run of this journal now.
    package static func isClaimed(_ file: URL) -> Bool {
        let descriptor = open(file.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 else { return true }
        flock(descriptor, LOCK_UN)
        return false
    }

    private static func line(_ record: Record) throws -> String {
        let text = try RunFile.json(record)
        return checksum(Array(text.utf8)) + " " + text + "\n"
    }

    private static func checksum(_ bytes: [UInt8]) -> String {
        let digits = String(Zlib.crc32(bytes), radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// The texts of all lines up to the first that is torn or damaged, and how many bytes they take.
    private static func wholeLines(_ bytes: [UInt8]) -> (texts: [[UInt8]], length: Int) {
        var texts: [[UInt8]] = []
        var length = 0
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast() {
            guard line.count > 9, line[line.startIndex + 8] == UInt8(ascii: " ") else { break }
            let text = Array(line.dropFirst(9))
            guard Array(line.prefix(8)) == Array(checksum(text).utf8) else { break }
            texts.append(text)
            length += line.count + 1
        }
        return (texts, length)
    }
}

/// How far an unfinished run has come, by its journal.
package struct RunProgress: Sendable, Equatable {
    package var tries = 0
    package var started = ""
    /// At most so many; nil where nobody knows.
    package var epochs: Int?
    /// Metric values by epoch, later tries over earlier ones.
    package var values: [Int: [String: Double]] = [:]
    /// Since the last try began, when its last epoch ended.
    package var seconds = 0.0
    /// Epochs of the last try alone.
    package var epochsOfTry = 0
    /// Why earlier tries failed.
    package var failures: [String] = []

    package init(_ records: [Journal.Record]) {
        for record in records {
            switch record {
            case .begun(let number, let started, let epochs):
                (tries, self.started, self.epochs) = (number, started, epochs)
                (seconds, epochsOfTry) = (0, 0)
            case .resumed: break
            case .epoch(let epoch, let texts, let seconds):
                values[epoch, default: [:]].merge(texts.compactMapValues { Double($0) }) { $1 }
                self.seconds = seconds
                epochsOfTry += 1
            case .failed(let reason): failures.append(reason)
            }
        }
    }

    /// The last epoch that told something; 0: none.
    package var epoch: Int { values.keys.max() ?? 0 }
}

/// Takes the lock of an open file, or returns false when somebody else keeps it for a second.
package func lockPatiently(_ descriptor: Int32) -> Bool {
    for _ in 0..<20 {
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
        usleep(50_000)
    }
    return false
}
