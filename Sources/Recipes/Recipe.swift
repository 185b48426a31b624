import Foundation
import Training
import Yams

/// A study as its author wrote it, checked in full.
public struct Recipe: Sendable {
    /// The file's name without its ending: the study's folder bears it.
    public let name: String
    public let question: String?
    public let metric: Metric
    public let trainer: Trainer
    /// What is kept of the weights of each run.
    public let keep: KeptWeights
    /// Environment variables whose values are recorded with each run.
    public let recordedEnvironment: [String]
    public let report: ReportSettings
    /// The recipe's own text, as stored with each run.
    public let text: String
    /// What its author should know, and is no mistake.
    public let notes: [String]
    let settings: [String: Value]
    /// In the order of the recipe; the seed's is last.
    public let axes: [Axis]
    let exclusions: [[String: [Value]]]

    static let keys = [
        "base", "question", "set", "sweep", "exclude", "metric", "trainer", "metrics", "resources", "keep",
        "record_env", "report",
    ]

    /// Reads a recipe, or a bare configuration, which is a recipe of one run.
    /// - Parameters:
    ///   - path: as the person gave it.
    ///   - overrides: `key=value` arguments; a list makes an axis.
    /// - Throws: `RecipeMistakes` with all mistakes of all texts, or `UnreadableFile`.
    public init(path: String, overrides: [String] = []) throws {
        let mistakes = MistakeList()
        let source = try SourceText(file: URL(filePath: path), name: path)
        var draft = RecipeDraft()
        if let node = source.parse(mistakes) {
            try draft.read(node, source, mistakes)
        }
        for (index, argument) in overrides.enumerated() { draft.override(argument, index: index, mistakes) }
        draft.check(source, mistakes)
        try mistakes.throwIfAny()
        name = URL(filePath: path).deletingPathExtension().lastPathComponent
        question = draft.question
        metric = draft.metric
        trainer = draft.trainer
        keep = draft.keep
        recordedEnvironment = draft.recordedEnvironment
        report = draft.report
        text = source.text
        notes = draft.notes
        settings = draft.settings.mapValues(\.value)
        axes = draft.axes.filter { $0.key != "seed" } + draft.axes.filter { $0.key == "seed" }
        exclusions = draft.exclusions
        guard !leavesNothing else {
            mistakes.add(Place(file: path, line: 1, column: 1), "exclude: leaves no run over", in: source)
            try mistakes.throwIfAny()
            return
        }
    }

    private var leavesNothing: Bool { !exclusions.isEmpty && expand().isEmpty }

    /// Whether a mapping's keys are those of a recipe rather than of a configuration.
    static func isRecipe(_ node: Node) -> Bool {
        guard case .mapping(let mapping) = node else { return false }
        return mapping.keys.contains { keys.contains($0.string ?? "") }
    }
}

/// What is kept of a run's weights. Digests of the best are kept always.
public struct KeptWeights: OptionSet, Sendable, Codable, Hashable {
    public let rawValue: Int

    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Of the best epoch.
    public static let best = KeptWeights(rawValue: 1)
    /// Of the last epoch.
    public static let last = KeptWeights(rawValue: 2)

    static let names: [(String, KeptWeights)] = [("best", .best), ("last", .last), ("none", [])]

    /// `best`, `last` or `none`.
    public init?(name: String) {
        guard let known = KeptWeights.names.first(where: { $0.0 == name }) else { return nil }
        self = known.1
    }

    /// `best, last`, or `none`.
    public var label: String {
        let names = KeptWeights.names.filter { !$0.1.isEmpty && contains($0.1) }.map(\.0)
        return names.isEmpty ? "none" : names.joined(separator: ", ")
    }
}
