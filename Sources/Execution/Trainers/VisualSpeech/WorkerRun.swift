import Clips
import Files
import Foundation
import Kernels
import Networks
import RunStore
import Studies
import Training

/// Trains one run of the built-in trainer in this process, and publishes its file.
package struct WorkerRun {
    private let order: WorkOrder
    private let plan: Plan
    private let run: Run
    private let width: VectorWidth
    private let folder: StudyFolder
    private let configuration: Configuration
    /// Called with what a person should know and does not end the run.
    private let warn: (String) -> Void

    /// - Throws: `DecodingError` if the job's plan can't be decoded.
    package init(_ order: WorkOrder, width: VectorWidth, warn: @escaping (String) -> Void) throws {
        self.order = order
        self.width = width
        self.warn = warn
        plan = try PlanFile.plan(json: Data(order.plan.utf8))
        guard let run = plan.runs.first else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: [], debugDescription: "the plan has no run"))
        }
        self.run = run
        var folder = StudyFolder(URL(filePath: order.study), cache: URL(filePath: order.cache))
        folder.holder = order.holder ?? ""
        self.folder = folder
        configuration = VisualSpeechTrainer().configuration(of: run, in: plan)
    }

    /// Where digests of each batch and layer go; nil: they are not made.
    package var traceFile: URL?

    /// - Parameter report: is called after each batch and epoch.
    /// - Returns: what was stored.
    /// - Throws: `RunStopped` if it was asked to stop; what `report` throws; `StoreError`,
    ///   `ClipError`, `WeightMismatch`, `NotRepeated`, `Journal.Claimed`.
    @discardableResult
    package func train(report: (TrainingEvent) throws -> Void = { _ in }) throws -> RunFileContents
    {
        let start = monotonicSeconds()
        let energy = EnergyMeter()
        let settings = TrainingSettings(configuration, metric: plan.metric)
        let prepared = PreparedData(
            source: DataSource(configuration), digest: run.data.digest,
            file: run.data.file.map { URL(filePath: $0) })
        let data = try prepared.load(ClipFormat(configuration), cache: folder.cache)
        let training = TrainingRun(
            settings: settings, data: data,
            context: ComputeContext(kernels: width.kernels, threads: order.threads))
        try loadInitialWeights(training)
        let tracer = try traceFile.map { try DigestTracer($0, of: training) }
        defer { tracer?.close() }
        let journal = try JournalWriter(
            folder.journalFile(run.id), provenance: order.provenance, epochs: settings.epochs)
        let checkpoint = folder.checkpointFile(run.id)
        let keeper = CheckpointWriter(
            file: checkpoint, id: run.id, interval: configuration.number("checkpoint_every"),
            warn: warn)
        let earlier = resumable(checkpoint)
        func take(_ event: TrainingEvent) throws {
            try journal.take(event)
            try report(event)
        }
        let result: TrainingResult
        do {
            result = try training.train(
                from: earlier, keeper: keeper, clock: monotonicSeconds, report: take)
        } catch let error as UnfitCheckpoint {
            setAside(checkpoint, because: error)
            result = try training.train(keeper: keeper, clock: monotonicSeconds, report: take)
        }
        let before = earlier.map { $0.seconds.reduce(0, +) + $0.openSeconds } ?? 0
        let contents = contents(
            result, classes: data.classes,
            provenance(
                data.train.statistics, seconds: monotonicSeconds() - start + before,
                joules: energy.joules))
        try RunFile.publish(contents, in: folder)
        // A checkpoint that can't be removed is removed as a leftover of a stored run.
        FileManager.default.discard(checkpoint)
        journal.close()
        return contents
    }

    private func contents(
        _ result: TrainingResult, classes: [String], _ provenance: Provenance
    ) -> RunFileContents {
        let trainer = VisualSpeechTrainer()
        var contents = RunFileContents(
            identity: trainer.identity(of: run, in: plan), configuration: configuration.values,
            configurationText: configuration.yaml, metric: plan.metric,
            trainer: trainer.declaration.name,
            bestEpochRule: trainer.declaration.bestEpoch, outcome: result.outcome,
            histories: result.histories,
            epochSeconds: result.seconds, best: result.best, stoppedEarly: result.stoppedEarly,
            classes: classes,
            weights: result.weights, lastWeights: result.lastWeights, test: result.test,
            predictions: result.predictions, thumbnails: result.thumbnails, provenance: provenance)
        contents.epochDigests = result.epochDigests
        contents.keep(only: plan.keep)
        return contents
    }

    private func provenance(_ inputs: PixelStatistics?, seconds: Double, joules: Double?)
        -> Provenance
    {
        var provenance = order.provenance
        provenance.inputs = inputs.map { .init(mean: $0.mean, deviation: $0.deviation) }
        provenance.recipeText = plan.recipeText
        provenance.label = run.label
        provenance.dataDigest = run.data.digest
        provenance.data = configuration["path_to_dataset"]?.label ?? ""
        provenance.threads = order.threads
        provenance.vectorWidth = width.rawValue
        provenance.seconds = seconds
        provenance.joules = joules
        return provenance
    }

    /// The weights to start from have to be those that the plan was made with.
    private func loadInitialWeights(_ training: TrainingRun) throws {
        guard let initial = try InitialWeights(configuration) else { return }
        guard initial.digest == plan.initialWeights else {
            throw StoreError.unreadable(
                path: configuration.text("init_from"),
                reason:
                    "init_from: its weights have changed since this sweep was planned: start the sweep again"
            )
        }
        try training.start(from: initial.tensors, except: configuration.texts("init_skip"))
    }

    /// The checkpoint of an earlier attempt; one that can't be used is set aside and the run starts
    /// afresh.
    private func resumable(_ file: URL) -> Checkpoint? {
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        do { return try CheckpointFile.read(file, run: run.id) } catch {
            setAside(file, because: error)
            return nil
        }
    }

    private func setAside(_ file: URL, because error: any Error) {
        do {
            let place = try folder.setAside(file)
            warn("\(error): set aside as \(place.path); the run starts from the beginning")
        } catch let problem {
            warn(
                "\(error): the run starts from the beginning; the file can't be set aside: \(problem)"
            )
        }
    }
}
