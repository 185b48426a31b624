import Foundation
import RunStore
import Studies

extension StudyReport {
    /// Every setting over its seeds, best first.
    var trialTable: Notebook.Section {
        let shown = facts.trials.prefix(StudyReport.rowLimit)
        var titles: [Words] = ["", "trial", "\(metric)", "95 % interval"]
        var numbers: Set<Int> = [0, 2, 3]
        func add(_ title: Words, isNumber: Bool = true) {
            if isNumber { numbers.insert(titles.count) }
            titles.append(title)
        }
        if !facts.contrasts.isEmpty {
            add("to the best")
            add("p")
        }
        if facts.hasTest { add("test_accuracy") }
        for column in plan.report.metrics where column != metric && facts.isKnown(column) {
            add("\(column)")
        }
        add("best epoch")
        add("seeds", isNumber: false)
        let ranks = StudyReport.ranks(facts.trials)
        let rows = zip(shown, ranks).map { trial, rank in row(trial, rank) }
        var blocks: [Notebook.Block] = [
            .command([command("report", "--section trials")]),
            .computed(
                .table(Notebook.Table(titles, numbers: numbers, rows: rows)),
                python: NotebookCode.trials(plan),
                output: NotebookCode.trialsOutput(facts)),
        ]
        let missing = plan.report.metrics.filter { !facts.isKnown($0) }
        if !missing.isEmpty, !facts.runs.isEmpty {
            blocks.append(
                .paragraph(
                    "No stored run reports \(missing.map { "\(code: $0)" as Words }.joined(by: ", "))."
                ))
        }
        if facts.trials.count > shown.count {
            blocks.append(
                .paragraph(
                    "The best \(shown.count) of \(facts.trials.count) trials; all are in \(link: "trials.csv", to: "trials.csv")."
                ))
        }
        if !facts.effects.isEmpty { blocks += effectTable }
        return Notebook.Section(name: "trials", heading: "Trials", blocks: blocks)
    }

    /// A rank for each trial that has all its seeds; equal means share one.
    private static func ranks(_ trials: [TrialSummary]) -> [String] {
        var ranks: [String] = []
        var (count, last, lastRank) = (0, Double?.none, 0)
        for trial in trials {
            guard trial.isComplete, let mean = trial.mean else {
                ranks.append("–")
                continue
            }
            count += 1
            if last.map({ !Statistics.isTie(mean, $0) }) ?? true { lastRank = count }
            last = mean
            ranks.append("\(lastRank)")
        }
        return ranks
    }

    private func row(_ trial: TrialSummary, _ rank: String) -> [Words] {
        var cells: [Words] = [
            "\(rank)", "\(code: name(trial))", meanAndSpread(trial.values),
            "\(words(Estimate(trial.values, in: facts.range)))",
        ]
        if !facts.contrasts.isEmpty {
            let contrast = facts.contrasts[trial.trial]
            let isLeader = trial.trial == facts.leader?.trial
            cells.append(
                isLeader ? "best" : "\(contrast.map { value(-$0.test.difference) } ?? "–")")
            cells.append(isLeader ? "" : "\(contrast.map { probability($0.p) } ?? "–")")
        }
        if facts.hasTest { cells.append(meanAndSpread(trial.testAccuracies)) }
        for column in plan.report.metrics where column != metric && facts.isKnown(column) {
            cells.append(
                meanAndSpread(trial.runs.compactMap { StudyReport.atBestEpoch(column, $0.summary) })
            )
        }
        cells.append("\(epochs(trial))")
        var seeds =
            trial.isComplete ? "\(trial.planned)" : "\(trial.values.count) of \(trial.planned)"
        if trial.diverged > 0 { seeds += ", \(trial.diverged) diverged" }
        if trial.stoppedEarly > 0 { seeds += ", \(trial.stoppedEarly) stopped early" }
        cells.append("\(seeds)")
        return cells
    }

    /// The median over the seeds, and how far they spread.
    private func epochs(_ trial: TrialSummary) -> String {
        guard let middle = Statistics.median(trial.bestEpochs), let low = trial.bestEpochs.min(),
            let high = trial.bestEpochs.max()
        else { return "–" }
        let median = middle.pixels
        return low == high ? median : "\(median) (\(low.pixels)…\(high.pixels))"
    }

    static func atBestEpoch(_ metric: String, _ summary: RunResult) -> Double? {
        let values = summary.history(metric)
        guard let best = summary.best, values.indices.contains(best.epoch - 1) else { return nil }
        return values[best.epoch - 1]
    }

    /// `F(2, 40) = 35.1, p < 0.0001`.
    func statistic(_ test: KeyTest) -> String {
        let p = probability(test.p)
        return
            "F(\(test.test.freedom.factor), \(test.test.freedom.residual)) = \(String(format: "%.3g", test.test.f)), p \(p.hasPrefix("<") ? p : "= \(p)")"
    }

    /// What each swept key does by itself.
    private var effectTable: [Notebook.Block] {
        let levelLimit = 24
        var rows: [[Words]] = []
        for effect in facts.effects {
            for level in effect.levels.prefix(levelLimit) {
                rows.append([
                    "\(code: "\(effect.key)=\(level.value.label)")", "\(value(level.mean))",
                    "\(words(level.estimate))",
                    "\(effect.settings == 0 ? "–" : "\(effect.settings)")",
                    "\(level.runs)",
                ])
            }
            if effect.levels.count > levelLimit {
                rows.append([
                    "… \(effect.levels.count - levelLimit) more levels of \(code: effect.key)", "",
                    "", "", "",
                ])
            }
        }
        let uneven = facts.effects.filter { $0.settings == 0 }.map(\.key)
        var blocks: [Notebook.Block] = [
            .paragraph("Effect of each swept key, over the same settings of all others:"),
            .table(
                Notebook.Table(
                    ["level", "mean \(metric)", "95 % interval", "settings", "runs"],
                    numbers: [1, 2, 3, 4], rows: rows)
            ),
        ]
        if !facts.keyTests.isEmpty {
            let words = facts.keyTests.map { test -> Words in
                "\(code: test.key) \(test.isSignificant ? "has an effect" : "has no significant effect") (\(statistic(test)))"
            }.joined(by: "; ")
            blocks.append(.paragraph("By all runs at once: \(words)."))
        }
        if !uneven.isEmpty {
            let keys = uneven.map { "\(code: $0)" as Words }.joined(by: ", ")
            blocks.append(
                .paragraph(
                    "No setting of the other keys was run at every level of \(keys): those means compare different settings."
                ))
        }
        return blocks
    }

    /// The 95 % interval of a trial's mean.
    private func interval(_ trial: TrialSummary) -> (low: Double, high: Double)? {
        let estimate = Estimate(trial.values, in: facts.range)
        if case .interval(let low, let high) = estimate { return (low, high) }
        return nil
    }

    var trialsCSV: String {
        let last = ["mean", "standard_deviation", "low_95", "high_95", "seeds", "planned_seeds"]
        let keys = plan.axes.filter { $0 != "seed" }
        let header = CSV.columns(keys, "set_", besides: last) + last
        let rows = facts.trials.map { trial in
            keys.map { key in (trial.setting[key] ?? plan.settings[key])?.label ?? "" }
                + [
                    CSV.number(trial.mean), CSV.number(Statistics.standardDeviation(trial.values)),
                    CSV.number(interval(trial)?.low), CSV.number(interval(trial)?.high),
                    "\(trial.values.count)",
                    "\(trial.planned)",
                ]
        }
        return CSV.text([header] + rows)
    }
}
