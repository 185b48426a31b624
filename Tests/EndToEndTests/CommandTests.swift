import Foundation
import RunStore
import Testing

/// A trainer in the shell's language: its first argument is how it behaves.
let shellTrainer = """
    say() { echo "$1" >> "$VISEME_METRICS"; }
    case "$1" in
      well) for epoch in 1 2 3; do say "{\\"epoch\\": $epoch, \\"val_accuracy\\": 0.$VISEME_SEED$epoch}"; done ;;
      garbage) echo about to fail; say garbage; sleep 60 ;;
      repeat) say '{"epoch": 1, "a": 1}'; say '{"epoch": 1, "a": 2}' ;;
      nan) say '{"epoch": 1, "train_loss": NaN, "val_accuracy": 0.5}' ;;
      hang) trap '' TERM; echo hanging; : > "$VISEME_RECIPE_FOLDER/hangs"; while :; do sleep 0.1; done ;;
      polite) trap 'exit 0' TERM; say '{"epoch": 1, "val_accuracy": 0.5}'; while :; do sleep 0.05; done ;;
      fork) sleep 1000 & echo $! > child
        if command -v setsid > /dev/null; then setsid sh -c 'echo $$ > escaped; exec sleep 1000' & sleep 0.3; fi
        say '{"epoch": 1, "val_accuracy": 0.5}' ;;
      flood) head -c ${FLOOD:-200000000} /dev/zero | tr '\\0' x; echo; echo the end; exit 3 ;;
      delete) say '{"epoch": 1, "val_accuracy": 0.5}'; rm -rf "$PWD"; rm -f "$VISEME_METRICS" ;;
      signal) kill -SEGV $$ ;;
      memory) head -c 300000000 /dev/zero | tail -c 299999999 | sleep 30 ;;
      weights) cp "$WEIGHTS" "$VISEME_WEIGHTS"; say '{"epoch": 1, "val_accuracy": 1}' ;;
      broken) echo nonsense > "$VISEME_WEIGHTS" ;;
      random) say '{"epoch": 1, "val_accuracy": 0.5}'; say "{\\"epoch\\": 2, \\"val_accuracy\\": 0.$(date +%N)}" ;;
      slow) for epoch in 1 2 3 4 5 6 7 8 9; do
          say "{\\"epoch\\": $epoch, \\"val_accuracy\\": 0.$epoch}"
          while [ $epoch = 3 ] && [ ! -e "$VISEME_RECIPE_FOLDER/go" ]; do sleep 0.05; done
        done ;;
      kept) mkdir -p "$VISEME_CHECKPOINTS"
        epoch=$(cat "$VISEME_CHECKPOINTS/epoch" 2>/dev/null || echo 0)
        while [ $epoch -lt 6 ]; do
          epoch=$((epoch + 1)); sleep 0.03
          say "{\\"epoch\\": $epoch, \\"val_accuracy\\": 0.$VISEME_SEED$epoch}"
          echo $epoch > "$VISEME_CHECKPOINTS/new"; mv "$VISEME_CHECKPOINTS/new" "$VISEME_CHECKPOINTS/epoch"
        done ;;
      nothing) ;;
    esac
    """

/// A study that behaves in these ways. What is `slow` waits after its third epoch for a file `go`
/// beside the recipe.
func study(_ ways: [String], seeds: String = "42", more: String = "") throws -> Program {
    try Program([
        "train.sh": shellTrainer,
        "r.yaml": """
        trainer: {command: [sh, train.sh, "{way}"]}
        sweep: {way: [\(ways.joined(separator: ", "))], seed: [\(seeds)]}

        """ + more,
    ])
}

/// Waits for a state that comes by itself, two minutes at the most.
func eventually(_ isSo: () async throws -> Bool) async throws {
    for _ in 0..<2400 {
        if try await isSo() { return }
        try await Task.sleep(for: .milliseconds(50))
    }
    throw CocoaError(.coderValueNotFound)
}

extension Program {
    /// Lets `slow` trainers go on.
    func go() throws { try Data().write(to: folder.appending(path: "go")) }

