import Foundation
import Testing

/// What goes wrong on a cluster: nothing is lost, nothing runs twice, and the reason is named.
extension SlurmTests {
    @Test func anotherFollowerTakesOverAndNoRunIsTrainedTwice() async throws {
        let recipe = SlurmCluster.recipe("sleep 3", seeds: 4)
        try await SlurmCluster.with(["r.yaml": recipe], site: ", array_limit: 1") { cluster in
            let ended = try await cluster.shell(
                """
                "$0" sweep r.yaml --on slurm > first.txt 2>&1 & first=$!
                until [ -s started ]; do sleep 0.1; done
                kill -KILL $first
                "$0" sweep r.yaml --on slurm > second.txt 2>&1 & second=$!
                "$0" sweep r.yaml --on slurm; echo "status $?"
                wait $second; echo "status $?"; cat first.txt second.txt
                """)
            #expect(
                ended.output.matches(of: /status 0/).count == 2, "\(ended.output)\(ended.errors)")
            #expect(ended.output.matches(of: /submitted job/).count == 1, "\(ended.output)")
            #expect(try cluster.starts() == ["1": 1, "2": 1, "3": 1, "4": 1])
            // The array's limit holds.
            let report = try cluster.program.text("results/r/report.md")
            #expect(report.contains("at most 1 at once"), "\(report)")
            #expect(report.contains("| jobs | `1` |"), "\(report)")
        }
    }

    @Test func aRunThatNeverReachesACheckpointFailsAfterTwoTasks() async throws {
        let recipe = SlurmCluster.recipe("sleep 300 || exit 1", seeds: 1)
        try await SlurmCluster.with(["r.yaml": recipe]) { cluster in
            let ended = try await cluster.shell(
                """
                "$0" sweep r.yaml --on slurm > out.txt 2>&1 & sweep=$!
                until [ -s started ]; do sleep 0.1; done; sleep 0.5
                job=$(squeue --noheader --format=%A)
                # As before wall time.
                scancel --batch --signal=USR1 $job
                begin $job
                until [ "$(wc -l < started)" = 2 ]; do sleep 0.1; done; sleep 0.5
                scancel --batch --signal=USR1 $job
                wait $sweep; echo "status $?"; cat out.txt
                """)
            #expect(ended.output.contains("status 1"), "\(ended.output)\(ended.errors)")
            for part in [
                "two jobs in turn ended at their wall time", "resources: time", "checkpoint_every",
            ] {
                #expect(ended.output.contains(part), "\(ended.output)")
            }
            #expect(try cluster.starts() == ["1": 2])
        }
    }

    @Test func aTaskThatIsStoppedTwiceBeforeWallTimeHasTheBitsOfOneThatIsNot() async throws {
        let long = "'\(Program.tiny)' 'lr=[0.01]' 'seed=[1]' epoch=1500"
        try await SlurmCluster.with { cluster in
            let ended = try await cluster.shell(
                """
                "$0" sweep \(long) --on slurm > out.txt 2>&1 & sweep=$!
                for lines in 20 40; do
                    until [ "$(cat results/tiny/running/*.journal 2> /dev/null | wc -l)" -ge $lines ]; do sleep 0.05; done
                    job=$(squeue --noheader --format=%A)
                    scancel --batch --signal=USR1 $job; begin $job
                done
                wait $sweep; echo "status $?"; cat out.txt results/tiny/slurm/*.log
                """)
            #expect(ended.output.contains("status 0"), "\(ended.output)\(ended.errors)")
            #expect(
                ended.output.matches(of: /the job is about to end; runs that go on later: 1/).count
                    == 2,
                "\(ended.output)")
            let whole = try await cluster.shell("\"$0\" sweep \(long) --results whole")
            #expect(whole.status == .exited(0), "\(whole.errors)")
            #expect(
                try cluster.program.text("results/tiny/digests.txt")
                    == cluster.program.text("whole/tiny/digests.txt"))
        }
    }

    @Test func aRunThatNeedsMoreMemoryGetsIt() async throws {
        try await SlurmCluster.with(["r.yaml": SlurmTests.hungry]) { cluster in
            let ended = try await cluster.shell("\"$0\" sweep r.yaml --on slurm")
            #expect(ended.status == .exited(0), "\(ended.output)\(ended.errors)")
            #expect(ended.output.contains("1 run, 120 MB of memory"), "\(ended.output)")
            let shown = try await cluster.shell("\"$0\" show results/r:1")
            #expect(shown.output.contains(/tries +2: used [0-9]+ MB of memory, more than 60 MB/))
            #expect(shown.output.contains(/job +2_0 on n[12]/), "\(shown.output)")
            // The same rule holds on this machine.
            let local = try await cluster.shell("\"$0\" sweep r.yaml --results local")
            #expect(local.status == .exited(0), "\(local.output)\(local.errors)")
            #expect(local.output.contains("more than 60 MB (--memory); trying again"))
        }
    }

    /// Holds 90 MB for a second.
    private static let hungry = """
        trainer:
          command: [python3, -c, 'import os, time; a = bytearray(90_000_000); time.sleep(1); open(os.environ["VISEME_METRICS"], "a").write("{\\"epoch\\": 1, \\"acc\\": 0.1}")']
        metric: acc
        resources: {memory: 60M, retries: 2, on_oom: {memory: x2}}
        sweep: {seed: [1]}
        """

    @Test func theReasonsThatTasksEndAreNamed() async throws {
        let recipe = SlurmCluster.recipe("echo last words; exit 3", seeds: 1)
        try await SlurmCluster.with(
            ["r.yaml": recipe], site: ", setup: [\"echo no module; false\"]"
        ) {
            cluster in
            let setup = try await cluster.shell(
                "\"$0\" sweep r.yaml --on slurm; \"$0\" status r.yaml")
            #expect(setup.output.contains(/FAILED: job 1_0: FAILED on n[12], exit code 1:0/))
            #expect(setup.output.contains("no module"), "the log's last lines: \(setup.output)")
            #expect((try? cluster.starts()) == nil, "no run is trained in a wrong environment")

            let own = try await cluster.shell(
                """
                sed -i 's/, setup: .*\\]//' viseme.yaml
                "$0" sweep r.yaml --on slurm; "$0" status r.yaml
                """)
            #expect(own.output.contains("FAILED: ended with exit status 3"), "\(own.output)")
            #expect(own.output.contains("last words"), "\(own.output)")

            // A job of another version of this program.
            let other = try await cluster.shell(
                """
                scontrol update NodeName=n1,n2 State=DRAIN Reason=test
                "$0" sweep r.yaml --on slurm --detach
                sed -i 's/"program":"[^"]*"/"program":"Viseme 9.9"/' results/r/slurm/*.json
                "$0" sweep r.yaml --on slurm > out.txt 2>&1 & sweep=$!
                sleep 2; scontrol update NodeName=n1,n2 State=RESUME
                wait $sweep; echo "status $?"; "$0" status r.yaml
                """)
            #expect(other.output.contains("status 1"), "\(other.output)\(other.errors)")
            #expect(other.output.contains("the job was submitted by Viseme 9.9"), "\(other.output)")
        }
    }

    @Test func aSchedulerThatDoesNotAnswerSaysNothingOfTheRuns() async throws {
        let recipe = SlurmCluster.recipe("sleep 10", seeds: 2)
        try await SlurmCluster.with(["r.yaml": recipe]) { cluster in
            let ended = try await cluster.shell(
                """
                echo 'MessageTimeout=2' >> "$SLURM_CONF"
                "$0" sweep r.yaml --on slurm 2>&1 & sweep=$!
                until [ "$(wc -l < started)" = 2 ]; do sleep 0.1; done 2> /dev/null
                kill -STOP $(cat "$cluster/slurmctld.pid"); sleep 30
                kill -CONT $(cat "$cluster/slurmctld.pid")
                wait $sweep; echo "status $?"
                """)
            #expect(ended.output.contains("status 0"), "\(ended.output)\(ended.errors)")
            #expect(ended.output.contains("asking again"), "\(ended.output)")
            #expect(!ended.output.contains("FAILED"), "\(ended.output)")
            #expect(try cluster.starts() == ["1": 1, "2": 1])
        }
    }

    @Test func manySmallRunsShareTasksAndFewCalls() async throws {
        let recipe = SlurmCluster.recipe("true", seeds: 60)
        try await SlurmCluster.with(["r.yaml": recipe], site: ", runs_per_task: 15, poll: 60s") {
            cluster in
            // A wrapper of each program of Slurm counts its calls.
            let ended = try await cluster.shell(
                """
                sed -i 's/poll: 1s, //' viseme.yaml
                mkdir bin; for p in sbatch squeue scontrol sacct scancel; do
                    printf '#!/bin/sh\\necho %s >> %s/calls\\nexec %s "$@"\\n' $p "$PWD" "$(command -v $p)" > bin/$p
                done; chmod +x bin/*
                PATH=$PWD/bin:$PATH "$0" sweep r.yaml --on slurm --results 'my 100% results'; echo "status $?"
                sort calls | uniq -c; ls my*/r/slurm/*.log | wc -l
                """)
            #expect(ended.output.contains("status 0"), "\(ended.output)\(ended.errors)")
            #expect(
                ended.output.contains(/1 sbatch\n4\n/), "one submission, 4 tasks: \(ended.output)")
            #expect(try cluster.starts().values.allSatisfy { $0 == 1 })
        }
    }

    /// The last task of an array has the array's own number; a trainer may answer SIGTERM with a
    /// status of its own.
    @Test func oneTaskIsPutBackAloneAndAGracefulTrainerHasNotFailed() async throws {
        let recipe = SlurmCluster.recipe(
            "trap \"exit 143\" TERM; sleep {seed}00 & wait $!", seeds: 2)
        try await SlurmCluster.with(["r.yaml": recipe]) { cluster in
            let ended = try await cluster.shell(
                """
                "$0" sweep r.yaml --on slurm --detach
                until [ "$(wc -l < started)" = 2 ]; do sleep 0.1; done 2> /dev/null; sleep 0.5
                last=$(squeue --noheader --format=%F | head -1); scancel --batch --signal=USR1 ${last}_1; sleep 4
                squeue --noheader --array --format='%K %T' | sort
                scontrol requeue ${last}_0; sleep 4
                ls results/r/failed 2> /dev/null | wc -l; "$0" status r.yaml
                "$0" cancel r.yaml
                """)
            #expect(
                ended.output.contains("0 RUNNING\n1 PENDING\n"), "\(ended.output)\(ended.errors)")
            #expect(ended.output.contains("\n0\n"), "no failure is recorded: \(ended.output)")
        }
    }

    @Test func aPersonsOwnViewOfTheQueueMisleadsNobody() async throws {
        let recipe = SlurmCluster.recipe("sleep 2", seeds: 6)
        try await SlurmCluster.with(["r.yaml": recipe], site: ", array_limit: 1") { cluster in
            let ended = try await cluster.shell(
                """
                export SQUEUE_STATES=RUNNING SQUEUE_USERS=nobody SQUEUE_FORMAT=%i SBATCH_JOB_NAME=mine
                "$0" sweep r.yaml --on slurm; echo "status $?"
                """)
            #expect(ended.output.contains("status 0"), "\(ended.output)\(ended.errors)")
            #expect(try cluster.starts().values.allSatisfy { $0 == 1 })
        }
    }

    @Test func runsOfAWorkerThatIsGoneAreSubmitted() async throws {
        let recipe = SlurmCluster.recipe("test -e $VISEME_RECIPE_FOLDER/go || sleep 60", seeds: 2)
        try await SlurmCluster.with(["r.yaml": recipe]) { cluster in
            let ended = try await cluster.shell(
                """
                "$0" sweep r.yaml --plan-only > /dev/null
                "$0" work results/r --jobs 2 > work.txt 2>&1 & worker=$!
                until [ "$(wc -l < started)" = 2 ]; do sleep 0.1; done 2> /dev/null
                "$0" sweep r.yaml --on slurm 2>&1 & sweep=$!
                sleep 2; touch go; kill -KILL $worker
                wait $sweep; echo "status $?"
                """)
            #expect(ended.output.contains("2 queued or being trained, 0 submitted"))
            #expect(ended.output.contains("status 0"), "\(ended.output)\(ended.errors)")
        }
    }

    @Test func theSameFailureOfTheFirstRunsEndsTheJobs() async throws {
        let recipe = SlurmCluster.recipe("exit 3", seeds: 40)
        try await SlurmCluster.with(["r.yaml": recipe], site: ", array_limit: 2") { cluster in
            let ended = try await cluster.shell(
                """
                "$0" sweep r.yaml --on slurm; echo "status $?"; wc -l < started
                "$0" sweep r.yaml --on slurm --force; echo "status $?"
                """)
            #expect(ended.output.contains("status 1"), "\(ended.output)\(ended.errors)")
            #expect(ended.errors.contains("runs failed for one reason: ended with exit status 3"))
            #expect(try cluster.starts().count < 20, "\(ended.output)")
            #expect(ended.output.contains("status 2"))
            #expect(ended.errors.contains("--force: not with --on slurm"))
        }
    }
}
