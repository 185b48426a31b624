/// The runs of a study in order, resolved before the first one starts.
package struct Plan: Sendable, Equatable {
    package var name: String
    /// The recipe's path, as it was given on the command line.
    package var recipe: String
    package var overrides: [String]
    package var recipeText: String
    package var question: String?
    package var metric: Metric
    package var trainer: TrainerRecord
    package var keep: KeptWeights
    /// Environment variables whose values are recorded with each run.
    package var recordedEnvironment: [String]
    package var report: ReportSettings
    /// What each run needs of a machine.
    package var resources = Resources()
    /// Whether a run that reports no metrics has failed: the recipe names the metric.
    package var requiresMetrics = false
    /// Digest of the weights that all runs start from; nil if they are drawn.
    package var initialWeights: String?
    /// Numerics revision of the program that made the plan: part of the identity of the built-in
    /// trainer's runs.
    package var numerics: Int
    /// What all runs share, defaults included.
    package var settings: [String: Value]
    /// Swept keys, in order; the seed last.
    package var axes: [String]
    package var runs: [Run]
    /// The folder of all studies, as it was given.
    package var results: String

    package init(
        name: String, recipe: String, overrides: [String] = [], recipeText: String = "",
        question: String? = nil,
        metric: Metric, trainer: TrainerRecord, keep: KeptWeights = .best,
        recordedEnvironment: [String] = [],
        report: ReportSettings = ReportSettings(), initialWeights: String? = nil, numerics: Int,
        settings: [String: Value] = [:], axes: [String], runs: [Run], results: String = "results"
    ) {
        self.name = name
        self.recipe = recipe
        self.overrides = overrides
        self.recipeText = recipeText
        self.question = question
        self.metric = metric
        self.trainer = trainer
        self.keep = keep
        self.recordedEnvironment = recordedEnvironment
        self.report = report
        self.initialWeights = initialWeights
        self.numerics = numerics
        self.settings = settings
        self.axes = axes
        self.runs = runs
        self.results = results
    }

    /// Metrics that are not part of the content digest.
    package var excludedMetrics: [String] { trainer.excludedMetrics }

    /// Each once, in the order of the runs.
    package var dataSets: [RunData] {
        var seen: Set<RunData> = []
        return runs.map(\.data).filter { seen.insert($0).inserted }
    }

    /// The trials with their runs, in the order of the plan.
    package var trials: [(trial: Trial, runs: [Run])] {
        var order: [Int] = []
        var members: [Int: [Run]] = [:]
        for run in runs {
            if members[run.trial] == nil { order.append(run.trial) }
            members[run.trial, default: []].append(run)
        }
        return order.map { number in
            let runs = members[number] ?? []
            return (Trial(number: number, setting: runs.first?.setting.withoutSeed ?? []), runs)
        }
    }

    /// The plan with this run only: what a worker needs of it, however many runs there are.
    package func alone(_ run: Run) -> Plan {
        var plan = self
        plan.runs = [run]
        return plan
    }

    /// The run of a number, a label, or an id or its beginning; nil if there is none, or more than
    /// one.
    package func run(named name: String) -> Run? {
        if let number = Int(name), name.count < 6 { return runs.first { $0.number == number } }
        if let run = runs.first(where: { $0.label == name }) { return run }
        let found = name.count < 4 ? [] : runs.filter { $0.id.hasPrefix(name) }
        return found.count == 1 ? found[0] : nil
    }
}
