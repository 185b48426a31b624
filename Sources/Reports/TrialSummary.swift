import Foundation
import RunStore
import Studies

/// One setting of the hyperparameters over its seeds.
struct TrialSummary {
    let label: String
    /// The label, or its replacement where only the seed is swept.
    var name: String { setting.isEmpty ? "all runs" : label }
    let trial: Int
    /// From 1, as tables and files count trials.
    var number: Int { trial + 1 }
    /// The swept keys but the seed, and their values.
    let setting: Setting
    /// Planned and stored runs; a run without a number (diverged in its first epoch) has no value.
    let planned: Int
    let runs: [(run: Run, summary: RunResult)]

    /// Best value of the metric, one for each run that has one.
    let values: [Double]
    /// The same by seed.
    let bySeed: [(seed: String, value: Double)]
    let mean: Double?

    var testAccuracies: [Double] { runs.compactMap { $0.summary.test?.accuracy } }
    var bestEpochs: [Double] { runs.compactMap { $0.summary.best.map { Double($0.number) } } }
    var diverged: Int { runs.count { $0.summary.outcome == .diverged } }
    var stoppedEarly: Int { runs.count { $0.summary.stoppedEarly } }
    /// Whether each planned seed gave a number: only then is a mean comparable.
    var isComplete: Bool { values.count == planned }

    init(_ trial: Trial, _ planned: [Run], _ stored: StudyResults) {
        label = trial.label
        self.trial = trial.number
        setting = trial.setting
        self.planned = planned.count
        runs = planned.compactMap { run in stored.runs[run.id].map { (run, $0) } }
        bySeed = runs.compactMap { run, summary in
            guard let best = summary.best else { return nil }
            return (run.setting.seed?.label ?? "", best.value)
        }
        values = bySeed.map(\.value)
        mean = Statistics.mean(values)
    }

    /// The run with the best value; ties go to the earlier.
    func bestRun(_ goal: Metric.Goal) -> (run: Run, summary: RunResult)? {
        runs.filter { $0.summary.best != nil }.max { a, b in
            let (x, y) = (a.summary.best?.value ?? 0, b.summary.best?.value ?? 0)
            return x == y ? a.run.number > b.run.number : (goal == .maximize ? x < y : x > y)
        }
    }

    /// All trials of a plan, best mean first; trials without a value come last. Equal means, up to
    /// rounding, are in the order of the plan.
    static func all(_ plan: Plan, _ stored: StudyResults) -> [TrialSummary] {
        var trials = plan.trials.map { TrialSummary($0.trial, $0.runs, stored) }.sorted { a, b in
            switch (a.mean, b.mean) {
            case (let x?, let y?) where x != y: plan.metric.goal == .maximize ? x > y : x < y
            case (_?, nil): true
            case (nil, _?): false
            default: a.trial < b.trial
            }
        }
        var start = 0
        for end in 1...max(trials.count, 1) {
            if end < trials.count, trials[end].isTied(with: trials[end - 1]) { continue }
            if end - start > 1 { trials[start..<end].sort { $0.trial < $1.trial } }
            start = end
        }
        return trials
    }

    /// The best of those that have all their seeds; where none has, the best of those that have the
    /// most.
    static func leader(_ trials: [TrialSummary]) -> TrialSummary? {
        let most = trials.map(\.values.count).max() ?? 0
        return trials.first { $0.isComplete && $0.mean != nil }
            ?? trials.first { $0.values.count == most && most > 0 }
    }

    /// Whether both have the same mean, up to rounding.
    func isTied(with other: TrialSummary) -> Bool {
        guard let mean, let theirs = other.mean else { return false }
        return Statistics.isTie(mean, theirs)
    }

    /// Values of the seeds that both have, in one order.
    func paired(with other: TrialSummary) -> (own: [Double], other: [Double]) {
        let others = Dictionary(other.bySeed.map { ($0.seed, $0.value) }) { first, _ in first }
        let common = bySeed.filter { others[$0.seed] != nil }
        return (common.map(\.value), common.compactMap { others[$0.seed] })
    }
}
