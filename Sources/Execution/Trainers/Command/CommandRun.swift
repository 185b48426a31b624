import Files
import Foundation
import RunStore
import Studies
import Tensors

/// One attempt of a command's run that is under way: its journal, its metrics, its folders.
final class CommandRun: Sendable {
    private let run: Run
    private let folder: StudyFolder
    private let plan: Plan
    private let configuration: Configuration
    private let provenance: Provenance
    private let journal: Journal
    private let metrics: Locked<MetricsFile>
    private let clock = EpochClock()
    private let start = monotonicSeconds()
    private let energy = EnergyMeter()
    private let requiresMetrics: Bool
    private let inputs: InputObserver
    private let sources: MetricSources?
    private let trainerCommand: TrainerCommand
    private let writers: FileWriters
    private let files: OutputFiles
    private let started = Date()
    /// What earlier attempts reported, where this one goes on from them.
    private let earlier: [Int: [String: Double]]

    /// Claims the run and makes its folders.
    /// - Parameter command: the words that it is started with.
    /// - Throws: `Journal.Claimed`, or `StoreError` if a file can't be made.
    init(
        _ run: Run, _ attempt: Attempt, _ configuration: Configuration, command: [String],
        of trainer: TrainerCommand, in context: StudyContext, writers: FileWriters
    ) throws {
        (self.run, trainerCommand, self.writers) = (run, trainer, writers)
        self.configuration = configuration
        (folder, plan) = (context.folder, context.plan)
        requiresMetrics = context.plan.requiresMetrics
        var provenance = context.provenance
        (provenance.started, provenance.tries, provenance.failures) = (
            timestamp(), attempt.number, attempt.failures
        )
        (provenance.command, provenance.threads) = (command, context.threads)
        (provenance.recipeText, provenance.label) = (plan.recipeText, run.label)
        self.provenance = provenance
        let isContinued = folder.hasCheckpoint(run.id)
        let records =
            isContinued && trainer.metricSources != nil
            ? Journal.read(folder.journalFile(run.id)) : []
        earlier = RunProgress(records).values
        let fromZero = records.compactMap { record -> String? in
            if case .countsFromZero(let source) = record { source } else { nil }
        }
        journal = try Journal(folder.journalFile(run.id))
        try CommandRun.makeFolders(run, folder)
        inputs = InputObserver(trainer, run: run.id, isContinued: isContinued, in: folder)
        files = OutputFiles(trainer, of: run, in: folder, started: started)
        if let file = trainer.configurationFile {
            try ConfigurationWriter(file).write(configuration, to: files.workingFolder)
        }
        sources = try MetricSources(trainer, in: files, fromZero: Set(fromZero))
        metrics = Locked(
            try MetricsFile(
                folder.metricsFile(run.id), isContinued: isContinued, axis: plan.axis))
        try journal.append(
            [
                .begun(
                    number: attempt.number, started: provenance.started,
                    epochs: CommandRun.length(configuration, plan.axis),
                    axis: plan.axis == .step ? .step : nil)
            ], durably: false)
    }

    /// Changes to the environment that let its inputs be observed.
    /// - Parameter others: what the recipe sets.
    func tracing(_ others: [String: String]) -> [String: String] { inputs.environment(others) }

    /// Where the command is started.
    var workingFolder: String { files.workingFolder.path }

    /// Takes in all that the command prints; nil where nobody wants it.
    var tap: OutputTap? { sources.map { sources in OutputTap { sources.take($0) } } }

    /// Takes in what the command has reported since the last call.
    /// - Returns: a warning, once, where nothing was found in the first minute.
    func observe() throws -> String? {
        try take(try metrics.withLock { try $0.poll() })
        if let warning = writers.nextWarning() { return warning }
        guard let sources else { return nil }
        try take(try sources.poll())
        try noteCounting(sources)
        guard monotonicSeconds() - start > CommandRun.silence,
            !isWarned.withLock({ $0 })
        else { return nil }
        isWarned.withLock { $0 = true }
        let silent = sources.silent
        guard !silent.isEmpty else { return sources.steps.first }
        return
            "nothing was found in \(silent.joined(separator: ", ")) (metrics:) in \(Int(CommandRun.silence)) s; \(sources.heard)"
    }

    /// Seconds after which a person should know that nothing was found; a test may shorten it.
    private static let silence =
        ProcessInfo.processInfo.environment["VISEME_SILENCE"].flatMap(Double.init) ?? 60
    private let isWarned = Locked(false)

    /// An attempt that goes on from this one has to count as this one does.
    private func noteCounting(_ sources: MetricSources) throws {
        try journal.append(sources.newFromZero().map { .countsFromZero(source: $0) })
    }

    private func take(_ entries: [MetricsFile.Entry]) throws {
        let seconds = monotonicSeconds() - start
        clock.note(entries, seconds)
        try journal.append(
            entries.map {
                .epoch($0.epoch, values: $0.values.mapValues(\.description), seconds: seconds)
            })
    }

