import Foundation
import Search
import Studies
import Yams

/// A recipe while it is read.
struct RecipeDraft {
    var question: String?
    var metric: Metric
    /// Whose keys the recipe has.
    var declaration: TrainerDeclaration
    private let trainers: TrainerDeclarations
    /// The program that trains; nil if the built-in trainer does.
    var command: TrainerCommand?
    var keep = KeptWeights.best
    var resources = Resources()
    var recordedEnvironment: [String] = []
    var report = ReportSettings()
    /// What the author should know, and is no mistake.
    var notes: [String] = []
    var settings: [String: WrittenValue] = [:]
    var axes: [AxisDraft] = []
    var shape = SweepShape()
    /// Whether the recipe says which metric the study is judged by.
    var namesMetric = false
    /// Bases and templates, by absolute path.
    private var otherFiles: Set<String> = []
    /// Known when all is read.
    private(set) var space = SearchSpace(dimensions: [])
    /// The keys under sweep, valid or not.
    var namedInSweep: Set<String> = []
    /// Those under set, likewise.
    private var namedInSet: Set<String> = []
    /// The places of the command's words, which are checked when all keys are known.
    private var commandNode, environmentNode: Node?
    private var commandReader: SettingsReader?

    init(_ trainers: TrainerDeclarations) {
        self.trainers = trainers
        declaration = trainers.builtIn
        metric = declaration.metrics.standard
    }

    /// A sweep file of Weights & Biases as a recipe; anything else as it is.
    static func translated(_ node: Node, _ source: SourceText, _ mistakes: MistakeList) -> Node {
        guard WandbSweep.isOne(node) else { return node }
        let sweep = WandbSweep(node)
        for loss in sweep.losses {
            mistakes.add(source.place(loss.place?.mark), loss.text, in: source)
        }
        return sweep.recipe
    }

