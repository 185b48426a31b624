import Clips
import Foundation
import Training
import Yams

/// A study as its author wrote it, checked in full.
public struct Recipe: Sendable {
    /// The file's name without its ending: the study's folder bears it.
    public let name: String
    public let question: String?
    public let metric: Metric
    /// The recipe's own text, as stored with each run.
    public let text: String
    let settings: [String: Value]
    /// In the order of the recipe; the seed's is last.
    public let axes: [Axis]
    let exclusions: [[String: [Value]]]

    private static let keys = ["base", "question", "set", "sweep", "exclude", "metric"]

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
        text = source.text
        settings = draft.settings.mapValues(\.value)
        axes = draft.axes.filter { $0.key != "seed" } + draft.axes.filter { $0.key == "seed" }
        exclusions = draft.exclusions
        guard !expand().isEmpty else {
            let place = Place(file: path, line: 1, column: 1)
            mistakes.add(place, "exclude: leaves no run over", in: source)
            try mistakes.throwIfAny()
            return
        }
    }

    /// Whether a mapping's keys are those of a recipe rather than of a configuration.
    static func isRecipe(_ node: Node) -> Bool {
        guard case .mapping(let mapping) = node else { return false }
        return mapping.keys.contains { keys.contains($0.string ?? "") }
    }

    static func nearestKey(_ name: String) -> String? { nearest(name, in: keys) }
}

/// A recipe while it is read.
struct RecipeDraft {
    var question: String?
    var metric = Metric.valAccuracy
    var settings: [String: Setting] = [:]
    var axes: [Axis] = []
    var exclusions: [[String: [Value]]] = []
    private var axisPlaces: [String: Place] = [:]

    mutating func read(_ node: Node, _ source: SourceText, _ mistakes: MistakeList) throws {
        let reader = SettingsReader(source: source, mistakes: mistakes)
        guard Recipe.isRecipe(node) else { return take(reader.settings(node)) }
        var parts: [String: Node] = [:]
        reader.forEachKey(node) { name, keyNode, value in
            switch name {
            case "base", "question", "set", "sweep", "exclude", "metric": parts[name] = value
            case _ where ConfigurationKey.all.contains { $0.name == name || $0.name.hasPrefix(name + ".") }:
                mistakes.add(
                    reader.place(keyNode), "\(name): a key of the configuration; in a recipe it belongs under set:",
                    in: source)
            default:
                let hint =
                    Recipe.nearestKey(name).map { ": did you mean \($0)?" }
                    ?? "; a recipe has base, question, set, sweep, exclude, metric"
                mistakes.add(reader.place(keyNode), "\(name): there is no such key\(hint)", in: source)
            }
        }
        if let base = parts["base"] { try readBase(base, reader) }
        if let question = parts["question"] { self.question = text(question, "question", reader) }
        if let set = parts["set"] { take(reader.settings(set)) }
        if let sweep = parts["sweep"] { readSweep(sweep, prefix: "", reader) }
        if let exclude = parts["exclude"] { readExclusions(exclude, reader) }
        if let metric = parts["metric"] { readMetric(metric, reader) }
    }

    private mutating func take(_ found: [(name: String, setting: Setting)]) {
        for (name, setting) in found { settings[name] = setting }
    }

    private mutating func readBase(_ node: Node, _ reader: SettingsReader) throws {
        guard let path = text(node, "base", reader) else { return }
        let file = URL(filePath: path, relativeTo: reader.source.folder.appending(path: ""))
        let shown =
            file.relativePath.hasPrefix("/")
            ? path : (URL(filePath: reader.source.name).deletingLastPathComponent().relativePath + "/" + path)
        let base: SourceText
        do { base = try SourceText(file: file, name: shown.hasPrefix("./") ? String(shown.dropFirst(2)) : shown) } catch
        {
            reader.mistakes.add(
                reader.place(node), "base: there is no file \(shown), or it can't be read", in: reader.source)
            return
        }
        guard let root = base.parse(reader.mistakes) else { return }
        let baseReader = SettingsReader(source: base, mistakes: reader.mistakes)
        if Recipe.isRecipe(root) {
            reader.mistakes.add(
                reader.place(node), "base: \(path) is a recipe; a base holds configuration keys alone",
                in: reader.source)
            return
        }
        take(baseReader.settings(root))
    }

    private mutating func readSweep(_ node: Node, prefix: String, _ reader: SettingsReader) {
        reader.forEachKey(node) { name, keyNode, value in
            let full = prefix + name
            if let key = ConfigurationKey.byName[full] {
                guard isSweepable(key, reader.place(keyNode), reader) else { return }
                if let axis = AxisReader(settings: reader).axis(key, value) { put(axis, reader.place(keyNode)) }
            } else if ConfigurationKey.all.contains(where: { $0.name.hasPrefix(full + ".") }), case .mapping = value {
                readSweep(value, prefix: full + ".", reader)
            } else {
                reader.add(unknown: full, at: keyNode)
            }
        }
    }

    /// Keys that only change what is printed make no runs that differ.
    private func isSweepable(_ key: ConfigurationKey, _ place: Place, _ reader: SettingsReader) -> Bool {
        guard key.name.hasPrefix("hide_") else { return true }
        reader.mistakes.add(place, "\(key.name): does not change a run, so it can't be swept", in: reader.source)
        return false
    }

    private mutating func put(_ axis: Axis, _ place: Place) {
        axisPlaces[axis.key] = place
        if let index = axes.firstIndex(where: { $0.key == axis.key }) { axes[index] = axis } else { axes.append(axis) }
    }

