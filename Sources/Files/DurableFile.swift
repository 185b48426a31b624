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
        try write(to: file) { try writeAll(bytes, $0, file) }
    }

    /// The same for contents of any length.
    /// - Parameter body: writes to the descriptor that it is given.
    package static func write(to file: URL, _ body: (Int32) throws -> Void) throws {
        let folder = file.deletingLastPathComponent()
        // Process numbers are not unique across hosts and containers that share a folder.
        let temporary = folder.appending(
            path: ".\(file.lastPathComponent).\(getpid())-\(randomName()).tmp")
        let descriptor = open(temporary.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw StoreError.unwritable(path: file.path, reason: systemProblem())
        }
        do {
            try body(descriptor)
            guard fsync(descriptor) == 0 else {
                throw StoreError.unwritable(path: file.path, reason: systemProblem())
            }
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
            throw StoreError.unreadable(
                path: file.path, reason: "there is no such file, or it may not be read")
        }
    }

    package static func writeAll(_ bytes: [UInt8], _ descriptor: Int32, _ file: URL) throws {
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

/// Sixteen random hexadecimal digits, for the names of temporary files.
package func randomName() -> String {
    let digits = String(UInt64.random(in: 0...UInt64.max), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}

/// What the system says of the last call that failed.
package func systemProblem() -> String { String(cString: strerror(errno)) }
