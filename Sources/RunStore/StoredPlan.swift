import Clips
import Foundation
import Recipes
import Training

/// A study's runs as they were resolved before the first one started: `plan.json`.
package struct StoredPlan: Sendable, Equatable {
    package struct Run: Sendable, Equatable {
        package var id: String
        /// From 1, in the order of the plan.
        package var number: Int
        /// From 0: which setting of the hyperparameters, apart from the seed.
        package var trial: Int
        /// The swept keys and their values, the seed last.
        package var point: [Axis.Point]
        package var data: PlannedData

        package init(id: String, number: Int, trial: Int, point: [Axis.Point], data: PlannedData = PlannedData()) {
            self.id = id
            self.number = number
            self.trial = trial
            self.point = point
            self.data = data
        }

        /// `lr=0.01,batch_size=8,seed=3`.
        package var label: String { point.label }
        /// The label without the seed.
        package var trialLabel: String { point.trialLabel }
    }

    package var name: String
    /// As it was given on the command line.
    package var recipe: String
    package var overrides: [String]
    package var recipeText: String
    package var question: String?
    package var metric: Metric
    package var trainer: Trainer
    package var keep: KeptWeights
    package var recordedEnvironment: [String]
    package var report: ReportSettings
    /// Digest of the weights that all runs start from; nil where they are drawn.
    package var initialWeights: String?
    /// Of the program that made the plan: part of the identity of runs of the built-in trainer.
    package var numerics: Int
    /// What all runs share.
    package var settings: [String: Value]
    /// Swept keys, in order; the seed last.
    package var axes: [String]
    package var runs: [Run]
    /// The folder of all studies, as it was given.
    package var results: String

    package init(
        name: String, recipe: String, overrides: [String] = [], recipeText: String = "", question: String? = nil,
        metric: Metric, trainer: Trainer = .visualSpeech, keep: KeptWeights = .best,
        recordedEnvironment: [String] = [], report: ReportSettings = ReportSettings(),
        initialWeights: String? = nil, numerics: Int = numericsRevision,
        settings: [String: Value] = [:],
        axes: [String], runs: [Run], results: String = "results"
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

    /// Every key of one run.
    package func configuration(of run: Run) -> Configuration {
        Configuration(settings, of: trainer).at(run.point)
    }

    package func identity(of run: Run) -> RunIdentity {
        IdentityForm(
            Configuration(settings, of: trainer), axes: axes, metric: metric, data: run.data.digest,
            initialWeights: initialWeights, trainer: trainer, numerics: numerics
        ).identity(run.point)
    }

    /// Metrics that are no part of the content digest.
    package var excludedMetrics: [String] {
        if case .command(let command) = trainer { command.excludedMetrics } else { [] }
    }

    /// Each once, in the order of the runs.
    package var dataSets: [PlannedData] {
        var seen: Set<PlannedData> = []
        return runs.map(\.data).filter { seen.insert($0).inserted }
    }

    /// The plan with this run only: what a worker needs of it, however many runs there are.
    package func alone(_ run: Run) -> StoredPlan {
        var plan = self
        plan.runs = [run]
        return plan
    }
}

/// Prepared data of a run.
package struct PlannedData: Sendable, Hashable, Codable {
    /// Empty where a command reads its data itself.
    package var digest: String
    /// Which clips of which file, where there is one.
    package var file: String?
    /// Clips that could not be read and are left out: the first of them, and how many there are.
    package var skipped: [SkippedClip]?
    package var skippedCount: Int?

    private static let listed = 50

    package init(digest: String = "", file: String? = nil, skipped: [SkippedClip] = []) {
        self.digest = digest
        self.file = file
        guard !skipped.isEmpty else { return }
        self.skipped = Array(skipped.prefix(PlannedData.listed))
        skippedCount = skipped.count
    }
}

// MARK: JSON

extension StoredPlan {
    static let format = 2

    /// All but the runs, which are columns: a plan of ten thousand is written and read in a blink.
    private struct Head: Codable {
        var format = StoredPlan.format
        var name, recipe: String
        var overrides: [String]
        var recipeText: String
        var question: String?
        var metric: Metric
        var command: CommandTrainer?
        var keep: KeptWeights
        var recordedEnvironment: [String]
        var report: ReportSettings?
        var initialWeights: String?
        var numerics: Int
        var settings: [String: Value]
        var axes: [String]
        var results: String
        var data: [PlannedData]
    }

    private struct Columns: Decodable {
        var id: [String]
        var trial: [Int]
        var data: [Int]?
        var point: [String: Column]
    }

    /// Values of one axis.
    private struct Column: Decodable {
        /// Nil where the axis does not exist at a point.
        let values: [Value?]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let whole = try? container.decode([Int].self) {
                values = whole.map { .integer($0) }
            } else if let numbers = try? container.decode([Double].self) {
                values = numbers.map { .number($0) }
            } else if let texts = try? container.decode([String].self) {
                values = texts.map { .text($0) }
            } else {
                values = try container.decode([Value?].self)
            }
        }
    }

    /// - Throws: never in practice: all it holds can be encoded.
    package func json() throws -> String {
        var data: [PlannedData] = []
        var indices: [PlannedData: Int] = [:]
        let dataOfRuns = runs.map { run in
            if let known = indices[run.data] { return known }
            indices[run.data] = data.count
            data.append(run.data)
            return data.count - 1
        }
        var command: CommandTrainer?
        if case .command(let trainer) = trainer { command = trainer }
        let head = Head(
            name: name, recipe: recipe, overrides: overrides, recipeText: recipeText, question: question,
            metric: metric, command: command, keep: keep, recordedEnvironment: recordedEnvironment,
            report: report == ReportSettings() ? nil : report,
            initialWeights: initialWeights, numerics: numerics, settings: settings, axes: axes, results: results,
            data: data)
        var columns = ["\"id\":[\(runs.map { "\"\($0.id)\"" }.joined(separator: ","))]"]
        columns.append("\"trial\":[\(runs.map { String($0.trial) }.joined(separator: ","))]")
        if data.count > 1 { columns.append("\"data\":[\(dataOfRuns.map { String($0) }.joined(separator: ","))]") }
        let points = axes.indices.map { index in
            jsonString(axes[index]) + ":["
                + runs.map { value(axes[index], at: index, $0)?.json ?? "null" }.joined(separator: ",") + "]"
        }
        columns.append("\"point\":{\(points.joined(separator: ","))}")
        return "\(try RunFile.json(head).dropLast()),\n\"runs\":{\(columns.joined(separator: ",\n"))}}\n"
    }

    /// Of a key at a run's point, where it most likely stands at `index`.
    private func value(_ key: String, at index: Int, _ run: Run) -> Value? {
        if run.point.indices.contains(index), run.point[index].key == key { return run.point[index].value }
        return run.point.first { $0.key == key }?.value
    }

    /// The plan that a sweep hands to a worker, or nil where there is none.
    package static func handed(_ text: String) -> StoredPlan? { try? StoredPlan(json: Data(text.utf8)) }

    /// - Throws: `DecodingError` where the text is not such a plan.
    init(json: Data) throws {
        struct Runs: Decodable { var runs: Columns }
        let head = try JSONDecoder().decode(Head.self, from: json)
        let columns = try JSONDecoder().decode(Runs.self, from: json).runs
        let sizes =
            [columns.trial.count, columns.data?.count ?? columns.id.count] + columns.point.values.map(\.values.count)
        let places = columns.data ?? []
        guard head.format == StoredPlan.format, sizes.allSatisfy({ $0 == columns.id.count }),
            head.axes.allSatisfy({ columns.point[$0] != nil }), places.allSatisfy({ head.data.indices.contains($0) })
        else {
            throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "not a plan of this format"))
        }
        let axes = head.axes.map { (key: $0, values: columns.point[$0]?.values ?? []) }
        self.init(
            name: head.name, recipe: head.recipe, overrides: head.overrides, recipeText: head.recipeText,
            question: head.question, metric: head.metric, trainer: head.command.map { .command($0) } ?? .visualSpeech,
            keep: head.keep, recordedEnvironment: head.recordedEnvironment,
            report: head.report ?? ReportSettings(), initialWeights: head.initialWeights,
            numerics: head.numerics,
            settings: head.settings, axes: head.axes,
            runs: columns.id.indices.map { index in
                Run(
                    id: columns.id[index], number: index + 1, trial: columns.trial[index],
                    point: axes.compactMap { axis in axis.values[index].map { Axis.Point(key: axis.key, value: $0) } },
                    data: head.data.isEmpty ? PlannedData() : head.data[places.isEmpty ? 0 : places[index]])
            }, results: head.results)
    }
}
