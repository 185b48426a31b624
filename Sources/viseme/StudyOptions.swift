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

    /// The recipe, checked.
    func read() throws -> Recipe {
        guard StudyFolder.exists(recipe) else { return try readRecipe(recipe, overrides) }
        let plan = try StudyFolder(URL(filePath: recipe)).readPlan()
        return try readRecipe(plan.recipe, plan.overrides + overrides)
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
