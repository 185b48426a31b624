import Foundation
import RunStore
import Testing

private func failing(_ reasons: String, more: String = "") throws -> Program {
    try Program([
        "train.sh": "case \"$1\" in \(reasons) esac\n",
        "r.yaml": """
        trainer: {command: [sh, train.sh, "{x}"]}
        sweep: {x: [1, 2, 3, 4, 5, 6]}

        """ + more,
    ])
}

@Test func theSameFailureOfTheFirstThreeRunsStopsASweep() async throws {
    let program = try failing("*) echo no module named torch; exit 3 ;;")
    defer { program.close() }
    let sweep = try await program.run("sweep", "r.yaml", "-j1")
    #expect(sweep.status == .exited(1))
    #expect(
        sweep.errors.contains(
            "stopped: the first 3 runs failed for one reason: ended with exit status 3\n  3 runs were not trained; --keep-going trains them"
        ), "\(sweep.errors)")
    #expect(sweep.output.components(separatedBy: "FAILED").count == 4, "\(sweep.output)")
    let status = try await program.run("status", "r.yaml")
    #expect(status.output.contains("3 runs failed alike: ended with exit status 3"))
    #expect(status.output.components(separatedBy: "no module named torch").count == 2)
    let all = try await program.run("sweep", "r.yaml", "-j1", "--keep-going")
    #expect(all.errors.contains("6 of 6 runs failed"), "\(all.errors)")
}

@Test func differentFailuresOrOneSuccessGoOn() async throws {
    for reasons in [
        "3) exit 4 ;; *) exit 3 ;;",
        "2) echo '{\"epoch\": 1, \"a\": 1}' >> \"$VISEME_METRICS\" ;; *) exit 3 ;;",
    ] {
        let program = try failing(reasons)
        defer { program.close() }
        let sweep = try await program.run("sweep", "r.yaml", "-j1")
        #expect(sweep.status == .exited(1) && !sweep.errors.contains("stopped:"), "\(sweep.errors)")
    }
}

@Test func aTrainerWithoutMetricsFailsWhereTheRecipeNamesOne() async throws {
    let program = try failing("*) ;;", more: "metric: val_accuracy\n")
    defer { program.close() }
    let named = try await program.run("sweep", "r.yaml")
    #expect(named.status == .exited(1), "\(named.output)")
    #expect(named.output.contains("FAILED: it reported no metrics"), "\(named.output)")
    let open = try failing("*) ;;")
    defer { open.close() }
    let plain = try await open.run("sweep", "r.yaml")
    #expect(plain.status == .exited(0) && plain.errors.contains("no metrics received"))
    #expect(try await open.run("status", "results/r").output.contains("no metrics reported"))
    #expect(try await open.run("show", "results/r:1").output.contains("no metrics reported"))
    #expect(try open.text("results/r/report.md").contains("**6 runs** reported no metrics at all"))
}

@Test func aFailingCommandWritesNoState() async throws {
    let program = try failing("*) ;;")
    defer { program.close() }
    let sweep = try await program.run("sweep", "r.yaml", "--only", "x=9")
    #expect(sweep.status == .exited(2))
    #expect(!FileManager.default.fileExists(atPath: program.folder.appending(path: "results").path))
}

@Test func studiesAndRecipesNameEachOther() async throws {
    let program = try failing(
        "*) echo '{\"epoch\": 1, \"val_accuracy\": 1}' >> \"$VISEME_METRICS\" ;;")
    defer { program.close() }
    #expect(try await program.run("sweep", "r.yaml", "x=1,2").status == .exited(0))
    for command in [
        ["status", "r.yaml"], ["report", "r.yaml"], ["check", "r.yaml"], ["gc", "r.yaml"],
        ["show", "r.yaml:1"], ["export", "r.yaml", "--csv", "-"],
        ["compare", "r.yaml", "results/r"],
        ["plan", "results/r"], ["sweep", "results/r"], ["verify", "results/r"],
    ] {
        let ending = try await program.run(command: [Program.url.path] + command)
        #expect(ending.status == .exited(0), "\(command): \(ending.errors)\(ending.output)")
    }
    #expect(
        try await program.run("sweep", "results/r").output.contains("2 runs, 2 stored, 0 to train"))
}

