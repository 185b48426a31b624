import Execution
import Foundation
import RunStore
import Studies

/// Shows a sweep as it goes: a line for each thing that happens, and on a terminal a live table of
/// what runs, with the time left. The table is the study's status, read from the store.
actor SweepProgress {
    private let display = ProgressDisplay()
    private let total: Int
    private let session: StudySession
    private let metric: Metric
    private let start = monotonicSeconds()
    private var lastLine = monotonicSeconds()
    private var reader: StudyStatusReader
    private var finished = 0
    private var failed = 0
    private var hasWarnedOfMetric = false

    /// - Parameter total: runs that are to be trained.
    init(_ total: Int, of session: StudySession) {
        self.total = total
        self.session = session
        metric = session.plan.metric
        reader = StudyStatusReader(session.folder, session.plan)
    }

    func take(_ event: SessionEvent) {
        switch event {
        case .started(let run):
            guard session.folder.hasCheckpoint(run.id) else { break }
            say("\(blank)  \(run.label)  resumes at its last checkpoint")
        case .finished(let run, let result):
            finished += 1
            say(
                "\(counter)  \(run.label)  \(words(result))  \(decimals(result.seconds, 1)) s")
            warnOfMetric(run, result)
        case .retried(let run, let reason):
            let from = session.folder.hasCheckpoint(run.id) ? " from its last checkpoint" : ""
            say("\(blank)  \(run.label)  \(reason); trying again\(from)")
        case .failed(let run, let failure):
            finished += 1
            failed += 1
            say("\(counter)  \(run.label)  FAILED: \(failure.reason)")
            for line in failure.output.split(whereSeparator: \.isNewline).suffix(3) {
                say("        \(line)")
            }
        case .warning(let message): complain(message)
        case .givenUp: break
        }
    }

    /// Runs `body`, and looks at the status meanwhile.
    nonisolated func followed(_ body: @escaping @Sendable () async -> Void) async {
        let clock = Task {
            // Sleep throws only when it is cancelled.
            while (try? await Task.sleep(for: .milliseconds(500))) != nil { await look() }
        }
        await body()
        clock.cancel()
    }

    func close() {
        display.clear()
    }

    /// Seconds between two plain lines where output is no terminal.
    private static let plainInterval = 60.0

    private func look() {
        if display.isTerminal { return draw(reader.status(session.results)) }
        guard monotonicSeconds() - lastLine >= SweepProgress.plainInterval else { return }
        let status = reader.status(session.results)
        let running = status.running.compactMap { run -> RunStatus.Running? in
            if case .running(let running) = run.state { running } else { nil }
        }
        say(summaryLine(running, bar: false))
    }

    private func say(_ line: String) {
        lastLine = monotonicSeconds()
        display.say(line)
    }

    /// A misspelt metric shows at the first run rather than in the report.
    private func warnOfMetric(_ run: Run, _ result: RunResult) {
        let names = result.histories.map(\.name)
        guard !hasWarnedOfMetric, !names.contains(metric.name) else { return }
        hasWarnedOfMetric = true
        guard !names.isEmpty else {
            return complain(
                "\(run.label): no metrics received. The trainer must append JSON lines to the file $VISEME_METRICS "
                    + "(docs/trainers.md); the report has nothing to compare")
        }
        complain(
            "the metric of the recipe is \(metric.name), and this run reports \(names.joined(separator: ", ")): name one of them "
                + "under metric: and sweep again; no run is trained again for that")
    }

    private var counter: String {
        let width = String(total).count
        return String(repeating: " ", count: max(0, width - String(finished).count))
            + "\(finished)/\(total)"
    }

    private var blank: String { String(repeating: " ", count: counter.count) }

    private func words(_ result: RunResult) -> String {
        if result.outcome == .diverged { return "diverged in epoch \(result.epochs)" }
        guard let best = result.best else {
            return result.histories.isEmpty ? "no metrics reported" : "no value of \(metric.name)"
        }
        return
            "\(metric.name) \(short(best.value)) at epoch \(best.epoch) of \(result.epochs)"
    }

    // MARK: The live table

    private func draw(_ status: StudyStatus) {
        let running = status.running.compactMap { run -> (Run, RunStatus.Running)? in
            if case .running(let running) = run.state { (run.run, running) } else { nil }
        }
        display.show { room in
            let shown = running.prefix(max(0, room - 2))
            let width = shown.map { $0.0.label.count }.max() ?? 0
            var lines = shown.map { line($0.0, $0.1, labelWidth: width) }
            if running.count > shown.count {
                lines.append("… and \(running.count - shown.count) more")
            }
            return lines + [summaryLine(running.map(\.1))]
        }
    }

    private func line(_ run: Run, _ running: RunStatus.Running, labelWidth: Int) -> String {
        let progress = running.progress
        let label = run.label + String(repeating: " ", count: max(0, labelWidth - run.label.count))
        var parts = ["  \(label)"]
        if let limit = progress.epochs {
            parts.append(ProgressDisplay.bar(done(progress) / Double(limit), cells: 12))
            parts.append("epoch \(progress.epoch) of \(limit)")
        } else if progress.epoch > 0 {
            parts.append("epoch \(progress.epoch)")
        }
        if let value = progress.values[progress.epoch]?[metric.name],
            let best = progress.best(metric)
        {
            parts.append("\(metric.name) \(short(value)), best \(short(best))")
        }
        parts.append(clock(running.seconds))
        if let left = running.secondsLeft { parts.append("\(clock(left)) left") }
        return parts.joined(separator: "  ")
    }

    /// Epochs done, with the part of the one under way.
    private func done(_ progress: RunProgress) -> Double {
        Double(progress.epoch) + progress.partOfEpoch
    }

    private func summaryLine(_ running: [RunStatus.Running], bar: Bool = true) -> String {
        let shares = running.map { run in
            run.progress.epochs.map { min(1, done(run.progress) / Double(max($0, 1))) } ?? 0
        }
        let part = (Double(finished) + shares.reduce(0, +)) / Double(max(total, 1))
        let elapsed = monotonicSeconds() - start
        let left = part > 0.005 ? ", about \(clock(elapsed * (1 - part) / part)) left" : ""
        let failures = failed == 0 ? "" : ", \(failed) failed"
        return
            "sweep \(bar ? ProgressDisplay.bar(part, cells: 24) + " " : "")\(finished) of \(total) runs, \(running.count) running\(failures), "
            + "\(clock(elapsed)) so far\(left)"
    }
}
