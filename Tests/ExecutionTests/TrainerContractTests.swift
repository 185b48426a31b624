import Execution
import Foundation
import Recipes
import RunStore
import Studies
import Testing

/// What every trainer keeps, whatever it trains. Kills and restarts of both are in KillTests, with
/// the real program.
@Suite struct TrainerContract {
    enum Kind: String, CaseIterable, Sendable {
        case visualSpeech, command
    }

    private struct Scratch {
        let folder: URL
        let recipe: Recipe

        init(_ kind: Kind, overrides: [String] = []) throws {
            folder = FileManager.default.temporaryDirectory
                .appending(path: "viseme-test-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data("cat\n".utf8).write(to: folder.appending(path: "train.sh"))
            let set =
                switch kind {
                case .visualSpeech: "set: {path_to_dataset: 'builtin:visemes', builtin.words: 2}"
                case .command: "trainer: {command: [sh, train.sh, '{lr}']}"
                }
            let file = folder.appending(path: "r.yaml")
            try Data("\(set)\nsweep: {lr: [0.1, 0.01], seed: [1, 2]}\n".utf8).write(to: file)
            recipe = try Recipe(
                path: file.path, overrides: overrides, trainers: TrainerCatalog.declarations)
        }

        func resolve() async throws -> ResolvedStudy {
            try await ResolvedStudy.resolve(
                recipe, in: .named(results: folder.appending(path: "results")))
        }

        func remove() { try? FileManager.default.removeItem(at: folder) }
    }

    @Test(arguments: Kind.allCases)
    func identitiesAreThoseOfTheStoredPlan(kind: Kind) async throws {
        let scratch = try Scratch(kind)
        defer { scratch.remove() }
        let study = try await scratch.resolve()
        #expect(study.plan.runs.count == 4)
        #expect(Set(study.plan.runs.map(\.id)).count == 4)
        // A plan that was stored and read again names the same trainer, which gives the same ids.
        try study.folder.create()
        try study.folder.write(study.plan)
        let plan = try study.folder.readPlan()
        let trainer = TrainerCatalog.trainer(plan.trainer)
        #expect(trainer.declaration.name == study.trainer.declaration.name)
        #expect(trainer.needs == study.trainer.needs)
        for run in plan.runs {
            #expect(trainer.identity(of: run, in: plan).id == run.id)
            #expect(trainer.configuration(of: run, in: plan)["lr"] != nil)
        }
        // Prepared once, all is known without preparing.
        let known = try ResolvedStudy.known(
            scratch.recipe, in: .named(results: scratch.folder.appending(path: "results")))
        #expect(known?.plan.runs == study.plan.runs)
        // The same recipe elsewhere plans the same runs.
        let other = try Scratch(kind)
        defer { other.remove() }
        #expect(try await other.resolve().plan.runs.map(\.id) == study.plan.runs.map(\.id))
    }

    @Test(arguments: Kind.allCases)
    func aSettingThatIsChangedIsAnotherRun(kind: Kind) async throws {
        let (scratch, other) = (try Scratch(kind), try Scratch(kind, overrides: ["seed=[1,3]"]))
        defer {
            scratch.remove()
            other.remove()
        }
        let ids = Set(try await scratch.resolve().plan.runs.map(\.id))
        let others = Set(try await other.resolve().plan.runs.map(\.id))
        #expect(ids.intersection(others).count == 2)
    }

    @Test(arguments: Kind.allCases)
    func jobsAreFilesAndWithoutAResultARunHasFailed(kind: Kind) async throws {
        let scratch = try Scratch(kind)
        defer { scratch.remove() }
        let study = try await scratch.resolve()
        try study.folder.create()
        let context = StudyContext(
            plan: study.plan, folder: study.folder, program: URL(filePath: "/bin/false"),
            provenance: await Provenance.gather(study.plan), threads: 1)
        for run in study.plan.runs {
            let job = try study.trainer.job(run, Attempt(failures: ["once"]), in: context)
            #expect(job.run == run.id && job.attempt == 2 && !job.program.isEmpty)
            // A long recipe does not fit in a variable of the environment.
            #expect(job.environment.values.allSatisfy { !$0.contains("sweep:") })
            let file = study.folder.jobFile(run.id)
            try job.write(to: file)
            let read = try Job.read(file)
            #expect(read.arguments == job.arguments && read.environment == job.environment)
            #expect(read.order?.plan == job.order?.plan)
            let handle = JobHandle(launcher: "test", run: run.id, attempt: 2, id: "1")
            let endings: [JobEnding] = [
                .exited(.exited(3)), .ended(reason: "too long"), .unstartable(reason: "gone"),
            ]
            for ending in endings {
                #expect {
                    try study.trainer.collect(
                        run, EndedJob(handle: handle, ending: ending), in: context)
                } throws: {
                    guard case .failed? = $0 as? RunFailure else { return false }
                    return true
                }
            }
            #expect(throws: RunFailure.stopped) {
                try study.trainer.collect(
                    run, EndedJob(handle: handle, ending: .stopped), in: context)
            }
            study.trainer.release(run, reason: nil)
        }
        #expect(StudyResults(study.folder, study.plan).runs.isEmpty)
    }
}
