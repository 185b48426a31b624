import Foundation
import RunStore
import Studies

/// What a report says of a study, worked out once from what is stored.
struct StudyFacts {
    let plan: Plan
    let stored: StudyResults
    let failures: [FailureRecord]
    /// Which runs were trained from other files than lie there now.
    let inputs: StaleRuns
    /// What people say of the runs.
    let notes: StudyNotes
    /// The plan's runs that are stored.
    let runs: [(run: Run, summary: RunResult)]
    /// Best mean first.
    let trials: [TrialSummary]
    /// The best of those that have all their seeds; where none has, the best of those that have the
    /// most.
    let leader: TrialSummary?
    /// How the leader compares with each other, by trial.
    let contrasts: [Int: Contrast]
    let keys: [SweptKey]
    let effects: [AxisEffect]
    /// Which swept keys move the metric, by all runs at once.
    let keyTests: [KeyTest]
    /// How much each swept key matters; nil for one key.
    let importance: KeyImportance?
    /// The leader's best run, read whole.
    let bestRun: RunFileContents?
    /// What the leader's best run has left: each with its bytes, where it is a picture that a page
    /// can hold.
    let artifacts: [(artifact: Artifact, data: Data)]
    /// What the leader's runs say of single clips.
    let clips: ClipFacts?
    /// Of the metric, in all tables.
    let digits: Digits
    /// Significant digits of the values of each key, so that different ones read differently.
    let keyDigits: [String: Int]

    /// The leader against another trial, over the seeds that both have.
    struct Contrast {
        let test: Statistics.PairedTest
        /// After Holm's correction.
        let p: Double
        /// Whether the leader is the better one over these seeds: with seeds that only one of them
        /// has, means may say otherwise.
        let isForLeader: Bool
    }

    /// Whether the data set the leader apart from a trial.
    func isSetApart(_ trial: TrialSummary) -> Bool {
        contrasts[trial.trial].map { $0.isForLeader && $0.p < StudyFacts.significance } ?? false
    }

    /// Below this, a difference counts as supported.
    static let significance = 0.05
    /// With fewer seeds, the probability of being the best is not reported.
    static let seedsForChance = 5

    init(
        _ plan: Plan, _ stored: StudyResults, failures: [FailureRecord], inputs: StaleRuns = .none,
        notes: StudyNotes = StudyNotes(), readRun: (String) -> RunFileContents?,
        readArtifact: (String, Artifact) -> Data = { _, _ in Data() }
    ) {
        self.plan = plan
        self.stored = stored
        self.failures = failures
        self.inputs = inputs
        self.notes = notes
        runs = stored.inOrder(plan).map { (run: $0.0, summary: $0.1) }
        trials = TrialSummary.all(plan, stored)
        leader = TrialSummary.leader(trials)
        var tests: [(trial: Int, test: Statistics.PairedTest)] = []
        // Only settings with all their seeds are compared.
        if let leader, leader.isComplete {
            for trial in trials where trial.trial != leader.trial && trial.isComplete {
                let (own, other) = leader.paired(with: trial)
                if let test = Statistics.pairedTest(own, other) {
                    tests.append((trial.trial, test))
                }
            }
        }
        let adjusted = Statistics.holm(tests.map(\.test.p))
        contrasts = Dictionary(
            uniqueKeysWithValues: zip(tests, adjusted).map {
                let isAbove = $0.test.difference > 0
                return (
                    $0.trial,
                    Contrast(
                        test: $0.test, p: $1,
                        isForLeader: plan.metric.goal == .maximize ? isAbove : !isAbove)
                )
            })
        keys = SweptKey.all(trials, plan.axes)
        effects = AxisEffect.all(trials, keys, in: StudyFacts.range(plan))
        keyTests = KeyTest.all(trials, keys)
        importance = KeyImportance(trials, keys, keyTests, plan.metric.goal)
        let goal = plan.metric.goal
        let best = leader?.bestRun(goal)?.run.id
        let read = StudyFacts.wanted(leader, best).compactMap(readRun)
        bestRun = read.first { $0.identity.id == best }
        artifacts = StudyFacts.artifacts(of: bestRun, readArtifact)
        clips = ClipFacts(read, pattern: plan.report.group ?? StudyFacts.groupPattern(read))
        keyDigits = plan.axes.reduce(into: [:]) { digits, key in
            let values = Set(plan.runs.compactMap { $0.setting[key] })
            digits[key] =
                [6, 9, 12, 15, 17].first { count in
                    Set(values.map { SweptKey.short($0, digits: count) }).count == values.count
                } ?? 17
        }
        // Bad settings spread far; the median of the spreads is that of the others.
        let spreads = trials.compactMap { Statistics.standardDeviation($0.values) }
        digits = Digits(
            trials.flatMap(\.values), spread: Statistics.median(spreads.filter { $0 > 0 }))
    }

    /// The runs of the leader that are read whole: its best, and others as far as memory allows.
    private static func wanted(_ leader: TrialSummary?, _ best: String?) -> [String] {
        var room = 1 << 30
        let all = leader?.runs ?? []
        let runs = all.filter { $0.run.id == best } + all.filter { $0.run.id != best }
        return runs.prefix { _, summary in
            room -= summary.weightBytes
            return room > 0 || summary.id == best
        }.map(\.run.id)
    }

