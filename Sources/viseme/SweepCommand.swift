import ArgumentParser
import Foundation
import Kernels
import Recipes
import Reports
import RunStore
import Sweeps

struct SweepCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sweep", abstract: "Run what is not yet stored, and write the report.")

    @OptionGroup var options: StudyOptions
    @OptionGroup var workers: WorkerOptions
    @Option(help: ArgumentHelp("Longest time of one try of a run: 90s, 10m, 2h.", valueName: "time"))
    var timeout: TimeSpan?
    @Option(help: "Tries after the first for runs that fail, each from the last checkpoint.")
    var retries = 0
    @Flag(help: "Go on when a run fails (the default), or stop the others too.")
    var failure: FailurePolicy = .keepGoing
    @Option(help: ArgumentHelp("Only runs of this setting, as in their labels: lr=0.01,seed=1.", valueName: "setting"))
    var only: String?
    @Flag(help: "Train again what is stored; the old files are set aside.")
    var force = false
    @Flag(help: "Exit with status 1 if a run diverged.")
    var failOnDiverged = false

    enum FailurePolicy: String, EnumerableFlag {
        case keepGoing, failFast
    }

    func validate() throws {
        if retries < 0 { throw ValidationError("--retries \(retries): 0 or more") }
    }

    private var limits: RunLimits {
        var limits = RunLimits()
        limits.timeout = timeout?.duration
        limits.retries = retries
        limits.stopsAtFirstFailure = failure == .failFast
        return limits
    }

    func run() async throws {
        let width = try chosenWidth()
        let study = try await options.study()
        let (folder, plan) = (study.folder, study.plan)
        guard let first = plan.runs.first else { throw ExitStatus.wrong }
        printHeader(Configuration(first.configuration), width: width)
        try folder.create()
        let lock = try StudyLock(folder)
        defer { withExtendedLifetime(lock) {} }
        folder.removeLeftovers()
        tellOfRunsThatLeave(folder, plan)
        try folder.write(plan)
        var stored = Stored(folder, plan)
        for problem in stored.problems {
            let place = try folder.setAside(problem.file)
            complain("\(problem.reason)\n  set aside as \(place.path); the run is trained again")
        }
        let wanted = try chosen(plan)
        if force {
            for run in wanted where stored.runs[run.id] != nil {
                complain("\(run.label): set aside as \(try folder.setAside(folder.runFile(run.id)).path)")
            }
            stored = Stored(folder, plan)
        }
        let left = wanted.filter { stored.runs[$0.id] == nil }
        let count = only == nil ? "\(plan.runs.count) runs" : "\(wanted.count) of \(plan.runs.count) runs"
        print("\(plan.name): \(count), \(wanted.count - left.count) stored, \(left.count) to train")
        let progress = SweepProgress(total: left.count, metric: plan.metric.name)
        let ended = await train(left, study, width, progress)
        await progress.close()
        stored = Stored(folder, plan)
        try finish(study, stored)
        let failures = await progress.failures
        if ended == .interrupted {
            complain(
                "interrupted: \(stored.runs.count) of \(plan.runs.count) runs are stored; the same command goes on")
            throw ExitStatus.interrupted
        }
        if !failures.isEmpty {
            complain("\(failures.count) of \(plan.runs.count) runs failed; the same command tries them again")
            throw ExitStatus.someFailed
        }
        let stopped = wanted.count { stored.runs[$0.id] == nil }
        if stopped > 0 {
            complain("\(stopped) runs were stopped from outside; the same command goes on")
            throw ExitStatus.someFailed
        }
        if failOnDiverged, stored.runs.values.contains(where: { $0.outcome == .diverged }) {
            throw ExitStatus.someFailed
        }
    }

    /// Nothing is deleted, but reports are about the plan that is stored.
    private func tellOfRunsThatLeave(_ folder: StudyFolder, _ plan: StoredPlan) {
        guard let before = try? folder.readPlan() else { return }
        let kept = Set(plan.runs.map(\.id))
        let gone = before.runs.filter { !kept.contains($0.id) }
        guard !gone.isEmpty else { return }
        complain(
            "\(gone.count) of the \(before.runs.count) runs that \(folder.url.relativePath) was about are not in this plan: what is stored of them stays, the report is about this plan (--results keeps them apart)"
        )
    }

    /// The runs that `--only` names.
    private func chosen(_ plan: StoredPlan) throws -> [StoredPlan.Run] {
        guard let only else { return plan.runs }
        let terms = only.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let known = Set(plan.runs.flatMap { $0.point.map(RunState.term) })
        for term in terms where !known.contains(term) {
            throw ValidationError(
                "--only \(only): no run has \(term); there are \(known.sorted().joined(separator: ", "))")
        }
        return plan.runs.filter { run in Set(run.point.map(RunState.term)).isSuperset(of: terms) }
    }

    private func train(
        _ runs: [StoredPlan.Run], _ study: Study, _ width: VectorWidth, _ progress: SweepProgress
    ) async -> Interruption.Ending {
        guard !runs.isEmpty else { return .finished }
        let provenance = await Provenance.gather(recipe: study.plan.recipe, width: width)
        let jobs = workers.jobs(for: runs.count)
        let sweep = Sweep(
            plan: study.plan, folder: study.folder, jobs: jobs, threads: workers.threads(jobs: jobs),
            program: ownProgram(), provenance: provenance, limits: limits)
        return await Interruption.watch { await sweep.train(runs) { await progress.take($0) } }
    }
}

/// Writes all that is derived from the run files.
func finish(_ study: Study, _ stored: Stored) throws {
    try SweepFile.write(study.plan, stored.inOrder(study.plan), to: study.folder.sweepFile)
    try study.folder.write(DigestList(stored, study.plan).text, to: study.folder.digests)
    try MarkdownReport.write(study.folder, study.plan, stored)
    print("report: \(study.folder.report.relativePath)")
}

/// How many workers, and how many threads each.
struct WorkerOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "Runs at once (default: as many as there are cores).")
    var jobs: Int?

    @Option(help: "Threads of each run (default: the cores shared out over the runs at once).")
    var threads: Int?

    func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("--jobs \(jobs): at least 1 run at once") }
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads \(threads): 1…1024") }
    }

    func jobs(for runs: Int) -> Int {
        min(jobs ?? ProcessInfo.processInfo.activeProcessorCount, max(runs, 1))
    }

    func threads(jobs: Int) -> Int {
        threads ?? max(1, ProcessInfo.processInfo.activeProcessorCount / jobs)
    }
}

/// A time as a person writes it: 90, 90s, 10m, 2h.
struct TimeSpan: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600]
        let unit = argument.last.flatMap { units[$0] }
        guard let number = Double(unit == nil ? argument : String(argument.dropLast())), number > 0, number < 1e9 else {
            return nil
        }
        duration = .milliseconds(Int(number * (unit ?? 1) * 1000))
    }
}
