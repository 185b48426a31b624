import Clips
import Foundation
import Training
import Yams

/// A recipe while it is read.
struct RecipeDraft {
    var question: String?
    var metric = Metric.valAccuracy
    var trainer = Trainer.visualSpeech
    var keep = KeptWeights.best
    var recordedEnvironment: [String] = []
    var report = ReportSettings()
    /// What the author should know, and is no mistake.
    var notes: [String] = []
    var settings: [String: Setting] = [:]
    var axes: [Axis] = []
    var exclusions: [[String: [Value]]] = []
    /// Where the command's words stand, to be checked when all keys are known.
    private var commandNode: Node?
    private var commandReader: SettingsReader?

    mutating func read(_ node: Node, _ source: SourceText, _ mistakes: MistakeList) throws {
        var reader = SettingsReader(source: source, mistakes: mistakes)
        guard Recipe.isRecipe(node) else { return take(reader.settings(node), reader) }
        var parts: [String: Node] = [:]
        // Whose keys they are is known before any is read.
        if let trainer = node.mapping?["trainer"] { readTrainer(trainer, node.mapping, reader) }
        reader.keys = trainer.keys
        reader.forEachKey(node) { name, keyNode, value in
            switch name {
            case _ where Recipe.keys.contains(name): parts[name] = value
            case _ where ConfigurationKey.all.contains { $0.name == name || $0.name.hasPrefix(name + ".") }:
                mistakes.add(
                    reader.place(keyNode), "\(name): a key of the configuration; in a recipe it belongs under set:",
                    in: source)
            default:
                let hint =
                    nearest(name, in: Recipe.keys).map { ": did you mean \($0)?" }
                    ?? "; a recipe has \(Recipe.keys.joined(separator: ", "))"
                mistakes.add(reader.place(keyNode), "\(name): there is no such key\(hint)", in: source)
            }
        }
        if let base = parts["base"] { try readBase(base, reader) }
        if let question = parts["question"] { self.question = text(question, "question", reader) }
        if let set = parts["set"] { take(reader.settings(set), reader) }
        if let sweep = parts["sweep"] { readSweep(sweep, prefix: "", reader) }
        if let exclude = parts["exclude"] { readExclusions(exclude, reader) }
        if let metric = parts["metric"] { readMetric(metric, reader) }
        if let keep = parts["keep"] { readKeep(keep, reader) }
        if let names = parts["record_env"] { recordedEnvironment = reader.texts(names, "record_env") }
        if let report = parts["report"] { self.report = ReportReader(settings: reader).report(report) }
        if case .visualSpeech = trainer {
            for name in ["metrics", "resources"] where parts[name] != nil {
                mistakes.add(
                    reader.place(parts[name]), "\(name): belongs to a command trainer, and there is no `trainer`",
                    in: source)
            }
        }
    }

    private mutating func take(_ found: [(name: String, setting: Setting)], _ reader: SettingsReader) {
        for (name, setting) in found { put(setting, name, reader) }
    }

    /// Later wins; but a word in place of a number is rather a number misspelt.
    mutating func put(_ setting: Setting, _ name: String, _ reader: SettingsReader) {
        let before = settings[name]?.value ?? axes.first { $0.key == name }?.values.first
        if setting.isPlainText, let number = before?.double {
            reader.mistakes.add(
                setting.place,
                "\(name): \(setting.value.label) is text, and \(shortest(number)) stood there before: mend it, or put "
                    + "it into quotes if it is meant", in: reader.source)
        }
        settings[name] = setting
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
        let baseReader = SettingsReader(source: base, mistakes: reader.mistakes, keys: reader.keys)
        if Recipe.isRecipe(root) {
            reader.mistakes.add(
                reader.place(node), "base: \(path) is a recipe; a base holds configuration keys alone",
                in: reader.source)
            return
        }
        take(baseReader.settings(root), baseReader)
    }

    private mutating func readSweep(_ node: Node, prefix: String, _ reader: SettingsReader) {
        reader.forEachKey(node) { name, keyNode, value in
            let full = prefix + name
            if reader.keys.isGroup(full, value), case .mapping = value {
                readSweep(value, prefix: full + ".", reader)
            } else if let key = reader.keys.key(full) {
                guard isSweepable(key, reader.place(keyNode), reader) else { return }
                if let axis = AxisReader(settings: reader).axis(key, value) { put(axis) }
            } else {
                reader.add(unknown: full, at: keyNode)
            }
        }
    }

    /// Keys that only change what is printed make no runs that differ.
    private func isSweepable(_ key: ConfigurationKey, _ place: Place, _ reader: SettingsReader) -> Bool {
        if key.name == "init_from" {
            reader.mistakes.add(place, "init_from: can't be swept: make a recipe of each start", in: reader.source)
            return false
        }
        guard key.name.hasPrefix("hide_") else { return true }
        reader.mistakes.add(place, "\(key.name): does not change a run, so it can't be swept", in: reader.source)
        return false
    }

