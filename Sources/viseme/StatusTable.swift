import RunStore
import Studies

/// The status of a study in words.
struct StatusTable {
    let status: StudyStatus

    /// All runs, or those of some kinds.
    func table(_ kinds: Set<RunStatus.Kind> = Set(RunStatus.Kind.allCases)) -> String {
        viseme.table(
            ["#", "run", "label", "state", ""],
            status.runs.filter { kinds.contains($0.state.kind) }.map {
                [
                    "\($0.run.number)", $0.run.id, $0.run.label, $0.state.kind.rawValue,
                    words($0.state),
                ]
            })
    }

    /// `3 completed, 1 failed`.
    var counts: String {
        RunStatus.Kind.allCases.map { ($0, status.count($0)) }.filter { $0.1 > 0 }
            .map { "\($0.1) \($0.0.rawValue)" }.joined(separator: ", ")
    }

    /// The last line: counts, and whether a session works on it.
    var summary: String {
        guard status.isWorking else { return counts + "; no sweep is running" }
        return counts + "; a sweep is running"
            + (status.secondsLeft.map { ", about \(clock($0)) left" } ?? "")
    }

    /// The last column.
    func words(_ state: RunStatus.State) -> String {
        switch state {
        case .completed(let result): words(result)
        case .running(let running): words(running)
        case .failed(.damaged(let reason)): "its file is damaged, or can't be read: \(reason)"
        case .failed(.recorded(let failure)):
            failure.reason
                + (failure.tries.map { $0.count > 1 ? " (\($0.count) attempts)" : "" } ?? "")
        case .planned(let stopped):
            stopped.map { $0.epoch > 0 ? "stopped after epoch \($0.epoch)" : "stopped" } ?? ""
        }
    }

    private func words(_ result: RunResult) -> String {
        let diverged = result.outcome == .diverged ? "diverged in epoch \(result.epochs)" : nil
        guard let best = result.best else {
            return diverged
                ?? (result.histories.isEmpty
                    ? "no metrics reported" : "no value of \(status.metric.name)")
        }
        return "\(status.metric.name) \(short(best.value)) at epoch \(best.epoch)"
            + (diverged.map { ", \($0)" } ?? "")
    }

    private func words(_ running: RunStatus.Running) -> String {
        let progress = running.progress
        var parts = ["epoch \(progress.epoch)" + (progress.epochs.map { " of \($0)" } ?? "")]
        if let value = progress.values[progress.epoch]?[status.metric.name], value.isFinite {
            parts.append("\(status.metric.name) now \(short(value))")
        }
        if let best = progress.best(status.metric) { parts.append("best \(short(best))") }
        parts.append(clock(running.seconds))
        if let left = running.secondsLeft { parts.append("about \(clock(left)) left") }
        if progress.attempt > 1 { parts.append("attempt \(progress.attempt)") }
        return parts.joined(separator: ", ")
    }
}