@Test func optionsOfOtherToolsGetTheRightOne() async throws {
    let program = try failing("*) ;;")
    defer { program.close() }
    for (arguments, advice) in [
        (["sweep", "r.yaml", "--lr", "0.1"], "keys are given without dashes: lr=…"),
        (["sweep", "r.yaml", "--learning-rate", "0.1"], "keys are given without dashes: lr=…"),
        (["sweep", "r.yaml", "--dry-run"], "`viseme plan` lists the runs"),
        (["swep", "r.yaml"], "did you mean sweep?"),
        (["explain", "learning_rate"], "did you mean lr?"),
    ] {
        let ending = try await program.run(command: [Program.url.path] + arguments)
        #expect(
            ending.status == .exited(2) && ending.errors.contains(advice),
            "\(arguments): \(ending.errors)")
    }
}

@Test func aMissingDataSetHasItsPlace() async throws {
    let program = try Program(["r.yaml": "set:\n  path_to_dataset: nowhere\n"])
    defer { program.close() }
    for command in ["plan", "sweep"] {
        let ending = try await program.run(command, "r.yaml")
        #expect(
            ending.status == .exited(2)
                && ending.errors.contains("r.yaml:2:20: error: path_to_dataset: there is no folder"),
            "\(ending.errors)")
    }
}

@Test func importedSweepsAreChecked() async throws {
    let program = try Program([
        "w.yaml": "program: nowhere.py\nmethod: grid\nparameters: {lr: {values: [1, 2]}}\n"
    ])
    defer { program.close() }
    let ending = try await program.run("import", "w.yaml")
    #expect(ending.status == .exited(2))
    #expect(
        ending.output.contains("nowhere.py")
            && ending.errors.contains("the recipe as it stands can't be swept:\nw.yaml:"),
        "\(ending.errors)")
    let new = try await program.run("new", "n.yaml", "--command", "sh train.sh {lr}")
    #expect(new.status == .exited(0))
    let text = try program.text("n.yaml")
    #expect(text.contains(#"["sh", "train.sh", "{lr}"]"#), "\(text)")
}

@Test func filesOutsideOfTheRepositoryAreNamedInTheReport() async throws {
    let program = try Program([
        "project/.git/HEAD": "", "project/r.yaml": "base: ../shared.yaml\nset: {epoch: 1}\n",
        "shared.yaml":
            "path_to_dataset: builtin:visemes\nbuiltin: {words: 2, train_speakers: 1, val_speakers: 1, test_speakers: 0}\nlen_video: 4\nsize_lips: {width: 8, height: 8}\nfilters: 1\n",
    ])
    defer { program.close() }
    let sweep = try await program.run("sweep", "project/r.yaml")
    #expect(sweep.status == .exited(0), "\(sweep.errors)")
    let report = try program.text("results/r/report.md")
    #expect(report.contains("outside of the repository") && report.contains("shared.yaml  sha256 "))
}

@Test func aStudyFindsItsOwnRecipe() async throws {
    let trainer = "echo '{\"epoch\": 1, \"val_accuracy\": '$1'}' >> \"$VISEME_METRICS\"\n"
    func recipe(_ question: String, _ values: String) -> String {
        "question: \(question)\ntrainer: {command: [sh, t.sh, \"{lr}\"]}\nsweep: {lr: [\(values)]}\n"
    }
    let program = try Program([
        "A/t.sh": trainer, "B/t.sh": trainer, "A/r.yaml": recipe("A?", "0.25, 0.5"),
        "B/r.yaml": recipe("B?", "0.75"),
    ])
    defer { program.close() }
    func shell(_ command: String) async throws -> Program.Ending {
        try await program.run(command: ["bash", "-c", command, Program.url.path])
    }
    #expect(try await shell("cd A && \"$0\" sweep r.yaml").status == .exited(0))
    let other = try await shell(
        "cd B && \"$0\" sweep ../A/results/r && \"$0\" verify ../A/results/r")
    #expect(
        other.status == .exited(0) && other.output.contains("2 runs, 2 stored, 0 to train")
            && other.output.contains("2 compared, 0 differ"), "\(other.output)\(other.errors)")
    #expect(try program.text("A/results/r/report.md").contains("> A?"))
    let renamed = try await shell("cd A && mv results/r results/final && \"$0\" plan results/final")
    #expect(
        renamed.status == .exited(2)
            && renamed.errors.contains("holds the study r under another name"),
        "\(renamed.errors)")
}

