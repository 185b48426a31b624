import CPlatform
import Files
import Foundation
import RunStore
import Studies

/// Programs that a sweep started and left running when it was killed itself.
package enum OrphanProcesses {
    /// What every program of a study bears in its environment.
    static let variable = "VISEME_STUDY"

    /// Ends all programs of a study, first asking, then by force. Only while the study is locked:
    /// then nobody waits for them. Or those of one run, with its lease.
    /// - Returns: how many there were.
    @discardableResult
    package static func end(of study: URL, run: String? = nil) -> Int {
        guard let own = place(study.path) else { return 0 }
        // Workers that share the folder look after their own.
        let spared = Set(RunLease.owners(in: StudyFolder(study)).keys)
        func alive() -> [pid_t] {
            SessionMemory.processes().map(\.pid).filter { pid in
                guard pid != getpid(), self.study(of: pid).map({ place($0) == own }) ?? false
                else { return false }
                let its = value("VISEME_RUN", of: pid)
                return run.map { its == $0 } ?? !(its.map { spared.contains($0) } ?? false)
            }
        }
        let found = alive()
        guard !found.isEmpty else { return 0 }
        for pid in found { kill(pid, SIGTERM) }
        for _ in 0..<100 {
            usleep(100_000)
            if alive().isEmpty { return found.count }
        }
        for pid in alive() { kill(pid, SIGKILL) }
        return found.count
    }

    /// From now on, what a run's program leaves behind becomes a child of this process, so that it
    /// is found.
    static func adopt() { _ = viseme_adopt_orphans() }

    /// Ends what a run left behind outside its session.
    static func end(ofRun id: String) {
        let mark = Array("VISEME_RUN=\(id)".utf8)
        let tasks = FileManager.default.names(in: URL(filePath: "/proc/self/task"))
        for task in tasks {
            let children = ProcFile.text("/proc/self/task/\(task)/children") ?? ""
            for pid in children.split(separator: " ").compactMap({ pid_t($0) })
            where isMarked(pid, mark) {
                kill(-pid, SIGKILL)
                kill(pid, SIGKILL)
                // It is ours now: nobody else waits for it.
                var status: Int32 = 0
                waitpid(pid, &status, 0)
            }
        }
    }

    /// The folder of the study that a process works for, as its environment has it: it may lead
    /// there through links.
    private static func study(of pid: pid_t) -> String? { value(variable, of: pid) }

    /// What a process has in its environment.
    private static func value(_ name: String, of pid: pid_t) -> String? {
        let mark = Array("\(name)=".utf8)
        return ProcFile.bytes("/proc/\(pid)/environ")?.split(separator: 0).first {
            $0.starts(with: mark)
        }.map { String(decoding: $0.dropFirst(mark.count), as: UTF8.self) }
    }

    /// Device and number of a folder; nil if there is none.
    private static func place(_ path: String) -> [UInt64]? {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return nil }
        return [UInt64(facts.st_dev), UInt64(facts.st_ino)]
    }

    private static func isMarked(_ pid: pid_t, _ mark: [UInt8]) -> Bool {
        guard let bytes = ProcFile.bytes("/proc/\(pid)/environ") else { return false }
        return bytes.split(separator: 0).contains { $0.elementsEqual(mark) }
    }
}