    func record(_ label: String, study: String = "r") throws -> RunFileContents {
        let folder = StudyFolder(folder.appending(path: "results/\(study)"))
        let run = try #require(try folder.readPlan().runs.first { $0.label == label })
        return try RunFile.read(folder.runFile(run.id))
    }
}

@Test func anyProgramCanBeTheTrainerAndItsValuesAreArguments() async throws {
    let program = try Program([
        "my trainer.sh": """
        printf '%s\\n' "$@" > arguments.txt
        echo "$VISEME_CONFIG" > config.json
        echo "{\\"epoch\\": 1, \\"val_accuracy\\": 0.$VISEME_SEED, \\"f1\\": 0.9, \\"seconds\\": $(date +%s%N)}" >> "$VISEME_METRICS"
        echo "threads $OMP_NUM_THREADS, hash seed $PYTHONHASHSEED"
        """,
        "r.yaml": """
        trainer: {command: [sh, "./my trainer.sh", "{text}", "--lr={lr}"]}
        metrics: {exclude: [seconds]}
        set: {text: "a 'b' \\"c\\" $HOME ; rm -rf x", optimizer: {name: sgd}}
        sweep: {lr: [0.1, 1e-3], seed: [1, 2]}
        """,
    ])
    defer { program.close() }
    let ending = try await program.run("sweep", "r.yaml", "-j1")
    #expect(ending.status == .exited(0), "\(ending.errors)")
    #expect(ending.output.contains("val_accuracy 0.2000 at epoch 1 of 1"))
    let folder = StudyFolder(program.folder.appending(path: "results/r"))
    let run = try #require(try folder.readPlan().runs.last)
    let work = "results/r/work/\(run.id)/"
    #expect(
        try program.text(work + "arguments.txt") == "a 'b' \"c\" $HOME ; rm -rf x\n--lr=0.001\n")
    #expect(try program.text(work + "config.json").contains(#""optimizer":{"name":"sgd"}"#))
    let record = try program.record("lr=0.001,seed=2")
    #expect(record.output == "threads 1, hash seed 0")
    #expect(record.histories.map(\.name) == ["f1", "seconds", "val_accuracy"])
    #expect(record.provenance.command.count == 4 && record.provenance.tries == 1)
    let digests = try program.text("results/r/digests.txt")
    let again = try await program.run("sweep", "r.yaml")
    #expect(again.output.contains("4 runs, 4 stored, 0 to train"))
    let verified = try await program.run("verify", "r.yaml")
    #expect(
        verified.status == .exited(0) && verified.output.contains("4 compared, 0 differ"),
        "\(verified.output)")
    // Another judge takes nothing but another look.
    let recipe = try program.text("r.yaml") + "\nmetric: {name: f1, goal: minimize}\n"
    try Data(recipe.utf8).write(to: program.folder.appending(path: "r.yaml"))
    let judged = try await program.run("sweep", "r.yaml")
    #expect(judged.output.contains("4 runs, 4 stored, 0 to train"))
    #expect(try program.text("results/r/digests.txt") == digests)
    #expect(try program.text("results/r/report.md").contains("Best by mean `f1` (minimize)"))
}

