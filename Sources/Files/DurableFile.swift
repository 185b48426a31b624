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

    /// Writes a file that is not there yet.
    /// - Returns: false if there is one by now: it stays as it is.
    package static func publish(_ bytes: [UInt8], to file: URL) throws -> Bool {
        try write(to: file, isFirst: true) { try writeAll(bytes, $0, file) }
    }

    /// Writes contents of any length.
    /// - Parameter body: writes to the descriptor that it is given.
    package static func write(to file: URL, _ body: (Int32) throws -> Void) throws {
        _ = try write(to: file, isFirst: false, body)
    }

    /// - Parameter isFirst: a file of this name stays, and `false` is returned.
    private static func write(
        to file: URL, isFirst: Bool, _ body: (Int32) throws -> Void
    ) throws -> Bool {
        let folder = file.deletingLastPathComponent()
        // Process numbers are not unique across hosts and containers that share a folder.
        let temporary = folder.appending(
            path: ".\(file.lastPathComponent).\(getpid())-\(randomName()).tmp")
        let descriptor = open(temporary.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
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
        let isPublished =
            close(descriptor) == 0
            && (isFirst ? link(temporary.path, file.path) : rename(temporary.path, file.path)) == 0
        if isFirst || !isPublished {
            let code = errno
            unlink(temporary.path)
            if !isPublished, isFirst, code == EEXIST { return false }
            guard isPublished else {
                throw StoreError.unwritable(
                    path: file.path, reason: String(cString: strerror(code)))
            }
        }
        let folderDescriptor = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folderDescriptor >= 0 {
            fsync(folderDescriptor)
            close(folderDescriptor)
        }
        return true
    }

    /// A regular file's bytes: a pipe in its place would be waited for in vain.
    package static func read(_ file: URL) throws -> [UInt8] {
        let descriptor = open(file.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw StoreError.unreadable(path: file.path, reason: systemProblem())
        }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, isRegularFile(descriptor) else {
            throw StoreError.unreadable(path: file.path, reason: "it is not a regular file")
        }
        var bytes = [UInt8](repeating: 0, count: Int(facts.st_size))
        var count = 0
        while count < bytes.count {
            let more = bytes[count...].withUnsafeMutableBytes {
                Foundation.read(descriptor, $0.baseAddress, $0.count)
            }
            if more < 0, errno == EINTR { continue }
            guard more >= 0 else {
                throw StoreError.unreadable(path: file.path, reason: systemProblem())
            }
            if more == 0 { break }
            count += more
        }
        return count == bytes.count ? bytes : Array(bytes[..<count])
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

/// Whether an open descriptor is of a regular file.
package func isRegularFile(_ descriptor: Int32) -> Bool {
    var facts = stat()
    return fstat(descriptor, &facts) == 0 && facts.st_mode & S_IFMT == S_IFREG
}

/// What the system says of the last call that failed.
package func systemProblem() -> String { String(cString: strerror(errno)) }