@Test func reservedNamesRepeatedOptionsAndForeignFilesAreKeptApart() async throws {
    let well = "*) echo '{\"epoch\": 1, \"val_accuracy\": 1}' >> \"$VISEME_METRICS\" ;;"
    let program = try failing(well)
    defer { program.close() }
    let text = try program.text("r.yaml")
    for name in ["train.yaml", ".cache.yaml", "a:1.yaml"] {
        try Data(text.utf8).write(to: program.folder.appending(path: name))
    }
    for name in ["train.yaml", ".cache.yaml"] {
        let ending = try await program.run("sweep", name)
        #expect(
            ending.status == .exited(2) && ending.errors.contains("no study can have this name"),
            "\(ending.errors)")
    }
    #expect(try await program.run("sweep", "a:1.yaml", "x=1,2").status == .exited(0))
    #expect(try await program.run("show", "results/a:1:2").output.contains("x=2,seed=42"))
    let twice = try await program.run("sweep", "r.yaml", "--only", "x=1", "--only", "x=2")
    #expect(twice.status == .exited(2) && twice.errors.contains("--only: given twice"))
    let runs = program.folder.appending(path: "results/a:1/runs")
    try FileManager.default.createDirectory(
        at: runs.appending(path: "backup"), withIntermediateDirectories: true)
    try Data("x".utf8).write(to: runs.appending(path: "notes.txt"))
    #expect(try await program.run("sweep", "a:1.yaml", "x=1").status == .exited(0))
    let gc = try await program.run("gc", "results/a:1", "--other-runs", "--yes")
    #expect(
        gc.status == .exited(0)
            && gc.errors.contains(
                "2 files in results/a:1/runs are no runs and stay: backup, notes.txt"),
        "\(gc.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: runs.path).count == 3)
}

@Test func tablesHaveTheValueThatTheRunUsed() async throws {
    let program = try Program([
        "t.sh": "echo '{\"epoch\": 1, \"val_accuracy\": 1}' >> \"$VISEME_METRICS\"\n",
        "r.yaml": """
        trainer: {command: [sh, t.sh]}
        set: {m: 0.1}
        sweep: {o: [adam, sgd], m: [0.8, 0.9]}
        when: {m: {o: sgd}}

        """,
    ])
    defer { program.close() }
    #expect(try await program.run("sweep", "r.yaml").status == .exited(0))
    let table = try await program.run("export", "r.yaml", "--csv", "-")
    #expect(table.output.contains(",adam,0.1,42,"), "\(table.output)")
}

@Test func theTimeLeftCountsTheRunsThatAreWanted() async throws {
    let program = try failing(
        """
        1) sleep 2; echo '{"epoch": 1, "val_accuracy": 1}' >> "$VISEME_METRICS" ;;
        *) while [ ! -e "$VISEME_RECIPE_FOLDER/go" ]; do sleep 0.1; done
           echo '{"epoch": 1, "val_accuracy": 1}' >> "$VISEME_METRICS" ;;
        """)
    defer { program.close() }
    #expect(try await program.run("sweep", "r.yaml", "--only", "x=1").status == .exited(0))
    async let sweep = program.run("sweep", "r.yaml", "--only", "x=2", "-j1")
    var left: Int?
    try await eventually {
        let status = try await program.run("status", "r.yaml").output
        let match = status.firstMatch(of: /about ([0-9]+):([0-9]+) left/)
        left = match.flatMap { Int($0.1) }.map { $0 * 60 } ?? nil
        left = match.flatMap { found in Int(found.2).map { (left ?? 0) + $0 } }
        return left != nil
    }
    try Data().write(to: program.folder.appending(path: "go"))
    #expect(try await sweep.status == .exited(0))
    // Five runs of two seconds would be ten.
    #expect(left ?? 99 <= 4, "\(left ?? -1)")
    let only = program.folder.appending(path: "results/r/running/only")
    #expect(!FileManager.default.fileExists(atPath: only.path))
}
