import Foundation
import RunStore
import Testing

/// Sweeps on a real slurmctld with two nodes on this machine (`scripts/slurm_cluster.sh`).
@Suite(
    .serialized,
    .enabled(
        if: geteuid() == 0 && FileManager.default.isExecutableFile(atPath: "/usr/sbin/slurmctld"),
        "needs slurm-wlm, and root"))
struct SlurmTests {
    private static let script = Program.package.appending(path: "scripts/slurm_cluster.sh").path

    /// Runs `body` in a folder of its own, on a cluster of its own. A shell that waits for ever is
    /// ended after 5 minutes.
    private func onCluster(
        _ files: [String: String] = [:],
        _ body: (Program, (String) async throws -> Program.Ending) async throws -> Void
    ) async throws {
        let program = try Program(
            files.merging(["viseme.yaml": "slurm: {partition: debug, poll: 1s}\n"]) { own, _ in own
            }
        )
        defer { program.close() }
        let cluster = program.folder.path + "/cluster"
        let started = try await program.run(command: [SlurmTests.script, "start", cluster])
        try #require(started.status == .exited(0), "\(started.errors)")
        let shell = { (line: String) in
            try await program.run(command: [
                "timeout", "--kill-after=5", "300", "bash", "-c",
                "export SLURM_CONF='\(cluster)/slurm.conf' PATH=$PATH:/usr/sbin; \(line)",
                Program.url.path,
            ])
        }
        do { try await body(program, shell) } catch {
            _ = try await program.run(command: [SlurmTests.script, "stop", cluster])
            throw error
        }
        _ = try await program.run(command: [SlurmTests.script, "stop", cluster])
    }

    @Test func aStudyOnTwoNodesHasItsGoldenDigests() async throws {
        let golden = try String(
            contentsOf: Program.package.appending(path: "recipes/tiny.digests"), encoding: .utf8)
        try await onCluster { program, shell in
            let dry = try await shell("\"$0\" sweep '\(Program.tiny)' --on slurm --dry-run")
            #expect(dry.output.contains("#SBATCH --array=0-3\n"), "\(dry.output)\(dry.errors)")
            #expect((try? program.text("results/tiny/plan.json")) == nil, "nothing is written")
            // The site file lies beside the recipe, or in the user's configuration.
            let swept = try await shell(
                "mkdir -p config/viseme && cp viseme.yaml config/viseme/; export XDG_CONFIG_HOME=$PWD/config;"
                    + "\"$0\" sweep '\(Program.tiny)' --on slurm --detach && \"$0\" sweep '\(Program.tiny)' --on slurm"
            )
            #expect(swept.status == .exited(0), "\(swept.output)\(swept.errors)")
            #expect(try program.text("results/tiny/digests.txt") == golden)
            // The second command found all runs queued, at work or stored.
            #expect(swept.output.matches(of: /submitted job/).count == 1, "\(swept.output)")
            let queue = try await shell("squeue --noheader | wc -l")
            #expect(queue.output == "0\n")
        }
    }

    @Test func aTaskThatIsCancelledIsNamedAndSubmittedAgain() async throws {
        let recipe = """
            trainer:
              command: [sh, -c, 'test -e $VISEME_RECIPE_FOLDER/go || sleep 60 || exit 1; echo "{\\"epoch\\": 1, \\"acc\\": 0.{seed}}" >> $VISEME_METRICS']
            metric: acc
            sweep: {seed: [1, 2]}
            """
        try await onCluster(["slow.yaml": recipe]) { program, shell in
            let cancelled = try await shell(
                """
                "$0" sweep slow.yaml --on slurm > out.txt 2> err.txt & sweep=$!
                until [ "$(squeue --noheader --states=RUNNING | wc -l)" = 2 ]; do sleep 0.1; done
                "$0" cancel results/slow; wait $sweep; echo "status $?"; cat out.txt err.txt
                """)
            #expect(cancelled.output.contains("1 jobs cancelled"), "\(cancelled.output)")
            #expect(cancelled.output.contains("status 1"), "\(cancelled.output)")
            #expect(
                cancelled.output.contains(/seed=1  FAILED: job [0-9]+_0: CANCELLED on n[12]/),
                "\(cancelled.output)")
            let again = try await shell("touch go; \"$0\" sweep slow.yaml --on slurm")
            #expect(again.status == .exited(0), "\(again.output)\(again.errors)")
            #expect(again.output.contains("2 submitted"))
            #expect(try program.text("results/slow/report.md").contains("0.150 "))
        }
    }

    @Test func aRequeuedTaskGoesOnFromItsCheckpoint() async throws {
        let long = "'\(Program.tiny)' 'lr=[0.01]' 'seed=[1]' epoch=1000"
        try await onCluster { program, shell in
            let swept = try await shell(
                """
                mkdir -p config/viseme && cp viseme.yaml config/viseme/; export XDG_CONFIG_HOME=$PWD/config
                "$0" sweep \(long) --on slurm > out.txt 2>&1 & sweep=$!
                until [ "$(cat results/tiny/running/*.journal 2> /dev/null | wc -l)" -ge 20 ]; do sleep 0.05; done
                job=$(squeue --noheader --format=%A); scontrol requeue $job
                until [ "$(squeue --noheader --format=%T)" = PENDING ]; do sleep 0.1; done
                ls results/tiny/checkpoints
                # The node still clears up; Slurm itself waits for two minutes.
                until [ "$(sinfo --noheader --format=%T | sort -u)" = idle ]; do sleep 0.1; done
                sleep 3
                scontrol update JobId=$job StartTime=now
                wait $sweep; echo "status $?"; cat out.txt results/tiny/slurm/*.log
                """)
            #expect(swept.output.contains("status 0"), "\(swept.output)\(swept.errors)")
            #expect(swept.output.contains(/^[0-9a-f]{12}\.[0-9a-f]{16}\.h5/), "\(swept.output)")
            #expect(swept.output.contains("0 trained here; 0 of 1 stored"))
            let whole = try await shell("\"$0\" sweep \(long) --results whole")
            #expect(whole.status == .exited(0), "\(whole.errors)")
            #expect(
                try program.text("results/tiny/digests.txt")
                    == program.text("whole/tiny/digests.txt"))
        }
    }

    @Test func whatSlurmRefusesIsSaidAsItSaysIt() async throws {
        try await onCluster(["r.yaml": "trainer: {command: [sh, -c, \"true\"]}\n"]) {
            program, shell in
            let site = program.folder.appending(path: "viseme.yaml")
            try Data("slurm: {partition: nowhere}\n".utf8).write(to: site)
            let refused = try await shell("\"$0\" sweep r.yaml --on slurm")
            #expect(refused.status == .exited(1) || refused.status == .exited(2))
            #expect(
                refused.errors.contains("invalid partition specified: nowhere"), "\(refused.errors)"
            )
            try Data("slurm: {partitions: debug, array_limit: 0}\nslurmm: 1\n".utf8).write(to: site)
            let wrong = try await shell("\"$0\" sweep r.yaml --on slurm")
            #expect(wrong.status == .exited(2))
            for part in [
                "viseme.yaml:1:9: error: slurm: there is no such key: partitions: did you mean partition?",
                "array_limit: found 0; expected a whole number, 1 or more",
                "there is no such key: slurmm",
            ] { #expect(wrong.errors.contains(part), "\(part)\n\(wrong.errors)") }
        }
    }
}