    private mutating func readExclusions(_ node: Node, _ reader: SettingsReader) {
        guard case .sequence(let patterns) = node else {
            reader.mistakes.add(
                reader.place(node), "exclude: has to be a list of mappings, as [{lr: 0.1, batch_size: 8}]",
                in: reader.source)
            return
        }
        for pattern in patterns {
            var wanted: [String: [Value]] = [:]
            reader.forEachKey(pattern) { name, keyNode, value in
                guard let key = ConfigurationKey.byName[name] else { return reader.add(unknown: name, at: keyNode) }
                if case .sequence(let several) = value, !key.isList {
                    wanted[name] = several.compactMap { reader.value($0, key) }
                } else if let one = reader.value(value, key) {
                    wanted[name] = [one]
                }
            }
            if !wanted.isEmpty { exclusions.append(wanted) }
        }
    }

    private mutating func readMetric(_ node: Node, _ reader: SettingsReader) {
        let names = TrainingRun.metricNames.filter { $0 != "lr" }
        var named = metric.name
        var goal: Metric.Goal?
        reader.forEachKey(node) { name, keyNode, value in
            switch name {
            case "name":
                if let text = value.string, names.contains(text) { return named = text }
                reader.mistakes.add(
                    reader.place(value),
                    "metric: name is one of \(names.joined(separator: ", ")), not \(reader.described(value))",
                    in: reader.source)
            case "goal":
                if let known = value.string.flatMap({ Metric.Goal(rawValue: $0) }) { return goal = known }
                reader.mistakes.add(
                    reader.place(value), "metric: goal is maximize or minimize, not \(reader.described(value))",
                    in: reader.source)
            default:
                reader.mistakes.add(reader.place(keyNode), "metric: has name and goal, no \(name)", in: reader.source)
            }
        }
        metric = Metric(name: named, goal: goal ?? (named.hasSuffix("loss") ? .minimize : .maximize))
    }

    private func text(_ node: Node, _ name: String, _ reader: SettingsReader) -> String? {
        guard case .scalar(let scalar) = node, !scalar.string.isEmpty else {
            reader.mistakes.add(
                reader.place(node), "\(name): has to be text, not \(reader.described(node))", in: reader.source)
            return nil
        }
        return scalar.string
    }

    /// One `key=value` of the command line. A value sets the key, and a list sweeps it.
    mutating func override(_ argument: String, index: Int, _ mistakes: MistakeList) {
        let source = SourceText(
            name: "argument \(index + 1)", folder: URL(filePath: FileManager.default.currentDirectoryPath),
            text: argument)
        let start = Place(file: source.name, line: 1, column: 1)
        guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else {
            return mistakes.add(start, "an override is key=value, as in epoch=5 or 'lr=[0.1,0.01]'", in: source)
        }
        let name = String(argument[..<equals])
        guard let key = ConfigurationKey.byName[name] else {
            let hint = nearest(name, in: ConfigurationKey.all.map(\.name)).map { ": did you mean \($0)?" } ?? ""
            return mistakes.add(start, "\(name): there is no such key\(hint)", in: source)
        }
        // The value is read where it stands, so that its place is its place in the argument.
        let padding = String(repeating: " ", count: name.count + 1)
        let padded = SourceText(
            name: source.name, folder: source.folder, text: padding + argument[argument.index(after: equals)...])
        let list = MistakeList()
        if let node = padded.parse(list) {
            let reader = SettingsReader(
                source: SourceText(name: source.name, folder: source.folder, text: argument), mistakes: mistakes)
            if !key.isList, AxisReader.isAxis(node) {
                if let axis = AxisReader(settings: reader).axis(key, node) { put(axis, start) }
            } else if let value = reader.value(node, key) {
                axes.removeAll { $0.key == name }
                settings[name] = Setting(value: value, place: reader.place(node), folder: source.folder)
            }
        } else {
            for mistake in list.mistakes { mistakes.add(mistake.place, mistake.message, in: source) }
            if list.mistakes.isEmpty {
                mistakes.add(start, "\(name): nothing stands after =; it has to be \(key.rule)", in: source)
            }
        }
    }

    /// What only the whole shows; relative paths become whole ones.
    mutating func check(_ source: SourceText, _ mistakes: MistakeList) {
        let whole = Place(file: source.name, line: 1, column: 1)
        if let path = settings["path_to_dataset"] {
            if case .text(let text) = path.value, text != VisemeSet.path {
                if text.hasPrefix("builtin:") {
                    mistakes.add(
                        path.place, "path_to_dataset: the built-in data set is \(VisemeSet.path), there is no \(text)",
                        in: source)
                } else {
                    let file = URL(
                        filePath: (text as NSString).expandingTildeInPath, relativeTo: path.folder.appending(path: ""))
                    settings["path_to_dataset"]?.value = .text(file.standardizedFileURL.path)
                }
            }
        } else if !axes.contains(where: { $0.key == "path_to_dataset" }), mistakes.mistakes.isEmpty {
            mistakes.add(
                whole,
                "path_to_dataset: missing: give the folder of the data set, or \(VisemeSet.path), here or as "
                    + "path_to_dataset=… on the command line", in: source)
        }
        let count = axes.reduce(1.0) { $0 * Double($1.values.count) }
        if count > Double(AxisReader.limit) {
            mistakes.add(
                whole, "the sweep makes \(shortest(count)) runs; a recipe makes at most \(AxisReader.limit)", in: source
            )
        }
    }
}

extension ConfigurationKey {
    var isList: Bool {
        if case .texts = kind { true } else { false }
    }
}
