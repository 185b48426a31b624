import Foundation
import Training
import Yams

/// A study as its author wrote it, checked in full.
package struct Recipe: Sendable {
    /// The file's name without its ending: the study's folder bears it.
    package let name: String
    package let question: String?
    package let metric: Metric
    package let trainer: Trainer
    /// What is kept of the weights of each run.
    package let keep: KeptWeights
    /// Environment variables whose values are recorded with each run.
    package let recordedEnvironment: [String]
    package let report: ReportSettings
    /// The recipe's own text, as stored with each run.
    package let text: String
    /// What its author should know, and is no mistake.
    package let notes: [String]
    let settings: [String: Value]
    /// Where each setting was written; the defaults are nowhere.
    let origins: [String: Place]
    /// All axes but the seed's, as they are walked through: those of one group go together.
    let dimensions: [[Axis]]
    let seedAxis: Axis?
    /// How the axes become points, in words.
    private let shapeInWords: [String]
    /// Axes that exist only where a pattern matches.
    let conditions: [String: Pattern]
    let exclusions, inclusions: [Pattern]

    static let keys = RecipeKey.all.map(\.name)

    /// Reads a recipe, or a bare configuration, which is a recipe of one run.
    /// - Parameters:
    ///   - path: as the person gave it.
    ///   - overrides: `key=value` arguments; a list makes an axis.
    /// - Throws: `RecipeMistakes` with all mistakes of all texts, or `UnreadableFile`.
    package init(path: String, overrides: [String] = []) throws {
        try self.init(SourceText(file: URL(filePath: path), name: path), overrides)
    }

    /// The recipe of nothing but a data set.
    /// - Parameter data: a folder of clips, a table of them, or a file of prepared ones.
    package init(data: String, overrides: [String] = []) throws {
        let folder = URL(filePath: FileManager.default.currentDirectoryPath)
        try self.init(
            SourceText(name: data, folder: folder, text: "path_to_dataset: \(jsonString(data))\n"), overrides)
    }

    private init(_ source: SourceText, _ overrides: [String]) throws {
        let mistakes = MistakeList()
        var draft = RecipeDraft()
        if let node = source.parse(mistakes) {
            try draft.read(RecipeDraft.translated(node, source, mistakes), source, mistakes)
        }
        for (index, argument) in overrides.enumerated() { draft.override(argument, index: index, mistakes) }
        draft.check(source, mistakes)
        try mistakes.throwIfAny()
        name = URL(filePath: source.name).deletingPathExtension().lastPathComponent
        question = draft.question
        metric = draft.metric
        trainer = draft.trainer
        keep = draft.keep
        recordedEnvironment = draft.recordedEnvironment
        report = draft.report
        text = source.text
        notes = draft.notes
        settings = draft.settings.mapValues(\.value)
        let written = draft.settings.mapValues(\.place)
        origins = written.merging(draft.axes.map { ($0.key, $0.place) }) { $1 }
        dimensions = draft.dimensions
        seedAxis = draft.axes.first { $0.key == "seed" }.map { Axis(key: $0.key, values: $0.values) }
        conditions = draft.shape.conditions.mapValues(\.pattern)
        shapeInWords = draft.shape.inWords(draft.dimensions)
        (exclusions, inclusions) = (draft.shape.exclusions, draft.shape.inclusions)
        try checkCount(draft.shape, source, mistakes)
    }

    /// What only the runs show: that there are some, and not too many.
    private func checkCount(_ shape: SweepShape, _ source: SourceText, _ mistakes: MistakeList) throws {
        guard shape.maxRuns != nil || !exclusions.isEmpty || !inclusions.isEmpty else { return }
        let count = expand().count
        if count == 0 {
            let name = inclusions.isEmpty ? "exclude" : exclusions.isEmpty ? "include" : "include and exclude"
            let verb = inclusions.isEmpty || exclusions.isEmpty ? "leaves" : "leave"
            mistakes.add(Place(file: source.name, line: 1, column: 1), "\(name): \(verb) no run over", in: source)
        }
        if let limit = shape.maxRuns, count > limit.count {
            mistakes.add(
                limit.place,
                "max_runs: the sweep makes \(count) runs, and at most \(limit.count) are allowed: raise it, or sweep less",
                in: source)
        }
        try mistakes.throwIfAny()
    }

    /// All axes, the seed's last.
    package var axes: [Axis] { dimensions.flatMap { $0 } + [seedAxis].compactMap { $0 } }

    /// Every key with its value, as YAML, each with the place where it was written.
    package var resolved: String {
        let values = configuration.values
        let axes = Dictionary(axes.map { ($0.key, $0.values) }) { first, _ in first }
        let names =
            trainer == .visualSpeech ? ConfigurationKey.all.map(\.name) : Set(values.keys).union(axes.keys).sorted()
        let lines = names.compactMap { name -> (text: String, origin: String)? in
            let place = origins[name].map { "\($0.file):\($0.line)" } ?? "default"
            if let swept = axes[name] {
                let shown = swept.count > 12 ? swept.prefix(12).map(\.json) + ["…"] : swept.map(\.json)
                return ("\(name): [\(shown.joined(separator: ", "))]", "swept, \(place)")
            }
            return values[name].map { ("\(name): \($0.json)", place) }
        }
        let width = min(lines.map(\.text.count).max() ?? 0, 60)
        return lines.map { line in
            line.text + String(repeating: " ", count: max(1, width + 2 - line.text.count)) + "# \(line.origin)\n"
        }.joined() + shapeInWords.map { "# \($0)\n" }.joined()
    }

    /// Whether a mapping's keys are those of a recipe rather than of a configuration.
    static func isRecipe(_ node: Node) -> Bool {
        guard case .mapping(let mapping) = node else { return false }
        return mapping.keys.contains { keys.contains($0.string ?? "") }
    }
}

/// What is kept of a run's weights. Digests of the best are kept always.
package struct KeptWeights: OptionSet, Sendable, Codable, Hashable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    /// Of the best epoch.
    package static let best = KeptWeights(rawValue: 1)
    /// Of the last epoch.
    package static let last = KeptWeights(rawValue: 2)

    static let names: [(String, KeptWeights)] = [("best", .best), ("last", .last), ("none", [])]

    /// `best`, `last` or `none`.
    package init?(name: String) {
        guard let known = KeptWeights.names.first(where: { $0.0 == name }) else { return nil }
        self = known.1
    }

    /// `best, last`, or `none`.
    package var label: String {
        let names = KeptWeights.names.filter { !$0.1.isEmpty && contains($0.1) }.map(\.0)
        return names.isEmpty ? "none" : names.joined(separator: ", ")
    }
}
