import Files
import Foundation
import RunStore
import Studies
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Standard output. A reader who has seen enough is no error; a full disk, or a closed descriptor,
/// makes the exit status 1.
enum Output {
    /// The `errno` of the first write that failed.
    private static let failure = Mutex<Int32?>(nil)

    /// Closed standard descriptors stay unusable: otherwise the next file that is opened gets their
    /// number, and what is printed.
    static func reserveDescriptors() {
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
            guard fcntl(descriptor, F_GETFD) == -1, errno == EBADF else { continue }
            // The lowest free number is this one.
            open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    static func write(_ data: Data) {
        failure.withLock { failure in
            guard failure == nil else { return }
            failure = problem(data)
        }
    }

    private static func problem(_ data: Data) -> Int32? {
        data.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let count = Foundation.write(
                    STDOUT_FILENO, bytes.baseAddress.map { $0 + done }, bytes.count - done)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return errno }
                done += count
            }
            return nil
        }
    }

    /// Why something could not be printed; nil if all was, or nobody reads it.
    static var problem: String? {
        failure.withLock { $0 }.flatMap { code in
            code == EPIPE
                ? nil : "standard output can't be written: \(String(cString: strerror(code)))"
        }
    }
}

/// Writes a line to standard output, control characters as escapes. (In place of Swift's own, which
/// says nothing of a write that failed.)
func print(_ text: String) { print(text, terminator: "\n") }

func print(_ text: String, terminator: String) {
    Output.write(Data((text.visible + terminator).utf8))
}

/// Writes to standard error, control characters as escapes.
func complain(_ message: String) {
    // If standard error is closed, there is nobody to report to.
    try? FileHandle.standardError.write(contentsOf: Data((message.visible + "\n").utf8))
}

/// Files that a command writes where the person says.
enum OutputFile {
    /// Nothing is written over what a study keeps.
    static func refuseStudies(_ name: String) throws {
        let folder = URL(filePath: name).deletingLastPathComponent()
        let isStored = [folder, folder.deletingLastPathComponent()].contains {
            FileManager.default.fileExists(atPath: StudyFolder($0).plan.path)
        }
        guard !isStored else {
            throw StoreError.unwritable(
                path: name, reason: "it lies among a study's own files: choose another place")
        }
    }

    /// Writes to where a name leads: standard output for `-`; a regular file whole or not at all,
    /// through links; anything else (a pipe, a device) straight.
    /// - Throws: `StoreError`.
    static func write(_ data: Data, _ name: String) throws {
        if name == "-" { return Output.write(data) }
        try refuseStudies(name)
        if let file = try replaceable(name) {
            // A link may lead among a study's files.
            try refuseStudies(file.path)
            try DurableFile.write(Array(data), to: file)
        } else {
            let descriptor = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
            guard descriptor >= 0 else {
                throw StoreError.unwritable(path: name, reason: systemProblem())
            }
            defer { close(descriptor) }
            try DurableFile.writeAll(Array(data), descriptor, URL(filePath: name))
        }
        print("written: \(name)")
    }

    /// The regular file that a name leads to, or would lead to; nil for a pipe, a device, or a link
    /// to a file that is not there.
    static func replaceable(_ name: String) throws -> URL? {
        var facts = stat()
        guard stat(name, &facts) == 0 else {
            guard errno == ENOENT else {
                throw StoreError.unwritable(path: name, reason: systemProblem())
            }
            return lstat(name, &facts) == 0 ? nil : URL(filePath: name)
        }
        guard facts.st_mode & S_IFMT != S_IFDIR else {
            throw StoreError.unwritable(path: name, reason: "it is a folder")
        }
        guard facts.st_mode & S_IFMT == S_IFREG else { return nil }
        return URL(filePath: name).resolvingSymlinksInPath()
    }
}