    /// All that the run gave, when its program has ended.
    func contents(
        identity: Identity, trainer: TrainerDeclaration, excluded: [String], _ ended: EndedJob
    ) throws -> RunFileContents {
        try take(try metrics.withLock { try $0.finish() })
        var output = ended.output
        var reported = metrics.withLock { $0.reported(judgedBy: plan.metric) }
        if let sources {
            let (entries, rows) = try sources.finish()
            try take(entries)
            let first = rows.keys.min() ?? .max
            try reported.take(earlier.filter { $0.key < first }.merging(rows) { $1 })
            for note in sources.notes { output += "\nviseme: metrics: \(note)" }
        }
        let histories = reported.histories
        guard !requiresMetrics || !histories.isEmpty else {
            throw NoMetrics(silent: sources?.silent ?? [], output: ended.output)
        }
        var provenance = provenance
        provenance.gpus = ended.handle.devices.joined(separator: ",")
        (provenance.seconds, provenance.joules) = (monotonicSeconds() - start, energy.joules)
        let (trace, observed) = inputs.finish { written in
            for warning in writers.note(written, by: run, since: started) {
                output += "\nviseme: \(warning)"
            }
        }
        provenance.trace = trace
        if let patterns = trainerCommand.artifacts {
            let (kept, skipped) = try ArtifactKeeper(
                patterns, from: files, to: folder.artifacts(run.id)
            ).keep()
            provenance.artifacts = kept
            for note in skipped { output += "\nviseme: artifacts: not kept: \(note)" }
        }
        var contents = RunFileContents(
            identity: identity, configuration: configuration.values,
            configurationText: configuration.yaml,
            metric: plan.metric, trainer: trainer.name, bestEpochRule: trainer.bestEpoch,
            outcome: reported.outcome,
            histories: histories,
            epochSeconds: histories.isEmpty ? [] : clock.seconds(reported.numbers),
            best: reported.best, weights: try weights(),
            excludedMetrics: excluded,
            output: output, provenance: provenance)
        contents.axis = reported.axis
        contents.inputs = observed
        contents.keep(only: plan.keep)
        return contents
    }

    /// The recipe names a metric, and the program reported none at all.
    struct NoMetrics: Error, CustomStringConvertible {
        /// Declared sources that gave nothing.
        var silent: [String]
        var output: String

        var description: String {
            guard !silent.isEmpty else {
                return
                    "it reported no metrics: it has to append JSON lines to the file $VISEME_METRICS, or the recipe says under metrics: where they are (docs/trainers.md)"
            }
            let last = output.split(separator: "\n").suffix(3).joined(separator: " | ")
            return
                "nothing was found in \(silent.joined(separator: ", ")) (metrics:); its last lines: \(last.isEmpty ? "none" : last)"
        }
    }

    private func weights() throws -> [Tensor] {
        var file = folder.weightsFile(run.id)
        if let declared = trainerCommand.weights {
            file = files.file(declared)
            guard access(file.path, F_OK) == 0 else {
                throw StoreError.unreadable(
                    path: file.path, reason: "the program left no such file of weights (weights:)")
            }
        }
        guard access(file.path, F_OK) == 0 else { return [] }
        do {
            return try file.pathExtension == "npz"
                ? NumPyArchive.read(file) : SafeTensors.read(Data(contentsOf: file))
        } catch {
            throw StoreError.unreadable(
                path: file.path, reason: "the weights that the trainer wrote: \(error)")
        }
    }

    /// The run is stored: what the run file holds is not needed twice. Files in its working folder
    /// stay.
    func finish() {
        journal.remove()
        unlink(folder.metricsFile(run.id).path)
        unlink(folder.weightsFile(run.id).path)
        rmdir(folder.workFolder(run.id).path)
        guard rmdir(folder.checkpointFolder(run.id).path) != 0, errno != ENOENT else { return }
        // What can't be removed is removed as a leftover of a stored run.
        FileManager.default.discard(folder.checkpointFolder(run.id))
    }

    /// The attempt has no result: what it has read matters only to one that resumes it.
    func leave() {
        if !folder.hasCheckpoint(run.id) { unlink(folder.traceFile(run.id).path) }
    }

    func fail(_ reason: String) {
        // The failure itself is recorded elsewhere; this line only completes the journal.
        try? journal.append([.failed(reason: reason)])
    }

    /// How many epochs, or steps, it is to train, if a key says so.
    private static func length(_ configuration: Configuration, _ axis: MetricAxis) -> Int? {
        let names =
            axis == .step
            ? ["steps", "max_steps", "total_steps", "num_steps", "train_steps", "iterations"]
            : ["epochs", "epoch", "max_epochs", "num_epochs", "n_epochs"]
        for name in names {
            if case .integer(let count)? = configuration[name], count > 0 { return count }
        }
        return nil
    }

    private static func makeFolders(_ run: Run, _ folder: StudyFolder) throws {
        let work = folder.workFolder(run.id)
        do {
            if access(work.path, F_OK) == 0 { try FileManager.default.removeItem(at: work) }
            unlink(folder.weightsFile(run.id).path)
            try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
        } catch {
            throw StoreError.unwritable(path: work.path, reason: "the folder can't be made")
        }
    }
}

/// When each epoch, or step, was first reported.
private final class EpochClock: Sendable {
    private let ends = Locked<[Int: Double]>([:])

    func note(_ entries: [MetricsFile.Entry], _ seconds: Double) {
        ends.withLock { ends in
            for entry in entries where ends[entry.epoch] == nil { ends[entry.epoch] = seconds }
        }
    }

    /// Seconds that each of these rows took; NaN if unknown.
    func seconds(_ numbers: [Int]) -> [Double] {
        ends.withLock { ends in
            var before: Double? = 0
            return numbers.map { number in
                defer { before = ends[number] }
                guard let end = ends[number], let before else { return .nan }
                return end - before
            }
        }
    }
}