    /// The mistakes of the bases of a recipe that is no YAML: nobody should have to find them one
    /// file at a time.
    func readBases(ofBroken source: SourceText, _ mistakes: MistakeList) {
        let line = source.text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("base:") }
        guard let line,
            let root = SourceText(
                name: source.name, folder: source.folder, text: String(line)
            ).parse(MistakeList()), let base = root.mapping?["base"]
        else { return }
        let files = BaseFiles(mistakes: mistakes, schema: declaration.schema).settings(
            base, in: source, open: [])
        for (reader, node) in files { _ = reader.settings(node) }
    }

    /// Bases and templates outside of the recipe's repository: SHA-256 by path.
    func outsideFiles(of source: SourceText) -> [String: String] {
        let files = RecipeFiles(folder: source.folder.path)
        return otherFiles.filter { files.file($0) == nil }.reduce(into: [:]) {
            $0[$1] = files.digest($1) ?? ""
        }
    }

    /// All bases and templates, as from the recipe's folder.
    func baseFiles(of source: SourceText) -> [String] {
        let files = RecipeFiles(folder: source.folder.path)
        return otherFiles.map { files.file($0) ?? $0 }.sorted()
    }

    mutating func read(_ node: Node, _ source: SourceText, _ mistakes: MistakeList) throws {
        var reader = SettingsReader(source: source, mistakes: mistakes, schema: declaration.schema)
        guard Recipe.isRecipe(node) else { return take(reader.settings(node), reader) }
        var parts: [String: Node] = [:]
        // Whose keys they are is known before any is read.
        if let trainer = node.mapping?["trainer"] { readTrainer(trainer, node.mapping, reader) }
        reader.schema = declaration.schema
        reader.forEachKey(node) { name, keyNode, value in
            switch name {
            case _ where Recipe.keys.contains(name): parts[name] = value
            case _
            where trainers.builtIn.schema.parameter(name) != nil
                || trainers.builtIn.schema.isGroup(name):
                mistakes.add(
                    reader.place(keyNode),
                    "\(name): a key of the configuration; in a recipe it belongs under set:",
                    in: source)
            default:
                let hint =
                    name == "seeds" || name == "seed"
                    ? ": it belongs under sweep:"
                    : nearest(name, in: Recipe.keys).map { ": did you mean \($0)?" }
                        ?? "; a recipe has \(Recipe.keys.joined(separator: ", "))"
                mistakes.add(
                    reader.place(keyNode), "\(name): there is no such key\(hint)", in: source)
            }
        }
        if let base = parts["base"] {
            let own = source.folder.appending(path: URL(filePath: source.name).lastPathComponent)
                .standardizedFileURL
                .path
            let files = BaseFiles(mistakes: mistakes, schema: reader.schema).settings(
                base, in: source, open: [own])
            for (reader, node) in files {
                otherFiles.insert(
                    reader.source.folder.appending(
                        path: URL(filePath: reader.source.name).lastPathComponent
                    ).standardizedFileURL.path)
                take(reader.settings(node), reader)
            }
        }
        if let question = parts["question"] { self.question = text(question, "question", reader) }
        if let set = parts["set"] {
            namedInSet = Set(set.mapping?.keys.compactMap(\.string) ?? [])
            take(reader.settings(set), reader)
        }
        shape = ShapeReader(reader: reader).read(parts)
        if let sweep = parts["sweep"] { readSweep(sweep, prefix: "", reader) }
        shape.slots = axes.map(\.key).filter { $0 != "seed" }
        if shape.isSampled, namedInSweep.subtracting(["seed", "seeds"]).isEmpty {
            mistakes.add(
                reader.place(parts["method"]),
                "method: \(shape.method.rawValue) draws values, and nothing is swept",
                in: source)
        }
        if let when = parts["when"] { readConditions(when, reader) }
        if let include = parts["include"] {
            shape.inclusions = patterns(include, "include", reader)
        }
        if let exclude = parts["exclude"] {
            shape.exclusions = patterns(exclude, "exclude", reader)
        }
        if let metric = parts["metric"] { readMetric(metric, reader) }
        if let keep = parts["keep"] { readKeep(keep, reader) }
        if let names = parts["record_env"] {
            recordedEnvironment = reader.texts(names, "record_env")
        }
        if let report = parts["report"] {
            let settings = ReportReader(settings: reader)
            let range = self.report.range
            self.report = settings.report(report)
            self.report.range = range
            otherFiles.formUnion(settings.templates(report))
        }
        if let node = parts["resources"] {
            resources = ResourceReader(settings: reader, isCommand: command != nil).read(node)
            command?.gpus = resources.gpus ?? 0
            command?.threads = resources.threads ?? 1
        }
        if command == nil, let metrics = parts["metrics"] {
            mistakes.add(
                reader.place(metrics),
                "metrics: belongs to a command trainer, and there is no `trainer`", in: source)
        }
    }

    private mutating func take(
        _ found: [(name: String, setting: WrittenValue)], _ reader: SettingsReader
    ) {
        for (name, setting) in found {
            if setting.isDeletion {
                delete(name, setting.place, reader)
            } else {
                put(setting, name, reader)
            }
        }
    }

    /// A key, or all keys of a group, as if it had not been set.
    mutating func delete(_ name: String, _ place: Place, _ reader: SettingsReader) {
        let gone = settings.keys.filter { $0 == name || $0.hasPrefix(name + ".") }
        let sweptBefore = axes.count
        axes.removeAll { $0.key == name || $0.key.hasPrefix(name + ".") }
        guard gone.isEmpty, axes.count == sweptBefore else {
            return gone.forEach { settings[$0] = nil }
        }
        let hint = nearest(name, in: settings.keys.sorted()).map { ": did you mean \($0)?" } ?? ""
        reader.mistakes.add(
            place, "\(name): nothing to delete: it is not set\(hint)", in: reader.source)
    }

    /// Later wins; but a word in place of a number is rather a number misspelt.
    mutating func put(_ setting: WrittenValue, _ name: String, _ reader: SettingsReader) {
        let before =
            setting.reference != nil || settings[name]?.reference != nil
            ? nil : settings[name]?.value ?? axes.first { $0.key == name }?.values.first
        if setting.isPlainText, let number = before?.double {
            reader.mistakes.add(
                setting.place,
                "\(name): \(setting.value.label) is text, and the value before was \(shortest(number)): correct it, or put "
                    + "it into quotes", in: reader.source)
        }
        settings[name] = setting
    }

    private mutating func readTrainer(
        _ node: Node, _ recipe: Node.Mapping?, _ reader: SettingsReader
    ) {
        declaration = trainers.command
        metric = declaration.metrics.standard
        var command = TrainerReader(settings: reader).read(node)
        TrainerReader(settings: reader).readMetrics(recipe?["metrics"], &command)
        self.command = command
        commandNode = node.mapping?["command"]
        environmentNode = node.mapping?["env"]
        commandReader = reader
    }

    private mutating func readKeep(_ node: Node, _ reader: SettingsReader) {
        let nodes = node.sequence.map(Array.init) ?? [node]
        let kept = nodes.compactMap { KeptWeights(name: $0.string ?? "") }
        guard kept.count == nodes.count, kept.count < 2 || !kept.contains([]) else {
            return reader.mistakes.add(
                reader.place(node),
                "keep: found \(reader.described(node)); expected best, last, none, or [best, last]",
                in: reader.source)
        }
        keep = kept.reduce([]) { $0.union($1) }
    }

    private func text(_ node: Node, _ name: String, _ reader: SettingsReader) -> String? {
        guard case .scalar(let scalar) = node, !scalar.string.isEmpty else {
            reader.mistakes.add(
                reader.place(node), "\(name): found \(reader.described(node)); expected text",
                in: reader.source)
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

    /// Checks that need the whole recipe; relative paths become absolute.
    mutating func check(_ source: SourceText, _ mistakes: MistakeList) {
        let whole = Place(file: source.name, line: 1, column: 1)
        defer {
            if mistakes.mistakes.isEmpty {
                space = shape.space(
                    axes.filter { $0.key != "seed" },
                    Configuration(settings.mapValues(\.value), schema: declaration.schema),
                    mistakes, source)
            }
            checkSize(whole, source, mistakes)
        }
        if shape.isSampled, shape.samples == nil, !shape.hasSamples {
            mistakes.add(
                shape.methodPlace ?? whole,
                "samples: missing: how many points \(shape.method.rawValue) draws: samples: 20 in the recipe, or samples=20 on the command line",
                in: source)
        }
        dropOverridden()
        settings = ReferenceResolver(
            settings: settings, swept: Set(axes.map(\.key)), environment: recordedEnvironment,
            mistakes: mistakes
        ).resolved()
        if let command {
            guard let commandNode, let commandReader else { return }
            let known = Set(settings.keys).union(axes.map(\.key)).union(["seed"])
            for key in known.sorted() {
                guard let outer = known.first(where: { key.hasPrefix($0 + ".") }) else { continue }
                mistakes.add(
                    settings[key]?.place ?? whole,
                    "\(key): \(outer) has a value, so it can't contain keys",
                    in: source)
            }
            if command.excludedMetrics.contains(metric.name) {
                mistakes.add(
                    whole,
                    "metrics: \(metric.name) is the metric of the study: it can't be excluded",
                    in: source)
            }
            let reader = TrainerReader(settings: commandReader)
            reader.checkPlaceholders(
                commandNode, known: known.union(namedInSweep).union(namedInSet))
            if let node = environmentNode {
                reader.checkPlaceholders(
                    node, known: known.union(namedInSweep).union(namedInSet), of: "env")
            }
            guard mistakes.mistakes.isEmpty else { return }
            let (complete, note) = reader.withFilesOfPlaceholders(
                command, settings.mapValues(\.value), axes.map(\.axis))
            self.command = complete
            if let note { notes.append(note) }
            return
        }
        resolvePaths()
        checkRules(whole, source, mistakes)
    }

    /// Relative paths become absolute: a path is relative to the file that holds it.
    private mutating func resolvePaths() {
        for (name, written) in settings {
            guard let path = declaration.schema.parameter(name)?.path,
                case .text(let text) = written.value,
                !text.isEmpty,
                path.otherThan.map({ !text.hasPrefix($0) }) ?? true
            else { continue }
            settings[name]?.value = .text(written.wholePath(text))
        }
    }

    /// Keys that need a value, and rules over several keys.
    private func checkRules(_ whole: Place, _ source: SourceText, _ mistakes: MistakeList) {
        let swept = Set(axes.map(\.key))
        let set = settings.filter {
            declaration.schema.parameter($0.key)?.defaultValue != $0.value.value
        }
        let usage = ParameterSchema.Usage(values: set.mapValues(\.value), swept: swept)
        for problem in declaration.schema.rules(usage) {
            let place =
                settings[problem.key]?.place ?? axes.first { $0.key == problem.key }?.place ?? whole
            mistakes.add(place, "\(problem.key): \(problem.message)", in: source)
        }
        guard mistakes.mistakes.isEmpty else { return }
        for parameter in declaration.schema.parameters {
            guard let requirement = parameter.requirement, settings[parameter.name] == nil,
                !swept.contains(parameter.name)
            else { continue }
            mistakes.add(whole, "\(parameter.name): \(requirement)", in: source)
        }
    }
}
