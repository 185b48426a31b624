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
