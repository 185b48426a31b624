import Reports
import RunStore
import Studies

/// The status of a study in words.
struct StatusTable {
    let status: StudyStatus
    let labels: ShortLabels

    init(status: StudyStatus) {
        self.init(status: status, labels: ShortLabels(status.runs.map(\.run)))
    }

    init(status: StudyStatus, labels: ShortLabels) {
        (self.status, self.labels) = (status, labels)
    }

    /// All runs, or those of some kinds.
    func table(_ kinds: Set<RunStatus.Kind> = Set(RunStatus.Kind.allCases)) -> String {
        let shown = status.runs.filter { kinds.contains($0.state.kind) }
        let columns: [FittedTable.Column] = [
            .init("#", isNumber: true), .init("run", dropOrder: 0),
            .init("label", cut: .whereDistinct, forms: labels.forms(shown.map(\.run))),
            .init("state"), .init("", cut: .freely),
        ]
        let rows = shown.map {
            [
                "\($0.run.number)", $0.run.id, $0.run.label,
                isStale($0) ? "stale" : $0.state.kind.rawValue, words($0),
            ]
        }
        return FittedTable(columns, rows).text(room: Terminal.columns) { row, column, text in
            guard let row else { return Terminal.styled(text, .bold) }
            guard column == 3 else { return text }
            return Terminal.styled(text, isStale(shown[row]) ? .red : style(shown[row].state))
        }
    }

    private func isStale(_ run: RunStatus) -> Bool {
        run.state.kind == .completed && status.stale[run.run.id] != nil
    }

    private func style(_ state: RunStatus.State) -> Terminal.Style {
        switch state.kind {
        case .completed: .green
        case .running: .blue
        case .failed: .red
        case .planned: .faint
        }
    }

    /// `3 completed, 1 failed`.
    var counts: String {
        let stale = status.runs.count(where: isStale)
        return RunStatus.Kind.allCases.map { ($0, status.count($0)) }.filter { $0.1 > 0 }
            .map { "\($0.1) \($0.0.rawValue)" }.joined(separator: ", ")
            + (stale > 0 ? ", \(stale) of them stale" : "")
    }

    /// The last line: counts, and whether a session works on it.
    var summary: String {
        let queued = status.runs.count {
            $0.state.kind == .planned && status.places[$0.run.id] != nil
        }
        if queued > 0 {
            return counts + "; \(queued) queued on Slurm"
                + (status.secondsLeft.map { ", about \(clock($0)) left" } ?? "")
        }
        guard status.isWorking else { return counts + "; no sweep is running" }
        return counts + "; a sweep is running"
            + (status.secondsLeft.map { ", about \(clock($0)) left" } ?? "")
    }

    /// The runs at work, for a display that is drawn over and over. Where it is narrow, the bars go
    /// first, then the values, the time so far and the epochs: never the time left.
    func live(lines: Int, columns: Int) -> [String] {
        let running = status.runs.compactMap { run -> (Run, RunStatus.Running)? in
            if case .running(let running) = run.state { (run.run, running) } else { nil }
        }
        let shown = running.prefix(running.count > lines ? max(0, lines - 1) : lines)
        guard !shown.isEmpty else { return [] }
        let rows = shown.map { run, running -> [String] in
            let progress = running.progress
            var value = ""
            if let now = progress.now(status.metric.name),
                let best = progress.best(status.metric)
            {
                value = "\(status.metric.name) \(short(now)), best \(short(best))"
            }
            return [
                "", run.label,
                progress.epochs.map {
                    let done = Double(progress.epoch) + progress.partOfEpoch
                    return ProgressDisplay.bar(done / Double($0), cells: 12)
                } ?? "",
                progress.epochs != nil || progress.epoch > 0 ? progress.place : "",
                value, clock(running.seconds),
                running.secondsLeft.map { "\(clock($0)) left" } ?? "",
            ]
        }
        let layout: [FittedTable.Column] = [
            .init(""),
            .init("", cut: .whereDistinct, forms: labels.forms(shown.map(\.0))),
            .init("", dropOrder: 0),
            .init("", dropOrder: 3), .init("", dropOrder: 1),
            .init("", isNumber: true, dropOrder: 2), .init("", isNumber: true),
        ]
        let text = FittedTable(layout, rows).text(room: columns)
        // What has no room is not named here: the next look may have it.
        return text.split(separator: "\n").prefix(rows.count).map(String.init)
            + (running.count > shown.count ? ["  … and \(running.count - shown.count) more"] : [])
    }

    private func words(_ run: RunStatus) -> String {
        [state(run), status.notes[run.run.id].words].filter { !$0.isEmpty }.joined(separator: "; ")
    }

    private func state(_ run: RunStatus) -> String {
        let words = words(run.state)
        if isStale(run), let change = status.stale[run.run.id] {
            return change
        }
        guard case .planned = run.state, let place = status.places[run.run.id] else { return words }
        return words.isEmpty ? place : "\(words); \(place)"
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
            stopped.map { $0.epoch > 0 ? "stopped after \($0.axis.place($0.epoch))" : "stopped" }
                ?? ""
        }
    }

    private func words(_ result: RunResult) -> String {
        let diverged = result.outcome == .diverged ? "diverged in \(result.end)" : nil
        guard let best = result.best else {
            return diverged
                ?? (result.histories.isEmpty
                    ? "no metrics reported" : "no value of \(status.metric.name)")
        }
        return "\(status.metric.name) \(short(best.value)) at \(best.place)"
            + (diverged.map { ", \($0)" } ?? "")
    }

    private func words(_ running: RunStatus.Running) -> String {
        let progress = running.progress
        var parts = [progress.place]
        if let value = progress.now(status.metric.name), value.isFinite {
            parts.append("\(status.metric.name) now \(short(value))")
        }
        if let best = progress.best(status.metric) { parts.append("best \(short(best))") }
        parts.append(clock(running.seconds))
        if let left = running.secondsLeft { parts.append("about \(clock(left)) left") }
        if progress.attempt > 1 { parts.append("attempt \(progress.attempt)") }
        return parts.joined(separator: ", ")
    }
}
