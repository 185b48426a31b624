import Foundation
import RunStore
import Training

/// One setting of the hyperparameters over its seeds.
struct TrialSummary {
    let label: String
    let trial: Int
    /// Planned and stored runs; a run without a number (diverged in its first epoch) has no value.
    let planned: Int
    let runs: [(run: StoredPlan.Run, summary: RunSummary)]

    /// Best value of the metric, one for each run that has one.
    var values: [Double] { runs.compactMap { $0.summary.best?.value } }
    var testAccuracies: [Double] { runs.compactMap { $0.summary.test?.accuracy } }
    var bestEpochs: [Double] { runs.compactMap { $0.summary.best.map { Double($0.epoch) } } }
    var diverged: Int { runs.count { $0.summary.outcome == .diverged } }
    var mean: Double? { Statistics.mean(values) }

    /// All trials of a plan, best mean first; trials without a value come last, in the order of the plan.
    static func all(_ plan: StoredPlan, _ stored: Stored) -> [TrialSummary] {
        var order: [Int] = []
        var members: [Int: [StoredPlan.Run]] = [:]
        for run in plan.runs {
            if members[run.trial] == nil { order.append(run.trial) }
            members[run.trial, default: []].append(run)
        }
        let trials = order.map { trial in
            let runs = members[trial] ?? []
            return TrialSummary(
                label: runs.first?.trialLabel ?? "", trial: trial, planned: runs.count,
                runs: runs.compactMap { run in stored.runs[run.id].map { (run, $0) } })
        }
        return trials.sorted { a, b in
            switch (a.mean, b.mean) {
            case (let x?, let y?) where x != y: plan.metric.goal == .maximize ? x > y : x < y
            case (_?, nil): true
            case (nil, _?): false
            default: a.trial < b.trial
            }
        }
    }
}
