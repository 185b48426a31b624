import Execution
import Foundation
import RunStore
import Studies

/// Shows a sweep as it goes: a line for each thing that happens, and on a terminal a live table of
/// what runs, with the time left. The table is the study's status, read from the store.
actor SweepProgress {
    private let display = ProgressDisplay()
    private var total: Int
    private let folder: StudyFolder
    private let results: @Sendable () -> StudyResults
    private let metric: Metric
    /// Of a scheduler: tasks that wait.
    private var note = ""
    private let start = monotonicSeconds()
    private var lastLine = monotonicSeconds()
    private var reader: StudyStatusReader
    private var finished = 0
    private var failed = 0
    private var hasWarnedOfMetric = false
    private var hasWarnedOfExcluded = false
    /// Metrics that the recipe excludes by name.
    private let excluded: [String]
    private let labels: ShortLabels
    private let shortLabels: [String: String]

    /// - Parameters:
    ///   - total: runs that are to be trained.
    ///   - results: what is stored now.
    init(
        _ total: Int, _ plan: Plan, _ folder: StudyFolder,
        results: @escaping @Sendable () -> StudyResults
    ) {
        (self.total, self.folder, self.results) = (total, folder, results)
        metric = plan.metric
        // Names that always measure time are excluded whether they are reported or not.
        excluded = plan.excludedMetrics.filter { !OutputFormat.timings.contains($0) }
        labels = ShortLabels(plan.runs)
        shortLabels = SweepProgress.shortLabels(plan, labels)
        reader = StudyStatusReader(folder, plan)
    }

    init(_ total: Int, of session: StudySession) {
        self.init(total, session.plan, session.folder) { session.results }
    }

    /// So many runs are to be trained, it turned out.
    func expect(_ runs: Int) { total = runs }

    /// What the last line says besides.
    func note(_ text: String) { note = text }

    func take(_ event: SessionEvent) {
        switch event {
        case .started(let run):
            guard folder.hasCheckpoint(run.id) else { break }
            say("\(blank)  \(shortLabels[run.id] ?? run.label)  resumes at its last checkpoint")
        case .finished(let run, let result):
            finished += 1
            sayOf(run, "\(words(result))  \(decimals(result.seconds, 1)) s")
            warnOfMetric(run, result)
        case .found(let run, let result):
            finished += 1
            sayOf(run, "\(words(result))  trained by another")
        case .retried(let run, let reason):
            let from = folder.hasCheckpoint(run.id) ? " from its last checkpoint" : ""
            say("\(blank)  \(shortLabels[run.id] ?? run.label)  \(reason); trying again\(from)")
        case .failed(let run, let failure):
            finished += 1
            failed += 1
            sayOf(run, "FAILED: \(failure.reason)")
            for line in failure.output.split(whereSeparator: \.isNewline).suffix(3) {
                say("        \(line)")
            }
        case .warning(let message): complain(message)
        case .givenUp: break
        }
    }

    /// Runs `body`, and looks at the status meanwhile.
    nonisolated func followed(_ body: @escaping @Sendable () async throws -> Void) async rethrows {
        let clock = Task {
            // Sleep throws only when it is cancelled.
            while (try? await Task.sleep(for: .milliseconds(500))) != nil { await look() }
        }
        defer { clock.cancel() }
        try await body()
    }

    func close() {
        display.clear()
    }

    /// Seconds between two plain lines where output is no terminal.
    private static let plainInterval = 60.0

    private func look() {
        if display.isTerminal { return draw(reader.status(results())) }
        guard monotonicSeconds() - lastLine >= SweepProgress.plainInterval else { return }
        let status = reader.status(results())
        let running = status.running.compactMap { run -> RunStatus.Running? in
            if case .running(let running) = run.state { running } else { nil }
        }
        say(summaryLine(running))
    }

    /// A line for one run; on a terminal its label is short enough for most lines.
    private func sayOf(_ run: Run, _ words: String) {
        say("\(counter)  \(shortLabels[run.id] ?? run.label)  \(words)")
    }

    /// Labels that leave room for a result, by run id, where the terminal is narrow.
    private static func shortLabels(_ plan: Plan, _ labels: ShortLabels) -> [String: String] {
        guard let columns = Terminal.columns else { return [:] }
        let counter = 2 * String(plan.runs.count).count + 1
        return labels.fitting(columns - counter - plan.metric.name.count - 38)
    }

    func say(_ line: String) {
        lastLine = monotonicSeconds()
        display.say(line)
    }

    /// A misspelt metric shows at the first run rather than in the report.
    private func warnOfMetric(_ run: Run, _ result: RunResult) {
        let names = result.histories.map(\.name)
        warnOfExcluded(names)
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

    /// So does a misspelt name under `exclude:`.
    private func warnOfExcluded(_ names: [String]) {
        guard !hasWarnedOfExcluded, !names.isEmpty else { return }
        hasWarnedOfExcluded = true
        let unknown = excluded.filter { !names.contains($0) }
        guard !unknown.isEmpty else { return }
        complain(
            "metrics: exclude: this run reports no \(unknown.joined(separator: ", ")); it reports "
                + names.joined(separator: ", "))
    }

    private var counter: String {
        let width = String(total).count
        return String(repeating: " ", count: max(0, width - String(finished).count))
            + "\(finished)/\(total)"
    }

    private var blank: String { String(repeating: " ", count: counter.count) }

    private func words(_ result: RunResult) -> String {
        if result.outcome == .diverged { return "diverged in \(result.end)" }
        guard let best = result.best else {
            return result.histories.isEmpty ? "no metrics reported" : "no value of \(metric.name)"
        }
        return
            "\(metric.name) \(short(best.value)) at \(best.place) of \(result.last)"
    }

    // MARK: The live table

    private func draw(_ status: StudyStatus) {
        let running = status.running.compactMap { run -> RunStatus.Running? in
            if case .running(let running) = run.state { running } else { nil }
        }
        let table = StatusTable(status: status, labels: labels)
        display.show { lines, columns in
            table.live(lines: lines - 1, columns: columns)
                + [summaryLine(running, columns: columns)]
        }
    }

    /// Epochs done, with the part of the one under way.
    private func done(_ progress: RunProgress) -> Double {
        Double(progress.epoch) + progress.partOfEpoch
    }

    /// - Parameter columns: of the terminal: without the bar, then without the time so far, where it
    ///   is narrow; nil for a plain line.
    private func summaryLine(_ running: [RunStatus.Running], columns: Int? = nil) -> String {
        let shares = running.map { run in
            run.progress.epochs.map { min(1, done(run.progress) / Double(max($0, 1))) } ?? 0
        }
        let part = (Double(finished) + shares.reduce(0, +)) / Double(max(total, 1))
        let elapsed = monotonicSeconds() - start
        let left = part > 0.005 ? ", about \(clock(elapsed * (1 - part) / part)) left" : ""
        let failures = (failed == 0 ? "" : ", \(failed) failed") + (note.isEmpty ? "" : "; \(note)")
        let counts = "\(finished) of \(total) runs, \(running.count) running\(failures)"
        let plain = "sweep \(counts), \(clock(elapsed)) so far\(left)"
        guard let columns else { return plain }
        let forms = [
            "sweep \(ProgressDisplay.bar(part, cells: 24)) \(counts), \(clock(elapsed)) so far\(left)",
            "sweep \(ProgressDisplay.bar(part, cells: 8)) \(counts), \(clock(elapsed)) so far\(left)",
            plain, "sweep \(counts)\(left)",
        ]
        return forms.first { $0.count <= columns } ?? "\(finished)/\(total)\(left)"
    }
}
