import Foundation
import RunStore
import Testing

/// A study whose trainer reports the lines that its key `says` names, in the order of the list.
private func study(_ lines: [[String]], goal: String = "maximize", more: String = "") throws
    -> Program
{
    let cases = lines.enumerated().map { index, lines in
        "\(index)) " + lines.map { "echo '\($0)' >> \"$VISEME_METRICS\"" }.joined(separator: "; ")
            + " ;;"
    }
    return try Program([
        "train.sh": "case \"$1\" in\n\(cases.joined(separator: "\n"))\nesac\n",
        "r.yaml": """
        trainer: {command: [sh, train.sh, "{says}"]}
        metric: {name: acc, goal: \(goal)}
        sweep: {says: [\(lines.indices.map(String.init).joined(separator: ", "))]}

        """ + more,
    ])
}

/// Every command that reads a study.
private func readsEverything(_ program: Program) async throws {
    for command in [
        ["status", "results/r"], ["status", "results/r", "--json"], ["plan", "r.yaml", "--json"],
        ["plan", "r.yaml"], ["report", "results/r"], ["check", "results/r"],
        ["show", "results/r:1"], ["export", "results/r", "--csv", "-"],
        ["export", "results/r", "--netcdf", "all.nc"], ["merge", "r.yaml", "results/r"],
        ["sweep", "r.yaml"],
    ] {
        let ending = try await program.run(command: [Program.url.path] + command)
        #expect(
            ending.status == .exited(0) || command[0] == "merge",
            "\(command.joined(separator: " ")): \(ending.errors)")
        #expect(!ending.errors.contains("crashed"), "\(command)")
    }
}