@Test func badBehaviourIsAFailureWithItsReasonAndStopsNobodyElse() async throws {
    let program = try study([
        "well", "garbage", "repeat", "nan", "flood", "delete", "signal", "broken", "nothing",
    ])
    defer { program.close() }
    let ending = try await program.run("sweep", "r.yaml", "--timeout", "90s")
    #expect(ending.status == .exited(1))
    for line in [
        "way=well,seed=42  val_accuracy 0.4230 at epoch 3 of 3",
        "way=garbage,seed=42  FAILED: its metrics, line 1: is not a JSON object of numbers: garbage",
        "way=repeat,seed=42  FAILED: its metrics, line 2: epoch 1 reports a twice",
        "way=nan,seed=42  diverged in epoch 1",
        "way=flood,seed=42  FAILED: ended with exit status 3",
        "way=delete,seed=42  FAILED: its metrics, line 1: the file was removed while the program ran",
        "way=signal,seed=42  FAILED: killed by signal 11 (SIGSEGV)",
        "way=broken,seed=42  FAILED: ", "the weights that the trainer wrote:",
        "way=nothing,seed=42  no metrics reported",
        "        about to fail", "        the end",
    ] { #expect(ending.output.contains(line), "\(line)\n\(ending.output)") }
    #expect(ending.errors.contains("6 of 9 runs failed"))
    let status = try await program.run("status", "results/r")
    #expect(status.output.contains("last output of way=flood,seed=42:"), "\(status.output)")
    #expect(status.output.contains("3 completed, 6 failed"))
    let report = try program.text("results/r/report.md")
    #expect(report.contains("**failed**: killed by signal 11") && report.contains("about to fail"))
    // What failed is tried again, and nothing else.
    let again = try await program.run("sweep", "r.yaml", "--only", "way=signal", "--retries", "1")
    #expect(
        again.output.contains("1 of 9 runs, 0 stored, 1 to train")
            && again.output.contains("trying again"))
    #expect(try await program.run("check", "results/r").status == .exited(0))
}

@Test func aTrainerThatNeverEndsIsKilledAfterItsTimeAndItsGrace() async throws {
    let program = try study(["hang"])
    defer { program.close() }
    let ending = try await program.run("sweep", "r.yaml", "--timeout", "0.5s", "--grace", "0.5s")
    #expect(ending.status == .exited(1))
    #expect(
        ending.output.contains("FAILED: ran longer than 0.5 seconds (--timeout)"),
        "\(ending.output)")
    #expect(ending.output.contains("        hanging"))
}

@Test func aTrainerThatEndsPolitelyWhenToldHasNotSucceeded() async throws {
    let program = try study(["polite"])
    defer { program.close() }
    let late = try await program.run("sweep", "r.yaml", "--timeout", "1s")
    #expect(
        late.status == .exited(1) && late.output.contains("FAILED: ran longer than 1.0 seconds"),
        "\(late.output)")
    let script = """
        rm -f results/r/running/*.jsonl; "$0" sweep r.yaml & sweep=$!; for i in {1..300}; do grep -qs epoch results/r/running/*.jsonl && break; sleep 0.1; done
        kill -INT $sweep; wait $sweep; echo "status $?"
        """
    let stopped = try await program.run(command: ["bash", "-mc", script, Program.url.path])
    #expect(stopped.output.contains("status 130"), "\(stopped.output)")
    #expect(stopped.errors.contains("stopping: waiting for runs"))
    #expect(
        try await program.run("status", "results/r").output.contains(
            "1 failed; no sweep is running"))
    #expect(try program.text("results/r/digests.txt").isEmpty)
}

@Test func triesOfEarlierSweepsAreRemembered() async throws {
    let trainer =
        "[ -e \"$VISEME_RECIPE_FOLDER/go\" ] || exit 4; echo '{\"epoch\": 1, \"val_accuracy\": 1}' >> \"$VISEME_METRICS\""
    let program = try Program(["t.sh": trainer, "r.yaml": "trainer: {command: [sh, t.sh]}\n"])
    defer { program.close() }
    #expect(try await program.run("sweep", "r.yaml").status == .exited(1))
    try program.go()
    #expect(try await program.run("sweep", "r.yaml").status == .exited(0))
    let provenance = try program.record("seed=42").provenance
    #expect(provenance.tries == 2 && provenance.failures == ["ended with exit status 4"])
    #expect(try program.text("results/r/report.md").contains("2 (ended with exit status 4)"))
}

@Test func aReaderWhoHasSeenEnoughDoesNotEndTheSweep() async throws {
    let program = try study(["well", "nan", "kept"])
    defer { program.close() }
    let script = "\"$0\" sweep r.yaml -j1 2>&1 | true; echo \"status ${PIPESTATUS[0]}\""
    let ending = try await program.run(command: ["bash", "-c", script, Program.url.path])
    #expect(ending.output.contains("status 0"), "\(ending.output)")
    #expect(try program.text("results/r/digests.txt").split(separator: "\n").count == 3)
}

