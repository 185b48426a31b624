import ArgumentParser
import Execution
import Files
import Foundation
import Recipes
import RunStore
import Studies

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Explain a key of a recipe or configuration.")

    @Argument(help: "The key, as lr or size_lips.width; without one, all are listed.")
    var key: String?

    private var schema: ParameterSchema { TrainerCatalog.declarations.builtIn.schema }

    func run() throws {
        guard let key else {
            return print(
                table(["key", "value"], Explanation.list(schema).map { [$0.name, $0.rule] }))
        }
        guard let text = Explanation.text(key, schema) else {
            let hint =
                Explanation.nearestKey(to: key, schema).map { ": did you mean \($0)?" }
                ?? "; `viseme explain` lists all"
            throw ValidationError("\(key): there is no such key\(hint)")
        }
        print(text)
    }
}

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Print the JSON Schema of recipes, for editors.")

    func run() throws {
        print(try RecipeSchema.json(TrainerCatalog.declarations.builtIn.schema), terminator: "")
    }
}

struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Translate a sweep file of Weights & Biases into a recipe, to standard output."
    )

    @Argument(help: "The sweep file: method, metric, parameters.")
    var file: String

    func run() throws {
        let (text, losses) = try WandbImport.recipe(file)
        print(text, terminator: "")
        for loss in losses { complain("\(file), \(loss)") }
        if !losses.isEmpty { throw ExitStatus.wrong }
        try check(text)
    }

    /// What was written has to be a recipe.
    private func check(_ text: String) throws {
        let isSampled = text.contains("\nmethod: random") && !text.contains("\nsamples:")
        do {
            _ = try Recipe(
                text: isSampled ? text + "samples: 1\n" : text, file: URL(filePath: file),
                trainers: TrainerCatalog.declarations)
        } catch let mistakes as RecipeMistakes {
            complain("the recipe as it stands can't be swept:\n\(mistakes)")
            throw ExitStatus.wrong
        }
    }
}

struct NewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Write a commented recipe to start from.",
        discussion:
            "For a folder of clips (--data), for a program (--command), or for the built-in data set."
    )

    @Argument(help: "The recipe to write, a .yaml file that does not exist yet.")
    var file: String
    @Option(
        help: ArgumentHelp(
            "Clips: a folder (<class>/<clip>, <split>/<class>/<clip> or <class>/<split>/<clip>), a table, or a prepared file. They are decoded and looked at: the recipe fits them.",
            valueName: "path")
    )
    var data: String?
    @Option(
        help: ArgumentHelp(
            "With --data: regular expression over the clips' names whose first group is the speaker; no speaker is then in two splits.",
            valueName: "pattern"))
    var group: String?
    @Option(
        help: ArgumentHelp(
            "Folder of all results, whose cache keeps the decoded clips.", valueName: "folder"))
    var results = "results"
    @Option(
        help: ArgumentHelp(
            "A program and its arguments, as one text: 'python3 train.py'.", valueName: "command"))
    var command: String?
    @Flag(
        help:
            "With --command: run it once, for a minute at most, and with --help, to find its options and its metrics."
    )
    var probe = false

    func validate() throws {
        if data != nil, command != nil {
            throw ValidationError("a program reads its data itself: give --data or --command")
        }
        if probe, let command, command.contains(/\{[A-Za-z_]/) {
            throw ValidationError(
                "--probe runs the program as it is: give values in the place of {…}")
        }
        if probe, command == nil {
            throw ValidationError("--probe runs the program of --command: give it too")
        }
        if group != nil, data == nil { throw ValidationError("--group goes with --data") }
        if !file.hasSuffix(".yaml"), !file.hasSuffix(".yml") {
            throw ValidationError("\(file): a recipe's name ends in .yaml")
        }
    }

    func run() async throws {
        guard !FileManager.default.fileExists(atPath: file) else {
            throw ValidationError("\(file): exists already: choose another name")
        }
        let text: String
        if let command {
            text = try await recipe(of: command)
        } else if let data {
            let clips = try await DataFacts.look(
                data, group: group ?? "", cache: URL(filePath: results).appending(path: ".cache"))
            print(clips.words)
            text = NewRecipe(file: file).text(clips)
        } else {
            text = NewRecipe(file: file).text
        }
        do {
            try Data(text.utf8).write(to: URL(filePath: file), options: .withoutOverwriting)
        } catch {
            throw StoreError.unwritable(
                path: file, reason: "the folder is not there, or may not be written")
        }
        let quoted = file.contains { " '\"$&;()<>|".contains($0) } ? "'\(file)'" : file
        print("written: \(file)\nnext:    viseme plan \(quoted)")
    }

    /// For a script as it is, where options of its command line look like hyperparameters or it was
    /// run; else the one that explains what a program may do.
    private func recipe(of command: String) async throws -> String {
        let words = try NewRecipe.words(command)
        guard probe || !ScriptRecipe.options(words).isEmpty, !command.contains(/\{[A-Za-z_]/)
        else { return try NewRecipe(file: file).text(command: command) }
        guard probe else { return ScriptRecipe(words, probe: nil).text(file: file) }
        let folder = URL(filePath: file).deletingLastPathComponent().standardizedFileURL
        print("running \(command), for a minute at most")
        let (found, options) = try await Interruption.guarding {
            let options = await ScriptProbe.options(words, in: folder)
            return (try await ScriptProbe.run(words, in: folder, seconds: 60), options)
        }
        switch found.found {
        case .reported: print("it reports metrics to $VISEME_METRICS")
        case .output(let format, _): print("its output has metrics in the format \(format)")
        case .file(let pattern, _): print("its file \(pattern) has metrics")
        case nil: complain("no metrics were found; its last lines:\n\(found.output)")
        }
        if !found.metrics.isEmpty { print("metrics: \(found.metrics.joined(separator: ", "))") }
        if !found.ending.isEmpty { complain(found.ending) }
        return ScriptRecipe(words, probe: found, help: options).text(file: file)
    }
}
