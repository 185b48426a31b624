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

struct NewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Write a commented recipe to start from.",
        discussion:
            "For a folder of clips (--data), for a program (--command), or for the built-in data set."
    )

    @Argument(help: "The recipe to write, a .yaml file that does not exist yet.")
    var file: String
    @Option(
        help: ArgumentHelp(
            "A folder of clips: <class>/<clip>, <split>/<class>/<clip> or <class>/<split>/<clip>.",
            valueName: "folder")
    )
    var data: String?
    @Option(
        help: ArgumentHelp(
            "A program and its arguments, as one text: 'python3 train.py'.", valueName: "command"))
    var command: String?

    func validate() throws {
        if data != nil, command != nil {
            throw ValidationError("a program reads its data itself: give --data or --command")
        }
        if !file.hasSuffix(".yaml"), !file.hasSuffix(".yml") {
            throw ValidationError("\(file): a recipe's name ends in .yaml")
        }
    }

    func run() throws {
        guard !FileManager.default.fileExists(atPath: file) else {
            throw ValidationError("\(file): exists already: choose another name")
        }
        let text = try NewRecipe(file: file, data: data, command: command).text()
        do {
            try Data(text.utf8).write(to: URL(filePath: file), options: .withoutOverwriting)
        } catch {
            throw StoreError.unwritable(
                path: file, reason: "the folder is not there, or may not be written")
        }
        let quoted = file.contains { " '\"$&;()<>|".contains($0) } ? "'\(file)'" : file
        print("written: \(file)\nnext:    viseme plan \(quoted)")
    }
}

/// The text of a recipe to start from.
private struct NewRecipe {
    let file: String
    let data: String?
    let command: String?

    /// Words separated by blanks outside of quotes.
    private static func words(_ command: String) throws -> [String] {
        let words = command.matches(of: /(?:[^\s"']+|"[^"]*"|'[^']*')+/).map {
            String($0.0).replacing(/["']/, with: "")
        }
        guard !words.isEmpty else { throw ValidationError("--command: names no program") }
        let left = command.replacing(/(?:[^\s"']+|"[^"]*"|'[^']*')+/, with: "")
        guard left.allSatisfy(\.isWhitespace) else {
            throw ValidationError("--command: a quote is not closed")
        }
        return words
    }

    func text() throws -> String {
        let head = "# viseme sweep \(file)\n"
        let foot = """
            # exclude: [{lr: ">0.05"}]           # runs that are left out
            metric: {name: val_accuracy, goal: maximize}
            # keep: none                         # of the weights: best (unless said otherwise), last, none
            # report: {introduction: Why we ask.}

            """
        if let command {
            let words = try NewRecipe.words(command)
            // A command that names keys gets those it names.
            let given = command.contains(/\{[A-Za-z_]/) ? [] : ["lr", "seed"]
            let list = (words + given.flatMap { ["--\($0)", "{\($0)}"] }).map {
                "\"\($0.replacing("\"", with: "\\\""))\""
            }
            return head + """
                # The program appends one JSON object an epoch to the file $VISEME_METRICS: {"epoch": 1, "val_accuracy": 0.41}
                question: What does the learning rate do?
                trainer:
                  command: [\(list.joined(separator: ", "))]
                  # files: [src/*.py]                # what else decides the outcome
                # metrics: {exclude: [seconds]}      # metrics that differ from time to time
                set:
                  epochs: 10                         # any keys: the program gets them as JSON in $VISEME_CONFIG
                sweep:
                  lr: {distribution: log, min: 0.001, max: 0.1, count: 3}
                  seeds: 3                           # seed: [1, 2, 3]

                """ + foot
        }
        var path = "builtin:visemes"
        if let data {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: data, isDirectory: &isFolder),
                isFolder.boolValue
            else {
                throw ValidationError("--data: \(data) is no folder")
            }
            path = URL(filePath: data).standardizedFileURL.path
        }
        return head + """
            # `viseme explain` lists the keys, `viseme explain lr` says what one means.
            question: Which learning rate reads lips best, and how far does the seed move it?
            set:
              path_to_dataset: "\(path.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))"
              len_video: 12                      # frames of a clip
              size_lips: {width: 32, height: 32} # px
              filters: 8                         # 64 is the published network
              batch_size: 16
              epoch: 20
              epoch_stop: 0                      # stop after so many epochs without a better value; 0: never
            sweep:
              lr: {distribution: log, min: 0.0001, max: 0.01, count: 3}
              seeds: 3                           # seed: [1, 2, 3]

            """ + foot
    }
}
