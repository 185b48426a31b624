import Files
import Foundation
import Reports
import RunStore
import Studies

/// What a page shows of one study, read from its folder again as it changes. It holds no lock and
/// writes nothing.
actor StudyFeed {
    nonisolated let id: String
    nonisolated let folder: StudyFolder
    private(set) var plan: Plan
    private(set) var results: StudyResults
    private(set) var status: StudyStatus
    private(set) var notes = StudyNotes()
    private var reader: StudyStatusReader
    private var stale: [String: String] = [:]
    private var checkedInputs = Date.distantPast
    private var best: BestSetting?
    /// Counts changes.
    private(set) var revision = 1
    /// The plan has other runs since.
    private var planRevision = 1
    private var rows: [String: Row] = [:]
    private var table: RunTable
    private var stamp: FolderStamp
    private var read = Date()
    /// Reading takes at most a tenth of the time, so that runs have the processors.
    private var nextRead = Date.distantPast
    private var wasWorking = false
    /// Figures of the report, at a revision.
    private var drawn: (revision: Int, figures: [Notebook.Figure])?

    /// - Throws: `StoreError` if its plan can't be read.
    init(_ entry: StudyCatalogue.Entry) throws {
        id = entry.id
        folder = entry.folder
        stamp = FolderStamp(folder)
        plan = try folder.readPlan()
        results = StudyResults(folder, plan)
        reader = StudyStatusReader(folder, plan)
        status = reader.status(results)
        // Notes that can't be read are reported by the commands that show them.
        notes = (try? StudyNotes.read(folder)) ?? StudyNotes()
        best = BestSetting(plan, results)
        table = RunTable(plan)
        for run in status.runs {
            let source = Row.Source(run, notes[run.run.id], nil)
            rows[run.run.id] = Row(
                json: table.row(run, notes[run.run.id], nil), changed: 1, source: source)
        }
        wasWorking = status.isWorking
    }

    /// A row, and what it was made of.
    private struct Row {
        var json: [UInt8]
        var changed: Int
        /// Of a run that is stored or has not begun: while it is the same, so is the row.
        var source: Source?

        struct Source: Equatable {
            var file: FileFacts?
            var note: StudyNotes.Note
            var stale: String?

            init?(_ run: RunStatus, _ note: StudyNotes.Note, _ stale: String?) {
                switch run.state {
                case .completed(let result): file = result.file
                case .planned(stopped: nil): file = nil
                default: return nil
                }
                (self.note, self.stale) = (note, stale)
            }
        }
    }

    /// Looks at the folder again, if anything in it has changed.
    /// - Parameter isUrgent: even if it was read a moment ago.
    func refresh(isUrgent: Bool = false) {
        let start = Date()
        guard isUrgent || start >= nextRead else { return }
        defer { nextRead = Date() + 10 * Date().timeIntervalSince(start) }
        let now = FolderStamp(folder)
        // A worker that was killed changes no file.
        let isLive = status.isWorking || !status.running.isEmpty
        let isDue = isLive && Date().timeIntervalSince(read) > 2
        guard now != stamp || isDue || checksInputs else { return }
        if now.plan != stamp.plan { readPlan() }
        if now.notes != stamp.notes {
            // A file in the middle of a change is read the next time.
            notes = (try? StudyNotes.read(folder)) ?? notes
        }
        stamp = now
        read = Date()
        results = StudyResults(folder, plan, after: results)
        status = reader.status(results)
        if checksInputs {
            stale = StaleRuns(folder, plan, results).stale
            checkedInputs = Date()
        }
        best = BestSetting(plan, results)
        take()
    }

    private var checksInputs: Bool {
        plan.trainer.command != nil && Date().timeIntervalSince(checkedInputs) > 60
    }

    private func readPlan() {
        // A plan that can't be read leaves what was read before.
        guard let changed = try? folder.readPlan(), changed != plan else { return }
        plan = changed
        reader = StudyStatusReader(folder, plan)
        table = RunTable(plan)
        planRevision = revision + 1
        rows = [:]
    }

    /// Notes which rows differ.
    private func take() {
        let next = revision + 1
        var isChanged = planRevision == next || status.isWorking != wasWorking
        for run in status.runs {
            let id = run.run.id
            let old = rows[id]
            let source = Row.Source(run, notes[id], stale[id])
            if let source, source == old?.source { continue }
            let json = table.row(run, notes[id], stale[id])
            if json != old?.json { isChanged = true }
            rows[id] = Row(
                json: json, changed: json == old?.json ? old?.changed ?? next : next, source: source
            )
        }
        if isChanged { revision = next }
        wasWorking = status.isWorking
    }

    var summary: StudySummary {
        StudySummary(StudyCatalogue.Entry(id: id, folder: folder), plan, results, status, best)
    }

    // MARK: JSON

    /// The study and its runs: all of them, or those that have changed since a revision.
    func snapshot(since: Int? = nil) -> [UInt8] {
        let isWhole = since.map { $0 < planRevision || $0 > revision } ?? true
        var text = JSONText()
        text.object { study in
            study.number("revision", revision)
            study.bool("isWhole", isWhole)
            table.write(&study, id: id)
            study.bool("isWorking", status.isWorking)
            study.member("counts") { text in
                text.object { counts in
                    for kind in RunStatus.Kind.allCases {
                        counts.number(kind.rawValue, status.count(kind))
                    }
                    counts.number("stale", stale.count)
                }
            }
            study.number(
                "endsAt", status.secondsLeft.map { (Date().timeIntervalSince1970 + $0).rounded() })
            study.number("bytes", results.runs.values.reduce(0) { $0 + $1.file.size })
            study.list("metrics", metricNames) { $0.string($1) }
            study.member("best") { text in
                guard let best else { return text.raw("null") }
                text.object { members in
                    members.string("label", best.label)
                    members.number("trial", best.trial + 1)
                    members.number("mean", best.mean)
                    members.number("seeds", best.seeds)
                    members.number("planned", best.planned)
                    if case .interval(let low, let high) = best.estimate {
                        members.number("low", low)
                        members.number("high", high)
                    }
                }
            }
            study.list(
                "rows", plan.runs.filter { isWhole || (rows[$0.id]?.changed ?? 0) > since ?? 0 }
            ) {
                $0.raw(rows[$1.id]?.json ?? [])
            }
        }
        return text.bytes
    }

    /// Trials, best first.
    var ranked: [Int] { rankedTrials(plan, results) }

    /// Of all runs, the judged one first.
    var metricNames: [String] {
        var names = [plan.metric.name]
        var known = Set(names)
        for run in status.runs {
            let found: [String] =
                switch run.state {
                case .completed(let result): result.histories.map(\.name)
                case .running(let running):
                    running.progress.latestNames
                default: []
                }
            // Steps are the horizontal axis.
            let shown = found.filter { plan.axis == .epoch || $0 != MetricAxis.steps }
            for name in shown where known.insert(name).inserted { names.append(name) }
        }
        return names
    }

    /// The values of a metric by epoch, of one run.
    private func history(_ metric: String, _ run: RunStatus) -> [Double] {
        switch run.state {
        case .completed(let result): result.history(metric)
        case .running(let running): running.progress.history(metric)
        case .planned(let stopped): stopped?.history(metric) ?? []
        case .failed: []
        }
    }

    /// The steps of these values; nil where they are epochs.
    private func steps(_ run: RunStatus) -> [Int]? {
        guard plan.axis == .step else { return nil }
        return switch run.state {
        case .completed(let result): result.steps
        case .running(let running): running.progress.rows
        case .planned(let stopped): stopped?.rows ?? []
        case .failed: []
        }
    }

    /// Mean and band of some trials, and the runs that they are made of.
    /// - Parameters:
    ///   - trials: from 1.
    ///   - columns: of pixels.
    ///   - withTime: whether the seconds of each epoch are wanted.
    func curves(_ metric: String, _ trials: [Int], columns: Int, withTime: Bool = false) -> [UInt8]
    {
        let members = Dictionary(grouping: status.runs, by: \.run.trial)
        var text = JSONText()
        text.list(trials.filter { members[$0 - 1] != nil }) { text, number in
            let runs = members[number - 1] ?? []
            let histories = runs.map { history(metric, $0) }
            let steps = runs.map(steps)
            let band = Curves.band(
                histories, steps: plan.axis == .step ? steps.map { $0 ?? [] } : nil,
                columns: columns)
            text.object { trial in
                trial.number("trial", number)
                trial.list("x", band) { $0.number($1.epoch) }
                trial.list("mean", band) { $0.number($1.mean) }
                trial.list("low", band) { $0.number($1.low) }
                trial.list("high", band) { $0.number($1.high) }
                trial.list("n", band) { $0.number($1.count) }
                trial.list("runs", zip(runs, zip(histories, steps))) { text, run in
                    let points = Curves.thinned(run.1.0, at: run.1.1, columns: columns)
                    text.object { curve in
                        curve.string("id", run.0.run.id)
                        curve.list("x", points) { $0.number($1.epoch) }
                        curve.list("y", points) { $0.number($1.value) }
                        guard withTime else { return }
                        let ends = ends(run.0)
                        curve.list("t", points) { $0.number(ends[$1.epoch]) }
                    }
                }
            }
        }
        return text.bytes
    }

    /// When each epoch, or step, of a run ended, in seconds of training.
    private func ends(_ run: RunStatus) -> [Int: Double] {
        switch run.state {
        case .completed(let result):
            if let steps = result.steps {
                return Dictionary(zip(steps, result.elapsed)) { first, _ in first }
            }
            // A file that can't be read has no times; the table says that it is damaged.
            let ends = (try? RunFile.epochEnds(folder.runFile(run.run.id))) ?? []
            return Dictionary(uniqueKeysWithValues: zip(1..., ends))
        case .running(let running): return running.progress.ends
        default: return [:]
        }
    }

    /// One run, with all that its file holds but weights; nil if the plan has no such run.
    func details(_ id: String) -> [UInt8]? {
        guard let run = status.runs.first(where: { $0.run.id == id }) else { return nil }
        return RunDetails(plan, run, folder, stale: stale[id]).json
    }

    func figure(_ name: String, of id: String) -> Notebook.Figure? {
        status.runs.first { $0.run.id == id }.flatMap {
            RunDetails(plan, $0, folder, stale: nil).figure(name)
        }
    }

    // MARK: The report

    private var report: StudyReport {
        StudyReport(folder, plan, results, inputs: StaleRuns.none)
    }

    func figures() -> [Notebook.Figure] {
        if let drawn, drawn.revision == revision { return drawn.figures }
        let sections = ["figures", "seeds", "clips"].compactMap(report.section)
        let figures = Notebook(title: plan.name, subtitle: nil, sections: sections).figures
        drawn = (revision, figures)
        return figures
    }

    /// The report as a page, as it would be written now.
    func plainPage() -> String { HTMLForm().text(report.notebook) }
}
