import RunStore
import Studies

extension StudyReport {
    /// Every setting over its seeds, best first; then what each key does.
    var trialTable: Notebook.Section {
        let shown = facts.trials.prefix(StudyReport.rowLimit)
        var blocks: [Notebook.Block] = [
            .command([command("report", "--section trials")]),
            .computed(
                .table(trialRows(Array(shown))), python: NotebookCode.trials(self),
                output: .table(NotebookCode.trialsOutput(self))),
        ]
        let missing = plan.report.metrics.filter { !facts.isKnown($0) }
        if !missing.isEmpty, !facts.runs.isEmpty {
            blocks.append(
                .paragraph(
                    "No stored run reports \(missing.map { "\(code: $0)" as Words }.joined(by: ", "))."
                ))
        }
        if facts.strays > 0, let range = facts.range {
            let ends = [range.lower, range.upper].map { $0.map(shortest) ?? "~" }
            blocks.append(
                .paragraph(
                    "\(strong: counted(facts.strays, "value")) of \(code: metric) outside of its range, \(ends[0]) … \(ends[1]): intervals of those settings do not keep to it."
                ))
        }
        if facts.trials.count > shown.count {
            blocks.append(
                .paragraph(
                    "The best \(shown.count) of \(facts.trials.count) trials; all are in \(link: "trials.csv", to: "trials.csv")."
                ))
        }
        if !facts.effects.isEmpty { blocks += effectTable }
        if let importance = facts.importance { blocks += importanceTable(importance) }
        return Notebook.Section(name: "trials", heading: "Trials", blocks: blocks)
    }

    private var extraColumns: [String] {
        plan.report.metrics.filter { $0 != metric && facts.isKnown($0) }
    }

    private func trialRows(_ shown: [TrialSummary]) -> Notebook.Table {
        var titles: [Words] = ["rank", "trial"] + sweptKeys.map { "\(code: $0)" }
        var numbers = Set([0, 1]).union(areNumbers(sweptKeys, from: 2))
        func add(_ title: Words, isNumber: Bool = true) {
            if isNumber { numbers.insert(titles.count) }
            titles.append(title)
        }
        add("\(code: metric)")
        add("sd")
        add("95 % interval")
        if !facts.contrasts.isEmpty {
            add("to the best")
            add("p")
        }
        if facts.hasTest { add("\(code: "test_accuracy")") }
        for column in extraColumns { add("\(code: column)") }
        add("best \(plan.axis.rawValue)")
        add("seeds", isNumber: false)
        let ranks = StudyReport.ranks(facts.trials)
        let digits = extraColumns.map { column in
            Digits(
                facts.trials.flatMap { StudyReport.atBestEpoch(column, $0) }, spread: nil)
        }
        let spreads = facts.trials.compactMap { Statistics.standardDeviation($0.testAccuracies) }
        let tests = Digits(
            facts.trials.flatMap(\.testAccuracies),
            spread: Statistics.median(spreads.filter { $0 > 0 }))
        let rows = zip(shown, ranks).map { trial, rank in
            row(trial, rank, tests, zip(extraColumns, digits).map { ($0, $1) })
        }
        let fixed = 2 + sweptKeys.count
        // The last columns first, then `sd`, the trial's number and the interval.
        let last = Array((fixed + 3..<titles.count).reversed())
        return Notebook.Table(
            titles, numbers: numbers, dropped: last + [fixed + 1, 1, fixed + 2], rows: rows)
    }

