import Files
import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What the file system of a study's folder can do for workers that share it.
package enum SharedFileSystem {
    /// One line: whether locks work, which show at once that an owner is gone; without them, and
    /// between hosts, the heartbeats of leases do.
    package static func finding(_ folder: StudyFolder) -> String {
        let file = folder.url.appending(path: ".\(randomName()).probe.tmp")
        let first = open(file.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard first >= 0 else { return "the folder can't be written: \(systemProblem())" }
        defer {
            close(first)
            unlink(file.path)
        }
        guard flock(first, LOCK_EX | LOCK_NB) == 0 else {
            return
                "locks do not work here (\(systemProblem())): leases of \(Int(RunLease.length)) s show which workers live"
        }
        let second = open(file.path, O_RDONLY | O_CLOEXEC)
        defer { close(second) }
        guard flock(second, LOCK_SH | LOCK_NB) != 0 else {
            return
                "locks have no effect here: leases of \(Int(RunLease.length)) s show which workers live"
        }
        return
            "locks work on this host; leases of \(Int(RunLease.length)) s show which workers of other hosts live"
    }
}
