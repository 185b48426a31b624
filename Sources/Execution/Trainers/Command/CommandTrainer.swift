import Files
import Foundation
import Recipes
import RunStore
import Studies
import Tensors

/// Any other program as the trainer: started once for each run, in a folder of its own.
package final class CommandTrainer: Trainer {
    /// A command's keys are the recipe's own; its metrics are what it reports.
    package static let declaration = TrainerDeclaration(
        name: "command",
        schema: ParameterSchema([ParameterSchema.seed(isSigned: true)], isOpen: true),
        metrics: MetricSet(standard: .valAccuracy), bestEpoch: .fromHistories)

    /// Goes up when what this program does to a command (the variables it sets, say) changes its
    /// outcome: the numerics revision of runs that others train.
    static let revision = 1

    private let command: TrainerCommand
    private let files: FileWatch
    private let writers: FileWriters
    /// Runs under way, by id.
    private let active = Locked<[String: CommandRun]>([:])

    package init(_ command: TrainerCommand) {
        self.command = command
        files = FileWatch(command)
        writers = FileWriters(isOn: command.worksInRepository)
    }

    package var declaration: TrainerDeclaration { CommandTrainer.declaration }
    package var needs: ResourceNeeds { ResourceNeeds(gpus: command.gpus, threads: command.threads) }

    // MARK: Before the runs

    /// A command reads its data itself.
    package func known(_ runs: [RunDraft], cache: URL) -> Prepared? {
        Prepared(data: [RunData](repeating: RunData(), count: runs.count))
    }

    package func prepare(
        _ runs: [RunDraft], cache: URL, progress: @escaping @Sendable (Int, Int) -> Void
    ) async throws -> Prepared {
        Prepared(data: [RunData](repeating: RunData(), count: runs.count))
    }

    package func identityForm(
        _ configuration: Configuration, axes: [String], metric: Metric, data: String,
        initialWeights: String?,
        numerics: Int
    ) -> IdentityForm {
        let digests = Dictionary(command.files.map { ($0.path, jsonString($0.digest)) }) {
            first, _ in first
        }
        var others = command.booleans.map { ["booleans": jsonString($0)] } ?? [:]
        if let sources = command.metricSources {
            let texts = sources.map { jsonString("\($0)") }.joined(separator: ",")
            others["metrics"] =
                "{\"axis\":\(jsonString((command.metricAxis ?? .epoch).rawValue)),\"sources\":[\(texts)]}"
        }
        if let folder = command.workingFolder { others["folder"] = jsonString(folder) }
        if let file = command.configurationFile {
            let parts = [file.path, file.format.rawValue, file.template ?? ""]
            others["config"] = "[\(parts.map(jsonString).joined(separator: ","))]"
        }
        others.merge(
            [
                "command": "[\(command.command.map(jsonString).joined(separator: ","))]",
                "environment": canonicalJSON(command.environment.mapValues(jsonString)),
                "files": canonicalJSON(digests),
                "trainer_revision": String(CommandTrainer.revision),
            ]) { $1 }
        return IdentityForm(configuration, axes: axes, others: others)
    }

    // MARK: One run

    package func job(_ run: Run, _ attempt: Attempt, in context: StudyContext) throws -> Job {
        // The files were read when the plan was made; what starts now has to start from the same.
        if let file = files.changedFile() {
            throw RunFailure.failed(
                reason: "\(file) has changed since this sweep was planned: start the sweep again",
                isFinal: true)
        }
        let configuration = configuration(of: run, in: context.plan)
        let words = arguments(
            configuration, output: context.folder.workFolder(run.id).standardizedFileURL.path)
        let begun = try CommandRun(
            run, attempt, configuration, command: words, of: command, in: context,
            writers: writers)
        let count = active.withLock { active in
            active[run.id] = begun
            return active.count
        }
        if !command.isTraced { writers.warnUnobserved(count) }
        var job = Job(
            run: run.id, attempt: attempt.number, program: program(words[0]),
            arguments: Array(words.dropFirst()),
            environment: environment(run, configuration, context).merging(
                begun.tracing(command.environment)
            ) { $1 },
            folder: begun.workingFolder)
        job.tap = begun.tap
        job.gpus = command.gpus
        job.timeout = context.limits.timeout?.seconds
        job.memory = context.limits.memory
        job.grace = context.limits.grace?.seconds ?? job.grace
        return job
    }

    package func observe(_ run: Run) throws -> String? {
        try active.withLock { $0[run.id] }?.observe()
    }

    package func collect(_ run: Run, _ ended: EndedJob, in context: StudyContext) throws
        -> RunResult
    {
        switch ended.ending {
        case .stopped: throw RunFailure.stopped
        case .ended(let reason, _), .unstartable(let reason):
            throw RunFailure.failed(reason: reason)
        case .exited(let status, let outOfMemory) where !status.isSuccess:
            throw RunFailure.failed(reason: words(status, outOfMemory: outOfMemory))
        case .exited:
            guard let begun = active.withLock({ $0[run.id] }) else { throw RunFailure.stopped }
            do {
                let contents = try begun.contents(
                    identity: identity(of: run, in: context.plan), trainer: declaration,
                    excluded: command.excludedMetrics,
                    ended)
                let file = context.folder.runFile(run.id)
                try RunFile.publish(contents, in: context.folder)
                let result = try RunResult(contents, file: file)
                begun.finish()
                active.withLock { _ = $0.removeValue(forKey: run.id) }
                return result
            } catch {
                throw RunFailure.failed(reason: "\(error)")
            }
        }
    }

    package func release(_ run: Run, reason: String?) {
        guard let begun = active.withLock({ $0.removeValue(forKey: run.id) }) else { return }
        begun.leave()
        if let reason { begun.fail(reason) }
    }

    // MARK: What a command receives

    /// The command line of one run. Files of the recipe's repository become absolute paths, since
    /// every run has a folder of its own.
    /// - Parameter output: that folder.
    package func arguments(_ configuration: Configuration, output: String = "") -> [String] {
        let files = RecipeFiles(folder: command.folder)
        return command.command.flatMap { word -> [String] in
            guard word != "{hydra}" else { return hydra(configuration) }
            return [argument(word, configuration, output, files)]
        }
    }

    /// `lr=0.1`, `model.depth=3`: all keys of the run, as Hydra's overrides.
    private func hydra(_ configuration: Configuration) -> [String] {
        configuration.values.sorted { $0.key < $1.key }.map { key, value in
            "\(key)=\(HydraValue.text(value))"
        }
    }

    /// The value of a placeholder: a key of the run, or the run's own folder.
    private func value(_ name: String, _ configuration: Configuration, _ output: String) -> Value? {
        configuration[name] ?? (name == "output" ? .text(output) : nil)
    }

    private func argument(
        _ word: String, _ configuration: Configuration, _ output: String, _ files: RecipeFiles
    ) -> String {
        let template = ArgumentTemplate(word)
        let text = template.text(booleans: command.booleans) { value($0, configuration, output) }
        guard template.mayNameFile, let path = files.file(text) else { return text }
        return files.absolute(path)
    }

    private func program(_ word: String) -> String {
        guard word.contains("/"), !word.hasPrefix("/") else { return word }
        return URL(filePath: word, relativeTo: URL(filePath: command.folder).appending(path: ""))
            .standardizedFileURL
            .path
    }

    private func environment(_ run: Run, _ configuration: Configuration, _ context: StudyContext)
        -> [String: String]
    {
        let folder = context.folder
        var variables = CommandTrainer.deterministic(threads: context.threads)
        variables["VISEME_CONFIG"] = configuration.nestedJSON
        variables["VISEME_SEED"] = configuration["seed"]?.label
        variables["VISEME_METRICS"] = folder.metricsFile(run.id).standardizedFileURL.path
        variables["VISEME_WEIGHTS"] = folder.weightsFile(run.id).standardizedFileURL.path
        variables["VISEME_CHECKPOINTS"] = folder.checkpointFolder(run.id).standardizedFileURL.path
        let output = folder.workFolder(run.id).standardizedFileURL.path
        variables["VISEME_OUTPUT"] = output
        variables["VISEME_RUN"] = run.id
        variables["VISEME_LABEL"] = run.label
        variables["VISEME_RECIPE_FOLDER"] = command.folder
        variables[OrphanProcesses.variable] = folder.url.standardizedFileURL.path
        let own = command.environment.mapValues { text in
            ArgumentTemplate(text).text(booleans: command.booleans) {
                value($0, configuration, output)
            }
        }
        return variables.merging(own) { $1 }
    }

    /// What makes the common frameworks deterministic, as far as they can be; docs/trainers.md
    /// gives the reason for each.
    static func deterministic(threads: Int) -> [String: String] {
        var variables = [
            "PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1", "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
            "CUDA_DEVICE_ORDER": "PCI_BUS_ID", "TF_DETERMINISTIC_OPS": "1",
            "TF_CUDNN_DETERMINISTIC": "1",
            "OMP_DYNAMIC": "FALSE", "MKL_DYNAMIC": "FALSE",
        ]
        for library in ["OMP", "MKL", "OPENBLAS", "BLIS", "NUMEXPR", "NUMBA", "RAYON"] {
            variables["\(library)_NUM_THREADS"] = String(threads)
        }
        variables["VECLIB_MAXIMUM_THREADS"] = String(threads)
        return variables
    }
}
