import Foundation
import Search
import Studies
import Yams

/// Reads `trainer:`, and what belongs to it, noting every mistake.
struct TrainerReader {
    let settings: SettingsReader

    private var source: SourceText { settings.source }
    private var mistakes: MistakeList { settings.mistakes }
    private var files: RecipeFiles { RecipeFiles(folder: source.folder.path) }

    /// `{command: […], files: […], env: {…}}`.
    func read(_ node: Node) -> TrainerCommand {
        var trainer = TrainerCommand(folder: source.folder.standardizedFileURL.path, command: [])
        var patterns: [(Node, String)] = []
        var hasCommand = false
        settings.forEachKey(node) { name, keyNode, value in
            switch name {
            case "command":
                hasCommand = true
                trainer.command = words(value)
                checkProgram(trainer.command.first, value)
                checkScript(trainer.command.dropFirst().first, value)
            case "files":
                let nodes = value.sequence.map(Array.init) ?? [value]
                patterns += zip(nodes, settings.texts(value, "files")).map { ($0, $1) }
            case "env":
                settings.forEachKey(value) { variable, variableNode, text in
                    guard case .scalar(let scalar) = text,
                        variable.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) != nil
                    else {
                        return add(
                            variableNode, "env: expected a mapping of variable names to texts")
                    }
                    guard !variable.hasPrefix("VISEME_") else {
                        return add(
                            variableNode, "env: Viseme sets \(variable) itself: leave it out")
                    }
                    trainer.environment[variable] = scalar.string
                }
            case "watch":
                let nodes = value.sequence.map(Array.init) ?? [value]
                let watched = settings.texts(value, "watch")
                for (node, pattern) in zip(nodes, watched) { checkWatched(pattern, node) }
                trainer.watch = watched
            case "folder":
                guard let text = value.string, ["private", "repository"].contains(text) else {
                    return add(
                        value,
                        "folder: found \(settings.described(value)); expected private (a folder for each run) or repository"
                    )
                }
                trainer.workingFolder = text == "private" ? nil : text
            case "config":
                trainer.configurationFile = configurationFile(value)
                if let template = value.mapping?["template"] {
                    patterns += settings.texts(template, "template").map { (template, $0) }
                }
            case "weights":
                guard let path = value.string,
                    path.hasSuffix(".safetensors") || path.hasSuffix(".npz"), !path.hasPrefix("/"),
                    !path.contains("..")
                else {
                    return add(
                        value,
                        "weights: found \(settings.described(value)); expected a .safetensors or .npz file below the working folder; other weights are kept by artifacts:"
                    )
                }
                trainer.weights = path
            case "artifacts":
                let patterns = settings.texts(value, "artifacts")
                for pattern in patterns where pattern.hasPrefix("/") || pattern.contains("..") {
                    add(value, "artifacts: \(pattern): is not below the working folder")
                }
                trainer.artifacts = patterns
            case "trace":
                guard let isTraced = value.bool else {
                    return add(
                        value, "trace: found \(settings.described(value)); expected true or false")
                }
                trainer.trace = isTraced ? nil : false
            case "booleans":
                guard let text = value.string, ["json", "python"].contains(text) else {
                    return add(
                        value,
                        "booleans: found \(settings.described(value)); expected json (true, false) or python (True, False)"
                    )
                }
                trainer.booleans = text == "python" ? text : nil
            default:
                let hint =
                    nearest(name, in: TrainerReader.keys).map {
                        ": did you mean \($0)?"
                    }
                    ?? ""
                add(
                    keyNode,
                    "trainer: there is no such key: \(name)\(hint); it has \(TrainerReader.keys.joined(separator: ", "))"
                )
            }
        }
        if trainer.worksInRepository, trainer.configurationFile != nil {
            add(
                node,
                "config: a file in the repository would be that of all runs: leave out folder: repository, or pass values as arguments or in env:"
            )
        }
        if !hasCommand, node.mapping != nil {
            add(node, "trainer: command is missing: [python3, train.py, --lr, \"{lr}\"]")
        }
        var paths = Set(trainer.command.filter { !$0.contains("{") }.compactMap(files.file))
        for (place, pattern) in patterns {
            let found: [String]
            do { found = try files.matching(pattern) } catch {
                add(place, "files: \(error)")
                continue
            }
            if found.isEmpty {
                add(place, "files: there is no file \(pattern), relative to the recipe's folder")
            }
            paths.formUnion(found)
        }
        trainer.files = digested(paths, node)
        // In the repository, paths are the same wherever it lies.
        trainer.command = trainer.command.map { $0.hasPrefix("/") ? files.file($0) ?? $0 : $0 }
        return trainer
    }

    private static let keys = [
        "command", "files", "env", "config", "folder", "artifacts", "weights", "watch", "trace",
        "booleans",
    ]

    /// `{path: conf.yaml, format: yaml, template: base.yaml}`
    private func configurationFile(_ node: Node) -> TrainerCommand.ConfigurationFile? {
        var (path, format, template): (String?, String?, String?) = (nil, nil, nil)
        settings.forEachKey(node) { name, keyNode, value in
            switch name {
            case "path": path = value.string
            case "format": format = value.string
            case "template":
                let file = value.string.map(files.absolute)
                // A file that can't be read is a mistake of the recipe.
                template = file.flatMap { try? String(contentsOfFile: $0, encoding: .utf8) }
            default:
                add(
                    keyNode,
                    "config: there is no such key: \(name); it has path, format and template")
            }
        }
        guard let path, !path.isEmpty, !path.hasPrefix("/"), !path.contains("..") else {
            add(node, "config: expected {path: conf.yaml}, a path below the working folder")
            return nil
        }
        let ending = path.split(separator: ".").last.map(String.init) ?? ""
        let named = format ?? (ending == "yml" ? "yaml" : ending)
        guard let format = TrainerCommand.ConfigurationFile.Format(rawValue: named) else {
            add(node, "config: format: found \(named); expected yaml, json or toml")
            return nil
        }
        return .init(path: path, format: format, template: template)
    }

    private func checkWatched(_ pattern: String, _ node: Node) {
        do {
            guard try files.matching(pattern).isEmpty else { return }
            add(node, "watch: there is no file \(pattern), relative to the recipe's folder")
        } catch { add(node, "watch: \(error)") }
    }

    func readMetrics(_ node: Node?, _ trainer: inout TrainerCommand) {
        guard let node else { return }
        let sources = MetricSourceReader(settings: settings)
        settings.forEachKey(node) { name, keyNode, value in
            switch name {
            case "exclude":
                trainer.excludedMetrics = Set(settings.texts(value, "metrics: exclude")).sorted()
            case "stdout": sources.readOutput(value)
            case "file": sources.readFiles(value)
            case "axis":
                guard let axis = value.string.flatMap(MetricAxis.init) else {
                    return add(
                        value, "axis: found \(settings.described(value)); expected epoch or step")
                }
                trainer.metricAxis = axis
            default:
                add(
                    keyNode,
                    "metrics: there is no such key: \(name); it has stdout, file, axis and exclude")
            }
        }
        guard !sources.found.isEmpty else { return }
        if trainer.metricAxis == nil, sources.haveStepsAlone { trainer.metricAxis = .step }
        trainer.metricSources = sources.found
        // How long something took is not reproduced.
        trainer.excludedMetrics = Set(trainer.excludedMetrics + OutputFormat.timings).sorted()
    }

    /// Every `{key}` has to be a key of the recipe.
    func checkPlaceholders(_ node: Node, known: Set<String>, of name: String = "command") {
        let values = node.mapping.map { $0.map(\.value) }
        for word in node.sequence.map(Array.init) ?? values ?? [] {
            for key in ArgumentTemplate(word.string ?? "").keys
            where !known.contains(key) && !["hydra", "output"].contains(key) {
                let hint =
                    nearest(key, in: known.sorted()).map { ": did you mean {\($0)}?" }
                    ?? "; for literal braces, write {{\(key)}}"
                add(word, "\(name): the recipe has no key \(key)\(hint)")
            }
        }
    }

    /// Adds the files whose names hold values, as `models/{model}.py`.
    /// - Returns: the trainer, and what its author should know.
    func withFilesOfPlaceholders(
        _ trainer: TrainerCommand, _ values: [String: Value], _ axes: [Axis]
    ) -> (
        TrainerCommand, String?
    ) {
        var trainer = trainer
        var paths = Set(trainer.files.map(\.path))
        for template in trainer.command.map(ArgumentTemplate.init)
        where !template.keys.isEmpty && template.mayNameFile {
            var names: [[String: Value]] = [values]
            for axis in axes where template.keys.contains(axis.key) {
                names = names.flatMap { point in
                    axis.domain.values.map { point.merging([axis.key: $0]) { $1 } }
                }
            }
            paths.formUnion(names.compactMap { point in files.file(template.text { point[$0] }) })
        }
        trainer.files = digested(paths, nil)
        let note =
            "trainer: the command names no file of the recipe's repository: list the files that decide its outcome under "
            + "files:, so that its content becomes part of the run's identity"
        return (trainer, trainer.files.isEmpty && !trainer.isTraced ? note : nil)
    }

    private func digested(_ paths: Set<String>, _ node: Node?) -> [TrainerCommand.SourceFile] {
        paths.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.compactMap { path in
            guard let digest = files.digest(path) else {
                add(node, "trainer: the file \(path) can't be read")
                return nil
            }
            return TrainerCommand.SourceFile(path: path, digest: digest)
        }
    }

    private func words(_ node: Node) -> [String] {
        guard case .sequence(let sequence) = node, !sequence.isEmpty else {
            add(
                node,
                "command: expected a list of words, as [python3, train.py, --lr, \"{lr}\"]; it is run without a shell"
            )
            return []
        }
        return sequence.compactMap { word in
            if case .scalar(let scalar) = word { return scalar.string }
            let isBraced = word.mapping?.keys.first?.string.map { "\"{\($0)}\"" }
            add(
                word,
                "command: each word is text" + (isBraced.map { ": put \($0) into quotes" } ?? ""))
            return nil
        }
    }

    /// The program has to be there before any run starts.
    private func checkProgram(_ program: String?, _ node: Node) {
        guard let program, !program.contains("{") else { return }
        let place = node.sequence?.first ?? node
        if program.contains("/") {
            let path = files.absolute(program)
            guard !FileManager.default.isExecutableFile(atPath: path) else { return }
            return add(
                place,
                "command: \(program) is not an executable file, relative to the recipe's folder")
        }
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        guard
            !folders.contains(where: {
                FileManager.default.isExecutableFile(atPath: "\($0)/\(program)")
            })
        else {
            return
        }
        let isBeside = FileManager.default.isExecutableFile(atPath: files.absolute(program))
        add(
            place,
            "command: there is no program \(program) on the PATH"
                + (isBeside ? ": write ./\(program)" : ""))
    }

    private static let scripts = ["py", "sh", "bash", "R", "r", "jl", "pl", "rb", "js", "lua", "m"]

    /// `python3 trian.py` starts and fails every run.
    private func checkScript(_ word: String?, _ node: Node) {
        guard let word, !word.hasPrefix("-"), !word.contains("{"),
            TrainerReader.scripts.contains(URL(filePath: word).pathExtension),
            !FileManager.default.fileExists(atPath: files.absolute(word))
        else { return }
        add(
            node.sequence?.dropFirst().first ?? node,
            "command: there is no file \(word), relative to the recipe's folder")
    }

    private func add(_ node: Node?, _ message: String) {
        mistakes.add(settings.place(node), message, in: source)
    }
}
