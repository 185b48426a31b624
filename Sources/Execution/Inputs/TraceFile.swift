import Files
import Foundation
import Studies

/// The file that the trace library writes its notes to: `struct trace_file` in
/// Sources/CTrace/trace.c.
struct TraceFile {
    /// What was seen of one file.
    struct Note: Equatable {
        enum Kind: UInt8 {
            case read = 0x72
            case written = 0x77
            case run = 0x78
            /// A program that can't load the library.
            case runUnseen = 0x73
            /// Python or R, by the name that it was called.
            case interpreter = 0x69
        }

        var kind: Kind
        var path: String
        /// When it was opened; not of a file that was written.
        var facts: FileFacts
    }

    private static let magic = Array("VISTRC01".utf8)
    private static let headCount = 64
    private static let tableCount = 8 << 16
    private static let noteCount = 48
    /// Of about a hundred thousand files. The file is sparse.
    private static let size = 64 << 20

    /// Processes that loaded the library.
    let processes: Int
    /// Notes that had no room.
    let lost: Int
    /// In the order in which they were made.
    let notes: [Note]

    /// Makes an empty one.
    /// - Throws: `StoreError`.
    static func make(_ file: URL) throws {
        unlink(file.path)
        let descriptor = open(file.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw StoreError.unwritable(path: file.path, reason: systemProblem())
        }
        defer { close(descriptor) }
        var head = magic
        for number in [UInt64(size), 0, UInt64(headCount + tableCount), 0, 0, 0, 0] {
            withUnsafeBytes(of: number.littleEndian) { head += $0 }
        }
        guard ftruncate(descriptor, off_t(size)) == 0, write(descriptor, head, head.count) > 0
        else {
            throw StoreError.unwritable(path: file.path, reason: systemProblem())
        }
    }

    /// - Returns: nil if it is not such a file.
    init?(_ file: URL) {
        // What can't be read is not such a file.
        guard let data = try? Data(contentsOf: file, options: .alwaysMapped),
            data.count >= TraceFile.headCount + TraceFile.tableCount
        else { return nil }
        let read = data.withUnsafeBytes { bytes -> (Int, Int, [Note])? in
            func number(_ at: Int) -> Int {
                Int(
                    truncatingIfNeeded: UInt64(
                        littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)))
            }
            guard bytes.prefix(8).elementsEqual(TraceFile.magic) else { return nil }
            var notes: [Note] = []
            var at = TraceFile.headCount + TraceFile.tableCount
            let end = min(number(24), bytes.count)
            while at + TraceFile.noteCount <= end {
                func small(_ offset: Int) -> Int {
                    Int(
                        UInt32(
                            littleEndian: bytes.loadUnaligned(
                                fromByteOffset: at + offset, as: UInt32.self)))
                }
                let (length, pathLength) = (small(0), small(44))
                // A process that was killed in the middle of a note leaves zeros.
                guard length >= TraceFile.noteCount + pathLength, at + length <= bytes.count else {
                    break
                }
                if small(40) == 1, let kind = Note.Kind(rawValue: UInt8(small(4) & 0xFF)) {
                    let start = at + TraceFile.noteCount
                    notes.append(
                        Note(
                            kind: kind,
                            path: String(
                                decoding: bytes[start..<start + pathLength], as: UTF8.self),
                            facts: FileFacts(
                                size: number(at + 8),
                                modified: number(at + 16) * 1_000_000_000 + number(at + 24))))
                }
                at += length
            }
            return (number(16), number(32), notes)
        }
        guard let read else { return nil }
        (processes, lost, notes) = read
    }
}
