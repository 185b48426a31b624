import Files
import Foundation
import Studies
import Subprocess
import Synchronization

/// Memory of processes, as /proc reports it.
enum SessionMemory {
    /// Resident bytes of all processes of a session, added up; pages that several share count for
    /// each. 0 where the kernel does not report it.
    static func residentBytes(of session: pid_t) -> Int {
        let pageSize = sysconf(Int32(_SC_PAGESIZE))
        let all = processes()
        var members = Set(all.filter { $0.session == session }.map(\.pid))
        // A program that began a session of its own is still a child of one of them.
        var isGrowing = true
        while isGrowing {
            let more = all.filter { members.contains($0.parent) && !members.contains($0.pid) }.map(
                \.pid)
            members.formUnion(more)
            isGrowing = !more.isEmpty
        }
        return all.filter { members.contains($0.pid) }.reduce(0) { $0 + $1.residentPages }
            * pageSize
    }

    struct Facts {
        let pid: pid_t
        let parent: pid_t
        let session: pid_t
        let residentPages: Int
    }

    /// All processes that can be seen.
    static func processes() -> [Facts] {
        let names = FileManager.default.names(in: URL(filePath: "/proc"))
        return names.compactMap { name in
            guard let pid = pid_t(name), let text = ProcFile.text("/proc/\(name)/stat"),
                // The program's name is in brackets and may contain any character.
                let end = text.lastIndex(of: ")")
            else { return nil }
            let fields = text[text.index(after: end)...].split(separator: " ")
            // Fields 4, 6 and 24 of proc(5), counted from field 3.
            guard fields.count > 21, let parent = pid_t(fields[1]), let session = pid_t(fields[3]),
                let pages = Int(fields[21])
            else { return nil }
            return Facts(pid: pid, parent: parent, session: session, residentPages: pages)
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

    /// Of this control group, by the kernel's count; 0 if the kernel does not report it.
    private static func kills() -> Int {
        let group = ProcFile.text("/proc/self/cgroup") ?? ""
        let path =
            group.split(separator: "\n").first { $0.hasPrefix("0::") }.map {
                String($0.dropFirst(3))
            } ?? "/"
        let file = "/sys/fs/cgroup" + (path == "/" ? "" : path) + "/memory.events"
        let events = ProcFile.text(file) ?? ""
        let line = events.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
        return line.flatMap { Int($0.dropFirst("oom_kill ".count)) } ?? 0
    }
}
