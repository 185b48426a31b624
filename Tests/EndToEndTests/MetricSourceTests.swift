import Foundation
import RunStore
import Studies
import Testing

/// What tools print and write, and what is read of it: the text is what the tool printed.
struct Printed: Sendable, CustomTestStringConvertible {
    let source: String
    let text: String
    let judge: String
    /// By metric; NaN where an epoch has no value.
    let histories: [String: [Double]]
    var testDescription: String { source }

    init(_ source: String, _ text: String, judge: String, _ histories: [String: [Double]]) {
        (self.source, self.text, self.judge, self.histories) = (source, text, judge, histories)
    }
}

private let nan = Double.nan
private let printed = [
    Printed(
        "keras",
        "Epoch 1/2\n\r\u{1b}[1m 1/100\u{1b}[0m ━━━ 1s 9ms/step - accuracy: 0.1000 - loss: 2.3000\u{8}\u{8}\u{8}\u{8}\r\u{1b}[1m100/100\u{1b}[0m \u{1b}[32m━━━━\u{1b}[0m 1s 2ms/step - accuracy: 0.5000 - loss: 1.2000 - val_accuracy: 0.6100 - val_loss: 1.1e+00\nEpoch 2/2\n100/100 - 1s - 9ms/step - accuracy: 0.7000 - loss: 0.8000 - val_accuracy: 0.7100 - val_loss: nan\n13/13 ━━━ 0s 1ms/step - accuracy: 0.9900 - loss: 0.0100\n",
        judge: "val_accuracy",
        [
            "accuracy": [0.5, 0.7], "loss": [1.2, 0.8], "val_accuracy": [0.61, 0.71],
            "val_loss": [1.1, nan],
        ]),
    Printed(
        "huggingface",
        "\r 50%|#### | 5/10\r{'loss': '0.69', 'grad_norm': 0.5, 'epoch': 0.5}\n{'loss': 0.61, 'epoch': 1.0}\n{'eval_loss': 0.51, 'eval_runtime': 0.4, 'epoch': 1.0}\n{'eval_loss': 0.31, 'eval_runtime': 0.3, 'epoch': 2.0}\n{'train_runtime': 1.0, 'train_loss': 0.65, 'epoch': 2.0}\n",
        judge: "eval_loss",
        [
            "loss": [0.61, nan], "eval_loss": [0.51, 0.31], "grad_norm": [0.5, nan],
            "train_loss": [nan, 0.65],
        ]),
    Printed(
        "lightning",
        "Epoch 0:  50%|██  | 4/8 [00:00<00:00, 99.0it/s, v_num=0, train_loss=0.900]\rEpoch 0: 100%|████| 8/8 [00:00<00:00, v_num=0, train_loss=0.500, val_loss=0.450]\rEpoch 1: 100%|████| 8/8 [00:00<00:00, v_num=0, train_loss=0.400, val_loss=0.350]\n│        test_loss          │    0.3344    │\n",
        judge: "val_loss",
        [
            "train_loss": [0.5, 0.4], "val_loss": [0.45, 0.35],
            "test_loss": [nan, 0.3344],
        ]),
    Printed(
        "xgboost",
        "[0]\ttrain-rmse:70.1\tvalidation-rmse:75.25\n[1]\ttrain-rmse:60.5+0.2\tvalidation-rmse:66\n",
        judge: "validation-rmse",
        ["train-rmse": [70.1, 60.5], "validation-rmse": [75.25, 66]]),
    Printed(
        "lightgbm",
        "Training until validation scores don't improve for 2 rounds\n[1]\tvalid_0's l2: 0.5\n[3]\tvalid_0's l2: 0.25\nEarly stopping, best iteration is:\n[1]\tvalid_0's l2: 0.5\n",
        judge: "valid_0's l2", ["valid_0's l2": [0.5, nan, 0.25]]),
    Printed(
        "catboost",
        "0:\tlearn: 0.69\ttest: 0.70\tbest: 0.70 (0)\ttotal: 52ms\tremaining: 51s\n1:\tlearn: 0.60\ttest: 0.65\tbest: 0.65 (1)\ttotal: 60ms\tremaining: 49s\n",
        judge: "test", ["learn": [0.69, 0.6], "test": [0.7, 0.65], "best": [0.7, 0.65]]),
    Printed(
        "fastai",
        "epoch     train_loss  valid_loss  accuracy  time\n0         0.512       0.401       0.81      00:03\n1         0.412       0.301       0.91      00:03\n",
        judge: "valid_loss",
        ["train_loss": [0.512, 0.412], "valid_loss": [0.401, 0.301], "accuracy": [0.81, 0.91]]),
    Printed(
        "key=value",
        "lr=0.1 seed: 3\nlr=0.1\n 10%|# | 1/9 [loss=9]\r 20%|# | 2/9 [loss=8]\rtime=1:23 seen: 45/50 v=1.2.3\nepoch=1 loss=1,234.5 acc: 51.5%\n\u{1b}[32mEpoch 2\u{1b}[0m loss = 3e-2, acc: inf\n",
        judge: "loss",
        ["lr": [0.1, nan], "seed": [3, nan], "loss": [1234.5, 0.03], "acc": [51.5, .infinity]]),
    Printed(
        "key=value",
        "Namespace(lr=0.1, depth=3)\nconfig: lr=0.1\nEpoch 1 | Train Loss: 0.5 | Val Loss: 0.9\nstep=1k Epoch 2 | Train Loss: 0.4 | Val Loss: 0.8\nBest epoch=1 loss=7\n",
        judge: "Val_Loss", ["Train_Loss": [0.5, 0.4], "Val_Loss": [0.9, 0.8]]),
    // As PyTorch's examples print.
    Printed(
        "key=value",
        "Train Epoch: 1 [0/60000 (0%)]\tLoss: 2.300000\nTrain Epoch: 1 [640/60000 (1%)]\tLoss: 1.5\n\nTest set: Average loss: 0.0500, Accuracy: 9820/10000 (98%)\n\nTrain Epoch: 2 [0/60000 (0%)]\tLoss: 1.25\n\nTest set: Average loss: 0.0400, Accuracy: 9900/10000 (99%)\n",
        judge: "Average_loss",
        ["Loss": [1.5, 1.25], "Average_loss": [0.05, 0.04], "Accuracy": [0.982, 0.99]]),
    Printed(
        "key=value",
        "Epoch 1\n-------\nloss: 2.303494  [   64/60000]\nloss: 1.303494  [ 6464/60000]\nTest Error: \n Accuracy: 43.1%, Avg loss: 2.155 \n",
        judge: "Avg_loss", ["loss": [1.303494], "Accuracy": [43.1], "Avg_loss": [2.155]]),
    Printed(
        "key=value",
        "I1127 12:00:00.5 train.py:12] epoch 1: train loss 4.25, val loss 4.5\nINFO:root:epoch 2: train loss 3.25, val loss 3.5\n",
        judge: "val_loss", ["train_loss": [4.25, 3.25], "val_loss": [4.5, 3.5]]),
    Printed(
        #"Iteration (?P<epoch>\d+), loss = (?<loss>\S+)"#,
        "Iteration 1, loss = 2.5\nnoise\nIteration 2, loss = .5\nIteration 4, loss = -1e-3",
        judge: "loss",
        ["loss": [2.5, 0.5, nan, -0.001]]),
    Printed(
        #"val (?<val>[\d.]+)"#, "val 1.5\nval 2.5 val 3.5\n", judge: "val",
        ["val": [1.5, 2.5, 3.5]]),
]

