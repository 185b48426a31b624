import Files
import Foundation
import Recipes
import RunStore
import Tensors
import Training

/// Any other program as the trainer: started once for each run, in a folder of its own.
struct CommandMethod: RunMethod {
    let plan: StoredPlan
    let trainer: CommandTrainer
    let files: FileWatch
    let folder: StudyFolder
    let threads: Int
    let gpus: GPUPool
    let provenance: Provenance
    let limits: RunLimits

    func attempt(
        _ run: StoredPlan.Run, failures: [String], report: @escaping @Sendable (Sweep.Event) async -> Void
    ) async -> Attempt {
        // The files were looked at when the plan was made; what starts now has to start from the same.
        if let file = files.changedFile() {
            return .failed(
                reason: "\(file) is no longer what it was when this sweep was planned: start the sweep again",
                output: "", isFinal: true)
        }
        let devices = gpus.take(trainer.gpus)
        defer { gpus.give(devices) }
        do {
            return try await train(run, failures, devices, report)
        } catch {
            return .failed(reason: "\(error)", output: "")
        }
    }

    private func train(
        _ run: StoredPlan.Run, _ failures: [String], _ devices: [String],
        _ report: @escaping @Sendable (Sweep.Event) async -> Void
    ) async throws -> Attempt {
        let configuration = plan.configuration(of: run)
        let words = trainer.arguments(configuration)
        let start = monotonicSeconds()
        let energy = EnergyMeter()
        let started = timestamp()
        let journal = try Journal(folder.journalFile(run.id))
        let isContinued = hasKept(run)
        try prepareFolders(run)
        let metrics = Shared(try MetricsFile(folder.metricsFile(run.id), isContinued: isContinued))
        let epochs = CommandMethod.epochs(configuration)
        try journal.append([.begun(number: failures.count + 1, started: started, epochs: epochs)], durably: false)
        var child = ChildProcess(
            program: program(words[0]), arguments: Array(words.dropFirst()),
            environment: environment(run, configuration, devices), folder: folder.workFolder(run.id).path,
            timeout: limits.timeout, memory: limits.memory)
        child.patience = limits.grace ?? child.patience
        let tail = OutputTail()
        let clock = EpochClock()
        @Sendable func take(_ entries: [MetricsFile.Entry]) async throws {
            let seconds = monotonicSeconds() - start
            clock.note(entries, seconds)
            try journal.append(
                entries.map { .epoch($0.epoch, values: $0.values.mapValues(\.description), seconds: seconds) })
            guard let last = entries.last else { return }
            await report(
                .progress(run, epochs: Double(last.epoch), of: epochs, metric: last.values[plan.metric.name]))
        }
        let ending = await child.run(output: tail) { @Sendable in
            do {
                try await take(try metrics.withLock { try $0.poll() })
                return nil
            } catch {
                return "\(error)"
            }
        }
        Strays.end(ofRun: run.id)
        let failure: String
        switch ending {
        case .stopped: return .stopped
        case .ended(let reason), .unstartable(let reason): failure = reason
        case .exited(let status) where !status.isSuccess:
            failure = Execution.words(status, outOfMemory: OutOfMemory.hasStruck(status))
        case .exited:
            do {
                try await take(try metrics.withLock { try $0.finish() })
                var made = provenance
                (made.started, made.tries, made.failures) = (started, failures.count + 1, failures)
                (made.command, made.gpus, made.threads) = (words, devices.joined(separator: ","), threads)
                (made.seconds, made.joules) = (monotonicSeconds() - start, energy.joules)
                let told = metrics.withLock { $0.told(judgedBy: plan.metric) }
                let summary = try publish(run, configuration, told, clock, await tail.text, made)
                cleanUp(run, journal)
                return .stored(summary)
            } catch {
                failure = "\(error)"
            }
        }
        try? journal.append([.failed(reason: failure)])
        return .failed(reason: failure, output: await tail.text)
    }

    // MARK: What the run becomes

    private func publish(
        _ run: StoredPlan.Run, _ configuration: Configuration, _ told: MetricsFile.Told, _ clock: EpochClock,
        _ output: String, _ provenance: Provenance
    ) throws -> RunSummary {
        var provenance = provenance
        provenance.recipeText = plan.recipeText
        provenance.label = run.label
        let judged = told.histories.first { $0.name == plan.metric.name }?.values ?? []
        let seconds = clock.seconds(told.histories.first?.values.count ?? 0)
        let record = RunRecord(
            identity: plan.identity(of: run), configuration: configuration, metric: plan.metric, classes: [],
            result: TrainingResult(
                outcome: told.outcome, histories: told.histories, seconds: seconds,
                best: plan.metric.bestEpoch(of: judged), stoppedEarly: false, weights: try weights(run), test: nil),
            keep: plan.keep, choosesBestEpoch: false, excludedMetrics: trainer.excludedMetrics, output: output,
            provenance: provenance)
        let file = folder.runFile(run.id)
        try RunFile.write(record, to: file)
        return try RunSummary(record, file: file)
    }