@Test func aValueThatIsNotFiniteIsNeverBest() async throws {
    let program = try study([
        [#"{"epoch":1,"acc":Infinity}"#, #"{"epoch":2,"acc":0.5}"#],
        [#"{"epoch":1,"acc":-Infinity}"#, #"{"epoch":2,"acc":0.25}"#],
        [#"{"epoch":1,"acc":NaN}"#],
    ])
    defer { program.close() }
    let sweep = try await program.run("sweep", "r.yaml")
    #expect(sweep.status == .exited(0), "\(sweep.errors)")
    #expect(sweep.output.contains("acc 0.5000 at epoch 2 of 2"))
    let report = try program.text("results/r/report.md")
    #expect(report.contains("**`says=0`** with **0.5000**"), "\(report.prefix(400))")
    #expect(!report.contains("∞") && !report.contains("NaN"))
    try await readsEverything(program)
    let status = try await program.run("status", "results/r", "--json")
    #expect(status.output.contains("\"best_value\" : 0.5"))
}

@Test func theLargestNumbersAreNumbers() async throws {
    let huge = "1.7976931348623157e308"
    let program = try study(
        [
            ["{\"epoch\":1,\"acc\":\(huge)}", #"{"epoch":2,"acc":0.5}"#],
            ["{\"epoch\":1,\"acc\":-\(huge)}"],
            ["{\"epoch\":1,\"acc\":\(huge)}", "{\"epoch\":2,\"acc\":-\(huge)}"],
        ])
    defer { program.close() }
    let sweep = try await program.run("sweep", "r.yaml", "seed=1,2,3")
    #expect(sweep.status == .exited(0), "\(sweep.errors)")
    #expect(sweep.output.contains("acc 1.8e+308 at epoch 1"))
    let report = try program.text("results/r/report.md")
    #expect(!report.contains("∞") && !report.contains("NaN"), "\(report.prefix(2000))")
    for command in ["report", "check", "status"] {
        let ending = try await program.run(command, "results/r")
        #expect(ending.status == .exited(0), "\(command): \(ending.errors.prefix(300))")
    }
}

@Test func wholeNumbersStayExactInEveryFile() async throws {
    let program = try Program([
        "train.sh": """
        echo "$1" >> "$VISEME_RECIPE_FOLDER/words"
        printf '%s\\n' "$VISEME_CONFIG" >> "$VISEME_RECIPE_FOLDER/configs"
        echo '{"epoch": 1, "acc": 1}' >> "$VISEME_METRICS"
        """,
        "r.yaml": """
        trainer: {command: [sh, train.sh, "{x} {seed}"]}
        metric: {name: acc, goal: maximize}
        sweep:
          x: [9007199254740993, 0.5, 7.0]
          seed: [9223372036854775807, 18446744073709551615, -5]

        """,
    ])
    defer { program.close() }
    #expect(try await program.run("sweep", "r.yaml").status == .exited(0))
    let words = Set(try program.text("words").split(separator: "\n").map(String.init))
    #expect(
        words.contains("9007199254740993 18446744073709551615") && words.contains("7.0 -5")
            && words.count == 9, "\(words)")
    let config = try program.text("configs")
    #expect(config.contains(#"{"seed":18446744073709551615,"x":9007199254740993}"#))
    #expect(config.contains(#""x":7.0}"#))
    let before = try program.text("results/r/digests.txt")
    #expect(before.contains("x=9007199254740993,seed=9223372036854775807"))
    try await readsEverything(program)
    #expect(try program.text("results/r/digests.txt") == before, "labels stay")
    let again = try await program.run("sweep", "r.yaml")
    #expect(again.output.contains("9 stored, 0 to train"))
    guard let python = ProcessInfo.processInfo.environment["VISEME_PYTHON"] else { return }
    let read = try await program.run(command: [
        python, "-c",
        "import h5py; f = h5py.File('results/r/sweep.h5'); print(f['x'].asstr()[0], f['seed'].asstr()[1])",
    ])
    #expect(read.output == "9007199254740993 18446744073709551615\n", "\(read.errors)")
}

@Test func namesOfKeysAndMetricsNeverCollide() async throws {
    let program = try Program([
        "train.sh": """
        echo '{"epoch": 1, "acc": 0.5, "val/loss": 1, "set_acc": 2}' >> "$VISEME_METRICS"
        """,
        "r.yaml": """
        trainer: {command: [sh, train.sh]}
        metric: {name: acc, goal: maximize}
        sweep: {a.b: [1, 2], a_b: [3], a-b: [4], epoch: [5], set_epoch: [6], acc: [7], set_acc: [8],
          number: [9], mean: [10], val_loss: [11]}

        """,
    ])
    defer { program.close() }
    let sweep = try await program.run("sweep", "r.yaml")
    #expect(sweep.status == .exited(0), "\(sweep.errors)")
    try await readsEverything(program)
    let header =
        try await program.run("export", "results/r", "--csv", "-").output
        .split(separator: "\n").first.map { $0.split(separator: ",") } ?? []
    #expect(Set(header).count == header.count, "\(header)")
    guard let python = ProcessInfo.processInfo.environment["VISEME_PYTHON"] else { return }
    let read = try await program.run(command: [
        python, "-c",
        """
        import xarray
        s = xarray.open_dataset('results/r/sweep.h5', engine='h5netcdf')
        names = 'set_a_b a_b set_a_b_2 set_epoch_2 set_epoch set_acc_2 set_set_acc set_number mean set_val_loss'
        print([int(s[name].values.flat[0]) for name in names.split()])
        """,
    ])
    #expect(read.output == "[1, 3, 4, 5, 6, 7, 8, 9, 10, 11]\n", "\(read.errors)")
}

@Test func aHugeNumberIsTheSameRunAgain() async throws {
    let program = try Program()
    defer { program.close() }
    let arguments = ["sweep", Program.tiny, "lr=1e15", "clip_norm=1e15", "seed=1", "epoch=1"]
    for count in ["0 stored, 1 to train", "1 stored, 0 to train"] {
        let ending = try await program.run(command: [Program.url.path] + arguments)
        #expect(ending.output.contains(count) && ending.errors.isEmpty, "\(ending.errors)")
    }
    #expect(try await program.run("show", "results/tiny:1").status == .exited(0))
}
