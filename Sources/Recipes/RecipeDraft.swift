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
    var axes: [AxisDraft] = []
    var shape = SweepShape()
    /// Worked out when all is read.
    private(set) var dimensions: [[Axis]] = []
    /// What stands under sweep, sound or not.
    var namedInSweep: Set<String> = []
    /// Where the command's words stand, to be checked when all keys are known.
    private var commandNode: Node?
    private var commandReader: SettingsReader?

    /// A sweep file of Weights & Biases as a recipe; anything else as it is.
    static func translated(_ node: Node, _ source: SourceText, _ mistakes: MistakeList) -> Node {
        guard WandbSweep.isOne(node) else { return node }
        let sweep = WandbSweep(node)
        for loss in sweep.losses { mistakes.add(source.place(loss.place?.mark), loss.text, in: source) }
        return sweep.recipe
    }

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
        if let base = parts["base"] {
            let own = source.folder.appending(path: URL(filePath: source.name).lastPathComponent).standardizedFileURL
                .path
            let files = BaseFiles(mistakes: mistakes, keys: reader.keys).settings(base, in: source, open: [own])
            for (reader, node) in files { take(reader.settings(node), reader) }
        }
        if let question = parts["question"] { self.question = text(question, "question", reader) }
        if let set = parts["set"] { take(reader.settings(set), reader) }
        shape = ShapeReader(reader: reader).read(parts)
        if let sweep = parts["sweep"] { readSweep(sweep, prefix: "", reader) }
        shape.slots = axes.map(\.key).filter { $0 != "seed" }
        if shape.isSampled, namedInSweep.subtracting(["seed", "seeds"]).isEmpty {
            mistakes.add(
                reader.place(parts["method"]), "method: \(shape.method.rawValue) draws values, and nothing is swept",
                in: source)
        }
        if let when = parts["when"] { readConditions(when, reader) }
        if let include = parts["include"] { shape.inclusions = patterns(include, "include", reader) }
        if let exclude = parts["exclude"] { shape.exclusions = patterns(exclude, "exclude", reader) }
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
        for (name, setting) in found {
            if setting.isDeletion { delete(name, setting.place, reader) } else { put(setting, name, reader) }
        }
    }

    /// A key, or all keys of a group, as if nobody had set it.
    mutating func delete(_ name: String, _ place: Place, _ reader: SettingsReader) {
        let gone = settings.keys.filter { $0 == name || $0.hasPrefix(name + ".") }
        let sweptBefore = axes.count
        axes.removeAll { $0.key == name || $0.key.hasPrefix(name + ".") }
        guard gone.isEmpty, axes.count == sweptBefore else { return gone.forEach { settings[$0] = nil } }
        let hint = nearest(name, in: settings.keys.sorted()).map { ": did you mean \($0)?" } ?? ""
        reader.mistakes.add(place, "\(name): nothing to delete: nobody has set it before\(hint)", in: reader.source)
    }

    /// Later wins; but a word in place of a number is rather a number misspelt.
    mutating func put(_ setting: Setting, _ name: String, _ reader: SettingsReader) {
        let before =
            setting.reference != nil || settings[name]?.reference != nil
            ? nil : settings[name]?.value ?? axes.first { $0.key == name }?.values.first
        if setting.isPlainText, let number = before?.double {
            reader.mistakes.add(
                setting.place,
                "\(name): \(setting.value.label) is text, and \(shortest(number)) stood there before: mend it, or put "
                    + "it into quotes if it is meant", in: reader.source)
        }
        settings[name] = setting
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
        defer {
            if mistakes.mistakes.isEmpty {
                dimensions = shape.dimensions(axes.filter { $0.key != "seed" }, mistakes, source)
            }
            checkSize(whole, source, mistakes)
        }
        dropOverridden()
        settings = ReferenceResolver(
            settings: settings, swept: Set(axes.map(\.key)), environment: recordedEnvironment, mistakes: mistakes
        ).resolved()
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
            let (complete, note) = reader.withFilesOfPlaceholders(
                command, settings.mapValues(\.value), axes.map { Axis(key: $0.key, values: $0.values) })
            trainer = .command(complete)
            if let note { notes.append(note) }
            return
        }
        if let path = settings["init_from"], case .text(let text) = path.value, !text.isEmpty {
            settings["init_from"]?.value = .text(path.wholePath(text))
        }
        checkData(source, mistakes)
    }

    /// Where the data lie, and which keys have nothing to say about them.
    private mutating func checkData(_ source: SourceText, _ mistakes: MistakeList) {
        let whole = Place(file: source.name, line: 1, column: 1)
        guard let path = settings["path_to_dataset"], case .text(let text) = path.value else {
            if !axes.contains(where: { $0.key == "path_to_dataset" }), mistakes.mistakes.isEmpty {
                mistakes.add(
                    whole,
                    "path_to_dataset: missing: give the folder of the data set, or \(VisemeSet.path), here or as "
                        + "path_to_dataset=… on the command line", in: source)
            }
            return
        }
        func refuse(_ keys: (String) -> Bool, _ reason: String) {
            let set = settings.filter {
                keys($0.key) && ConfigurationKey.byName[$0.key]?.defaultValue != $0.value.value
            }
            .map { ($0.key, $0.value.place) }
            for (key, place) in (set + axes.filter { keys($0.key) }.map { ($0.key, $0.place) }).sorted(by: {
                $0.0 < $1.0
            }) {
                mistakes.add(place, "\(key): \(reason)", in: source)
            }
        }
        if text == VisemeSet.path {
            refuse(
                { $0 == "classes" }, "selects among folders of clips; of \(VisemeSet.path), builtin.words says how many"
            )
        } else if text.hasPrefix("builtin:") {
            mistakes.add(
                path.place, "path_to_dataset: the built-in data set is \(VisemeSet.path), there is no \(text)",
                in: source)
        } else {
            settings["path_to_dataset"]?.value = .text(path.wholePath(text))
            guard DataSource.isPrepared(text) else { return }
            refuse(
                { $0 != "classes" && $0 != "path_to_dataset" && !$0.hasPrefix("builtin.") && DataSource.keys($0) },
                "says how clips are prepared, and \(text) is prepared already: give it to viseme data prepare")
        }
    }
}

extension ConfigurationKey {
    var isList: Bool {
        if case .texts = kind { true } else { false }
    }
}
