import Foundation
import RunStore
import Testing

/// Sweeps on a real slurmctld with two nodes on this machine (`scripts/slurm_cluster.sh`).
@Suite(
    .serialized,
    .enabled(if: SlurmCluster.isThere, "needs slurm-wlm, and root"))
struct SlurmTests {
    @Test func aStudyOnTwoNodesHasItsGoldenDigests() async throws {
        let golden = try String(
            contentsOf: Program.package.appending(path: "recipes/tiny.digests"), encoding: .utf8)
        try await SlurmCluster.with { cluster in
            let dry = try await cluster.shell("\"$0\" sweep '\(Program.tiny)' --on slurm --dry-run")
            #expect(dry.output.contains("#SBATCH --array=0-3\n"), "\(dry.output)\(dry.errors)")
            #expect(
                (try? cluster.program.text("results/tiny/plan.json")) == nil, "nothing is written")
            // The site file lies beside the recipe, or in the user's configuration.
            let swept = try await cluster.shell(
                "\"$0\" sweep '\(Program.tiny)' --on slurm --detach && \"$0\" sweep '\(Program.tiny)' --on slurm"
            )
            #expect(swept.status == .exited(0), "\(swept.output)\(swept.errors)")
            #expect(try cluster.program.text("results/tiny/digests.txt") == golden)
            // The second command found all runs queued, at work or stored.
            #expect(swept.output.matches(of: /submitted job/).count == 1, "\(swept.output)")
            let queue = try await cluster.shell("squeue --noheader | wc -l")
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
        try await SlurmCluster.with(["slow.yaml": recipe]) { cluster in
            let cancelled = try await cluster.shell(
                """
                "$0" sweep slow.yaml --on slurm > out.txt 2> err.txt & sweep=$!
                until [ "$(squeue --noheader --states=RUNNING | wc -l)" = 2 ]; do sleep 0.1; done
                "$0" cancel results/slow; wait $sweep; echo "status $?"; cat out.txt err.txt
                """)
            #expect(cancelled.output.contains("1 job cancelled"), "\(cancelled.output)")
            #expect(cancelled.output.contains("status 1"), "\(cancelled.output)")
            #expect(
                cancelled.output.contains(/seed=1  FAILED: job [0-9]+_0: CANCELLED on n[12]/),
                "\(cancelled.output)")
            let again = try await cluster.shell("touch go; \"$0\" sweep slow.yaml --on slurm")
            #expect(again.status == .exited(0), "\(again.output)\(again.errors)")
            #expect(again.output.contains("2 submitted"))
            #expect(try cluster.program.text("results/slow/report.md").contains("0.150 "))
        }
    }

    @Test func aRequeuedTaskGoesOnFromItsCheckpoint() async throws {
        let long = "'\(Program.tiny)' 'lr=[0.01]' 'seed=[1]' epoch=1000"
        try await SlurmCluster.with { cluster in
            let swept = try await cluster.shell(
                """
                "$0" sweep \(long) --on slurm > out.txt 2>&1 & sweep=$!
                until [ "$(cat results/tiny/running/*.journal 2> /dev/null | wc -l)" -ge 20 ]; do sleep 0.05; done
                job=$(squeue --noheader --format=%A); scontrol requeue $job; begin $job
                ls results/tiny/checkpoints
                wait $sweep; echo "status $?"; cat out.txt results/tiny/slurm/*.log
                """)
            #expect(swept.output.contains("status 0"), "\(swept.output)\(swept.errors)")
            #expect(swept.output.contains(/^[0-9a-f]{12}\.[0-9a-f]{16}\.h5/), "\(swept.output)")
            #expect(swept.output.contains("0 trained here; 0 of 1 stored"))
            let whole = try await cluster.shell("\"$0\" sweep \(long) --results whole")
            #expect(whole.status == .exited(0), "\(whole.errors)")
            #expect(
                try cluster.program.text("results/tiny/digests.txt")
                    == cluster.program.text("whole/tiny/digests.txt"))
        }
    }

    @Test func whatSlurmRefusesIsSaidAsItSaysIt() async throws {
        try await SlurmCluster.with(["r.yaml": "trainer: {command: [sh, -c, \"true\"]}\n"]) {
            cluster in
            let site = cluster.program.folder.appending(path: "viseme.yaml")
            try Data("slurm: {partition: nowhere}\n".utf8).write(to: site)
            let refused = try await cluster.shell("\"$0\" sweep r.yaml --on slurm")
            #expect(refused.status == .exited(1) || refused.status == .exited(2))
            #expect(
                refused.errors.contains("invalid partition specified: nowhere"), "\(refused.errors)"
            )
            try Data(
                "slurm: {partitions: debug, array_limit: 0, options: [-J mine]}\nslurmm: 1\n".utf8
            ).write(to: site)
            let wrong = try await cluster.shell("\"$0\" sweep r.yaml --on slurm")
            #expect(wrong.status == .exited(2))
            for part in [
                "viseme.yaml:1:9: error: slurm: there is no such key: partitions: did you mean partition?",
                "array_limit: found 0; expected a whole number, 1 or more",
                "there is no such key: slurmm", "options: --job-name is set by this program",
            ] { #expect(wrong.errors.contains(part), "\(part)\n\(wrong.errors)") }
        }
    }
}