#if os(Linux)
    @Test func whatATrainerLeavesBehindEndsWithIt() async throws {
        let program = try study(["fork"])
        defer { program.close() }
        let ending = try await program.run("sweep", "r.yaml")
        #expect(ending.status == .exited(0), "\(ending.errors)")
        let folder = StudyFolder(program.folder.appending(path: "results/r"))
        let run = try #require(try folder.readPlan().runs.first)
        for name in Program.has("setsid") ? ["child", "escaped"] : ["child"] {
            let left = try program.text("results/r/work/\(run.id)/\(name)")
            let child = left.trimmingCharacters(in: .whitespacesAndNewlines)
            try await Task.sleep(for: .milliseconds(200))
            let state = (try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8)) ?? ""
            #expect(state.isEmpty || state.contains(") Z "), "\(name): \(state)")
        }
    }

    @Test func aRunThatTakesTooMuchMemoryIsEnded() async throws {
        let program = try study(["memory"])
        defer { program.close() }
        let ending = try await program.run("sweep", "r.yaml", "--memory", "100M")
        #expect(ending.status == .exited(1))
        #expect(
            ending.output.contains("of memory, more than 100 MB (--memory)"), "\(ending.output)")
    }

    @Test func theProgramsOfAKilledSweepEndWithTheNextAndTheirRunsComeAgain() async throws {
        let program = try study(["slow", "well"])
        defer { program.close() }
        let folder = StudyFolder(program.folder.appending(path: "results/r"))
        func trainers() async throws -> Int {
            let found = try await program.run(command: [
                "pgrep", "-fc", "\(program.folder.lastPathComponent)/train.sh slow",
            ])
            return Int(found.output.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
        }
        func status() async throws -> String { try await program.run("status", "results/r").output }
        let victim = try Victim(program, ["sweep", "r.yaml"])
        try await eventually { try await status().contains("epoch 3, val_accuracy") }
        victim.kill()
        // It waits on, for nobody. A shell that forks is counted twice for a moment.
        try await eventually { try await trainers() == 1 }
        try await eventually { try await status().contains("stopped after epoch 3") }
        let next = try Victim(program, ["sweep", "r.yaml"])
        try await eventually { try await status().contains("epoch 3, val_accuracy") }
        // It was ended before its run came again.
        try await eventually { try await trainers() == 1 }
        try program.go()
        next.process.waitUntilExit()
        #expect(next.process.terminationStatus == 0)
        #expect(try program.record("way=slow,seed=42").histories[0].values.count == 9)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.running.path).isEmpty)
    }
#endif

@Test func weightsThatATrainerLeavesAreStored() async throws {
    let weights = Program.package.appending(path: "Tests/Golden/types.safetensors").path
    let program = try study(["weights"])
    defer { program.close() }
    let ending = try await program.run("sweep", "r.yaml", environment: ["WEIGHTS": weights])
    #expect(ending.status == .exited(0), "\(ending.errors)\(ending.output)")
    let stored = try program.record("way=weights,seed=42").weights
    #expect(stored.count == 11 && stored.first { $0.name == "half" }?.dtype == "F16")
    #expect(stored.first { $0.name == "double" }?.elements == .float64([0.1, -1e300]))
    let none = try await program.run(
        "sweep", "r.yaml", "--force", environment: ["WEIGHTS": weights])
    #expect(none.status == .exited(0))
}

@Test func aTrainerThatIsNotDeterministicIsNamedWithTheFirstDifference() async throws {
    let program = try study(["well", "random"])
    defer { program.close() }
    _ = try await program.run("sweep", "r.yaml")
    let ending = try await program.run("verify", "r.yaml")
    #expect(ending.status == .exited(3))
    #expect(
        ending.output.contains("way=random,seed=42: differs first in epoch 2, val_accuracy: "),
        "\(ending.output)")
    #expect(ending.output.contains("2 runs trained again, 2 compared, 1 differ"))
    #expect(ending.errors.contains("is not deterministic"))
    let recorded = try await program.run("verify", "r.yaml", "--record")
    #expect(
        recorded.status == .exited(3) && recorded.errors.contains("nothing is recorded"),
        "\(recorded.errors)")
}

