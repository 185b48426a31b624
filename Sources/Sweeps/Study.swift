import Clips
import Foundation
import Recipes
import RunStore

/// A recipe made ready to run: data prepared, runs identified.
public struct Study: Sendable {
    public let recipe: Recipe
    public let plan: StoredPlan
    public let folder: StudyFolder
    /// Runs that were left out because another is the same, in words.
    public let duplicates: [String]

    /// - Parameters:
    ///   - path: the recipe's, as the person gave it.
    ///   - results: the folder of all studies.
    ///   - progress: how many of how many videos are decoded.
    /// - Throws: `RecipeMistakes`, `UnreadableFile` or `ClipError`.
    public init(
        path: String, overrides: [String], results: URL,
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws {
        let recipe = try Recipe(path: path, overrides: overrides)
        let planned = recipe.expand()
        let cache = results.appending(path: ".cache")
        var prepared: [DataSource: PreparedData] = [:]
        var runs: [StoredPlan.Run] = []
        var byID: [String: StoredPlan.Run] = [:]
        var equal: [(StoredPlan.Run, of: StoredPlan.Run)] = []
        for run in planned {
            let source = run.configuration.dataSource
            if prepared[source] == nil { prepared[source] = try await source.prepare(cache: cache, progress: progress) }
            guard let data = prepared[source] else { continue }
            var resolved = StoredPlan.Run(
                run, identity: run.identity(data: data.digest, metric: recipe.metric), dataDigest: data.digest,
                dataFile: data.file?.path)
            // Two spellings of one setting, or two paths to the same data, are one run.
            if let twin = byID[resolved.id] {
                equal.append((resolved, of: twin))
                continue
            }
            resolved.number = runs.count + 1
            byID[resolved.id] = resolved
            runs.append(resolved)
        }
        duplicates = equal.map { "\($0.label) is the same run as \($1.label): planned once" }
        self.recipe = recipe
        folder = StudyFolder(results.appending(path: recipe.name))
        plan = StoredPlan(
            name: recipe.name, recipe: path, overrides: overrides, recipeText: recipe.text, question: recipe.question,
            metric: recipe.metric, axes: planned.first?.point.map(\.key) ?? [], runs: runs,
            results: results.relativePath)
    }

    /// The golden digests beside the recipe.
    public var goldenDigests: URL {
        URL(filePath: plan.recipe).deletingPathExtension().appendingPathExtension("digests")
    }
}