    /// What divides the clips of a run among speakers, by its own configuration.
    private static func groupPattern(_ runs: [RunFileContents]) -> String {
        guard case .text(let pattern)? = runs.first?.configuration["split.group"] else { return "" }
        return pattern
    }

    /// A page holds so many bytes of pictures.
    private static let pictureLimit = 8 << 20

    private static func artifacts(
        of run: RunFileContents?, _ read: (String, Artifact) -> Data
    ) -> [(artifact: Artifact, data: Data)] {
        var room = pictureLimit
        return (run?.provenance.artifacts ?? []).map { artifact in
            guard let run, artifact.isPicture, artifact.size <= room else {
                return (artifact, Data())
            }
            room -= artifact.size
            return (artifact, read(run.identity.id, artifact))
        }
    }

    var metric: String { plan.metric.name }

    /// Values of keys of which no run has a value of the metric.
    var valuesWithoutMetric: [Assignment] {
        var (measured, all): (Set<Assignment>, [Assignment]) = ([], [])
        var seen: Set<Assignment> = []
        for trial in trials.sorted(by: { $0.trial < $1.trial }) where !trial.runs.isEmpty {
            for assignment in trial.setting {
                if seen.insert(assignment).inserted { all.append(assignment) }
                if trial.mean != nil { measured.insert(assignment) }
            }
        }
        return all.filter { !measured.contains($0) }
    }

    /// Values of the metric outside of its range.
    var strays: Int {
        guard let range else { return 0 }
        return trials.flatMap(\.values).count { !range.contains($0) }
    }

    /// Where the metric can be; nil if nobody says.
    var range: MetricRange? { StudyFacts.range(plan) }

    /// Where any metric can be.
    func range(_ name: String) -> MetricRange? {
        name == metric ? range : plan.trainer.metrics.ranges?[name]
    }

    private static func range(_ plan: Plan) -> MetricRange? {
        plan.report.range ?? plan.trainer.metrics.ranges?[plan.metric.name]
    }
    var missing: Int { plan.runs.count - runs.count }
    var hasTest: Bool { runs.contains { $0.summary.test != nil } }

    func isKnown(_ metric: String) -> Bool {
        runs.contains { run in run.summary.histories.contains { $0.name == metric } }
    }

    /// How often the leader stays the best when its seeds are drawn anew; nil for too few seeds, or
    /// nothing to compare with.
    var chanceOfBest: Double? {
        guard let leader, leader.values.count >= StudyFacts.seedsForChance else { return nil }
        let others = trials.filter { $0.trial != leader.trial && $0.isComplete }
        let rivals = others.filter { $0.values.count >= StudyFacts.seedsForChance }
        // A setting with few seeds also has a probability, which can't be estimated.
        guard !rivals.isEmpty, rivals.count == others.count else { return nil }
        let all = [leader] + rivals
        let seeds = Set(leader.bySeed.map(\.seed))
        let isPaired = all.allSatisfy {
            $0.bySeed.count == seeds.count && Set($0.bySeed.map(\.seed)) == seeds
        }
        let candidates = isPaired ? all.map { leader.paired(with: $0).other } : all.map(\.values)
        return Statistics.shareOfBest(
            candidates, maximize: plan.metric.goal == .maximize, isPaired: isPaired,
            draws: max(200, min(10_000, 4_000_000 / candidates.count)))
    }

    /// The standard deviation between seeds, over all trials with at least two seeds
    /// (pooled); nil where none has.
    var seedDeviation: Double? { StudyFacts.seedDeviation(trials) }

    private static func seedDeviation(_ trials: [TrialSummary]) -> Double? {
        var (squares, freedom) = (0.0, 0)
        for trial in trials {
            guard let deviation = Statistics.standardDeviation(trial.values) else { continue }
            squares += deviation * deviation * Double(trial.values.count - 1)
            freedom += trial.values.count - 1
        }
        let deviation = (squares / Double(max(freedom, 1))).squareRoot()
        return freedom > 0 && deviation.isFinite ? deviation : nil
    }

    /// Which trial each seed alone would call the best, among trials that all have it.
    var winnersBySeed: [(seed: String, trials: [TrialSummary])] {
        var order: [String] = []
        var winners: [String: (trials: [TrialSummary], value: Double)] = [:]
        for trial in trials {
            for (seed, value) in trial.bySeed {
                if winners[seed] == nil { order.append(seed) }
                guard let best = winners[seed]?.value else {
                    winners[seed] = ([trial], value)
                    continue
                }
                if Statistics.isTie(value, best) {
                    winners[seed]?.trials.append(trial)
                } else if plan.metric.isBetter(value, than: best) {
                    winners[seed] = ([trial], value)
                }
            }
        }
        let place = Dictionary(
            plan.runs.enumerated().map { ($1.setting.seed?.label ?? "", $0) }
        ) { first, _ in first }
        return order.sorted { (place[$0] ?? 0) < (place[$1] ?? 0) }.compactMap { seed in
            winners[seed].map { (seed, $0.trials) }
        }
    }
}
