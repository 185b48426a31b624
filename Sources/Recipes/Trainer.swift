/// Who trains the runs of a recipe.
package enum Trainer: Sendable, Equatable {
    /// The network of this program.
    case visualSpeech
    /// Any other program, started once for each run.
    case command(CommandTrainer)

    var keys: KeyTable {
        switch self {
        case .visualSpeech: .visualSpeech
        case .command: .any
        }
    }
}

/// A program that trains one run: its command line, and what decides its outcome apart from the configuration.
package struct CommandTrainer: Sendable, Equatable, Codable {
    /// A file that decides the outcome.
    package struct SourceFile: Sendable, Equatable, Codable {
        /// As from the recipe's folder.
        package var path: String
        /// Hexadecimal SHA-256.
        package var digest: String
    }

    /// The recipe's folder: relative paths start here.
    package var folder: String
    /// The program and its arguments, with placeholders, as the recipe has them.
    package var command: [String]
    /// Files that the command line names, and those of `files:`, sorted by path.
    package var files: [SourceFile]
    /// Variables that the recipe sets.
    package var environment: [String: String]
    package var gpus: Int
    /// What libraries are told to use; 1 unless the recipe says otherwise, since sums depend on it.
    package var threads: Int
    /// Metrics that are stored and are no part of the content digest.
    package var excludedMetrics: [String]

    package init(
        folder: String, command: [String], files: [SourceFile] = [], environment: [String: String] = [:],
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

    /// Goes up when what this program does to a command (the variables it sets, say) changes its outcome: the numerics
    /// revision of runs that others train.
    static let revision = 1

    /// The command line of one run. Files of the recipe's repository become whole paths, since every run has a folder
    /// of its own.
    package func arguments(_ configuration: Configuration) -> [String] {
        command.map { word in
            let template = ArgumentTemplate(word)
            let text = template.text { configuration[$0] }
            guard template.mayNameFile, let path = RecipeFiles(folder: folder).file(text) else { return text }
            return RecipeFiles(folder: folder).absolute(path)
        }
    }
}
