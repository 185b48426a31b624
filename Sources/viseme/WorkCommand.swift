import ArgumentParser
import Execution
import Files
import Foundation
import Kernels
import RunStore
import Studies
import Training

/// Joins a study: trains runs that nobody has, on any machine that shares its folder.
struct WorkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "work",
        abstract:
            "Train runs of a planned study that nobody else trains, on any machine that shares its folder.",
        discussion: """
            A sweep plans the study: `viseme sweep` once, or `viseme sweep --plan-only`. Any number of workers may then join, on \
            this machine and on others. Each run is trained by one of them. A worker ends when all that is left is trained by \
            others; the last one writes the sweep file and the report.
            """)

    @Argument(help: "The study: its folder, results/<name>, or its recipe.")
    var study: String
    @OptionGroup var workers: WorkerOptions
    @Option(
        help:
            "Attempts after the first for runs that fail, each from the last checkpoint (default: of the recipe)."
    )
    var retries: Int?

    @Option(help: .hidden) var batch: String?
    @Option(help: .hidden) var task: Int?

    func validate() throws {
        if (batch == nil) != (task == nil) {
            throw ValidationError("--batch and --task go together")
        }
        if let retries, retries < 0 {
            throw ValidationError("--retries: found \(retries); expected 0 or more")
        }
    }

    func run() async throws {
        let width = try chosenWidth()
        var folder = StudyFolder(named: study)
        let plan = try folder.readPlan()
        let job = SlurmTask()
        let owner = Claim.Owner.this(job: job?.name)
        folder.holder = owner.token
        print("\(folder.url.relativePath): \(SharedFileSystem.finding(folder))")
        let trainer = TrainerCatalog.trainer(plan.trainer)
        guard trainer.needs.threads != nil || plan.numerics == numericsRevision else {
            throw ValidationError(
                "\(study): was planned with numerics revision \(plan.numerics); this program has \(numericsRevision): use the program that planned it"
            )
        }
        let share = try share(folder, plan)
        let stored = StudyResults(folder, plan)
        if let share, let reason = share.commonFailure(folder, job, stored) {
            return print("not begun: the first runs failed for one reason: \(reason)")
        }
        let left = (share?.runs ?? plan.runs).filter { run in
            stored.runs[run.id] == nil
                // A task that was put back into the queue does not retry what failed in it.
                && (share == nil || folder.readFailure(run.id)?.task != job?.name)
        }
        let machine = try workers.allotment(trainer.needs, plan.resources).for(
            left.count, isEchoed: share != nil)
        let wallTime = share?.wallTime(job, trainer, stored)
        let context = StudyContext(
            plan: plan, folder: folder, program: Program.url,
            provenance: await provenance(plan, trainer, width, job),
            threads: machine.threads, limits: limits(plan, share?.batch), owner: owner)
        let tally = WorkTally(
            left.count, plan.metric, wallTime: trainer.resumesAnywhere ? nil : wallTime)
        let ending = await Interruption.watch(
            saying: share == nil
                ? Interruption.wordsForRuns : "stopping: waiting for runs to save their checkpoints"
        ) {
            await Scheduler(
                trainer: trainer, launcher: machine.launcher, context: context,
                leavesOthersAlone: true, wallTime: wallTime
            ).work(through: left) { await tally.take($0) }
        }
        if let share, let job, Interruption.firstSignal == SIGUSR1 || wallTime?.hasRefused == true {
            try await share.stop(folder, job, left, tally)
            throw ExitStatus.interrupted
        }
        try await finish(folder, plan, tally, isInterrupted: ending == .interrupted)
    }

    /// - Throws: `ValidationError` if the batch is not this program's, or not of this plan.
    private func share(_ folder: StudyFolder, _ plan: Plan) throws -> TaskShare? {
        guard let batch, let task else { return nil }
        return try TaskShare(
            SlurmBatch.read(folder.slurm.appending(path: batch + ".json")), task: task, of: plan)
    }

    private func limits(_ plan: Plan, _ batch: SlurmBatch?) -> RunLimits {
        var limits = RunLimits(plan.resources)
        limits.retries = retries ?? batch?.retries ?? limits.retries
        if let batch {
            limits.memory = batch.memory ?? limits.memory
            limits.timeout = batch.timeout.map { .milliseconds(Int($0 * 1000)) } ?? limits.timeout
            limits.hasFixedMemory = true
            if batch.alikeFailures == nil { limits.failurePolicy = .keepGoing }
        }
        return limits
    }

    private func provenance(
        _ plan: Plan, _ trainer: any Trainer, _ width: VectorWidth, _ job: SlurmTask?
    ) async -> Provenance {
        var provenance = await Provenance.gather(
            plan, width: trainer.needs.threads == nil ? width : nil)
        provenance.job = job?.words
        return provenance
    }

    /// Says what is left, and writes what is derived if nothing is.
    private func finish(
        _ folder: StudyFolder, _ plan: Plan, _ tally: WorkTally, isInterrupted: Bool
    ) async throws {
        let stored = StudyResults(folder, plan)
        let missing = plan.runs.filter { stored.runs[$0.id] == nil }
        let others = RunLease.owners(in: folder)
        let elsewhere = missing.count { others[$0.id] != nil }
        let failed = missing.count { folder.readFailure($0.id) != nil && others[$0.id] == nil }
        let open = missing.count - elsewhere - failed
        print(
            "\(await tally.finished) trained here; \(stored.runs.count) of \(plan.runs.count) stored"
                + (elsewhere > 0 ? ", \(elsewhere) being trained by others" : "")
                + (open > 0 ? ", \(open) not begun" : "")
                + (failed > 0 ? ", \(failed) failed" : ""))
        if elsewhere == 0, open == 0, !isInterrupted {
            do {
                // Whoever has the folder writes them too, when it is done.
                let claim = try Claim(folder)
                try writeDerived(folder, plan, StudyResults(folder, plan, after: stored))
                withExtendedLifetime(claim) {}
            } catch is Claim.Taken {}
        }
        if isInterrupted { throw ExitStatus.interrupted }
        if await !tally.failed.isEmpty { throw ExitStatus.someFailed }
    }
}

/// A line for each thing that happens to a run.
actor WorkTally {
    private(set) var finished = 0
    private(set) var failed: Set<String> = []
    /// Runs that have begun and not ended.
    private(set) var underWay: [Run] = []
    private let total: Int
    private let metric: Metric
    private let wallTime: WallTime?

    /// - Parameter wallTime: learns how long runs take; nil: that is of no interest.
    init(_ total: Int, _ metric: Metric, wallTime: WallTime?) {
        (self.total, self.metric, self.wallTime) = (total, metric, wallTime)
    }

    func take(_ event: SessionEvent) {
        switch event {
        case .started(let run): underWay.append(run)
        case .finished(let run, let result):
            finished += 1
            underWay.removeAll { $0.id == run.id }
            wallTime?.take(seconds: result.seconds)
            let best = result.best.map {
                "\(metric.name) \(short($0.value)) at \($0.place)"
            }
            print(
                "\(run.label)  \(best ?? result.outcome.rawValue)  \(decimals(result.seconds, 1)) s"
            )
        case .failed(let run, let failure):
            failed.insert(run.id)
            underWay.removeAll { $0.id == run.id }
            print("\(run.label)  FAILED: \(failure.reason)")
        case .retried(let run, let reason): print("\(run.label)  \(reason); trying again")
        case .warning(let message): complain(message)
        case .givenUp(let reason, let count):
            complain("stopped: the first \(count) runs failed for one reason: \(reason)")
        case .found: break
        }
    }
}