    /// A rank for each trial that has all its seeds; equal means share one.
    static func ranks(_ trials: [TrialSummary]) -> [String] {
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

    private func row(
        _ trial: TrialSummary, _ rank: String, _ tests: Digits, _ extras: [(String, Digits)]
    ) -> [Words] {
        let spread = Statistics.standardDeviation(trial.values)
        var row: [Words] = ["\(rank)", "\(trial.number)"] + cells(trial.setting, sweptKeys)
        row += [
            "\(trial.mean.map { value($0) } ?? "–")",
            "\(spread.map { facts.digits.spread($0) } ?? "–")",
            "\(words(Estimate(trial.values, in: facts.range)))",
        ]
        if !facts.contrasts.isEmpty {
            let contrast = facts.contrasts[trial.trial]
            let isLeader = trial.trial == facts.leader?.trial
            row.append(
                isLeader ? "best" : "\(contrast.map { value(-$0.test.difference) } ?? "–")")
            row.append(isLeader ? "" : "\(contrast.map { probability($0.p) } ?? "–")")
        }
        if facts.hasTest { row.append(meanAndSpread(trial.testAccuracies, tests)) }
        for (column, digits) in extras {
            let values = StudyReport.atBestEpoch(column, trial)
            let part =
                values.count < trial.runs.count ? " (\(values.count) of \(trial.runs.count))" : ""
            row.append(meanAndSpread(values, digits) + "\(part)")
        }
        row.append("\(epochs(trial))")
        var seeds =
            trial.isComplete ? "\(trial.planned)" : "\(trial.values.count) of \(trial.planned)"
        if trial.diverged > 0 { seeds += ", \(trial.diverged) diverged" }
        if trial.stoppedEarly > 0 { seeds += ", \(trial.stoppedEarly) stopped early" }
        row.append("\(seeds)")
        return row
    }

    /// The median over the seeds, and how far they spread.
    private func epochs(_ trial: TrialSummary) -> String {
        guard let middle = Statistics.median(trial.bestEpochs), let low = trial.bestEpochs.min(),
            let high = trial.bestEpochs.max()
        else { return "–" }
        let median = middle.pixels
        return low == high ? median : "\(median) (\(low.pixels)…\(high.pixels))"
    }

    private static func atBestEpoch(_ metric: String, _ trial: TrialSummary) -> [Double] {
        trial.runs.compactMap { atBestEpoch(metric, $0.summary) }.filter(\.isFinite)
    }

    static func atBestEpoch(_ metric: String, _ summary: RunResult) -> Double? {
        let values = summary.history(metric)
        guard let best = summary.best, values.indices.contains(best.epoch - 1) else { return nil }
        // Where rows are steps, what is reported rarely has its value at a step before.
        return summary.axis == .epoch
            ? values[best.epoch - 1]
            : values.prefix(best.epoch).last { !$0.isNaN } ?? .nan
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
            for group in effect.groups.prefix(levelLimit) {
                rows.append([
                    "\(code: effect.key.name)", Words(group.label), "\(value(group.mean))",
                    "\(words(group.estimate))",
                    "\(group.settings == 0 ? "–" : "\(group.settings)")", "\(group.runs)",
                ])
            }
            if effect.groups.count > levelLimit {
                rows.append([
                    "\(code: effect.key.name)",
                    "… \(effect.groups.count - levelLimit) more values", "", "", "", "",
                ])
            }
        }
        var blocks: [Notebook.Block] = [
            .paragraph(
                "Effect of each swept key, over the settings of all others, and the seeds, that all its values have:"
            ),
            .table(
                Notebook.Table(
                    ["key", "value", "mean \(code: metric)", "95 % interval", "settings", "runs"],
                    numbers: [2, 3, 4, 5], rows: rows)),
        ]
        let continuous = facts.effects.filter { $0.key.kind == .continuous }
        if !continuous.isEmpty {
            let keys = continuous.map { "\(code: $0.key.name)" as Words }.joined(by: ", ")
            blocks.append(
                .paragraph(
                    "\(keys): quarters of the settings, from the lowest values to the highest; the interval is over the settings in each."
                ))
        }
        if !facts.keyTests.isEmpty {
            let words = facts.keyTests.map { test -> Words in
                "\(code: test.key) \(test.isSignificant ? "has an effect" : "has no significant effect") (\(statistic(test)))"
            }.joined(by: "; ")
            blocks.append(.paragraph("By all runs at once: \(words)."))
        }
        let untested = facts.keys.filter { key in !facts.keyTests.contains { $0.key == key.name } }
        if !untested.isEmpty, facts.runs.count > facts.keys.count + 1 {
            let keys = untested.map { "\(code: $0.name)" as Words }.joined(by: ", ")
            blocks.append(
                .paragraph(
                    "Not tested: \(keys). A key can be tested if it has 2 to 12 values, these do not follow from other keys, and runs are left to estimate the noise."
                ))
        }
        let silent = facts.valuesWithoutMetric
        if !silent.isEmpty {
            let words = silent.prefix(8).map { "\(code: $0.label)" as Words }.joined(by: ", ")
            let more = silent.count > 8 ? " and \(silent.count - 8) more" : ""
            blocks.append(
                .paragraph(
                    "Without a value of \(code: metric), so not in this table: \(words)\(more)."))
        }
        let uneven = facts.effects.filter { !$0.isMatched && $0.key.kind != .continuous }
        if !uneven.isEmpty {
            let keys = uneven.map { "\(code: $0.key.name)" as Words }.joined(by: ", ")
            blocks.append(
                .paragraph(
                    "No setting of the other keys was run at every value of \(keys): those means compare different settings."
                ))
        }
        return blocks
    }

    /// How much each key matters, beside the seed.
    private func importanceTable(_ importance: KeyImportance) -> [Notebook.Block] {
        func percent(_ share: Double?) -> Words {
            share.map { "\(fixed($0 * 100, 1)) %" } ?? "–"
        }
        var rows: [[Words]] = importance.rows.map {
            ["\(code: $0.key)", percent($0.importance), percent($0.variance)]
        }
        if let seed = importance.seedVariance {
            rows.append(["seed (within the settings)", "", percent(seed)])
        }
        if let other = importance.otherVariance {
            rows.append([
                importance.hasQuarters
                    ? "interactions of the keys, and what quarters do not show"
                    : "interactions of the keys", "", percent(other),
            ])
        }
        var titles: [Words] = ["key", "importance", "share of variance"]
        let text: Words
        if importance.rows.contains(where: { $0.importance != nil }) {
            let best = fixed(min(1, importance.quantile) * 100, 0)
            text =
                "Importance of the keys: for being among the best \(best) % of the trials (PED-ANOVA), and as a share of the variance of all runs:"
        } else {
            text = "Importance of the keys, as a share of the variance of all runs:"
            titles.remove(at: 1)
            for place in rows.indices { rows[place].remove(at: 1) }
        }
        return [
            .paragraph(text),
            .table(
                Notebook.Table(titles, numbers: Set(1..<titles.count), rows: rows)),
        ]
    }

    var trialsCSV: String {
        let last = ["mean", "standard_deviation", "low_95", "high_95", "seeds", "planned_seeds"]
        let header =
            ["trial"] + NotebookCode.tableColumns(self, besides: last) + last
        let rows = facts.trials.map { trial in
            var interval: (low: Double, high: Double)?
            if case .interval(let low, let high) = Estimate(trial.values, in: facts.range) {
                interval = (low, high)
            }
            return ["\(trial.number)"]
                + sweptKeys.map { key in
                    (trial.setting[key] ?? plan.settings[key])?.label ?? ""
                }
                + [
                    CSV.number(trial.mean), CSV.number(Statistics.standardDeviation(trial.values)),
                    CSV.number(interval?.low), CSV.number(interval?.high),
                    "\(trial.values.count)", "\(trial.planned)",
                ]
        }
        return CSV.text([header] + rows)
    }
}