private func recipe(_ metrics: String, _ judge: String, _ command: String = "[cat, out.txt]")
    -> String
{
    """
    trainer: {command: \(command), trace: false}
    metrics: \(metrics)
    sweep: {seed: [1]}
    metric: {name: "\(judge)", goal: minimize}
    """
}

private func expect(_ found: RunFileContents, _ histories: [String: [Double]]) {
    let names = Set(found.histories.map(\.name)).subtracting(found.excludedMetrics)
    #expect(names == Set(histories.keys))
    for (name, values) in histories {
        let own = found.histories.first { $0.name == name }?.values ?? []
        #expect(
            own.count == values.count
                && zip(own, values).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) },
            "\(name): \(own)")
    }
}

@Suite struct MetricSourceTests {
    @Test(arguments: printed) func whatToolsPrintIsRead(_ tool: Printed) async throws {
        let program = try Program([
            "r.yaml": recipe("{stdout: '\(tool.source)'}", tool.judge), "out.txt": tool.text,
        ])
        defer { program.close() }
        let swept = try await program.run("sweep", "r.yaml")
        #expect(swept.status == .exited(0), "\(swept.errors)")
        expect(try program.record("seed=1"), tool.histories)
    }

    @Test(
        arguments: [
            (
                "metrics.csv",
                "epoch,step,train_loss,val_loss\r\n0,9,0.5,\r\n0,9,,0.45\r\n1,19,0.4,\r\n1,19,,\"0.35\"\r\n",
                ["train_loss": [0.5, 0.4], "val_loss": [0.45, 0.35]]
            ),
            (
                "decimal.csv", "\"epoch\";\"loss\"\n1;0,5\n2;0,25\n", ["loss": [0.5, 0.25]]
            ),
            (
                "results.csv", "  epoch,   train/box_loss, time\n  1, 1.5, 3.1\n  2, 1.25, 6.2\n",
                ["train/box_loss": [1.5, 1.25]]
            ),
            (
                "log.jsonl", "{\"epoch\": 1, \"loss\": 2}\n{\"epoch\": 2, \"loss\": NaN}\n",
                ["loss": [2, nan]]
            ),
            (
                "history.json", "{\"loss\": [3, 2, 1], \"acc\": [0.1, 0.2, 0.3]}",
                ["loss": [3, 2, 1], "acc": [0.1, 0.2, 0.3]]
            ),
            (
                "trainer_state.json",
                "{\"log_history\": [{\"epoch\": 1.0, \"step\": 10, \"loss\": 0.7}, {\"epoch\": 2.0, \"step\": 20, \"loss\": 0.6}]}",
                ["loss": [0.7, 0.6]]
            ),
            (
                "steps.csv", "step,loss\n100,2\n200,1\n300,0.5\n",
                ["loss": [2, 1, 0.5], "step": [100, 200, 300]]
            ),
        ] as [(String, String, [String: [Double]])])
    func whatScriptsWriteIsRead(name: String, text: String, histories: [String: [Double]])
        async throws
    {
        let judge = histories.keys.sorted().first { $0 != "step" } ?? ""
        let program = try Program([
            "r.yaml": recipe(
                "{file: 'logs/**/\(name)'}", judge,
                "[sh, -c, 'mkdir -p logs/a/b && cp \"$VISEME_RECIPE_FOLDER/\(name)\" logs/a/b']"),
            name: text,
        ])
        defer { program.close() }
        let swept = try await program.run("sweep", "r.yaml")
        #expect(swept.status == .exited(0), "\(swept.errors)")
        expect(try program.record("seed=1"), histories)
    }