    mutating func put(_ axis: Axis) {
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
                guard let key = reader.keys.key(name) else { return reader.add(unknown: name, at: keyNode) }
                if case .any = reader.keys, settings[name] == nil, !axes.contains(where: { $0.key == name }) {
                    return reader.mistakes.add(
                        reader.place(keyNode), "exclude: \(unknownKey(name))", in: reader.source)
                }
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
        let isOurs = trainer == .visualSpeech
        var named = metric.name
        var goal: Metric.Goal?
        reader.forEachKey(node) { name, keyNode, value in
            switch name {
            case "name":
                if let text = value.string, isOurs ? names.contains(text) : !text.isEmpty { return named = text }
                guard isOurs else {
                    return reader.mistakes.add(
                        reader.place(value), "metric: name is text, not \(reader.described(value))", in: reader.source)
                }
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

    private mutating func readTrainer(_ node: Node, _ recipe: Node.Mapping?, _ reader: SettingsReader) {
        var command = TrainerReader(settings: reader).read(node)
        TrainerReader(settings: reader).readResources(recipe?["resources"], &command)
        TrainerReader(settings: reader).readMetrics(recipe?["metrics"], &command)
        trainer = .command(command)
        commandNode = node.mapping?["command"]
        commandReader = reader
    }

    private mutating func readKeep(_ node: Node, _ reader: SettingsReader) {
        let nodes = node.sequence.map(Array.init) ?? [node]
        let kept = nodes.compactMap { KeptWeights(name: $0.string ?? "") }
        guard kept.count == nodes.count, kept.count < 2 || !kept.contains([]) else {
            return reader.mistakes.add(
                reader.place(node), "keep: is best, last, none, or [best, last], not \(reader.described(node))",
                in: reader.source)
        }
        keep = kept.reduce([]) { $0.union($1) }
    }

    private func text(_ node: Node, _ name: String, _ reader: SettingsReader) -> String? {
        guard case .scalar(let scalar) = node, !scalar.string.isEmpty else {
            reader.mistakes.add(
                reader.place(node), "\(name): has to be text, not \(reader.described(node))", in: reader.source)
            return nil
        }
        return scalar.string
    }

    /// What to say of a key that a command's recipe does not have.
    func unknownKey(_ name: String) -> String {
        let known = Set(settings.keys).union(axes.map(\.key)).union(["seed"])
        let hint = nearest(name, in: known.sorted()).map { ": did you mean \($0)?" } ?? ""
        return "\(name): the recipe has no such key\(hint)"
    }

    /// What only the whole shows; relative paths become whole ones.
    mutating func check(_ source: SourceText, _ mistakes: MistakeList) {
        let whole = Place(file: source.name, line: 1, column: 1)
        defer { checkSize(whole, source, mistakes) }
        if case .command(let command) = trainer {
            guard let commandNode, let commandReader else { return }
            let known = Set(settings.keys).union(axes.map(\.key)).union(["seed"])
            for key in known.sorted() {
                guard let outer = known.first(where: { key.hasPrefix($0 + ".") }) else { continue }
                mistakes.add(
                    settings[key]?.place ?? whole, "\(key): \(outer) has a value of its own, so it can't hold keys",
                    in: source)
            }
            if command.excludedMetrics.contains(metric.name) {
                mistakes.add(
                    whole, "metrics: \(metric.name) is what the study judges by: it can't be excluded", in: source)
            }
            let reader = TrainerReader(settings: commandReader)
            reader.checkPlaceholders(commandNode, known: known)
            guard mistakes.mistakes.isEmpty else { return }
            let (complete, note) = reader.withFilesOfPlaceholders(command, settings.mapValues(\.value), axes)
            trainer = .command(complete)
            if let note { notes.append(note) }
            return
        }
        if let path = settings["init_from"], case .text(let text) = path.value, !text.isEmpty {
            settings["init_from"]?.value = .text(path.wholePath(text))
        }
        if let path = settings["path_to_dataset"] {
            if case .text(let text) = path.value, text != VisemeSet.path {
                if text.hasPrefix("builtin:") {
                    mistakes.add(
                        path.place, "path_to_dataset: the built-in data set is \(VisemeSet.path), there is no \(text)",
                        in: source)
                } else {
                    settings["path_to_dataset"]?.value = .text(path.wholePath(text))
                }
            }
        } else if !axes.contains(where: { $0.key == "path_to_dataset" }), mistakes.mistakes.isEmpty {
            mistakes.add(
                whole,
                "path_to_dataset: missing: give the folder of the data set, or \(VisemeSet.path), here or as "
                    + "path_to_dataset=… on the command line", in: source)
        }
    }

    private func checkSize(_ whole: Place, _ source: SourceText, _ mistakes: MistakeList) {
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
