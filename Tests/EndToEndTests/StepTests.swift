import Foundation
import RunStore
import Studies
import Testing

/// Metrics that are counted by steps.
@Suite struct StepTests {
    private let nan = Double.nan

    private func histories(_ found: RunFileContents) -> [String: [Double]] {
        Dictionary(uniqueKeysWithValues: found.histories.map { ($0.name, $0.values) })
    }

    private func isSame(_ a: [Double]?, _ b: [Double]) -> Bool {
        a?.count == b.count && zip(a ?? [], b).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN }
    }

    /// Sources that report at different steps are joined by the step.
    @Test func sourcesAreJoinedByTheirSteps() async throws {
        let program = try Program([
            "r.yaml": """
            trainer: {command: [sh, train.sh]}
            metrics:
              stdout: ['^step (?<step>\\d+) loss (?<loss>\\S+)']
              file: val.csv
              axis: step
            sweep: {seed: [1]}
            metric: {name: val_loss, goal: minimize}
            """,
            "train.sh": """
            printf 'step 0 loss 4\nstep 10 loss 3\nstep 20 loss 2\nstep 30 loss 1\n'
            printf 'global_step,val_loss\n20,0.5\n40,0.75\n' > val.csv
            """,
        ])
        defer { program.close() }
        let swept = try await program.run("sweep", "r.yaml")
        #expect(swept.status == .exited(0), "\(swept.errors)")
        #expect(swept.output.contains("val_loss 0.5000 at step 20 of 40"), "\(swept.output)")
        let record = try program.record("seed=1")
        let found = histories(record)
        #expect(record.axis == .step && record.best?.step == 20)
        #expect(found["step"] == [0, 10, 20, 30, 40])
        #expect(isSame(found["loss"], [4, 3, 2, 1, nan]))
        #expect(isSame(found["val_loss"], [nan, nan, 0.5, nan, 0.75]))
        #expect(try await program.run("verify", "r.yaml").status == .exited(0))
        let report = try program.text("results/r/report.md")
        #expect(report.contains("best step") && !report.contains("epoch"), "\(report)")
    }

    /// A program's own lines may be counted by steps, and go on where a checkpoint was.
    @Test func linesOfAProgramMayHaveSteps() async throws {
        let program = try Program([
            "r.yaml": """
            trainer: {command: [sh, train.sh], trace: false}
            metrics: {axis: step}
            set: {steps: 300}
            sweep: {seed: [1]}
            metric: {name: loss, goal: minimize}
            """,
            "train.sh": """
            state="$VISEME_CHECKPOINTS/step"; mkdir -p "$VISEME_CHECKPOINTS"
            step=$(cat "$state" 2>/dev/null || echo 0); start=$step
            while [ "$step" -lt 300 ]; do
              step=$((step + 100)); echo "{\\"step\\": $step, \\"loss\\": 0.$((400 - step))}" >> "$VISEME_METRICS"
              if [ "$step" = 100 ]; then echo 100 > "$state"; fi
              if [ "$start" = 0 ] && [ "$step" = 200 ]; then exit 3; fi
            done
            """,
        ])
        defer { program.close() }
        let swept = try await program.run("sweep", "r.yaml", "--retries", "1")
        #expect(swept.status == .exited(0), "\(swept.errors)")
        let found = histories(try program.record("seed=1"))
        #expect(found == ["step": [100, 200, 300], "loss": [0.3, 0.2, 0.1]])
        let wrong = try Program([
            "r.yaml": try program.text("r.yaml"),
            "train.sh": "echo '{\"epoch\": 1, \"loss\": 2}' >> \"$VISEME_METRICS\"",
        ])
        defer { wrong.close() }
        let refused = try await wrong.run("sweep", "r.yaml")
        #expect(
            refused.output.contains("line 1: step has to be a whole number"), "\(refused.output)")
    }

    /// The run file has all steps; the sweep file has at most 10,000 of a run, and the same report
    /// comes from both.
    @Test func longHistoriesAreThinnedBesideEachOther() async throws {
        let program = try Program([
            "r.yaml": """
            trainer: {command: [awk, -f, train.awk, -v, "seed={seed}"]}
            metrics: {stdout: ['^(?<step>\\d+) loss (?<loss>\\S+)', ' val (?<val>\\S+)']}
            sweep: {seed: [1, 2]}
            metric: {name: val, goal: minimize}
            """,
            "train.awk": """
            BEGIN { for (s = 0; s < 30000; s++) printf "%d loss %.6f%s\\n", s, 1 / (s + seed),
              s % 1000 == 7 ? sprintf(" val %.6f", (s - 12007) * (s - 12007) / 1e6 + seed) : "" }
            """,
        ])
        defer { program.close() }
        let swept = try await program.run("sweep", "r.yaml")
        #expect(swept.status == .exited(0), "\(swept.errors)")
        let record = try program.record("seed=1")
        #expect(record.histories.map(\.values.count) == [30_000, 30_000, 30_000])
        #expect(record.best?.step == 12_007 && record.best?.value == 1)
        let csv = try await program.run("export", "results/r", "--histories", "h.csv")
        #expect(csv.status == .exited(0), "\(csv.errors)")
        let lines = try program.text("h.csv").split(separator: "\n")
        #expect(lines[0].hasSuffix("step,elapsed,loss,val"))
        #expect(lines.count > 15_000 && lines.count <= 20_001, "\(lines.count)")
        // What is reported rarely stays whole.
        #expect(lines.dropFirst().count { !$0.hasSuffix(",nan") } == 60)
        let report = try program.text("results/r/report.md")
        try FileManager.default.removeItem(
            at: program.folder.appending(path: "results/r/sweep.h5"))
        #expect(try await program.run("report", "results/r").status == .exited(0))
        #expect(try program.text("results/r/report.md") == report)
        let runs = try await program.run("export", "results/r:1", "--csv", "run.csv")
        #expect(runs.status == .exited(0), "\(runs.errors)")
        #expect(try program.text("run.csv").split(separator: "\n").count == 30_001)
    }

    /// A script that counts from 0 goes on counting so when it resumes.
    @Test func aResumedScriptThatCountsFromZeroKeepsItsRows() async throws {
        let program = try Program([
            "r.yaml": """
            trainer: {command: [sh, train.sh], trace: false}
            metrics: {stdout: 'epoch (?<epoch>\\d+) loss (?<loss>\\S+)'}
            sweep: {seed: [1]}
            metric: {name: loss, goal: minimize}
            """,
            "train.sh": """
            state="$VISEME_CHECKPOINTS/next"; mkdir -p "$VISEME_CHECKPOINTS"
            epoch=$(cat "$state" 2>/dev/null || echo 0); start=$epoch
            while [ "$epoch" -lt 5 ]; do
              echo "epoch $epoch loss $((9 - epoch))"; epoch=$((epoch + 1)); echo $epoch > "$state"
              if [ "$start" = 0 ] && [ "$epoch" = 3 ]; then sleep 1; exit 3; fi
            done
            """,
        ])
        defer { program.close() }
        let swept = try await program.run("sweep", "r.yaml", "--retries", "1")
        #expect(swept.status == .exited(0), "\(swept.errors)")
        let found = histories(try program.record("seed=1"))
        #expect(
            isSame(found["loss"], [9, 8, nan, 6, 5]) || isSame(found["loss"], [9, 8, 7, 6, 5]))
    }

    /// Event files have steps and no epochs; folders are called by what is below their common folder.
    @Test func eventFilesOfSeveralFoldersHaveStableNames() async throws {
        func events(_ name: String, _ values: [Double], _ steps: [Int]) -> [UInt8] {
            TensorBoardFile.bytes(
                [History(name: name, values: values)], steps: steps, ends: [1], started: 0)
        }
        let program = try Program([
            "r.yaml": """
            trainer:
              command: [sh, -c, 'd=runs/$(date +%b%d_%H-%M-%S)$$; mkdir -p $d; cp -r "$VISEME_RECIPE_FOLDER"/made/* $d']
            metrics: {file: 'runs/**/*tfevents*'}
            sweep: {seed: [1]}
            metric: {name: val/loss, goal: minimize}
            """
        ])
        defer { program.close() }
        for (folder, steps) in [("train", [10, 20, 30]), ("val", [15, 30])] {
            let place = program.folder.appending(path: "made/\(folder)")
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            try Data(events("loss", steps.map { 60 / Double($0) }, steps)).write(
                to: place.appending(path: "events.out.tfevents.1"))
        }
        let swept = try await program.run("sweep", "r.yaml")
        #expect(swept.status == .exited(0), "\(swept.errors)")
        let found = histories(try program.record("seed=1"))
        #expect(found["step"] == [10, 15, 20, 30])
        #expect(isSame(found["train/loss"], [6, nan, 3, 2]))
        #expect(isSame(found["val/loss"], [nan, 4, nan, 2]))
        #expect(try await program.run("verify", "r.yaml").status == .exited(0))
    }
}
