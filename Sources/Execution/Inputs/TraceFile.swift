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
    /// Of about a hundred thousand files. All of it is allocated: a disk that fills up later would
    /// kill the programs that write to it.
    private static let size = 16 << 20

    /// Processes that loaded the library.
    let processes: Int
    /// Notes that had no room.
    let lost: Int
    /// Files whose names are not UTF-8: nothing can be said of them.
    let unnamed: Int
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
        let problem = posix_fallocate(descriptor, 0, off_t(size))
        guard problem == 0, write(descriptor, head, head.count) == head.count else {
            let reason =
                problem == 0 ? systemProblem() : String(cString: strerror(problem))
            unlink(file.path)
            throw StoreError.unwritable(path: file.path, reason: reason)
        }
    }

    /// - Returns: nil if it is not such a file.
    init?(_ file: URL) {
        // What can't be read is not such a file.
        guard let data = try? Data(contentsOf: file, options: .alwaysMapped),
            data.count >= TraceFile.headCount + TraceFile.tableCount
        else { return nil }
        let read = data.withUnsafeBytes { bytes -> (Int, Int, Int, [Note])? in
            func number(_ at: Int) -> Int {
                Int(
                    truncatingIfNeeded: UInt64(
                        littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)))
            }
            guard bytes.prefix(8).elementsEqual(TraceFile.magic) else { return nil }
            var notes: [Note] = []
            var unnamed = 0
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
                    guard
                        let path = String(
                            validating: bytes[start..<start + pathLength], as: UTF8.self)
                    else {
                        unnamed += kind == .read ? 1 : 0
                        at += length
                        continue
                    }
                    notes.append(
                        Note(
                            kind: kind, path: path,
                            facts: FileFacts(
                                size: number(at + 8),
                                modified: number(at + 16) * 1_000_000_000 + number(at + 24))))
                }
                at += length
            }
            return (number(16), number(32), unnamed, notes)
        }
        guard let read else { return nil }
        (processes, lost, unnamed, notes) = read
    }
}
