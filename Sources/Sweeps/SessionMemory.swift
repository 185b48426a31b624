import Foundation
import Subprocess
import Synchronization

/// Memory of processes, by what the kernel tells of them.
enum SessionMemory {
    /// Resident bytes of all processes of a session, added up; pages that several share count for each. 0 where the kernel
    /// does not tell.
    static func residentBytes(of session: pid_t) -> Int {
        let pageSize = sysconf(Int32(_SC_PAGESIZE))
        return processes().filter { $0.session == session }.reduce(0) { $0 + $1.residentPages } * pageSize
    }

    struct Facts {
        let pid: pid_t
        let session: pid_t
        let residentPages: Int
    }

    /// All processes that can be seen.
    static func processes() -> [Facts] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { name in
            guard let pid = pid_t(name), let text = try? String(contentsOfFile: "/proc/\(name)/stat", encoding: .utf8),
                // The program's name stands in brackets and may hold anything.
                let end = text.lastIndex(of: ")")
            else { return nil }
            let fields = text[text.index(after: end)...].split(separator: " ")
            // Fields 6 and 24 of proc(5), counted from field 3.
            guard fields.count > 21, let session = pid_t(fields[3]), let pages = Int(fields[21]) else { return nil }
            return Facts(pid: pid, session: session, residentPages: pages)
        }
    }
}

/// Whether it was the system that killed a process, for want of memory.
enum OutOfMemory {
    private static let known = Mutex(kills())

    /// Remembers how many the system has killed so far.
    static func begin() { _ = known.withLock { $0 } }

    /// Whether a process that ended so was killed by the system: there is one more than last time.
    static func hasStruck(_ status: TerminationStatus) -> Bool {
        guard status == .signaled(SIGKILL) else { return false }
        let now = kills()
        return known.withLock { known in
            defer { known = now }
            return now > known
        }
    }

    /// Of this control group, by the kernel's count; 0 where it does not tell.
    private static func kills() -> Int {
        let group = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
        let path = group.split(separator: "\n").first { $0.hasPrefix("0::") }.map { String($0.dropFirst(3)) } ?? "/"
        let file = "/sys/fs/cgroup" + (path == "/" ? "" : path) + "/memory.events"
        let events = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
        let line = events.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
        return line.flatMap { Int($0.dropFirst("oom_kill ".count)) } ?? 0
    }
}
