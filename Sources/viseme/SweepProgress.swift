import Foundation
import RunStore
import Execution
import Training

/// Tells of a sweep as it goes: a line for each thing that happens, and on a terminal a live table of what runs, with the
/// time left.
actor SweepProgress {
    /// A run that is under way.
    private struct Running {
        let run: StoredPlan.Run
        let start: Double
        var epochs = 0.0
        var limit: Int?
        var value: Double?
        var best: Double?
        /// Epochs that an earlier try had done.
        var resumedAt = 0.0
    }

    private let display = ProgressDisplay()
    private let total: Int
    private let metric: Metric
    private let start = monotonicSeconds()
    private var running: [Running] = []
    private var finished = 0
    private var hasWarnedOfMetric = false
    private(set) var failures: [FailureRecord] = []

    init(total: Int, metric: Metric) {
        self.total = total
        self.metric = metric
    }

    func take(_ event: Sweep.Event) {
        switch event {
        case .started(let run): running.append(Running(run: run, start: monotonicSeconds()))
        case .resumed(let run, let epochs):
            change(run) { ($0.epochs, $0.resumedAt) = (Double(epochs), Double(epochs)) }
            display.say("\(blank)  \(run.label)  goes on after epoch \(epochs)")
        case .progress(let run, let epochs, let limit, let value):
            change(run) { running in
                (running.epochs, running.limit) = (epochs, limit)
                guard let value else { return }
                running.value = value
                if metric.isBetter(value, than: running.best) { running.best = value }
            }
        case .finished(let run, let summary):
            end(run)
            display.say("\(counter)  \(run.label)  \(words(summary))  \(decimals(summary.seconds, 1)) s")
            warnOfMetric(summary)
        case .retried(let run, let reason):
            change(run) { $0.epochs = 0 }
            display.say("\(blank)  \(run.label)  \(reason); trying again")
        case .failed(let run, let failure):
            end(run)
            failures.append(failure)
            display.say("\(counter)  \(run.label)  FAILED: \(failure.reason)")
            for line in failure.output.split(separator: "\n").suffix(3) { display.say("        \(line)") }
        }
        draw()
    }

    /// Draws again, though nothing happened: clocks go on.
    func tick() { if !running.isEmpty { draw() } }

    func close() {
        display.clear()
    }

    private func change(_ run: StoredPlan.Run, _ body: (inout Running) -> Void) {
        guard let index = running.firstIndex(where: { $0.run.id == run.id }) else { return }
        body(&running[index])
    }

    private func end(_ run: StoredPlan.Run) {
        running.removeAll { $0.run.id == run.id }
        finished += 1
    }

    /// A misspelt metric shows at the first run rather than in the report.
    private func warnOfMetric(_ summary: RunSummary) {
        let names = summary.histories.map(\.name)
        guard !hasWarnedOfMetric, !names.contains(metric.name) else { return }
        hasWarnedOfMetric = true
        guard !names.isEmpty else {
            return complain(
                "\(summary.provenance.label) told no metrics at all: the trainer is to append them to the file that "
                    + "VISEME_METRICS names (docs/trainers.md); the report has nothing to compare")
        }
        complain(
            "the recipe judges by \(metric.name), and this run tells of \(names.joined(separator: ", ")): put the right one "
                + "under metric: and sweep again; no run has to be trained again for that")
    }

    private var counter: String {
        let width = String(total).count
        return String(repeating: " ", count: max(0, width - String(finished).count)) + "\(finished)/\(total)"
    }

    private var blank: String { String(repeating: " ", count: counter.count) }

    private func words(_ summary: RunSummary) -> String {
        if summary.outcome == .diverged { return "diverged in epoch \(summary.epochs)" }
        guard let best = summary.best else { return "no value of \(metric.name)" }
        return "\(metric.name) \(decimals(best.value, 4)) at epoch \(best.epoch) of \(summary.epochs)"
    }

    // MARK: The live table

    private func draw() {
        display.show { room in
            let now = monotonicSeconds()
            let shown = running.prefix(max(0, room - 2))
            let width = shown.map { $0.run.label.count }.max() ?? 0
            var lines = shown.map { line($0, now, labelWidth: width) }
            if running.count > shown.count { lines.append("… and \(running.count - shown.count) more") }
            return lines + [summaryLine(now)]
        }
    }

    private func line(_ running: Running, _ now: Double, labelWidth: Int) -> String {
        let label = running.run.label + String(repeating: " ", count: max(0, labelWidth - running.run.label.count))
        let elapsed = now - running.start
        var parts = ["  \(label)"]
        if let limit = running.limit {
            parts.append(ProgressDisplay.bar(running.epochs / Double(limit), cells: 12))
            parts.append("epoch \(Int(running.epochs)) of \(limit)")
        } else if running.epochs > 0 {
            parts.append("epoch \(Int(running.epochs))")
        }
        if let value = running.value, let best = running.best {
            parts.append("\(metric.name) \(decimals(value, 4)), best \(decimals(best, 4))")
        }
        parts.append(clock(elapsed))
        let done = running.epochs - running.resumedAt
        if let limit = running.limit, done > 0 {
            parts.append("\(clock(max(0, elapsed * (Double(limit) - running.epochs) / done))) left")
        }
        return parts.joined(separator: "  ")
    }

    private func summaryLine(_ now: Double) -> String {
        let shares = running.map { run in run.limit.map { min(1, run.epochs / Double(max($0, 1))) } ?? 0 }
        let part = (Double(finished) + shares.reduce(0, +)) / Double(max(total, 1))
        let elapsed = now - start
        let left = part > 0.005 ? ", about \(clock(elapsed * (1 - part) / part)) left" : ""
        let failed = failures.isEmpty ? "" : ", \(failures.count) failed"
        return
            "sweep \(ProgressDisplay.bar(part, cells: 24)) \(finished) of \(total) runs, \(running.count) running\(failed), "
            + "\(clock(elapsed)) so far\(left)"
    }
}
