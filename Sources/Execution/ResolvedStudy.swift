import Clips
import Foundation
import Recipes
import RunStore
import Studies
import Training

/// A recipe made ready to run: data prepared, runs identified.
package struct ResolvedStudy: Sendable {
    package let recipe: Recipe
    package let plan: Plan
    package let folder: StudyFolder
    package let trainer: any Trainer
    /// Runs that were left out because another is the same, in words.
    package let duplicates: [String]
    /// What a person should know of the data, in words.
    package let notes: [String]

    /// Where a study is stored.
    package enum Place: Sendable {
        /// `<results>/<name of the recipe>`.
        case named(results: URL)
        /// `<results>/train/<id>`: single runs do not replace studies.
        case single(results: URL)

        var results: URL {
            switch self {
            case .named(let results), .single(let results): results
            }
        }

        var cache: URL { results.appending(path: ".cache") }
    }

    /// The name of a recipe whose results would lie among others'.
    package struct ReservedName: UserError {
        let name: String
        package var place: String { name }
        package var rule: String {
            "no study can have this name: results/\(name) holds other files"
        }
        package var remedy: String { "rename the recipe" }
    }

    private static func checkName(_ recipe: Recipe, _ place: Place) throws {
        guard case .named = place, recipe.name == "train" || recipe.name.hasPrefix(".") else {
            return
        }
        throw ReservedName(name: recipe.name)
    }

    /// Prepares data as far as that is needed.
    /// - Parameter progress: how many of how many clips are decoded.
    /// - Throws: `RecipeMistakes`, `ClipError`, `StoreError` or `WeightMismatch`.
    package static func resolve(
        _ recipe: Recipe, in place: Place,
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws -> ResolvedStudy {
        try checkName(recipe, place)
        let trainer = TrainerCatalog.trainer(recipe.trainer)
        let drafts = try recipe.expand()
        let prepared = try await placed(recipe) {
            try await trainer.prepare(drafts, cache: place.cache, progress: progress)
        }
        return ResolvedStudy(recipe, drafts, prepared, trainer, in: place)
    }

    /// The study as far as it is known without decoding or writing anything.
    /// - Returns: nil if its data have to be prepared first.
    /// - Throws: as `resolve`.
    package static func known(_ recipe: Recipe, in place: Place) throws -> ResolvedStudy? {
        try checkName(recipe, place)
        let trainer = TrainerCatalog.trainer(recipe.trainer)
        let drafts = try recipe.expand()
        do {
            return try trainer.known(drafts, cache: place.cache).map {
                ResolvedStudy(recipe, drafts, $0, trainer, in: place)
            }
        } catch let error as ClipError {
            throw ResolvedStudy.placed(error, recipe)
        }
    }

    private static func placed<Result>(
        _ recipe: Recipe, _ body: () async throws -> Result
    ) async throws -> Result {
        do { return try await body() } catch let error as ClipError {
            throw ResolvedStudy.placed(error, recipe)
        }
    }

    /// A data set that is not there has its place in the recipe.
    private static func placed(_ error: ClipError, _ recipe: Recipe) -> any Error {
        guard case .noFolder = error else { return error }
        return recipe.mistake(ofKey: "path_to_dataset", "\(error)") ?? error
    }

    private init(
        _ recipe: Recipe, _ drafts: [RunDraft], _ prepared: Prepared, _ trainer: any Trainer,
        in place: Place
    ) {
        self.recipe = recipe
        self.trainer = trainer
        notes = prepared.notes
        let axes = recipe.axisKeys
        var forms: [RunData: IdentityForm] = [:]
        var runs: [Run] = []
        runs.reserveCapacity(drafts.count)
        var byID: [String: Int] = [:]
        var equal: [(Run, of: Int)] = []
        for (draft, data) in zip(drafts, prepared.data) {
            let form =
                forms[data]
                ?? trainer.identityForm(
                    recipe.configuration, axes: axes, metric: recipe.metric, data: data.digest,
                    initialWeights: prepared.initialWeights, numerics: numericsRevision)
            forms[data] = form
            let run = Run(
                id: form.identity(draft.setting).id, number: runs.count + 1, trial: draft.trial,
                setting: draft.setting, data: data)
            // Two spellings of one setting, or two paths to the same data, are one run.
            if let twin = byID[run.id] {
                equal.append((run, of: twin))
                continue
            }
            byID[run.id] = runs.count
            runs.append(run)
        }
        duplicates = equal.map { run, twin in
            run.label == runs[twin].label
                ? "\(run.label) was drawn twice: planned once"
                : "\(run.label) is the same run as \(runs[twin].label): planned once"
        }
        let parent: URL
        let name: String
        switch place {
        case .named(let results): (parent, name) = (results, recipe.name)
        case .single(let results):
            (parent, name) = (results.appending(path: "train"), runs.first?.id ?? recipe.name)
        }
        folder = StudyFolder(parent.appending(path: name), cache: place.cache)
        var plan = Plan(
            name: name, recipe: recipe.path, overrides: recipe.overrides, recipeText: recipe.text,
            question: recipe.question, metric: recipe.metric, trainer: recipe.trainer,
            keep: recipe.keep,
            recordedEnvironment: recipe.recordedEnvironment, report: recipe.report,
            initialWeights: prepared.initialWeights, numerics: numericsRevision,
            settings: recipe.configuration.values, axes: axes, runs: runs,
            results: parent.relativePath)
        (plan.resources, plan.requiresMetrics) = (recipe.resources, recipe.namesMetric)
        self.plan = plan
    }

    /// The same study in another folder; what is decoded or framed goes there too.
    func moved(to parent: URL) -> ResolvedStudy {
        ResolvedStudy(copying: self, folder: StudyFolder(parent.appending(path: plan.name)))
    }

    private init(copying other: ResolvedStudy, folder: StudyFolder) {
        (recipe, plan, trainer) = (other.recipe, other.plan, other.trainer)
        (duplicates, notes) = (other.duplicates, other.notes)
        self.folder = folder
    }

    /// The golden digests beside the recipe.
    package var goldenDigests: URL {
        URL(filePath: plan.recipe).deletingPathExtension().appendingPathExtension("digests")
    }
}