@Test func graphicsProcessorsAreHandedOutOneRunEach() async throws {
    let trainer = """
        echo "{\\"epoch\\": 1, \\"device\\": $CUDA_VISIBLE_DEVICES}" >> "$VISEME_METRICS"; sleep 0.5
        """
    let program = try Program([
        "t.sh": trainer,
        "r.yaml": "trainer: {command: [sh, t.sh]}\nresources: {gpus: 1}\nsweep: {seed: [1, 2]}\n",
    ])
    defer { program.close() }
    let none = try await program.run("sweep", "r.yaml", environment: ["CUDA_VISIBLE_DEVICES": ""])
    #expect(
        none.status == .exited(2) && none.errors.contains("this machine has 0"), "\(none.errors)")
    let ending = try await program.run(
        "sweep", "r.yaml", environment: ["CUDA_VISIBLE_DEVICES": "3,5"])
    #expect(ending.status == .exited(0), "\(ending.errors)")
    let devices = try [1, 2].map { try program.record("seed=\($0)").histories[0].values[0] }
    #expect(devices.sorted() == [3, 5])
    #expect(try ["3", "5"].contains(program.record("seed=1").provenance.gpus))
}

@Test func onlyVariablesThatAreNamedAreRecorded() async throws {
    let program = try study(["well"], more: "record_env: [SHOWN]\n")
    defer { program.close() }
    let ending = try await program.run(
        "sweep", "r.yaml", environment: ["SHOWN": "seen-by-all", "API_TOKEN": "s3cr3t-t0ken"])
    #expect(ending.status == .exited(0))
    #expect(
        try program.record("way=well,seed=42").provenance.environment == ["SHOWN": "seen-by-all"])
    let found = try await program.run(command: [
        "grep", "-rlE", "s3cr3t-t0ken|API_TOKEN", "results",
    ])
    #expect(found.output.isEmpty, "\(found.output)")
}

@Test func aTrainerGoesOnFromWhatItKept() async throws {
    let trainer = """
        mkdir -p "$VISEME_CHECKPOINTS"
        epoch=$(cat "$VISEME_CHECKPOINTS/epoch" 2>/dev/null || echo 0)
        while [ $epoch -lt 6 ]; do
          epoch=$((epoch + 1))
          echo "{\\"epoch\\": $epoch, \\"val_accuracy\\": 0.$epoch}" >> "$VISEME_METRICS"
          echo $epoch > "$VISEME_CHECKPOINTS/epoch"
          [ $epoch = 3 ] && [ ! -e "$VISEME_CHECKPOINTS/died" ] && touch "$VISEME_CHECKPOINTS/died" && exit 9
        done
        exit 0
        """
    let program = try Program([
        "t.sh": trainer, "r.yaml": "trainer: {command: [sh, t.sh]}\nsweep: {seed: [1]}\n",
    ])
    defer { program.close() }
    let first = try await program.run("sweep", "r.yaml")
    #expect(first.status == .exited(1) && first.output.contains("ended with exit status 9"))
    let second = try await program.run("sweep", "r.yaml")
    #expect(second.status == .exited(0), "\(second.output)")
    #expect(try program.record("seed=1").histories[0].values == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    let left = try FileManager.default.contentsOfDirectory(
        atPath: program.folder.appending(path: "results/r/checkpoints").path)
    #expect(left.isEmpty)
}

@Test func theFirstFailureEndsTheOthersIfSoAsked() async throws {
    let program = try study(["slow", "repeat", "well"])
    defer { program.close() }
    let ending = try await program.run("sweep", "r.yaml", "--fail-fast", "--jobs", "2")
    #expect(ending.status == .exited(1), "\(ending.errors)")
    #expect(ending.output.components(separatedBy: "FAILED").count == 2, "\(ending.output)")
    #expect(ending.errors.contains("1 of 3 runs failed"))
    let states = try await program.run("status", "results/r").output
    #expect(states.contains("way=slow,seed=42    planned  stopped"), "\(states)")
    #expect(states.contains("2 planned, 1 failed"))
}
