import CPlatform
import Files
import Foundation
import Studies

/// Programs that a sweep started and left running when it was killed itself.
package enum OrphanProcesses {
    /// What every program of a study bears in its environment.
    static let variable = "VISEME_STUDY"

    /// Ends all programs of a study, first asking, then by force. Only while the study is locked:
    /// then nobody waits for them.
    /// - Returns: how many there were.
    package static func end(of study: URL) -> Int {
        let mark = Array("\(variable)=\(study.standardizedFileURL.path)".utf8)
        func alive() -> [pid_t] {
            SessionMemory.processes().map(\.pid).filter { $0 != getpid() && isMarked($0, mark) }
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

    private static func isMarked(_ pid: pid_t, _ mark: [UInt8]) -> Bool {
        guard let bytes = ProcFile.bytes("/proc/\(pid)/environ") else { return false }
        return bytes.split(separator: 0).contains { $0.elementsEqual(mark) }
    }
}