    private func weights(_ run: StoredPlan.Run) throws -> [Tensor] {
        let file = folder.weightsFile(run.id)
        guard access(file.path, F_OK) == 0 else { return [] }
        do { return try SafeTensors.read(try Data(contentsOf: file)) } catch {
            throw StoreError.unreadable(path: file.path, reason: "the weights the trainer left: \(error)")
        }
    }

    // MARK: What it is given

    private func program(_ word: String) -> String {
        guard word.contains("/"), !word.hasPrefix("/") else { return word }
        return URL(filePath: word, relativeTo: URL(filePath: trainer.folder).appending(path: "")).standardizedFileURL
            .path
    }

    private func environment(_ run: StoredPlan.Run, _ configuration: Configuration, _ devices: [String]) -> [String:
        String]
    {
        var variables = CommandMethod.deterministic(threads: threads)
        variables["VISEME_CONFIG"] = configuration.nestedJSON
        variables["VISEME_SEED"] = configuration["seed"]?.label
        variables["VISEME_METRICS"] = folder.metricsFile(run.id).absolutePath
        variables["VISEME_WEIGHTS"] = folder.weightsFile(run.id).absolutePath
        variables["VISEME_CHECKPOINTS"] = folder.checkpointFolder(run.id).absolutePath
        variables["VISEME_RUN"] = run.id
        variables["VISEME_LABEL"] = run.label
        variables["VISEME_RECIPE_FOLDER"] = trainer.folder
        variables[Strays.variable] = folder.url.standardizedFileURL.path
        if trainer.gpus > 0 { variables["CUDA_VISIBLE_DEVICES"] = devices.joined(separator: ",") }
        return variables.merging(trainer.environment) { $1 }
    }

    /// What makes the common frameworks repeat themselves, as far as they can; docs/trainers.md says why each.
    static func deterministic(threads: Int) -> [String: String] {
        var variables = [
            "PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1", "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
            "CUDA_DEVICE_ORDER": "PCI_BUS_ID", "TF_DETERMINISTIC_OPS": "1", "TF_CUDNN_DETERMINISTIC": "1",
            "OMP_DYNAMIC": "FALSE", "MKL_DYNAMIC": "FALSE",
        ]
        for library in ["OMP", "MKL", "OPENBLAS", "BLIS", "NUMEXPR", "NUMBA", "RAYON"] {
            variables["\(library)_NUM_THREADS"] = String(threads)
        }
        variables["VECLIB_MAXIMUM_THREADS"] = String(threads)
        return variables
    }

    /// How many epochs it is to train, where a key says so.
    static func epochs(_ configuration: Configuration) -> Int? {
        for name in ["epochs", "epoch", "max_epochs", "num_epochs", "n_epochs"] {
            if case .integer(let count)? = configuration[name], count > 0 { return count }
        }
        return nil
    }

    // MARK: Its folders

    /// Whether an earlier try left something to go on from.
    private func hasKept(_ run: StoredPlan.Run) -> Bool {
        let names = try? FileManager.default.contentsOfDirectory(atPath: folder.checkpointFolder(run.id).path)
        return names?.isEmpty == false
    }

    private func prepareFolders(_ run: StoredPlan.Run) throws {
        let work = folder.workFolder(run.id)
        if access(work.path, F_OK) == 0 { try? FileManager.default.removeItem(at: work) }
        unlink(folder.weightsFile(run.id).path)
        do { try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true) } catch {
            throw StoreError.unwritable(path: work.path, reason: "the folder can't be made")
        }
    }

    /// What the run file holds now is not needed twice. Files it left in its working folder stay.
    private func cleanUp(_ run: StoredPlan.Run, _ journal: Journal) {
        journal.remove()
        unlink(folder.metricsFile(run.id).path)
        unlink(folder.weightsFile(run.id).path)
        rmdir(folder.workFolder(run.id).path)
        guard rmdir(folder.checkpointFolder(run.id).path) != 0, errno != ENOENT else { return }
        try? FileManager.default.removeItem(at: folder.checkpointFolder(run.id))
    }
}

extension URL {
    fileprivate var absolutePath: String { standardizedFileURL.path }
}

/// When each epoch was first told of.
private final class EpochClock: Sendable {
    private let ends = Shared<[Int: Double]>([:])

    func note(_ entries: [MetricsFile.Entry], _ seconds: Double) {
        ends.withLock { ends in
            for entry in entries { ends[entry.epoch] = seconds }
        }
    }

    /// Seconds that each epoch took; NaN where nobody knows.
    func seconds(_ epochs: Int) -> [Double] {
        ends.withLock { ends in
            (0..<epochs).map { index in
                guard let end = ends[index + 1] else { return .nan }
                return end - (index == 0 ? 0 : ends[index] ?? .nan)
            }
        }
    }
}
