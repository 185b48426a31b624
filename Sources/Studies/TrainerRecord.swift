/// What a plan keeps of its trainer: facts that storage and reports need.
package struct TrainerRecord: Sendable, Equatable {
    /// As plans and run files name it.
    package var name: String
    package var metrics: MetricSet
    package var bestEpoch: BestEpochRule
    /// The program it starts for each run; nil if it trains itself.
    package var command: TrainerCommand?

    package init(
        name: String, metrics: MetricSet, bestEpoch: BestEpochRule, command: TrainerCommand? = nil
    ) {
        self.name = name
        self.metrics = metrics
        self.bestEpoch = bestEpoch
        self.command = command
    }

    /// Metrics that are stored and are not part of the content digest, sorted.
    package var excludedMetrics: [String] { command?.excludedMetrics ?? [] }
}

/// A program that trains one run: its command line, and what decides its outcome besides the
/// configuration.
package struct TrainerCommand: Sendable, Equatable, Codable {
    /// A file that decides the outcome.
    package struct SourceFile: Sendable, Equatable, Codable {
        /// Relative to the recipe's folder.
        package var path: String
        /// Hexadecimal SHA-256.
        package var digest: String

        package init(path: String, digest: String) {
            self.path = path
            self.digest = digest
        }
    }

    /// The recipe's folder: relative paths start here.
    package var folder: String
    /// The program and its arguments, with placeholders, as in the recipe.
    package var command: [String]
    /// Files that the command line names, and those of `files:`, sorted by path.
    package var files: [SourceFile]
    /// Variables that the recipe sets.
    package var environment: [String: String]
    package var gpus: Int
    /// Threads that libraries may use; 1 by default, since sums depend on it.
    package var threads: Int
    package var excludedMetrics: [String]
    /// `python` if truth values are `True` and `False` on its command line; nil: `true`, `false`.
    package var booleans: String?
    /// Files and folders that are inputs too, wherever they lie, as the recipe names them; nil:
    /// none.
    package var watch: [String]?
    /// Whether the files that it opens are observed; nil: yes.
    package var trace: Bool?

    /// Where metrics come from besides `$VISEME_METRICS`; nil: from nowhere.
    package var metricSources: [MetricSource]?
    /// What rows of metrics are counted by; nil: epochs.
    package var metricAxis: MetricAxis?
    /// `repository` if it is started in the folder of its repository; nil: in a folder of its own.
    package var workingFolder: String?
    /// A configuration file that is written for each run; nil: none.
    package var configurationFile: ConfigurationFile?
    /// A safetensors file that the command leaves its weights in, from its working folder; nil:
    /// `$VISEME_WEIGHTS`.
    package var weights: String?
    /// Files that are kept with the run, by patterns from its working folder; nil: none.
    package var artifacts: [String]?

    /// A file that holds the run's configuration, as the command wants it.
    package struct ConfigurationFile: Sendable, Equatable, Codable {
        package enum Format: String, Sendable, Codable, CaseIterable { case yaml, json, toml }

        /// From the working folder.
        package var path: String
        package var format: Format
        /// The text of the file whose values are replaced; nil: the file has the run's keys alone.
        package var template: String?

        package init(path: String, format: Format, template: String?) {
            (self.path, self.format, self.template) = (path, format, template)
        }
    }

    package var isTraced: Bool { trace ?? true }
    package var worksInRepository: Bool { workingFolder == "repository" }

    package init(
        folder: String, command: [String], files: [SourceFile] = [],
        environment: [String: String] = [:],
        gpus: Int = 0, threads: Int = 1, excludedMetrics: [String] = []
    ) {
        self.folder = folder
        self.command = command
        self.files = files
        self.environment = environment
        self.gpus = gpus
        self.threads = threads
        self.excludedMetrics = excludedMetrics
    }
}

/// What a trainer declares of itself: recipes are read by it.
package struct TrainerDeclaration: Sendable {
    /// As plans and run files name it.
    package let name: String
    package let schema: ParameterSchema
    package let metrics: MetricSet
    package let bestEpoch: BestEpochRule

    /// Metrics that are recorded only where a key is true, or one of them judges.
    package let optionalMetrics: (names: [String], key: String)?

    package init(
        name: String, schema: ParameterSchema, metrics: MetricSet,
        optionalMetrics: (names: [String], key: String)? = nil, bestEpoch: BestEpochRule
    ) {
        self.optionalMetrics = optionalMetrics
        self.name = name
        self.schema = schema
        self.metrics = metrics
        self.bestEpoch = bestEpoch
    }

    /// What a plan keeps of it.
    /// - Parameters:
    ///   - command: the program it starts for each run.
    ///   - settings: of all runs.
    ///   - judge: the metric that the study is judged by.
    package func record(
        command: TrainerCommand? = nil, settings: [String: Value] = [:], judge: Metric? = nil
    ) -> TrainerRecord {
        var metrics = metrics
        if let optional = optionalMetrics, settings[optional.key] != .bool(true),
            !optional.names.contains(judge?.name ?? "")
        {
            metrics.names.removeAll { optional.names.contains($0) }
            for name in optional.names { metrics.ranges?[name] = nil }
        }
        return TrainerRecord(name: name, metrics: metrics, bestEpoch: bestEpoch, command: command)
    }
}

/// The trainers that recipes may use.
package struct TrainerDeclarations: Sendable {
    /// Of recipes without a `trainer:`.
    package let builtIn: TrainerDeclaration
    /// Of recipes whose `trainer:` is a command.
    package let command: TrainerDeclaration

    package init(builtIn: TrainerDeclaration, command: TrainerDeclaration) {
        self.builtIn = builtIn
        self.command = command
    }
}
