import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A folder for what is under way, removed with this object. Its name is random, and a file in it
/// that stays locked shows that its owner lives: process numbers are not unique across hosts,
/// containers and users that share the place.
package final class ScratchFolder: Sendable {
    package let url: URL
    private let lock: Int32

    private static let lockName = ".lock"
    /// A folder without a lock that is younger than this, in seconds, may be one that is just made.
    private static let youth = 3600.0

    /// - Parameter prefix: what its name begins with.
    /// - Throws: `StoreError` if it can't be made.
    package init(in parent: URL, prefix: String) throws {
        ScratchFolder.removeLeftovers(in: parent, prefix: prefix)
        url = parent.appending(path: prefix + randomName())
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            throw StoreError.unwritable(
                path: parent.path, reason: "no folder can be made there: \(systemProblem())")
        }
        let file = url.appending(path: ScratchFolder.lockName)
        lock = open(file.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            throw StoreError.unwritable(path: file.path, reason: systemProblem())
        }
    }

    deinit {
        FileManager.default.discard(url)
        close(lock)
    }

    /// Folders whose owners are no more.
    private static func removeLeftovers(in parent: URL, prefix: String) {
        for name in FileManager.default.names(in: parent) where name.hasPrefix(prefix) {
            let folder = parent.appending(path: name)
            if isAbandoned(folder) { FileManager.default.discard(folder) }
        }
    }

    private static func isAbandoned(_ folder: URL) -> Bool {
        let descriptor = open(
            folder.appending(path: lockName).path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            // Another user's folder, or one that is removed meanwhile, is not ours to remove.
            guard errno == ENOENT else { return false }
            var facts = stat()
            guard stat(folder.path, &facts) == 0 else { return false }
            return Date().timeIntervalSince1970 - Double(facts.st_ctim.tv_sec) > youth
        }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_EX | LOCK_NB) == 0
    }
}
