import Foundation
import Search
import Studies
import Yams

/// A study as its author wrote it, checked in full. Which keys there are is declared by the
/// trainers that own them.
package struct Recipe: Sendable {
    /// The file's name without its ending: the study's folder has it.
    package let name: String
    /// As the person gave it.
    package let path: String
    /// As the person gave them.
    package let overrides: [String]
    package let question: String?
    package let metric: Metric
    package let trainer: TrainerRecord
    package let schema: ParameterSchema
    /// What is kept of the weights of each run.
    package let keep: KeptWeights
    /// Environment variables whose values are recorded with each run.
    package let recordedEnvironment: [String]
    package let report: ReportSettings
    /// What each run needs of a machine.
    package let resources: Resources
    /// The recipe's own text, as stored with each run.
    package let text: String
    /// What its author should know, and is not a mistake.
    package let notes: [String]
    /// Whether it says which metric the study is judged by.
    package let namesMetric: Bool
    /// Bases and templates that lie outside of the recipe's repository: SHA-256 by path.
    package let outsideFiles: [String: String]
    /// All bases and templates: from the recipe's folder; absolute outside of its repository.
    package let baseFiles: [String]
    let settings: [String: Value]
    /// Where each setting was written; defaults have no place.
    let origins: [String: Place]
    /// All axes but the seed's.
    let space: SearchSpace
    let seedAxis: Axis?
    let method: SweepMethod
    let samples: Int?
    let sampleSeed: UInt64
    let maxRuns: (count: Int, place: Place)?
    /// How the axes become settings, in words.
    private let shapeInWords: [String]
    let exclusions, inclusions: [Pattern]

    static let keys = RecipeKey.all.map(\.name)

    /// Reads a recipe, or a bare configuration, which is a recipe of one run.
    /// - Parameters:
    ///   - path: as the person gave it.
    ///   - overrides: `key=value` arguments; a list makes an axis.
    ///   - trainers: whose keys it may use.
    /// - Throws: `RecipeMistakes` with all mistakes of all texts, or `UnreadableFile`.
    package init(path: String, overrides: [String] = [], trainers: TrainerDeclarations) throws {
        try self.init(SourceText(file: URL(filePath: path), name: path), overrides, trainers)
    }

    /// The recipe of nothing but a data set.
    /// - Parameter data: a folder of clips, a table of them, or a file of prepared ones.
    package init(data: String, overrides: [String] = [], trainers: TrainerDeclarations) throws {
        let folder = URL(filePath: FileManager.default.currentDirectoryPath)
        try self.init(
            SourceText(name: data, folder: folder, text: "path_to_dataset: \(jsonString(data))\n"),
            overrides, trainers)
    }

    /// A recipe that is no file yet.
    /// - Parameter file: where it would lie.
    package init(text: String, file: URL, trainers: TrainerDeclarations) throws {
        try self.init(
            SourceText(
                name: file.lastPathComponent, folder: file.deletingLastPathComponent(), text: text),
            [], trainers)
    }

    private init(_ source: SourceText, _ overrides: [String], _ trainers: TrainerDeclarations)
        throws
    {
        let mistakes = MistakeList()
        var draft = RecipeDraft(trainers)
        if let node = source.parse(mistakes) {
            try draft.read(RecipeDraft.translated(node, source, mistakes), source, mistakes)
        } else {
            draft.readBases(ofBroken: source, mistakes)
        }
        for (index, argument) in overrides.enumerated() {
            draft.override(argument, index: index, mistakes)
        }
        draft.check(source, mistakes)
        try mistakes.throwIfAny()
        name = URL(filePath: source.name).deletingPathExtension().lastPathComponent
        path = source.name
        self.overrides = overrides
        question = draft.question
        metric = draft.metric
        trainer = draft.declaration.record(
            command: draft.command, settings: draft.settings.mapValues(\.value),
            judge: draft.metric)
        schema = draft.declaration.schema
        keep = draft.keep
        recordedEnvironment = draft.recordedEnvironment
        report = draft.report
        resources = draft.resources
        text = source.text
        notes = mistakes.notes + draft.notes
        namesMetric = draft.namesMetric
        outsideFiles = draft.outsideFiles(of: source)
        baseFiles = draft.baseFiles(of: source)
        settings = draft.settings.mapValues(\.value)
        let written = draft.settings.mapValues(\.place)
        origins = written.merging(draft.axes.map { ($0.key, $0.place) }) { $1 }
        space = draft.space
        seedAxis = draft.axes.first { $0.key == "seed" }?.axis
        (method, samples, sampleSeed) = (
            draft.shape.method, draft.shape.samples, draft.shape.sampleSeed
        )
        maxRuns = draft.shape.maxRuns
        shapeInWords = draft.shape.inWords(draft.space.dimensions)
        (exclusions, inclusions) = (draft.shape.exclusions, draft.shape.inclusions)
    }

    /// All axes, the seed's last.
    package var axes: [Axis] { space.axes + [seedAxis].compactMap { $0 } }

    /// Every key with its value, as YAML, each with the place where it was written.
    /// - Throws: as `expand`.
    package func resolved() throws -> String {
        let values = configuration.values
        let axes = try sweptValues()
        let names =
            schema.isOpen
            ? Set(values.keys).union(axes.keys).sorted() : schema.parameters.map(\.name)
        let lines = names.compactMap { name -> (text: String, origin: String)? in
            let place = origins[name].map { "\($0.file):\($0.line)" } ?? "default"
            if let swept = axes[name] {
                let shown =
                    swept.count > 12 ? swept.prefix(12).map(\.json) + ["…"] : swept.map(\.json)
                return ("\(name): [\(shown.joined(separator: ", "))]", "swept, \(place)")
            }
            return values[name].map { ("\(name): \($0.json)", place) }
        }
        let width = min(lines.map(\.text.count).max() ?? 0, 60)
        return lines.map { line in
            line.text + String(repeating: " ", count: max(1, width + 2 - line.text.count))
                + "# \(line.origin)\n"
        }.joined() + shapeInWords.map { "# \($0)\n" }.joined()
    }

    /// The values of each axis: those of a list, or those that were drawn.
    private func sweptValues() throws -> [String: [Value]] {
        var values = Dictionary(axes.map { ($0.key, $0.domain.values) }) { first, _ in first }
        guard method != .grid else { return values }
        let runs = try expand()
        var seen: Set<Int> = []
        let trials = runs.filter { seen.insert($0.trial).inserted }
        for axis in space.axes { values[axis.key] = trials.compactMap { $0.setting[axis.key] } }
        return values
    }

    /// Whether a mapping's keys are those of a recipe rather than of a configuration.
    static func isRecipe(_ node: Node) -> Bool {
        guard case .mapping(let mapping) = node else { return false }
        return mapping.keys.contains { keys.contains($0.string ?? "") }
    }
}
