import Foundation
import Studies

/// Which runs of a session wrote which files, where they share a working folder: two that run at the
/// same time and write one file disturb each other.
final class FileWriters: Sendable {
    private struct Written {
        var run: String
        var end: Date
    }

    private struct State {
        var last: [String: Written] = [:]
        var warnings: [String] = []
        var hasWarnedUnobserved = false
    }

    private let isOn: Bool
    private let state = Locked(State())

    init(isOn: Bool) { self.isOn = isOn }

    /// Takes in what a run has written, when it has ended.
    /// - Parameter since: when it began.
    /// - Returns: what a person should know.
    func note(_ paths: Set<String>, by run: Run, since: Date) -> [String] {
        guard isOn else { return [] }
        return state.withLock { state in
            var found: [String] = []
            for path in paths.sorted() {
                if let other = state.last[path], other.run != run.label, other.end > since {
                    found.append(
                        "\(path) was also written by \(other.run) while this run was under way: give each run a file of its own, or use --jobs 1"
                    )
                }
                state.last[path] = Written(run: run.label, end: Date())
            }
            state.warnings += found.prefix(3)
            return Array(found.prefix(20))
        }
    }

    /// Nothing is observed, and several runs are under way: said once.
    func warnUnobserved(_ runs: Int) {
        guard isOn, runs > 1 else { return }
        state.withLock { state in
            guard !state.hasWarnedUnobserved else { return }
            state.hasWarnedUnobserved = true
            state.warnings.append(
                "\(runs) runs work in one folder (folder: repository), and trace: false hides what they write: use --jobs 1 if two of them may write one file"
            )
        }
    }

    /// A warning that was not given yet.
    func nextWarning() -> String? {
        state.withLock { $0.warnings.isEmpty ? nil : $0.warnings.removeFirst() }
    }
}
