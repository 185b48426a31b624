import Foundation
import RunStore
import Testing

/// Several workers at one study, as on several machines that share its folder.
struct SharedWorkTests {
    private var golden: String {
        get throws {
            try String(
                contentsOf: Program.package.appending(path: "recipes/tiny.digests"),
                encoding: .utf8)
        }
    }

    @Test func workersShareTheRunsOfAStudyWithoutTrainingOneTwice() async throws {
        let program = try Program()
        defer { program.close() }
        let planned = try await program.run("sweep", Program.tiny, "--plan-only")
        #expect(planned.status == .exited(0), "\(planned.errors)")
        let script = """
            for worker in 1 2 3; do "$0" work results/tiny --jobs 1 --threads 1 > $worker.log & done
            wait; cat [123].log
            """
        let worked = try await program.run(command: ["bash", "-c", script, Program.url.path])
        let trained = worked.output.matches(of: /(lr=[0-9.]+,seed=[0-9])  val_accuracy/).map(\.1)
        #expect(
            trained.sorted() == [
                "lr=0.001,seed=1", "lr=0.001,seed=2", "lr=0.01,seed=1", "lr=0.01,seed=2",
            ], "\(worked.output)\(worked.errors)")
        // The last one writes what is derived.
        #expect(try program.text("results/tiny/digests.txt") == golden)
        #expect(worked.output.contains("report: results/tiny/report.md"))
        #expect(worked.output.contains("locks work on this host"))
    }

    @Test func anotherWorkerGoesOnWhereAKilledOneWas() async throws {
        let program = try Program()
        defer { program.close() }
        let long = ["lr=[0.01]", "seed=[1]", "epoch=600"]
        _ = try await program.run(
            command: [Program.url.path, "sweep", Program.tiny, "--plan-only"] + long)
        // The worker and its child are killed; the second kill tells nobody.
        let script = """
            "$0" work results/tiny --jobs 1 > 1.log & worker=$!
            until [ "$(cat results/tiny/running/*.journal 2> /dev/null | wc -l)" -ge 20 ]; do sleep 0.01; done
            kill -KILL $worker
            wait $worker
            "$0" work results/tiny --jobs 1; echo "status $?"
            """
        let ending = try await program.run(command: ["bash", "-c", script, Program.url.path])
        #expect(ending.output.contains("status 0"), "\(ending.output)\(ending.errors)")
        let whole = try Program()
        defer { whole.close() }
        _ = try await whole.run(command: [Program.url.path, "sweep", Program.tiny] + long)
        #expect(
            try program.text("results/tiny/digests.txt") == whole.text("results/tiny/digests.txt"))
        for folder in ["checkpoints", "running"] {
            let left = try? FileManager.default.contentsOfDirectory(
                atPath: program.folder.appending(path: "results/tiny/\(folder)").path)
            #expect(left?.isEmpty != false, "\(left ?? [])")
        }
    }

    /// An owner on another host shows by its heartbeat alone that it lives, whatever its clock says.
    @Test(arguments: [0, 600, -600])
    func theLeaseOfAnotherHostEndsWithoutHeartbeat(clock: Int) async throws {
        let program = try Program()
        defer { program.close() }
        _ = try await program.run("sweep", Program.tiny, "--plan-only")
        let plan = try StudyFolder(program.folder.appending(path: "results/tiny")).readPlan()
        let lease = program.folder.appending(path: "results/tiny/running/\(plan.runs[0].id).lease")
        try FileManager.default.createDirectory(
            at: lease.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(
            #"{"boot":"b","host":"elsewhere","process":1,"token":"0123456789abcdef"}"#.utf8
        ).write(to: lease)
        try FileManager.default.setAttributes(
            [.modificationDate: Date() + Double(clock)], ofItemAtPath: lease.path)
        // A worker leaves the run alone; a sweep waits for its owner, and takes it over.
        let left = try await program.run("work", "results/tiny", environment: ["VISEME_LEASE": "2"])
        #expect(left.output.contains("3 of 4 stored, 1 being trained by others"), "\(left.output)")
        let status = try await program.run("status", "results/tiny")
        #expect(status.output.contains("3 completed"), "\(status.output)")
        let swept = try await program.run(
            "sweep", Program.tiny, environment: ["VISEME_LEASE": "2"])
        #expect(swept.status == .exited(0), "\(swept.errors)")
        #expect(try program.text("results/tiny/digests.txt") == golden)
    }

    @Test func resourcesAreCheckedAndLimitRuns() async throws {
        let program = try Program([
            "r.yaml": """
            trainer: {command: [sh, -c, "sleep 60"]}
            resources: {time: 1s, memory: 1G}
            sweep: {seed: [1]}
            """,
            "wrong.yaml": """
            trainer: {command: [sh, -c, "true"]}
            resources: {time: soon, memory: much, threads: 0, gpu: 1}
            """,
        ])
        defer { program.close() }
        let limited = try await program.run("sweep", "r.yaml")
        #expect(limited.output.contains("FAILED: ran longer than 1.0 seconds"), "\(limited.output)")
        let wrong = try await program.run("plan", "wrong.yaml")
        #expect(wrong.status == .exited(2))
        for part in [
            "time: found soon; expected a time", "memory: found much; expected a size",
            "threads: found 0; expected a whole number from 1 to 1024",
            "no such key: gpu: did you mean gpus?",
        ] { #expect(wrong.errors.contains(part), "\(part)\n\(wrong.errors)") }
    }
}
