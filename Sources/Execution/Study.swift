import Clips
import Foundation
import Recipes
import RunStore

/// A recipe made ready to run: data prepared, runs identified.
package struct Study: Sendable {
    package let recipe: Recipe
    package let plan: StoredPlan
    package let folder: StudyFolder
    /// Runs that were left out because another is the same, in words.
    package let duplicates: [String]

    /// - Parameters:
    ///   - path: the recipe's, as the person gave it.
    ///   - results: the folder of all studies.
    ///   - progress: how many of how many videos are decoded.
    /// - Throws: `RecipeMistakes`, `UnreadableFile` or `ClipError`.
    package init(
        path: String, overrides: [String], results: URL,
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws {
        let recipe = try Recipe(path: path, overrides: overrides)
        let planned = recipe.expand()
        let axes = recipe.axisKeys
        let data = try await StudyData(recipe, planned, cache: results.appending(path: ".cache"), progress: progress)
        let initial =
            try recipe.trainer == .visualSpeech ? recipe.configuration.initialWeights.map(InitialWeights.init) : nil
        if recipe.trainer == .visualSpeech {
            try ParameterPatterns.check(recipe, planned)
            if let initial { try InitialWeightsFit.check(initial, planned, data.ofRuns, data.classCounts) }
        }
        var forms: [PlannedData: IdentityForm] = [:]
        var runs: [StoredPlan.Run] = []
        runs.reserveCapacity(planned.count)
        var byID: [String: Int] = [:]
        var equal: [(StoredPlan.Run, of: Int)] = []
        for (index, run) in planned.enumerated() {
            let used = data.ofRuns[index]
            let form =
                forms[used]
                ?? IdentityForm(
                    recipe.configuration, axes: axes, metric: recipe.metric, data: used.digest,
                    initialWeights: initial?.digest, trainer: recipe.trainer)
            forms[used] = form
            let resolved = StoredPlan.Run(
                id: form.identity(run.point).id, number: runs.count + 1, trial: run.trial, point: run.point, data: used)
            // Two spellings of one setting, or two paths to the same data, are one run.
            if let twin = byID[resolved.id] {
                equal.append((resolved, of: twin))
                continue
            }
            byID[resolved.id] = runs.count
            runs.append(resolved)
        }
        duplicates = equal.map { "\($0.label) is the same run as \(runs[$1].label): planned once" }
        self.recipe = recipe
        folder = StudyFolder(results.appending(path: recipe.name))
        plan = StoredPlan(
            name: recipe.name, recipe: path, overrides: overrides, recipeText: recipe.text, question: recipe.question,
            metric: recipe.metric, trainer: recipe.trainer, keep: recipe.keep,
            recordedEnvironment: recipe.recordedEnvironment, report: recipe.report, initialWeights: initial?.digest,
            settings: recipe.configuration.values, axes: axes,
            runs: runs, results: results.relativePath)
    }

    /// The golden digests beside the recipe.
    package var goldenDigests: URL {
        URL(filePath: plan.recipe).deletingPathExtension().appendingPathExtension("digests")
    }
}

/// The data of each run of a recipe, prepared.
private struct StudyData {
    let ofRuns: [PlannedData]
    /// Of each data set, by digest.
    let classCounts: [String: Int]

    init(
        _ recipe: Recipe, _ runs: [PlannedRun], cache: URL, progress: @escaping @Sendable (Int, Int) -> Void
    ) async throws {
        guard case .visualSpeech = recipe.trainer else {
            // A command reads its data itself.
            (ofRuns, classCounts) = ([PlannedData](repeating: PlannedData(), count: runs.count), [:])
            return
        }
        var prepared: [DataSource: PlannedData] = [:]
        var counts: [String: Int] = [:]
        func data(_ configuration: Configuration) async throws -> PlannedData {
            let source = configuration.dataSource
            if let known = prepared[source] { return known }
            let made = try await source.prepare(cache: cache, progress: progress)
            let planned = PlannedData(digest: made.digest, file: made.file?.path, skipped: made.skipped)
            prepared[source] = planned
            counts[made.digest] = made.classCount
            return planned
        }
        if let first = runs.first, !recipe.axisKeys.contains(where: DataSource.keys) {
            ofRuns = [PlannedData](repeating: try await data(first.configuration), count: runs.count)
            classCounts = counts
            return
        }
        var all: [PlannedData] = []
        for run in runs { all.append(try await data(run.configuration)) }
        ofRuns = all
        classCounts = counts
    }
}
