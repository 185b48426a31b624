import Crypto
import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Files that are there whole or not at all.
package enum DurableFile {
    /// Writes to a temporary name, forces it to the disk, renames it, and forces the folder.
    package static func write(_ bytes: [UInt8], to file: URL) throws {
        let folder = file.deletingLastPathComponent()
        let temporary = folder.appending(path: ".\(file.lastPathComponent).\(getpid()).tmp")
        let descriptor = open(temporary.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw StoreError.unwritable(path: file.path, reason: systemProblem()) }
        do {
            try writeAll(bytes, descriptor, file)
            guard fsync(descriptor) == 0 else { throw StoreError.unwritable(path: file.path, reason: systemProblem()) }
        } catch {
            close(descriptor)
            unlink(temporary.path)
            throw error
        }
        guard close(descriptor) == 0, rename(temporary.path, file.path) == 0 else {
            let reason = systemProblem()
            unlink(temporary.path)
            throw StoreError.unwritable(path: file.path, reason: reason)
        }
        let folderDescriptor = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folderDescriptor >= 0 {
            fsync(folderDescriptor)
            close(folderDescriptor)
        }
    }

    package static func read(_ file: URL) throws -> [UInt8] {
        do { return try [UInt8](Data(contentsOf: file)) } catch {
            throw StoreError.unreadable(path: file.path, reason: "there is no such file, or it may not be read")
        }
    }

    static func writeAll(_ bytes: [UInt8], _ descriptor: Int32, _ file: URL) throws {
        try bytes.withUnsafeBytes { buffer in
            var offset = 0
            while offset < buffer.count {
                let written = Foundation.write(
                    descriptor, buffer.baseAddress.map { $0 + offset }, buffer.count - offset)
                if written < 0 {
                    if errno == EINTR { continue }
                    throw StoreError.unwritable(path: file.path, reason: systemProblem())
                }
                offset += written
            }
        }
    }
}

/// The trailer that follows an HDF5 file's own end: eight bytes of magic, then the SHA-256 of all before. Other tools do
/// not see it; one that changes the file drops or breaks it, which shows.
enum Trailer {
    static let magic: [UInt8] = Array("\u{89}VISEME\n".unicodeScalars.map { UInt8($0.value) })
    static let count = 8 + 32

    static func sealed(_ image: [UInt8]) -> [UInt8] {
        image + magic + SHA256.hash(data: image)
    }

    /// The bytes before the trailer.
    static func opened(_ bytes: [UInt8], path: String) throws -> [UInt8] {
        guard bytes.count > count, Array(bytes[(bytes.count - count)..<(bytes.count - 32)]) == magic else {
            throw StoreError.unreadable(
                path: path, reason: "it does not end with the trailer of a file that viseme wrote whole")
        }
        let image = Array(bytes[..<(bytes.count - count)])
        guard Array(SHA256.hash(data: image)) == Array(bytes.suffix(32)) else {
            throw StoreError.unreadable(
                path: path, reason: "its SHA-256 is not the one in its trailer: it was damaged or changed")
        }
        return image
    }
}

/// What can go wrong with stored files.
public enum StoreError: Error, CustomStringConvertible, Sendable, Equatable {
    case unwritable(path: String, reason: String)
    case unreadable(path: String, reason: String)
    case otherFormat(path: String, found: String)
    case noStudy(path: String)
    case noRun(name: String, reason: String)

    /// Whether a file is of a later version than this program knows.
    var isOfNewerFormat: Bool {
        guard case .otherFormat(_, let found) = self,
            let version = found.split(separator: " ").last.flatMap({ Int($0) })
        else { return false }
        return version > formatVersion
    }

    public var description: String {
        switch self {
        case .unwritable(let path, let reason): "\(path): can't be written: \(reason)"
        case .unreadable(let path, let reason): "\(path): can't be read: \(reason)"
        case .otherFormat(let path, let found):
            "\(path): is a file of the form \(found), which is not what belongs here in a form this program reads (version "
                + "\(formatVersion)): give another file, or use the program that wrote it"
        case .noRun(let name, let reason): "\(name): \(reason)"
        case .noStudy(let path): "\(path): holds no study (no plan.json): give a folder that `viseme sweep` made"
        }
    }
}

/// Version of the layout of run files and sweep files.
public let formatVersion = 2
