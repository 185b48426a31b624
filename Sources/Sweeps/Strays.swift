import Foundation

/// Programs that a sweep started and left running when it was killed itself.
public enum Strays {
    /// What every program of a study bears in its environment.
    static let variable = "VISEME_STUDY"

    /// Ends all programs of a study, first asking, then by force. Only while the study is locked: then nobody waits for them.
    /// - Returns: how many there were.
    public static func end(of study: URL) -> Int {
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

    private static func isMarked(_ pid: pid_t, _ mark: [UInt8]) -> Bool {
        guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/environ") else { return false }
        return [UInt8](data).split(separator: 0).contains { $0.elementsEqual(mark) }
    }
}
