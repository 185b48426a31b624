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
    @Option(help: "Attempts after the first for runs that fail, each from the last checkpoint.")
    var retries = 0

    @Option(help: .hidden) var batch: String?
    @Option(help: .hidden) var task: Int?

    func validate() throws {
        if (batch == nil) != (task == nil) {
            throw ValidationError("--batch and --task go together")
        }
        if retries < 0 { throw ValidationError("--retries: found \(retries); expected 0 or more") }
    }

    func run() async throws {
        let width = try chosenWidth()
        var folder = StudyFolder(named: study)
        let plan = try folder.readPlan()
        let owner = Claim.Owner.this(job: ProcessInfo.processInfo.environment["SLURM_JOB_ID"])
        folder.holder = owner.token
        print("\(folder.url.relativePath): \(SharedFileSystem.finding(folder))")
        let trainer = TrainerCatalog.trainer(plan.trainer)
        guard trainer.needs.threads != nil || plan.numerics == numericsRevision else {
            throw ValidationError(
                "\(study): was planned with numerics revision \(plan.numerics); this program has \(numericsRevision): use the program that planned it"
            )
        }
        let stored = StudyResults(folder, plan)
        let share = try share(folder)
        let left = plan.runs.filter { run in
            stored.runs[run.id] == nil && share.map { $0.contains(run.id) } ?? true
        }
        let machine = try workers.allotment(trainer.needs, plan.resources).for(left.count)
        var limits = RunLimits(plan.resources)
        limits.retries = retries
        let context = StudyContext(
            plan: plan, folder: folder, program: Program.url,
            provenance: await Provenance.gather(
                plan, width: trainer.needs.threads == nil ? width : nil),
            threads: machine.threads, limits: limits, owner: owner)
        let tally = WorkTally(left.count, plan.metric)
        let ending = await Interruption.watch {
            await Scheduler(
                trainer: trainer, launcher: machine.launcher, context: context,
                leavesOthersAlone: true
            ).work(through: left) { await tally.take($0) }
        }
        try await finish(folder, plan, tally, isInterrupted: ending == .interrupted)
    }

    /// The runs of a task of a batch; nil: all.
    private func share(_ folder: StudyFolder) throws -> Set<String>? {
        guard let batch, let task else { return nil }
        let tasks = try SlurmBatch.read(folder.slurm.appending(path: batch + ".json")).tasks
        guard tasks.indices.contains(task) else {
            throw ValidationError("--task \(task): the batch has \(tasks.count) tasks")
        }
        return Set(tasks[task])
    }

    /// Says what is left, and writes what is derived if nothing is.
    private func finish(
        _ folder: StudyFolder, _ plan: Plan, _ tally: WorkTally, isInterrupted: Bool
    ) async throws {
        let stored = StudyResults(folder, plan)
        let missing = plan.runs.filter { stored.runs[$0.id] == nil }
        let others = RunLease.owners(in: folder)
        let failed = missing.count { folder.readFailure($0.id) != nil && others[$0.id] == nil }
        let elsewhere = missing.count { others[$0.id] != nil }
        print(
            "\(await tally.trained) trained here; \(stored.runs.count) of \(plan.runs.count) stored"
                + (elsewhere > 0 ? ", \(elsewhere) being trained by others" : "")
                + (failed > 0 ? ", \(failed) failed" : ""))
        if elsewhere == 0, !isInterrupted {
            do {
                // Whoever has the folder writes them too, when it is done.
                let claim = try Claim(folder)
                try writeDerived(folder, plan, StudyResults(folder, plan, after: stored))
                withExtendedLifetime(claim) {}
            } catch is Claim.Taken {}
        }
        if isInterrupted { throw ExitStatus.interrupted }
        if await tally.failed > 0 { throw ExitStatus.someFailed }
    }
}

/// A line for each thing that happens to a run.
private actor WorkTally {
    private(set) var trained = 0
    private(set) var failed = 0
    private let total: Int
    private let metric: Metric

    init(_ total: Int, _ metric: Metric) { (self.total, self.metric) = (total, metric) }

    func take(_ event: SessionEvent) {
        switch event {
        case .finished(let run, let result):
            trained += 1
            let best = result.best.map {
                "\(metric.name) \(short($0.value)) at epoch \($0.epoch)"
            }
            print(
                "\(run.label)  \(best ?? result.outcome.rawValue)  \(decimals(result.seconds, 1)) s"
            )
        case .failed(let run, let failure):
            failed += 1
            print("\(run.label)  FAILED: \(failure.reason)")
        case .retried(let run, let reason): print("\(run.label)  \(reason); trying again")
        case .warning(let message): complain(message)
        case .givenUp(let reason, let count):
            complain("stopped: the first \(count) runs failed for one reason: \(reason)")
        case .started, .found: break
        }
    }
}
