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

extension FileFacts {
    package init?(_ file: URL) { self.init(path: file.path) }

    /// The facts of a run file; nil if it is absent.
    /// - Throws: `StoreError` if it can't be looked at: that is not the same.
    static func look(path: String) throws -> FileFacts? {
        if let facts = FileFacts(path: path) { return facts }
        var facts = stat()
        guard stat(path, &facts) != 0 else {
            throw StoreError.unreadable(path: path, reason: "it is not a regular file")
        }
        guard errno == ENOENT || errno == ENOTDIR else {
            throw StoreError.unreadable(path: path, reason: systemProblem())
        }
        return nil
    }

    /// Nil if there is no regular file.
    package init?(path: String) {
        var facts = stat()
        guard stat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return nil }
        #if canImport(Darwin)
            let modified = facts.st_mtimespec.tv_sec * 1_000_000_000 + facts.st_mtimespec.tv_nsec
        #else
            let modified = facts.st_mtim.tv_sec * 1_000_000_000 + facts.st_mtim.tv_nsec
        #endif
        self.init(size: Int(facts.st_size), modified: modified)
    }
}
