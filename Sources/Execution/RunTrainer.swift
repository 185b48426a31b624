import Clips
import Files
import Foundation
import Kernels
import Networks
import Recipes
import RunStore
import Training

/// Trains one run of a plan, in this process, and publishes its file.
package struct RunTrainer {
    let plan: StoredPlan
    let run: StoredPlan.Run
    let threads: Int
    let width: VectorWidth
    let provenance: Provenance
    let folder: StudyFolder

    /// - Parameters:
    ///   - provenance: what is known of the surroundings.
    ///   - folder: the study's: the run file and checkpoints go there, framed clips beside it.
    package init(
        plan: StoredPlan, run: StoredPlan.Run, threads: Int, width: VectorWidth, provenance: Provenance,
        folder: StudyFolder
    ) {
        self.plan = plan
        self.run = run
        self.threads = threads
        self.width = width
        self.provenance = provenance
        self.folder = folder
    }

    /// - Returns: what was stored.
    @discardableResult
    package func train(report: (TrainingEvent) throws -> Void) throws -> RunRecord {
        let start = monotonicSeconds()
        let energy = EnergyMeter()
        var provenance = provenance
        provenance.started = timestamp()
        let configuration = plan.configuration(of: run)
        let prepared = PreparedData(
            source: configuration.dataSource, digest: run.data.digest, file: run.data.file.map { URL(filePath: $0) })
        let data = try prepared.load(configuration.clipFormat, cache: folder.cache)
        let training = TrainingRun(
            settings: configuration.trainingSettings(metric: plan.metric), data: data,
            machine: Machine(kernels: width.kernels, threads: threads))
        try loadInitialWeights(training, configuration)
        let checkpoint = folder.checkpointFile(run.id)
        let journal = try RunJournal(
            folder.journalFile(run.id), provenance: provenance,
            epochs: configuration.trainingSettings(metric: plan.metric).epochs)
        let keeper = RunKeeper(file: checkpoint, id: run.id, interval: configuration.checkpointInterval)
        let earlier = resumable(checkpoint)
        let result: TrainingResult
        do {
            result = try training.train(
                from: earlier, keeper: keeper, clock: monotonicSeconds
            ) { event in
                try journal.take(event)
                try report(event)
            }
        } catch let error as UnfitCheckpoint {
            setAside(checkpoint, because: error)
            result = try training.train(keeper: keeper, clock: monotonicSeconds) { event in
                try journal.take(event)
                try report(event)
            }
        }
        provenance.recipeText = plan.recipeText
        provenance.label = run.label
        provenance.dataDigest = run.data.digest
        provenance.data = configuration["path_to_dataset"]?.label ?? ""
        provenance.threads = threads
        provenance.vectorWidth = width.rawValue
        let before = earlier.map { $0.seconds.reduce(0, +) + $0.openSeconds } ?? 0
        provenance.seconds = monotonicSeconds() - start + before
        provenance.joules = energy.joules
        let record = RunRecord(
            identity: plan.identity(of: run), configuration: configuration, metric: plan.metric,
            classes: data.classes, result: result, keep: plan.keep, provenance: provenance)
        try RunFile.write(record, to: folder.runFile(run.id))
        try? FileManager.default.removeItem(at: checkpoint)
        journal.close()
        return record
    }

    /// The weights to start from have to be those that the plan was made with.
    private func loadInitialWeights(_ training: TrainingRun, _ configuration: Configuration) throws {
        guard let path = configuration.initialWeights else { return }
        let initial = try InitialWeights(path)
        guard initial.digest == plan.initialWeights else {
            throw StoreError.unreadable(
                path: path,
                reason: "init_from: it no longer holds the weights that this sweep was planned with: start again")
        }
        try training.start(from: initial.tensors, except: configuration.skippedInitialWeights)
    }

    /// The checkpoint of an earlier try; one that can't be used is set aside and the run starts afresh.
    private func resumable(_ file: URL) -> Checkpoint? {
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        do { return try CheckpointFile.read(file, run: run.id) } catch {
            setAside(file, because: error)
            return nil
        }
    }

    private func setAside(_ file: URL, because error: any Error) {
        let place = (try? folder.setAside(file))?.path ?? "nowhere"
        FileHandle.complain("\(error): set aside as \(place), the run starts afresh")
    }
}
