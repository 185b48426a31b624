import RunStore
import Studies

/// The best setting so far, as the report calls it.
package struct BestSetting: Sendable, Equatable {
    package let label: String
    /// From 0, as plans number trials.
    package let trial: Int
    package let mean: Double
    package let estimate: Estimate
    /// Seeds with a value, and seeds that are planned.
    package let seeds, planned: Int

    /// Nil while no run has a value.
    package init?(_ plan: Plan, _ stored: StudyResults) {
        guard let leader = TrialSummary.leader(TrialSummary.all(plan, stored)),
            let mean = leader.mean
        else { return nil }
        label = leader.name
        trial = leader.trial
        self.mean = mean
        estimate = Estimate(
            leader.values, in: plan.report.range ?? plan.trainer.metrics.ranges?[plan.metric.name])
        (seeds, planned) = (leader.values.count, leader.planned)
    }
}

/// Numbers of all trials, from 0, best mean first; those without a value come last.
package func rankedTrials(_ plan: Plan, _ stored: StudyResults) -> [Int] {
    TrialSummary.all(plan, stored).map(\.trial)
}
