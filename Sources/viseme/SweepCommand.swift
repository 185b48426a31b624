import ArgumentParser
import Foundation
import Kernels
import Recipes
import Reports
import RunStore
import Execution

struct SweepCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sweep", abstract: "Run what is not yet stored, and write the report.")

    @OptionGroup var options: StudyOptions
    @OptionGroup var workers: WorkerOptions
    @Option(help: ArgumentHelp("Longest time of one try of a run: 90s, 10m, 2h.", valueName: "time"))
    var timeout: TimeSpan?
    @Option(
        help: ArgumentHelp(
            "Time a run gets to end when it is asked to, before it is killed (default: 30s).", valueName: "time"))
    var grace: TimeSpan?
    @Option(help: "Tries after the first for runs that fail, each from the last checkpoint.")
    var retries = 0
    @Option(
        help: ArgumentHelp("Most resident memory of a run: 800M, 4G. A run that takes more fails.", valueName: "size"))
    var memory: ByteSize?
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
        limits.memory = memory?.bytes
        limits.startsAfresh = force
        limits.grace = grace?.duration
        limits.retries = retries
        limits.stopsAtFirstFailure = failure == .failFast
        return limits
    }

    func run() async throws {
        let width = try chosenWidth()
        let study = try await options.study()
        let (folder, plan) = (study.folder, study.plan)
        let gpus = try workers.checkedGPUs(plan)
        if case .visualSpeech = plan.trainer { printHeader(study.recipe.configuration, width: width) }
        for note in study.recipe.notes { complain(note) }
        try folder.create()
        let lock = try StudyLock(folder)
        defer { withExtendedLifetime(lock) {} }
        let strays = Strays.end(of: folder.url)
        if strays > 0 { complain("\(strays) processes of a sweep that was killed still worked here: ended") }
        folder.removeLeftovers()
        let isNew = try !folder.holds(plan)
        if isNew {
            tellOfRunsThatLeave(folder, plan)
            try folder.write(plan)
        }
        var stored = Stored(folder, plan)
        try setAsideDamaged(stored, folder)
        let wanted = try chosen(plan)
        let left = wanted.filter { force || stored.runs[$0.id] == nil }
        let count = only == nil ? "\(plan.runs.count) runs" : "\(wanted.count) of \(plan.runs.count) runs"
        print("\(plan.name): \(count), \(wanted.count - left.count) stored, \(left.count) to train")
        let progress = SweepProgress(total: left.count, metric: plan.metric)
        let ended = await train(left, study, width, gpus, progress)
        await progress.close()
        stored = Stored(folder, plan)
        let isReported = reported(folder, plan, stored)
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
        if !isReported { throw ExitStatus.someFailed }
        if failOnDiverged, stored.runs.values.contains(where: { $0.outcome == .diverged }) {
            throw ExitStatus.someFailed
        }
    }

    /// The runs are stored already: where the report can't be written, that is said and no more.
    private func reported(_ folder: StudyFolder, _ plan: StoredPlan, _ stored: Stored) -> Bool {
        do {
            try writeDerived(folder, plan, stored)
            return true
        } catch {
            complain("\(error)\n  the runs are stored; `viseme report \(folder.url.relativePath)` writes the rest")
            return false
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
        let known = Set(plan.runs.flatMap { $0.point.map(\.label) })
        let terms = try terms(only[...], known)
        let chosen = plan.runs.filter { run in Set(run.point.map(\.label)).isSuperset(of: terms) }
        guard !chosen.isEmpty else { throw ValidationError("--only \(only): no run has all of that") }
        return chosen
    }

    /// The settings of `lr=0.01,seed=1`; a value may hold commas itself.
    private func terms(_ text: Substring, _ known: Set<String>) throws -> [String] {
        let found = known.filter { text == $0 || text.hasPrefix($0 + ",") }.max { $0.count < $1.count }
        guard let found else {
            throw ValidationError(
                "--only \(only ?? ""): no run has \(text.split(separator: ",").first ?? ""); there are "
                    + known.sorted().prefix(20).joined(separator: ", ")
                    + (known.count > 20 ? " and \(known.count - 20) more" : ""))
        }
        let rest = text.dropFirst(found.count + 1)
        return [found] + (rest.isEmpty ? [] : try terms(rest, known))
    }

    private func train(
        _ runs: [StoredPlan.Run], _ study: Study, _ width: VectorWidth, _ gpus: GPUPool, _ progress: SweepProgress
    ) async -> Interruption.Ending {
        guard !runs.isEmpty else { return .finished }
        let provenance = await Provenance.gather(study.plan, width: width)
        let jobs = workers.jobs(for: runs.count, study.plan)
        let sweep = Sweep(
            plan: study.plan, folder: study.folder, jobs: jobs, threads: workers.threads(jobs: jobs, study.plan),
            program: ownProgram(), provenance: provenance, limits: limits, gpus: gpus)
        return await Interruption.watch {
            let clock = Task {
                while (try? await Task.sleep(for: .seconds(1))) != nil { await progress.tick() }
            }
            await sweep.train(runs) { await progress.take($0) }
            clock.cancel()
        }
    }
}

/// Moves run files that can't be read out of the way, to be trained again.
/// - Throws: `ExitStatus.wrong` where a newer program wrote one: it is whole, and not this one's to move.
func setAsideDamaged(_ stored: Stored, _ folder: StudyFolder) throws {
    if let newer = stored.problems.first(where: \.isNewer) {
        complain("\(newer.reason)\n  nothing was changed; --results keeps these results apart")
        throw ExitStatus.wrong
    }
    for problem in stored.problems {
        let place = try folder.setAside(problem.file)
        complain("\(problem.reason)\n  set aside as \(place.path); the run is trained again")
    }
}
