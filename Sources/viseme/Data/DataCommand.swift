import ArgumentParser
import Clips
import Execution
import Foundation
import Recipes
import Studies

struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Look at clips before training, and prepare them.",
        subcommands: [Info.self, Preview.self, Prepare.self, Table.self])

    /// A data set: that of a recipe's first run, or one by itself.
    struct Options: ParsableArguments {
        @Argument(
            help: ArgumentHelp(
                "A recipe (.yaml), a folder of clips, a table of clips (.csv), or a file of prepared clips (.h5).",
                valueName: "data"))
        var what: String
        @Argument(help: "Changes, as key=value: crop=lrw fps=25 split.test=0.2 on_error=skip.")
        var overrides: [String] = []
        @Option(
            help: ArgumentHelp(
                "Folder of all results: clips that a sweep has decoded are read from its cache.",
                valueName: "folder"))
        var results = "results"
        @Option(
            help: ArgumentHelp(
                "Folder for decoded clips (default: viseme in $XDG_CACHE_HOME, or in ~/.cache).",
                valueName: "folder"))
        var cache: String?

        /// Looking at data writes nothing but to this folder.
        var cacheFolder: URL {
            cache.map { URL(filePath: $0) } ?? UserCache.folder
        }

        /// Whether a recipe names the data.
        var isRecipe: Bool {
            ["yaml", "yml"].contains((what as NSString).pathExtension.lowercased())
        }

        func configuration() throws -> Configuration {
            let recipe =
                try isRecipe
                ? readRecipe(what, overrides)
                : Recipe(data: what, overrides: overrides, trainers: TrainerCatalog.declarations)
            guard recipe.trainer.command == nil, let run = try recipe.expand().first else {
                throw ValidationError(
                    "\(what): its trainer is a program, which reads its data itself")
            }
            return run.configuration
        }

        func prepared() async throws -> (data: PreparedData, configuration: Configuration) {
            let (configuration, cache) = (try configuration(), cacheFolder)
            let source = DataSource(configuration)
            let swept = URL(filePath: results).appending(path: ".cache")
            if self.cache == nil, let data = try source.known(cache: swept),
                data.file.map({ FileManager.default.fileExists(atPath: $0.path) }) ?? true
            {
                return (data, configuration)
            }
            let progress = DecodingProgress()
            defer { progress.end() }
            let data = try await Interruption.guarding {
                try await source.prepare(cache: cache) { progress.show($0, $1) }
            }
            return (data, configuration)
        }
    }
}
