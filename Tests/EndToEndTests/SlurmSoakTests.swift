import Foundation
import Testing

/// The long half of the checks on a cluster: `make soak` runs all of it.
extension SlurmTests {
    private static var isSoak: Bool {
        ProcessInfo.processInfo.environment["VISEME_SLURM"] == "all"
    }
    private static var kills: Int {
        ProcessInfo.processInfo.environment["VISEME_SLURM_KILLS"].flatMap { Int($0) } ?? 20
    }

    /// Followers, workers and daemons are killed in turn, and started again as a person and an
    /// administrator would.
    @Test func whateverIsKilledOnTheClusterNothingIsLost() async throws {
        let epochs = SlurmTests.kills * 50
        let study =
            "'\(Program.tiny)' 'lr=[0.01]' 'seed=[1,2,3,4]' epoch=\(epochs) checkpoint_every=1"
        try await SlurmCluster.with { cluster in
            let ended = try await cluster.shell(
                """
                RANDOM=1; follower=; kills=0
                follow() {
                    kill -0 $follower 2> /dev/null && return
                    "$0" sweep \(study) --on slurm >> out.txt 2>&1 & follower=$!
                }
                # Children of this cluster's tasks alone.
                workers() { pgrep -f "viseme work(er)? $PWD/results/" ; }
                follow
                for kill in $(seq \(SlurmTests.kills)); do
                    sleep 0.$((RANDOM % 10)); sleep 1
                    [ "$(ls results/tiny/runs | wc -l)" = 4 ] && break
                    case $((RANDOM % 4)) in
                        0) kill -KILL $follower ;;
                        1|2) victim=$(workers | shuf -n 1); [ -z "$victim" ] && continue
                             kill -KILL $victim ;;
                        3) node=n$((1 + RANDOM % 2)); kill -KILL $(cat "$cluster/slurmd-$node.pid")
                           slurmd -N $node > /dev/null 2>&1 ;;
                    esac
                    kills=$((kills + 1))
                    follow
                done 2> /dev/null
                for attempt in $(seq 20); do
                    wait $follower; status=$?; echo "follower ended with $status"
                    [ $status = 0 ] && break
                    follow
                done
                tail -n 5 out.txt
                "$0" sweep \(study) --results whole > whole.txt 2>&1
                cmp results/tiny/digests.txt whole/tiny/digests.txt && echo the same
                ls results/tiny/set-aside 2> /dev/null | wc -l
                echo "$kills kills"
                """, seconds: 120 + SlurmTests.kills * 12)
            #expect(ended.output.contains("the same\n0\n"), "\(ended.output)\(ended.errors)")
            let count = ended.output.firstMatch(of: /([0-9]+) kills/).flatMap { Int($0.1) } ?? 0
            #expect(count >= SlurmTests.kills / 2, "\(ended.output)")
        }
    }

    @Test(.enabled(if: isSoak, "a part of make soak"))
    func wallTimeIsAsGoodAsAnyOtherStop() async throws {
        let long = "'\(Program.tiny)' 'lr=[0.01]' 'seed=[1]' epoch=6000"
        try await SlurmCluster.with(site: ", notice: 10s, options: [\"--time=1\"]") { cluster in
            let ended = try await cluster.shell(
                """
                "$0" sweep \(long) --on slurm > out.txt 2>&1 & sweep=$!
                while kill -0 $sweep 2> /dev/null; do
                    job=$(squeue --noheader --states=PENDING --format=%A)
                    [ -z "$job" ] || begin $job
                    sleep 1
                done
                wait $sweep; echo "status $?"; cat out.txt results/tiny/slurm/*.log
                "$0" sweep \(long) --results whole > whole.txt 2>&1
                cmp results/tiny/digests.txt whole/tiny/digests.txt && echo the same
                """, seconds: 1200)
            #expect(ended.output.contains("status 0"), "\(ended.output)\(ended.errors)")
            #expect(ended.output.contains("the job is about to end"), "\(ended.output)")
            #expect(ended.output.hasSuffix("the same\n"), "\(ended.output)")
        }
    }

    /// Its step outlives it, and the job is put back into the queue: the lease decides.
    @Test(.enabled(if: isSoak, "a part of make soak"))
    func aNodeThatIsLostCostsNoRun() async throws {
        let recipe = SlurmCluster.recipe("sleep 30", seeds: 2)
        try await SlurmCluster.with(["r.yaml": recipe]) { cluster in
            let ended = try await cluster.shell(
                """
                "$0" sweep r.yaml --on slurm > out.txt 2>&1 & sweep=$!
                until [ "$(cat started | wc -l)" = 2 ]; do sleep 0.1; done 2> /dev/null
                kill -KILL $(cat "$cluster/slurmd-n1.pid")
                until [ "$(sinfo --noheader --nodes=n1 --format=%T)" = "down*" ]; do sleep 1; done
                wait $sweep; echo "status $?"; cat out.txt; sort started
                """, seconds: 600)
            #expect(ended.output.contains("status 0"), "\(ended.output)\(ended.errors)")
            #expect(try cluster.starts() == ["1": 1, "2": 1])
        }
    }

    @Test(.enabled(if: isSoak, "a part of make soak"))
    func threeHundredSmallRunsTakeUnderAMinute() async throws {
        let recipe = SlurmCluster.recipe("true", seeds: 300)
        try await SlurmCluster.with(["r.yaml": recipe], site: ", runs_per_task: 50") { cluster in
            let ended = try await cluster.shell(
                """
                SECONDS=0; "$0" sweep r.yaml --on slurm > out.txt 2>&1; echo "status $? after $SECONDS s"
                [ $SECONDS -lt 60 ] && echo in time
                """)
            #expect(ended.output.contains("status 0"), "\(ended.output)\(ended.errors)")
            #expect(ended.output.contains("in time"), "\(ended.output)")
            #expect(try cluster.starts().count == 300)
        }
    }
}