    @Test func eventFilesAreReadAndTheirDamageIsNamed() async throws {
        let events = TensorBoardFile.bytes(
            [History(name: "loss", values: [2, 1, 0.5])], ends: [1, 2, 3], started: 0)
        let copy =
            "[sh, -c, 'cp \"$VISEME_RECIPE_FOLDER/events.out.tfevents.1\" .']"
        let program = try Program(["r.yaml": recipe("{file: '*tfevents*'}", "loss", copy)])
        defer { program.close() }
        let file = program.folder.appending(path: "events.out.tfevents.1")
        try Data(events).write(to: file)
        #expect(try await program.run("sweep", "r.yaml").status == .exited(0))
        expect(try program.record("seed=1"), ["loss": [2, 1, 0.5], "step": [1, 2, 3]])
        // Cut within the last record: what comes before counts, and it is said.
        try Data(events.dropLast(5)).write(to: file)
        #expect(try await program.run("sweep", "r.yaml", "--force").status == .exited(0))
        expect(try program.record("seed=1"), ["loss": [2, 1], "step": [1, 2]])
        #expect(try program.record("seed=1").output.contains("it ends within a record"))
        var damaged = events
        damaged[events.count / 2] ^= 1
        try Data(damaged).write(to: file)
        let refused = try await program.run("sweep", "r.yaml", "--force")
        #expect(refused.output.contains("the checksum of record"), "\(refused.output)")
    }

