import ArgumentParser
import Foundation
import Studies

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Options that are given twice: the first would be dropped without a word.
enum RepeatedOptions {
    /// - Throws: `ValidationError`.
    static func check(_ arguments: [String]) throws {
        var seen: Set<Substring> = []
        for argument in arguments.dropFirst().prefix(while: { $0 != "--" })
        where argument.hasPrefix("--") {
            let name = argument.prefix { $0 != "=" }
            guard seen.insert(name).inserted else {
                throw ValidationError("\(name): given twice: keep one")
            }
        }
    }
}

/// Limits of the shell (`ulimit`) under which this program can't work: refused before any work
/// begins, rather than found out by a crash.
enum SystemLimits {
    /// A sweep of a few runs at once needs about 30 files.
    private static let leastFiles: rlim_t = 64
    /// The program, its libraries and threads.
    private static let leastMemory: rlim_t = 1 << 30

    struct TooLow: UserError {
        let rule: String
        let remedy: String
        var place: String { "" }
        var exitStatus: ExitStatus { .someFailed }
    }

    /// Raises the limit of open files as far as that is allowed.
    /// - Throws: `TooLow`.
    static func check() throws {
        var files = rlimit()
        if getrlimit(resource(RLIMIT_NOFILE), &files) == 0 {
            let wanted = min(files.rlim_max, 4096)
            if files.rlim_cur < wanted {
                files.rlim_cur = wanted
                // What can't be raised stays as it is.
                setrlimit(resource(RLIMIT_NOFILE), &files)
                getrlimit(resource(RLIMIT_NOFILE), &files)
            }
            guard files.rlim_cur >= leastFiles else {
                throw TooLow(
                    rule:
                        "only \(files.rlim_cur) files may be open at once (ulimit -n), and \(leastFiles) are needed",
                    remedy: "raise the limit, as with ulimit -n 1024")
            }
        }
        var memory = rlimit()
        guard getrlimit(resource(RLIMIT_AS), &memory) == 0, memory.rlim_cur < leastMemory else {
            return
        }
        throw TooLow(
            rule:
                "only \(memory.rlim_cur >> 20) MB of address space are allowed (ulimit -v), and \(leastMemory >> 20) are needed",
            remedy: "raise the limit; --memory limits single runs")
    }

    #if canImport(Glibc)
        private static func resource(_ name: __rlimit_resource) -> __rlimit_resource_t {
            __rlimit_resource_t(name.rawValue)
        }
    #else
        private static func resource(_ name: Int32) -> Int32 { name }
    #endif
}
