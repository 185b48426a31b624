import ArgumentParser
import Clips
import Execution
import Foundation
import Recipes
import Studies

struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Look at clips before training, and prepare them.",
        subcommands: [Info.self, Preview.self, Prepare.self])

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
            help: ArgumentHelp("Folder of all results, whose cache is used.", valueName: "folder"))
        var results = "results"

        var cache: URL { URL(filePath: results).appending(path: ".cache") }

        func configuration() throws -> Configuration {
            let isRecipe = ["yaml", "yml"].contains((what as NSString).pathExtension.lowercased())
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
            let (configuration, cache) = (try configuration(), cache)
            let progress = DecodingProgress()
            defer { progress.end() }
            let data = try await Interruption.guarding {
                try await DataSource(configuration).prepare(cache: cache) { progress.show($0, $1) }
            }
            return (data, configuration)
        }
    }
}
