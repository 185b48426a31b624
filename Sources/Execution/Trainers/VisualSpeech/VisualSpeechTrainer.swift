import Clips
import Files
import Foundation
import Kernels
import Networks
import Recipes
import RunStore
import Studies
import Training

/// The built-in trainer: networks that read lips, trained by this program in a process of its own
/// for each run.
package struct VisualSpeechTrainer: Trainer {
    package static let declaration = TrainerDeclaration(
        name: "visual_speech", schema: schema, metrics: TrainingParameters.metrics,
        optionalMetrics: (TrainingRun.classMetrics, "class_metrics"),
        bestEpoch: .whileTraining)

    /// Its keys, in the order of the documentation; each group is declared by the module that uses
    /// it.
    package static let schema = ParameterSchema(
        program + ClipParameters.source + ClipParameters.format + TrainingParameters.course
            + checkpoints
            + NetworkParameters.model + TrainingParameters.optimizer
            + ClipParameters.augmentation,
        rules: {
            ClipParameters.problems($0) + NetworkParameters.problems($0)
                + TrainingParameters.problems($0)
        })

    private static let noRun = "does not change a run, so it can't be swept"

    private static let program: [Parameter] = [
        Parameter(
            "hide_metadata", .bool, .bool(false),
            "do not print the program's name, version, licence and home",
            decidesOutcome: false, sweepRefusal: noRun),
        Parameter(
            "hide_libs_vers", .bool, .bool(false),
            "do not print the versions of the libraries in use",
            decidesOutcome: false, sweepRefusal: noRun),
    ]

    private static let checkpoints: [Parameter] = [
        Parameter(
            "checkpoint_every", .number(0...86_400), .number(600),
            "seconds between two checkpoints within an epoch; at the end of an epoch the last one is at most 5 s old",
            decidesOutcome: false)
    ]

    package init() {}

    package var declaration: TrainerDeclaration { VisualSpeechTrainer.declaration }
    package var needs: ResourceNeeds { ResourceNeeds() }

    // MARK: Before the runs

    package func known(_ runs: [RunDraft], cache: URL) throws -> Prepared? {
        var found: [DataSource: PreparedData] = [:]
        for source in VisualSpeechTrainer.sources(runs) {
            guard let data = try source.known(cache: cache) else { return nil }
            found[source] = data
        }
        return try prepared(runs, found)
    }

    package func prepare(
        _ runs: [RunDraft], cache: URL, progress: @escaping @Sendable (Int, Int) -> Void
    ) async throws -> Prepared {
        var found: [DataSource: PreparedData] = [:]
        for source in VisualSpeechTrainer.sources(runs) {
            found[source] = try await source.prepare(cache: cache, progress: progress)
        }
        return try prepared(runs, found)
    }

    /// Each once, in the order of the runs. Only axes that choose data give a study several.
    private static func sources(_ runs: [RunDraft]) -> [DataSource] {
        guard let first = runs.first else { return [] }
        guard
            first.setting.contains(where: {
                ClipParameters.choosesData($0.key) || ClipParameters.readsWords($0.key)
            })
        else {
            return [DataSource(first.configuration)]
        }
        var seen: Set<DataSource> = []
        return runs.map { DataSource($0.configuration) }.filter { seen.insert($0).inserted }
    }

    private func prepared(_ runs: [RunDraft], _ found: [DataSource: PreparedData]) throws
        -> Prepared
    {
        guard let first = runs.first else { return Prepared(data: []) }
        let records = found.mapValues {
            RunData(digest: $0.digest, file: $0.file?.path, skipped: $0.skipped)
        }
        let data: [RunData]
        if records.count == 1, let only = records.values.first {
            data = [RunData](repeating: only, count: runs.count)
        } else {
            data = runs.compactMap { records[DataSource($0.configuration)] }
        }
        let initial = try InitialWeights(first.configuration)
        try NetworkPartsFit.check(runs)
        try ParameterPatterns.check(runs, hasInitialWeights: initial != nil)
        if let initial {
            let counts = Dictionary(found.values.map { ($0.digest, $0.classCount) }) { first, _ in
                first
            }
            try InitialWeightsFit.check(initial, runs, data, counts.compactMapValues { $0 })
        }
        let notes = found.sorted { $0.value.digest < $1.value.digest }.compactMap {
            source, data -> String? in
            guard case .folder(let path, _) = source, data.leftOut.count > 0 else { return nil }
            return
                "\(path): \(data.leftOut.count) files are no clips and left out: \(data.leftOut.words); `viseme data info` names them"
        }
        return Prepared(data: data, initialWeights: initial?.digest, notes: notes)
    }

    package func identityForm(
        _ configuration: Configuration, axes: [String], metric: Metric, data: String,
        initialWeights: String?,
        numerics: Int
    ) -> IdentityForm {
        var members: [String: String] = [:]
        if let initialWeights { members["init_from"] = jsonString(initialWeights) }
        // The metric decides the best epoch, and with it the weights that are kept.
        if metric != metrics.standard {
            members["metric"] = canonicalJSON([
                "name": jsonString(metric.name), "goal": jsonString(metric.goal.rawValue),
            ])
        }
        return IdentityForm(
            configuration, axes: axes, members: members,
            others: ["data": jsonString(data), "numerics": String(numerics)])
    }

    // MARK: One run

    /// Its weights, as 32-bit numbers, and a little besides.
    package func storedBytes(_ run: Run, in plan: Plan) -> Int? {
        let configuration = configuration(of: run, in: plan)
        // The number of classes is in the data, and decides the last layer alone.
        let shape = NetworkShape(configuration, classes: 32)
        let specs = NetworkRegistry.plan(configuration.text("model"), shape).parameters
        let weights = specs.reduce(0) { $0 + $1.shape.reduce(1, *) }
        let kept = (plan.keep.contains(.best) ? 1 : 0) + (plan.keep.contains(.last) ? 1 : 0)
        return 4 * weights * kept + 50_000
    }

    /// It looks for a request after each batch.
    package var resumesAnywhere: Bool { true }

    package func job(_ run: Run, _ attempt: Attempt, in context: StudyContext) throws -> Job {
        var provenance = context.provenance
        provenance.tries = attempt.number
        provenance.failures = attempt.failures
        provenance.started = timestamp()
        let folder = context.folder
        var job = Job(
            run: run.id, attempt: attempt.number, program: context.program.path,
            arguments: ["worker", folder.jobFile(run.id).path],
            environment: [
                OrphanProcesses.variable: folder.url.standardizedFileURL.path, "VISEME_RUN": run.id,
            ],
            folder: FileManager.default.currentDirectoryPath)
        job.timeout = context.limits.timeout?.seconds
        job.memory = context.limits.memory
        // A worker writes a checkpoint first, and looks up after each batch. A person who can't
        // wait asks twice; a run past its time may hang.
        let isLimited = job.timeout != nil || job.memory != nil
        job.grace = context.limits.grace?.seconds ?? (isLimited ? 30 : 86_400)
        job.order = WorkOrder(
            study: folder.url.path, cache: folder.cache.path,
            plan: try PlanFile.json(context.plan.alone(run)),
            provenance: provenance,
            threads: context.threads, claim: context.claim)
        job.order?.holder = folder.holder
        return job
    }

    package func collect(_ run: Run, _ ended: EndedJob, in context: StudyContext) throws
        -> RunResult
    {
        let file = context.folder.runFile(run.id)
        let problem: any Error
        // A run that is published is stored, even if its worker was asked to end at that moment.
        do {
            guard let facts = FileFacts(file) else {
                throw StoreError.unreadable(
                    path: file.path, reason: "there is no such file, or it may not be read")
            }
            return try RunFile.result(
                file, id: run.id, excluding: context.plan.excludedMetrics, facts: facts)
        } catch { problem = error }
        switch ended.ending {
        case .exited(let status, _) where status.isSuccess:
            throw RunFailure.failed(reason: "\(problem)")
        case .exited(.exited(ExitStatus.interrupted.rawValue), _), .stopped:
            throw RunFailure.stopped
        case .exited(let status, let outOfMemory):
            let words = words(status, outOfMemory: outOfMemory)
            // The worker's own message says more than its exit status.
            let own = ended.output.split(separator: "\n").first { $0.hasPrefix("viseme: error: ") }
            throw RunFailure.failed(
                reason: own.map { "\(words): \($0.dropFirst("viseme: error: ".count))" } ?? words)
        case .ended(let reason, _), .unstartable(let reason):
            throw RunFailure.failed(reason: reason)
        }
    }
}

extension InitialWeights {
    /// Nil if the weights are drawn.
    init?(_ configuration: Configuration) throws {
        let path = configuration.text("init_from")
        guard !path.isEmpty else { return nil }
        try self.init(path)
    }
}
