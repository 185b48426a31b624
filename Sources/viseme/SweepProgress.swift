import Foundation
import RunStore
import Sweeps

/// Tells of a sweep as it goes: a line for each run that ends, and a bar with the time left.
actor SweepProgress {
    private let display = ProgressDisplay()
    private let total: Int
    private let metric: String
    private let start = monotonicSeconds()
    private var running: [String: Double] = [:]
    private var finished = 0
    private(set) var failures: [FailureRecord] = []
    private(set) var diverged = 0

    init(total: Int, metric: String) {
        self.total = total
        self.metric = metric
    }

    func take(_ event: Sweep.Event) {
        switch event {
        case .started(let run): running[run.id] = 0
        case .resumed(let run, let epochs):
            display.say("\(String(repeating: " ", count: counter.count))  \(run.label)  goes on after epoch \(epochs)")
        case .progress(let run, let epochs, let limit): running[run.id] = epochs / Double(max(limit, 1))
        case .finished(let run, let summary):
            end(run)
            if summary.outcome == .diverged { diverged += 1 }
            display.say("\(counter)  \(run.label)  \(words(summary))  \(decimals(summary.seconds, 1)) s")
        case .retried(let run, let reason):
            running[run.id] = 0
            display.say("\(String(repeating: " ", count: counter.count))  \(run.label)  \(reason); trying again")
        case .failed(let run, let failure):
            end(run)
            failures.append(failure)
            display.say("\(counter)  \(run.label)  FAILED: \(failure.reason)")
            if let last = failure.output.split(separator: "\n").last { display.say("        \(last)") }
        }
        draw()
    }

    func close() {
        display.clear()
    }

    private func end(_ run: StoredPlan.Run) {
        running[run.id] = nil
        finished += 1
    }

    private var counter: String {
        let width = String(total).count
        return String(repeating: " ", count: max(0, width - String(finished).count)) + "\(finished)/\(total)"
    }

    private func words(_ summary: RunSummary) -> String {
        if summary.outcome == .diverged { return "diverged in epoch \(summary.epochs)" }
        guard let best = summary.best else { return "no value of \(metric)" }
        return "\(metric) \(decimals(best.value, 4)) at epoch \(best.epoch) of \(summary.epochs)"
    }

    private func draw() {
        let part = (Double(finished) + running.values.reduce(0, +)) / Double(max(total, 1))
        let elapsed = monotonicSeconds() - start
        let left = part > 0.005 ? "about \(clock(elapsed * (1 - part) / part)) left" : ""
        display.show(
            "sweep", part, "\(finished) of \(total) runs, \(running.count) running, \(clock(elapsed)) so far, \(left)")
    }
}
