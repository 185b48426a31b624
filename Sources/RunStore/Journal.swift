import Files
import Foundation
import Studies

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// `running/<id>.journal`: what an unfinished run has reported so far, and the one stream of events
/// that displays read. Append-only, one line a record: the CRC-32 of its text as eight hexadecimal
/// digits, a blank, the text (JSON). It is forced to the disk, so that it survives a crash; an
/// incomplete last line is not read. The writer holds a lock, which the kernel releases when its
/// process ends: it claims the run.
package final class Journal: Sendable {
    package enum Record: Codable, Sendable, Equatable {
        /// An attempt begins: which one, when (ISO 8601), and of how many epochs at most, if that
        /// is known; where rows are counted by steps, of how many steps.
        case begun(number: Int, started: String, epochs: Int?, axis: MetricAxis? = nil)
        /// Goes on from a checkpoint after so many epochs: later ones that were recorded before
        /// come again.
        case resumed(epochs: Int)
        /// Numbers of one epoch, or step, as texts that read back as the same numbers; and seconds
        /// since the try began. A row may come again with more of its numbers.
        case epoch(Int, values: [String: String], seconds: Double)
        /// A source of metrics counts epochs from 0: one that goes on from this attempt does too.
        case countsFromZero(source: String)
        /// Batches done of an epoch that takes long.
        case batch(epoch: Int, done: Int, of: Int)
        case failed(reason: String)
    }

    /// Another process trains the run.
    package struct Claimed: UserError {
        let path: String

        package var place: String { path }
        package var rule: String { "another process is training this run" }
    }

    private let file: URL
    private let descriptor: Int32

    /// Opens or makes a journal and claims its run. What a kill left half written is cut off.
    /// - Throws: `Claimed`, or `StoreError` where it can't be written.
    package init(_ file: URL) throws {
        self.file = file
        FileManager.default.ensureFolder(file.deletingLastPathComponent())
        descriptor = open(file.path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0o666)
        guard descriptor >= 0 else {
            throw StoreError.unwritable(path: file.path, reason: systemProblem())
        }
        guard isRegularFile(descriptor) else {
            close(descriptor)
            throw StoreError.unwritable(path: file.path, reason: "it is not a regular file")
        }
        // Whoever asks for the state of a run holds the lock for a moment too.
        guard lockPatiently(descriptor) else {
            close(descriptor)
            throw Claimed(path: file.path)
        }
        guard lseek(descriptor, 0, SEEK_END) > 0 else { return }
        let bytes: [UInt8]
        do { bytes = try DurableFile.read(file) } catch {
            close(descriptor)
            throw error
        }
        let whole = Journal.wholeLines(bytes).length
        ftruncate(descriptor, off_t(whole))
    }

    deinit { close(descriptor) }

    /// Appends records, and forces them to the disk all together.
    /// - Parameter durably: false for records that may be lost in a crash.
    package func append(_ records: [Record], durably: Bool = true) throws {
        guard !records.isEmpty else { return }
        let text = try records.map { try Journal.line($0) }.joined()
        try DurableFile.writeAll(Array(text.utf8), descriptor, file)
        guard !durably || fdatasync(descriptor) == 0 else {
            throw StoreError.unwritable(path: file.path, reason: systemProblem())
        }
    }

    /// The run is stored; its file contains all that it reported.
    package func remove() { unlink(file.path) }

    // MARK: Reading

    /// All whole records; none if there is no journal.
    package static func read(_ file: URL) -> [Record] {
        var reader = JournalReader(file)
        return reader.next()
    }

    /// Whether some process works on the run of this journal now.
    package static func isClaimed(_ file: URL) -> Bool {
        let descriptor = open(file.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
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

    /// The records of all lines up to the first that is incomplete or damaged, and how many bytes
    /// they take. Records that only later programs know are left out.
    fileprivate static func records(_ bytes: [UInt8]) -> (records: [Record], length: Int) {
        let (texts, length) = wholeLines(bytes)
        // Records that only later programs know are left out.
        return (texts.compactMap { try? JSONDecoder().decode(Record.self, from: Data($0)) }, length)
    }

    /// The texts of all lines up to the first that is incomplete or damaged, and how many bytes
    /// they take.
    fileprivate static func wholeLines(_ bytes: [UInt8]) -> (texts: [[UInt8]], length: Int) {
        var texts: [[UInt8]] = []
        var length = 0
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .dropLast()
        {
            guard line.count > 9, line[line.startIndex + 8] == UInt8(ascii: " ") else { break }
            let text = Array(line.dropFirst(9))
            guard Array(line.prefix(8)) == Array(checksum(text).utf8) else { break }
            texts.append(text)
            length += line.count + 1
        }
        return (texts, length)
    }
}

/// Takes the lock of an open file, or returns false when somebody else keeps it for a second.
package func lockPatiently(_ descriptor: Int32) -> Bool {
    for _ in 0..<20 {
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
        usleep(50_000)
    }
    return false
}

/// Reads a journal as it grows.
package struct JournalReader: Sendable {
    let file: URL
    private var offset = 0
    private var inode: ino_t = 0

    package init(_ file: URL) { self.file = file }

    /// The whole records that were appended since the last call; none if there is no journal. A
    /// journal that begins anew is read from its beginning.
    package mutating func next() -> [Journal.Record] {
        let descriptor = open(file.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { return [] }
        let size = Int(facts.st_size)
        if facts.st_ino != inode || size < offset { (inode, offset) = (facts.st_ino, 0) }
        guard size > offset else { return [] }
        var bytes = [UInt8](repeating: 0, count: size - offset)
        let count = pread(descriptor, &bytes, bytes.count, off_t(offset))
        guard count > 0 else { return [] }
        let (records, length) = Journal.records(Array(bytes[..<count]))
        offset += length
        return records
    }
}
