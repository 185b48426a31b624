import ArgumentParser
import Execution
import Files
import Foundation
import Kernels
import Recipes
import RunStore
import Studies

struct SweepCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sweep",
        abstract: "Train the runs that are not yet stored, and write the report.")

    @OptionGroup var options: StudyOptions
    @OptionGroup var workers: WorkerOptions
    @Option(
        help: ArgumentHelp("Longest time of one attempt of a run: 90s, 10m, 2h.", valueName: "time")
    )
    var timeout: TimeSpan?
    @Option(
        help: ArgumentHelp(
            "Time that a run has to stop when asked, before it is killed (default: 30s for commands and with --timeout or --memory; else no limit).",
            valueName: "time"))
    var grace: TimeSpan?
    @Option(
        help:
            "Attempts after the first for runs that fail, each from the last checkpoint (default: of the recipe, else 0)."
    )
    var retries: Int?
    @Option(
        help: ArgumentHelp(
            "Largest resident memory of a run: 800M, 4G. A run that uses more fails.",
            valueName: "size")
    )
    var memory: ByteSize?
    @Flag(
        help:
            "Continue whatever fails, or stop at the first failure. Default: continue, unless the first three runs fail for one reason."
    )
    var failure: FailurePolicy?
    @Option(
        help: ArgumentHelp(
            "Only runs of this setting, as in their labels: lr=0.01,seed=1.", valueName: "setting"))
    var only: String?
    @Flag(help: "Train stored runs again; the old files are set aside.")
    var force = false
    @Option(
        help: ArgumentHelp(
            "Keep stored runs that were trained from other files than lie there now, for this reason; the report names it.",
            valueName: "reason"))
    var acceptStale: String?
    @Flag(
        help:
            "Prepare the data and store the plan; train nothing. Workers (`viseme work`) may then join."
    )
    var planOnly = false
    @Option(
        help: ArgumentHelp(
            "Where runs are trained: local, or slurm (settings of the site: viseme.yaml).",
            valueName: "place"))
    var on = Site.local
    @Flag(help: "With --on slurm: return after submitting; the same command goes on.")
    var detach = false
    @Flag(help: "With --on slurm: print the job scripts and submit nothing.")
    var dryRun = false
    @Flag(help: "Show the study in the browser while it runs: prints the address.")
    var dashboard = false
    @Flag(help: "Exit with status 1 if a run diverged.")
    var failOnDiverged = false

    enum Site: String, ExpressibleByArgument, CaseIterable {
        case local, slurm
    }

    enum FailurePolicy: String, EnumerableFlag {
        case keepGoing, failFast
    }

    func validate() throws {
        if detach || dryRun, on != .slurm {
            throw ValidationError(
                "--detach and --dry-run go with --on slurm; `viseme plan` lists the runs")
        }
        if on == .slurm {
            let local: [(name: String, isGiven: Bool)] = [
                ("--force", force), ("--jobs", workers.jobs != nil),
                ("--threads", workers.threads != nil), ("--gpus", workers.gpus != nil),
                ("--grace", grace != nil), ("--plan-only", planOnly),
            ]
            let given = local.filter(\.isGiven).map(\.name)
            if !given.isEmpty {
                throw ValidationError(
                    "\(given.joined(separator: ", ")): not with --on slurm: the recipe's resources and the site file say what a task gets"
                )
            }
        }
        if planOnly, force {
            throw ValidationError("--plan-only trains nothing: leave out --force")
        }
        if let retries, retries < 0 {
            throw ValidationError("--retries: found \(retries); expected 0 or more")
        }
        if let acceptStale, acceptStale.allSatisfy(\.isWhitespace) {
            throw ValidationError("--accept-stale: say why the runs are kept")
        }
    }

    private func limits(_ resources: Resources) -> RunLimits {
        var limits = RunLimits(resources)
        limits.timeout = timeout?.duration ?? limits.timeout
        limits.memory = memory?.bytes ?? limits.memory
        limits.startsAfresh = force
        limits.grace = grace?.duration
        limits.retries = retries ?? limits.retries
        switch failure {
        case .keepGoing: limits.failurePolicy = .keepGoing
        case .failFast: limits.failurePolicy = .failFast
        case nil: break
        }
        return limits
    }

    func run() async throws {
        let width = try chosenWidth()
        let study = try await options.study()
        let page = try dashboard && !dryRun ? SweepPage(of: study.folder) : nil
        defer { page?.end() }
        if on == .slurm { return try await sweepOnSlurm(study) }
        let machine = try workers.allotment(study)
        printHeader(study.recipe.configuration, width: width)
        for note in study.recipe.notes { complain(note) }
        // A command that can't do what it is asked writes nothing.
        let wanted = try StudySession.runs(of: study.plan, only: only)
        let session = try StudySession.open(study, warn: complain)
        try settleStale(session, force ? [] : wanted)
        let left = force ? wanted : session.missing(wanted)
        let planned = study.plan.runs.count
        let count = only == nil ? "\(planned) runs" : "\(wanted.count) of \(planned) runs"
        print(
            "\(study.plan.name): \(count), \(wanted.count - left.count) stored, \(left.count) to train"
        )
        let space = await DiskSpace.look(
            study.folder, study.plan, study.trainer, missing: left, stored: session.results)
        if let warning = space?.warning { complain(warning) }
        if planOnly { return }
        let ending = await train(
            left, session, machine.for(left.count),
            width: study.trainer.needs.threads == nil ? width : nil)
        let outcome = session.finish(
            wanted, isInterrupted: ending == .interrupted, derive: writeDerived)
        report(outcome, study)
        let status = outcome.exitStatus(failOnDiverged: failOnDiverged)
        if status != .completed { throw status }
    }

    /// The plan is written under the session's claim; workers then share the folder.
    private func sweepOnSlurm(_ study: ResolvedStudy) async throws {
        let site = try SiteFile.ofUser(study.plan.recipe).slurm
        let wanted = try StudySession.runs(of: study.plan, only: only)
        let limits = limits(study.plan.resources)
        if dryRun {
            let stored = StudyResults(study.folder, study.plan)
            let missing = wanted.filter { stored.runs[$0.id] == nil }
            let scripts = SlurmJobs(study.folder, study.plan).scripts(
                missing, site, limits, stored: stored)
            return print(scripts.map(\.text).joined(separator: "\n"), terminator: "")
        }
        let sweep = SlurmStudy(
            study: study, site: site, limits: limits, wanted: wanted, detach: detach)
        try await sweep.run { try settleStale($0, wanted) }
    }

    /// Stored runs whose inputs have changed are trained again, unless a person wants to keep them.
    private func settleStale(_ session: StudySession, _ wanted: [Run]) throws {
        let stale = session.stale(wanted)
        guard let first = stale.first else { return }
        let runs = stale.map(\.run)
        let count = counted(runs.count, "stored run")
        if let reason = acceptStale {
            try session.accept(runs, because: reason)
            return print("\(count) kept although \(first.change): \(reason)")
        }
        try session.setAside(runs)
        let others = Set(stale.map(\.change)).count - 1
        print(
            "\(count) \(runs.count == 1 ? "is" : "are") stale and trained again: \(first.change)"
                + (others > 0 ? " (\(first.run.label)), and more" : "")
                + "; the old files are in \(session.folder.setAside.relativePath)")
    }

    private func report(_ outcome: StudyOutcome, _ study: ResolvedStudy) {
        if let problem = outcome.reportProblem {
            complain(
                "\(problem)\n  the runs are stored; `viseme report \(study.folder.url.relativePath)` writes the report"
            )
        }
        if outcome.isInterrupted {
            complain(
                "interrupted: \(outcome.stored) of \(outcome.planned) runs are stored; run the same command again to continue"
            )
        } else if let reason = outcome.commonReason {
            complain(
                "stopped: the first \(outcome.failures.count) runs failed for one reason: \(reason)\n"
                    + "  \(outcome.stopped) runs were not trained; --keep-going trains them whatever fails"
            )
        } else if !outcome.failures.isEmpty {
            complain(
                "\(outcome.failures.count) of \(outcome.planned) runs failed; run the same command again to retry them"
            )
        } else if outcome.stopped > 0 {
            complain(
                "\(outcome.stopped) runs were stopped by a signal; run the same command again to continue"
            )
        }
    }

    private func train(
        _ runs: [Run], _ session: StudySession, _ machine: MachineShare, width: VectorWidth?
    ) async -> Interruption.Ending {
        guard !runs.isEmpty else { return .finished }
        let provenance = await Provenance.gather(session.plan, width: width)
        let code = await CodeKeeping.begin(session.study, provenance)
        let progress = SweepProgress(runs.count, of: session)
        let limits = limits(session.plan.resources)
        let ending = await Interruption.watch {
            await progress.followed {
                await session.run(
                    runs, on: machine.launcher, threads: machine.threads, limits: limits,
                    provenance: provenance
                ) { await progress.take($0) }
            }
        }
        await progress.close()
        await code?.end(session.results)
        return ending
    }
}
