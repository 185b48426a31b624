import ArgumentParser
import Execution
import Foundation
import Kernels
import Recipes
import RunStore
import Studies

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Train runs again and compare the results with the stored ones.")

    @OptionGroup var options: StudyOptions
    @OptionGroup var workers: WorkerOptions
    @Option(help: "How many runs, spread over the plan (default: all).")
    var sample: Int?
    @Option(
        help: ArgumentHelp(
            "Where runs are trained: local, or slurm (settings of the site: viseme.yaml).",
            valueName: "place"))
    var on = SweepCommand.Site.local
    @Flag(help: "Record the digests beside the recipe, as the golden ones.")
    var record = false
    @Flag(
        help:
            "Record in evidence/ beside the recipe that the recorded digests were compared on this processor, and with what outcome."
    )
    var recordEvidence = false
    /// An emulator does not follow into other processes.
    @Flag(help: .hidden) var inProcess = false

    func validate() throws {
        if let sample, sample < 1 { throw ValidationError("--sample \(sample): at least 1 run") }
        if record && sample != nil {
            throw ValidationError("--record records all runs: leave out --sample")
        }
        if recordEvidence && !options.overrides.isEmpty {
            throw ValidationError(
                "--record-evidence is about the recipe as it is: leave out the overrides")
        }
        if record && recordEvidence {
            throw ValidationError(
                "--record-evidence compares with recorded digests: leave out --record")
        }
        if record && !options.overrides.isEmpty {
            throw ValidationError("--record records the recipe as it is: leave out the overrides")
        }
    }

    func run() async throws {
        guard BundleReader.isBundle(options.recipe) else { return try await verify(options) }
        guard !record, !recordEvidence else {
            throw ValidationError(
                "a bundle is not changed: leave out --record and --record-evidence")
        }
        let bundle = try BundleReader(options.recipe)
        try bundle.prepareForTraining(as: options.recipe)
        var inside = options
        inside.recipe = bundle.study.url.path
        try await verify(inside, holding: Set(bundle.study.readPlan().runs.map(\.id)))
        withExtendedLifetime(bundle) {}
    }

    /// - Parameter holding: ids of the runs that a bundle was made with.
    private func verify(_ options: StudyOptions, holding: Set<String>? = nil) async throws {
        let width = try chosenWidth()
        let study = try await options.study()
        if let holding, options.overrides.isEmpty,
            !study.plan.runs.contains(where: { holding.contains($0.id) })
        {
            throw BundleReader.Refusal(
                place: self.options.recipe,
                rule:
                    "its recipe and code give other runs than it holds: they were changed after the runs were trained"
            )
        }
        let runs = Verification.sample(study.plan.runs, count: sample)
        let golden = try goldenLines(study)
        let again = try await trainAgain(runs, study, width)
        let stored = StudyResults(study.folder, study.plan)
        let standings = StaleRuns(study.folder, study.plan, stored).standings
        let damages = Dictionary(stored.problems.map { ($0.id, $0.reason) }) { first, _ in first }
        let results = runs.map { run in
            Verification(
                run: run, again: again[run.id], stored: stored.runs[run.id],
                damage: damages[run.id],
                golden: golden.map {
                    $0[run.label] ?? DigestList.Line(digest: "", id: "", label: run.label)
                })
        }
        let rows: [[String]] = results.map { result in
            let digest = result.digest.map { String($0.prefix(16)) } ?? "failed"
            return [
                result.id, result.label, digest, result.stored.rawValue, result.golden.rawValue,
            ]
        }
        print(table(["run", "label", "content digest", "stored", "recorded"], rows))
        let differing = results.filter { $0.stored == .differs }
        if record {
            guard differing.isEmpty else {
                complain(
                    "nothing is recorded: \(differing.count) runs gave a result that differs from the stored one"
                )
                for result in differing {
                    if let words = result.difference { complain("\(result.label): \(words)") }
                }
                tellOfDeterminism(study.plan)
                throw ExitStatus.difference
            }
            return try write(results, study)
        }
        if recordEvidence { try await write(evidenceOf: results, study, width) }
        let differences = results.count(where: \.isDifference)
        let compared = results.count { $0.stored != .absent || $0.golden != .absent }
        for result in results {
            if let words = result.difference { print("\(result.label): \(words)") }
            switch standings[result.id] {
            case .stale(let change): print("\(result.label): the stored run is stale: \(change)")
            case .accepted(let change, let reason):
                print("\(result.label): the stored run is kept although \(change): \(reason)")
            default: break
            }
        }
        print("\(results.count) runs trained again, \(compared) compared, \(differences) differ")
        if !differing.isEmpty { tellOfDeterminism(study.plan) }
        if differences > 0 { throw ExitStatus.difference }
        if compared == 0 {
            complain(
                "nothing to compare with: neither \(study.folder.url.relativePath) nor \(study.goldenDigests.relativePath) holds these runs"
            )
            throw ExitStatus.wrong
        }
    }

    /// The runs by id, from a folder that is removed afterwards.
    private func trainAgain(
        _ runs: [Run], _ study: ResolvedStudy, _ width: VectorWidth
    ) async throws -> [String: RunResult] {
        let session = try VerificationSession.open(study, isShared: on == .slurm, warn: complain)
        if on == .slurm { return try await trainOnSlurm(runs, session) }
        let progress = SweepProgress(runs.count, of: session)
        let machine = try workers.allotment(study).for(runs.count)
        let provenance = await Provenance.gather(study.plan, width: width)
        let ending = await Interruption.watch {
            await progress.followed {
                await session.run(
                    runs, on: inProcess ? ownLauncher(width) : machine.launcher,
                    threads: machine.threads, limits: RunLimits(),
                    provenance: provenance
                ) { await progress.take($0) }
            }
        }
        await progress.close()
        if ending == .interrupted { throw ExitStatus.interrupted }
        return session.results.runs
    }

    /// Trains in this process.
    private func ownLauncher(_ width: VectorWidth) -> InProcessLauncher {
        InProcessLauncher(capacity: 1) { job in
            guard let order = job.order else {
                return .unstartable(reason: "--in-process is for runs of the built-in trainer")
            }
            do {
                try WorkerRun(order, width: width, warn: complain).train()
                return .exited(.exited(0))
            } catch { return .unstartable(reason: "\(error)") }
        }
    }

    private func write(
        evidenceOf results: [Verification], _ study: ResolvedStudy, _ width: VectorWidth
    ) async throws {
        let provenance = await Provenance.gather(
            study.plan, width: study.trainer.needs.threads == nil ? width : nil)
        let evidence = Evidence(study.plan.name, results, provenance)
        guard evidence.compared > 0 else {
            throw ValidationError(
                "--record-evidence: no digests are recorded for \(study.plan.recipe): `viseme verify --record` does it"
            )
        }
        let file = try evidence.write(beside: study.plan.recipe)
        print("evidence: \(file.relativePath)")
    }

    private func trainOnSlurm(_ runs: [Run], _ session: StudySession) async throws
        -> [String: RunResult]
    {
        let site = try SiteFile.ofUser(session.plan.recipe).slurm
        let sweep = SlurmSweep(
            session.folder, session.plan, site, RunLimits(session.plan.resources), wanted: runs,
            stored: session.results)
        _ = try await sweep.submit()
        let problem = Locked<(any Error)?>(nil)
        let ending = await Interruption.watch(saying: "") {
            do { try await sweep.follow() } catch is CancellationError {
            } catch { problem.withLock { $0 = error } }
        }
        if ending == .interrupted {
            // Its folder goes: nobody could use the results.
            _ = try await SlurmJobs(session.folder, session.plan).cancel()
            throw ExitStatus.interrupted
        }
        if let problem = problem.withLock({ $0 }) { throw problem }
        return StudyResults(session.folder, session.plan).runs
    }

    private func tellOfDeterminism(_ plan: Plan) {
        guard let trainer = plan.trainer.command else { return }
        complain(
            "the trainer \(trainer.command.prefix(2).joined(separator: " ")) is not deterministic, or its environment has "
                + "changed since: the same configuration and seed gave different results. A metric that measures time belongs under "
                + "metrics: {exclude: […]}; docs/trainers.md names the usual causes")
    }

    private func goldenLines(_ study: ResolvedStudy) throws -> [String: DigestList.Line]? {
        guard !record, study.recipe.overrides.isEmpty,
            FileManager.default.fileExists(atPath: study.goldenDigests.path)
        else { return nil }
        let list = try DigestList(file: study.goldenDigests)
        return Dictionary(
            list.lines.map { ($0.label, $0) }, uniquingKeysWith: { first, _ in first })
    }

    private func write(_ results: [Verification], _ study: ResolvedStudy) throws {
        guard results.allSatisfy({ $0.digest != nil }) else {
            complain("nothing is recorded: some runs failed")
            throw ExitStatus.someFailed
        }
        let list = DigestList(
            results.map { DigestList.Line(digest: $0.digest ?? "", id: $0.id, label: $0.label) })
        try study.folder.write(list.text, to: study.goldenDigests)
        print("recorded: \(study.goldenDigests.relativePath)")
    }
}