    @Test(arguments: [
        (
            "[cat, out.txt]", "Epoch 2 loss: 1\nEpoch 1 loss: 2\n",
            "its output, line 2: epoch 1 comes after 2"
        ),
        (
            "[cat, out.txt]", "nothing here\n",
            "nothing was found in stdout (metrics:); its last lines: nothing here"
        ),
        (
            "[cat, out.txt]", "Epoch 1 loss: abc\n",
            "its output, line 1: loss is \"abc\", which is not a number"
        ),
        (
            "[sh, -c, 'cat \"$VISEME_RECIPE_FOLDER/out.txt\"; echo \"{\\\"epoch\\\":1,\\\"loss\\\":3}\" >> \"$VISEME_METRICS\"']",
            "Epoch 1 loss: 2\n", "loss comes from two sources, $VISEME_METRICS and metrics:"
        ),
    ])
    func whatCanNotBeReadIsSaid(command: String, text: String, message: String) async throws {
        let program = try Program([
            "r.yaml": recipe(
                #"{stdout: 'Epoch (?<epoch>\d+) loss: (?<loss>\S+)'}"#, "loss", command),
            "out.txt": text,
        ])
        defer { program.close() }
        let swept = try await program.run("sweep", "r.yaml")
        #expect(swept.status == .exited(1))
        #expect((swept.errors + swept.output).contains(message), "\(swept.errors)")
    }

    @Test func mistakesInSourcesAreFoundBeforeTheRuns() async throws {
        let program = try Program([
            "r.yaml": """
            trainer: {command: [cat, out.txt], folder: there, config: {path: a.ini}, env: {A: "{nokey}"}}
            metrics: {stdout: ['(?<loss>', 'no group', kera, '(?<epoch>\\d+)'], file: notes.txt, axis: time}
            sweep: {seed: [1]}
            metric: {name: loss, goal: minimize}
            """, "out.txt": "",
        ])
        defer { program.close() }
        let plan = try await program.run("plan", "r.yaml")
        #expect(plan.status == .exited(2))
        for message in [
            "folder: found there; expected private", "config: format: found ini; expected yaml",
            "stdout: (?<loss>: missing closing parenthesis", "stdout: no group has no named group",
            "kera has no named group: did you mean keras?", "notes.txt: its name says no format",
            "axis: found time; expected epoch or step",
        ] { #expect(plan.errors.contains(message), "\(message)\n\(plan.errors)") }
    }

    @Test func anExpressionThatTriesForEverIsGivenUp() async throws {
        let program = try Program([
            "r.yaml": recipe(#"{stdout: '(?:(?<x>a+)+)+$|loss (?<loss>\d)'}"#, "loss"),
            "out.txt": String(repeating: "a", count: 5000) + "b\nloss 3\n",
        ])
        defer { program.close() }
        let swept = try await program.run("sweep", "r.yaml")
        #expect(swept.status == .exited(0), "\(swept.errors)")
        #expect(try program.record("seed=1").output.contains("1 lines of output were given up"))
    }

    @Test func silenceIsSaidWhileTheRunIsUnderWay() async throws {
        let program = try Program([
            "r.yaml": recipe(
                "{stdout: keras}", "loss", "[sh, -c, 'echo warming up; sleep 3; cat out.txt']")
        ])
        defer { program.close() }
        let swept = try await program.run("sweep", "r.yaml", environment: ["VISEME_SILENCE": "1"])
        #expect(
            swept.errors.contains("nothing was found in stdout (keras) (metrics:) in 1 s")
                && swept.errors.contains("its last lines: warming up"), "\(swept.errors)")
    }

    @Test func valuesArriveTheWayScriptsWantThem() async throws {
        let show = """
            echo "epoch 1 args $* env $LR"; cat conf.json conf.toml 2>/dev/null
            echo hello > left.txt; mkdir -p pictures; printf x > pictures/a.png
            """
        let program = try Program([
            "r.yaml": """
            trainer:
              command: [sh, show.sh, "{hydra}"]
              env: {LR: "{optim.lr}"}
              config: {path: conf.json, template: base.json}
              artifacts: [left.txt, "**/*.png"]
            metrics: {stdout: 'epoch (?<epoch>\\d+) args .* env (?<lr>\\S+)'}
            sweep: {optim.lr: [0.5], name: ["a b"], seed: [7]}
            metric: {name: lr, goal: minimize}
            """, "show.sh": show,
            "base.json": "{\"data\": {\"n\": 3}, \"optim\": {\"lr\": 1, \"kind\": \"sgd\"}}",
            "t.yaml": """
            trainer: {command: [sh, show.sh], config: {path: conf.toml, template: base.toml}}
            metrics: {stdout: 'depth = (?<depth>\\d+)'}
            sweep: {model.depth: [5]}
            metric: {name: depth, goal: minimize}
            """, "base.toml": "title = \"x\"\n\n[model] # the net\ndepth = 3 \nwidth = 4\n",
        ])
        defer { program.close() }
        let swept = try await program.run("sweep", "r.yaml")
        #expect(swept.status == .exited(0), "\(swept.errors)")
        let record = try program.record("optim.lr=0.5,name=a b,seed=7")
        #expect(
            record.output.contains("args name='a b' optim.lr=0.5 seed=7 env 0.5"),
            "\(record.output)")
        #expect(
            record.output.contains(
                "{\"data\": {\"n\": 3}, \"optim\": {\"lr\": 0.5, \"kind\": \"sgd\"}, \"name\": \"a b\"}"
            ),
            "\(record.output)")
        #expect(record.provenance.artifacts?.map(\.path) == ["left.txt", "pictures/a.png"])
        #expect(try await program.run("show", "results/r:1").output.contains("pictures/a.png"))
        let exported = try await program.run("export", "results/r:1", "--artifacts", "kept")
        #expect(exported.status == .exited(0), "\(exported.errors)")
        #expect(try program.text("kept/left.txt") == "hello\n")
        #expect(try await program.run("verify", "r.yaml").status == .exited(0))
        let toml = try await program.run("sweep", "t.yaml")
        #expect(toml.status == .exited(0), "\(toml.errors)")
        let second = try await program.run("show", "results/t:1")
        #expect(second.output.contains("  depth = 5"), "\(second.output)")
    }

