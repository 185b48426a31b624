import ArgumentParser
import Execution
import Foundation
import Kernels
import Recipes
import RunStore
import Studies

/// A recipe, and where its results go.
struct StudyOptions: ParsableArguments {
    @Argument(
        help: "The recipe, a YAML file; or the folder of a study, for the recipe it was made of.")
    var recipe: String

    @Argument(help: "Changes to the recipe, as key=value: epoch=5 'lr=[0.1,0.01]'.")
    var overrides: [String] = []

    @OptionGroup var place: ResultsOption

    /// The folder of all results.
    var results: URL {
        StudyFolder.exists(recipe)
            ? URL(filePath: recipe).standardizedFileURL.deletingLastPathComponent() : place.url
    }

    /// The recipe that a study was made of: beside the folder of its results, as it was then, or
    /// where this command was started; the one with the text that is stored, or the first.
    private static func recipeFile(_ plan: Plan, _ folder: StudyFolder) throws -> String {
        if plan.recipe.hasPrefix("/") { return plan.recipe }
        // results/<name> lies where the sweep was started, unless --results named another place.
        let home = folder.url.deletingLastPathComponent().deletingLastPathComponent()
        let places = [home.appending(path: plan.recipe).path, plan.recipe]
        let readable = places.filter { FileManager.default.isReadableFile(atPath: $0) }
        // A file that is no text is none of them.
        let same = readable.first {
            (try? String(contentsOfFile: $0, encoding: .utf8)) == plan.recipeText
        }
        guard let file = same ?? readable.first(where: { $0 == places[0] }) else {
            throw ValidationError(
                "\(folder.url.relativePath): its recipe, \(plan.recipe), is not where it was: give the recipe itself"
            )
        }
        let here = URL(filePath: FileManager.default.currentDirectoryPath).path + "/"
        return file.hasPrefix(here) ? String(file.dropFirst(here.count)) : file
    }

    /// The recipe, checked.
    func read() throws -> Recipe {
        guard StudyFolder.exists(recipe) else { return try readRecipe(recipe, overrides) }
        let folder = StudyFolder(URL(filePath: recipe).standardizedFileURL)
        let plan = try folder.readPlan()
        let found = try readRecipe(
            try StudyOptions.recipeFile(plan, folder), plan.overrides + overrides)
        guard found.name == folder.url.lastPathComponent else {
            throw ValidationError(
                "\(recipe): holds the study \(found.name) under another name: rename the folder, or give the recipe and --results"
            )
        }
        return found
    }

    /// The study, with its data prepared.
    func study() async throws -> ResolvedStudy {
        try await preparedStudy(read(), in: .named(results: results))
    }
}

/// `--results`.
struct ResultsOption: ParsableArguments {
    @Option(help: ArgumentHelp("Folder of all results.", valueName: "folder"))
    var results = "results"

    var url: URL { URL(filePath: results) }

    func validate() throws {
        if results.isEmpty { throw ValidationError("--results: names no folder") }
    }
}

/// A recipe by the keys of this program's trainers.
func readRecipe(_ path: String, _ overrides: [String] = []) throws -> Recipe {
    try Recipe(path: path, overrides: overrides, trainers: TrainerCatalog.declarations)
}

/// Prepares the data of a recipe, with progress on a terminal, and names what is left out.
func preparedStudy(_ recipe: Recipe, in place: ResolvedStudy.Place) async throws -> ResolvedStudy {
    let progress = DecodingProgress()
    defer { progress.end() }
    let study = try await Interruption.guarding {
        try await ResolvedStudy.resolve(recipe, in: place) { progress.show($0, $1) }
    }
    progress.end()
    study.notes.forEach(complain)
    warnOfSkipped(study.plan)
    let shown = 10
    for duplicate in study.duplicates.prefix(shown) { complain(duplicate) }
    if study.duplicates.count > shown {
        complain("… and \(study.duplicates.count - shown) more runs that are the same as others")
    }
    return study
}

private func warnOfSkipped(_ plan: Plan) {
    for data in plan.dataSets {
        guard let count = data.skippedCount, let first = data.skipped?.first else { continue }
        let command = (["viseme data info", plan.recipe] + plan.overrides).joined(separator: " ")
        complain(
            "\(count) \(count == 1 ? "clip" : "clips") can't be read and left out (on_error: skip), as \(first.name): "
                + "\(first.reason); `\(command)` lists them")
    }
}

/// The program's own metadata and the libraries' versions, as the configuration wants them. A
/// command's configuration has no such keys, and the versions say nothing about it.
func printHeader(_ configuration: Configuration, width: VectorWidth) {
    guard !configuration.schema.isOpen else { return }
    if !configuration.bool("hide_metadata") {
        print("\(Program.name) \(Program.version) (\(Program.licence)): \(Program.summary)")
    }
    if !configuration.bool("hide_libs_vers") {
        let versions = Program.libraries.map { "\($0.name) \($0.version)" }.joined(separator: ", ")
        print("\(versions), vectors \(width.rawValue)")
    }
}
