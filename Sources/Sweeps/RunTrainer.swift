import Clips
import Foundation
import Kernels
import Networks
import Recipes
import RunStore
import Training

/// Trains one run of a plan, in this process, and publishes its file.
public struct RunTrainer {
    let plan: StoredPlan
    let run: StoredPlan.Run
    let threads: Int
    let width: VectorWidth
    let provenance: Provenance
    let cache: URL

    /// - Parameters:
    ///   - provenance: what is known of the surroundings.
    ///   - cache: the folder for framed clips.
    public init(
        plan: StoredPlan, run: StoredPlan.Run, threads: Int, width: VectorWidth, provenance: Provenance, cache: URL
    ) {
        self.plan = plan
        self.run = run
        self.threads = threads
        self.width = width
        self.provenance = provenance
        self.cache = cache
    }

    /// - Returns: what was stored.
    @discardableResult
    public func train(into file: URL, report: (TrainingEvent) throws -> Void) throws -> RunRecord {
        let start = monotonicSeconds()
        var provenance = provenance
        provenance.started = timestamp()
        let configuration = Configuration(run.configuration)
        let prepared = PreparedData(
            source: configuration.dataSource, digest: run.dataDigest, file: run.dataFile.map { URL(filePath: $0) })
        let data = try prepared.load(configuration.clipFormat, cache: cache)
        let training = TrainingRun(
            settings: configuration.trainingSettings(metric: plan.metric), data: data,
            machine: Machine(kernels: width.kernels, threads: threads))
        let result = try training.train(clock: monotonicSeconds, report: report)
        provenance.recipeText = plan.recipeText
        provenance.label = run.label
        provenance.dataDigest = run.dataDigest
        provenance.data = configuration["path_to_dataset"]?.label ?? ""
        provenance.threads = threads
        provenance.vectorWidth = width.rawValue
        provenance.seconds = monotonicSeconds() - start
        let record = RunRecord(
            identity: RunIdentity(json: run.identity), configuration: run.configuration, metric: plan.metric,
            classes: data.classes, result: result, provenance: provenance)
        try RunFile.write(record, to: file)
        return record
    }
}