    @Test func theRepositoryMayBeTheWorkingFolder() async throws {
        let program = try Program([
            "r.yaml": """
            trainer: {command: [sh, train.sh, "{seed}"], folder: repository}
            metrics: {file: "out/log.csv"}
            sweep: {seed: [1, 2]}
            metric: {name: loss, goal: minimize}
            """,
            "train.sh": """
            mkdir -p out; sleep 0.$1
            printf 'epoch,loss\n1,0.%s\n' "$1" > out/log.csv
            sleep 1.5
            """, ".git/HEAD": "ref: refs/heads/main\n", "out/log.csv": "epoch,loss\n1,9\n",
        ])
        defer { program.close() }
        // One after the other, each has its own; an older file does not count.
        let swept = try await program.run("sweep", "r.yaml", "--jobs", "1")
        #expect(swept.status == .exited(0), "\(swept.errors)")
        expect(try program.record("seed=1"), ["loss": [0.1]])
        expect(try program.record("seed=2"), ["loss": [0.2]])
        // Two at once write one file: that is said.
        let both = try await program.run("sweep", "r.yaml", "--jobs", "2", "--force")
        let outputs = try ["seed=1", "seed=2"].map { try program.record($0).output }
        #expect(
            (both.errors + outputs.joined()).contains("out/log.csv was also written by"),
            "\(both.errors) \(outputs)")
    }

    /// In the repository, a script that is given its own folder keeps its outputs there.
    @Test func outputsMayGoToTheRunsOwnFolder() async throws {
        let program = try Program([
            "r.yaml": """
            trainer:
              command: [sh, train.sh, "{output}", "{seed}"]
              folder: repository
              artifacts: [note.txt]
            metrics: {file: log.csv}
            sweep: {seed: [1, 2]}
            metric: {name: loss, goal: minimize}
            """,
            "train.sh": """
            test "$1" = "$VISEME_OUTPUT" && cat own.txt > "$1/note.txt"
            printf 'epoch,loss\n1,9\n2,8\n' > "$1/log.csv"; sleep 1.5
            printf 'epoch,loss\n2,0.%s\n' "$2" > "$1/log.csv"
            """, "own.txt": "here", ".git/HEAD": "ref: refs/heads/main\n",
        ])
        defer { program.close() }
        let swept = try await program.run("sweep", "r.yaml", "--jobs", "2")
        #expect(swept.status == .exited(0), "\(swept.errors)\(swept.output)")
        #expect(!swept.errors.contains("also written"), "\(swept.errors)")
        for seed in [1, 2] {
            let record = try program.record("seed=\(seed)")
            expect(record, ["loss": [nan, Double(seed) / 10]])
            #expect(record.provenance.artifacts?.map(\.path) == ["note.txt"])
            // A file that loses rows is named.
            #expect(
                record.output.contains("log.csv: it was written anew: 1 rows that it had before"),
                "\(record.output)")
        }
    }

    @Test func aScriptIsLookedAtAndItsRecipeRuns() async throws {
        let script = """
            lr=0.1; seed=0
            while [ $# -gt 0 ]; do case "$1" in
              --lr) lr=$2; shift 2;; --seed) seed=$2; shift 2;;
              --help) echo "options: --lr LR --seed SEED --batch-size N"; exit 0;; *) shift;; esac; done
            echo "epoch,train_loss,val_accuracy" > metrics.csv
            for e in 1 2 3; do echo "$e,0.$e,0.$((e + seed))" >> metrics.csv; done
            """
        let program = try Program(["train.sh": script])
        defer { program.close() }
        let made = try await program.run(
            "new", "r.yaml", "--probe", "--command", "sh train.sh --lr 0.1")
        #expect(made.status == .exited(0), "\(made.errors)")
        #expect(made.output.contains("its file **/metrics.csv has metrics\n"), "\(made.output)")
        let text = try program.text("r.yaml")
        #expect(text.contains("metrics: {file: \"**/metrics.csv\"}"), "\(text)")
        #expect(text.contains("--seed\", \"{seed}\"") && text.contains("It also has --batch-size"))
        #expect(text.contains("metric: {name: val_accuracy, goal: maximize}"))
        let swept = try await program.run("sweep", "r.yaml")
        #expect(swept.status == .exited(0), "\(swept.errors)")
        #expect(swept.output.contains("9/9"), "\(swept.output)")
    }
}
