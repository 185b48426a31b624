import Foundation
import RunStore
import Testing

#if os(Linux)
    @Test func statusTellsWhoRunsWhileASweepWorks() async throws {
        let program = try study(["slow", "well"], more: "set: {epochs: 9}\n")
        defer { program.close() }
        let victim = try Victim(program, ["sweep", "r.yaml", "-j1"])
        try await eventually {
            try await program.run("status", "results/r").output.contains("running  epoch 3 of 9")
        }
        let status = try await program.run("status", "results/r").output
        #expect(status.contains("val_accuracy now 0.") && status.contains("left"), "\(status)")
        #expect(status.contains("1 planned, 1 running; a sweep is running"), "\(status)")
        let json = try await program.run("status", "results/r", "--json").output
        #expect(
            json.contains("\"state\" : \"running\"") && json.contains("\"epochs\" : 9"), "\(json)")
        let second = try await program.run("sweep", "r.yaml")
        #expect(
            second.status == .exited(2)
                && second.errors.contains("another sweep is running in this folder"))
        // What is under way is not changed by an edit of the recipe; the next sweep says what no
        // longer belongs.
        try Data("trainer: {command: [sh, train.sh, well]}\n".utf8).write(
            to: program.folder.appending(path: "r.yaml"))
        try program.go()
        victim.process.waitUntilExit()
        #expect(victim.process.terminationStatus == 0)
        #expect(try program.text("results/r/digests.txt").split(separator: "\n").count == 2)
        let edited = try await program.run("sweep", "r.yaml")
        #expect(
            edited.errors.contains(
                "2 of the 2 runs of the last plan of results/r are not in this plan"),
            "\(edited.errors)")
        #expect(
            try FileManager.default.contentsOfDirectory(
                atPath: program.folder.appending(path: "results/r/runs").path
            ).count == 3)
    }

    @Test func aTrainerThatIsEditedMeanwhileStartsNoMoreRuns() async throws {
        let program = try study(["slow", "well"])
        defer { program.close() }
        let victim = try Victim(program, ["sweep", "r.yaml", "-j1"])
        // "a sweep is running" is true before its first run has started.
        try await eventually {
            try await program.run("status", "results/r").output.contains("epoch 3, val_accuracy")
        }
        try Data((shellTrainer + "# changed\n").utf8).write(
            to: program.folder.appending(path: "train.sh"))
        try program.go()
        victim.process.waitUntilExit()
        #expect(victim.process.terminationStatus == 1)
        let status = try await program.run("status", "results/r").output
        #expect(status.contains("train.sh has changed since this sweep was planned"), "\(status)")
        #expect(status.contains("1 completed, 1 failed"))
    }

    @Test func anInterruptedCommandIsAskedToEndAndASecondTimeItIsKilled() async throws {
        let program = try study(["hang"])
        defer { program.close() }
        let victim = try Victim(program, ["sweep", "r.yaml"])
        // From then on the command ignores the request to end.
        let hangs = program.folder.appending(path: "hangs").path
        try await eventually { FileManager.default.fileExists(atPath: hangs) }
        kill(victim.process.processIdentifier, SIGINT)
        try await Task.sleep(for: .milliseconds(500))
        #expect(victim.process.isRunning, "it gets its grace")
        kill(victim.process.processIdentifier, SIGINT)
        victim.process.waitUntilExit()
        #expect(victim.process.terminationStatus == 130)
        let left = try await program.run(command: ["pgrep", "-f", program.folder.lastPathComponent])
        #expect(left.output.isEmpty, "\(left.output)")
        #expect(
            try await program.run("status", "results/r").output.contains(
                "1 planned; no sweep is running"))
    }

    @Test func aFullDiskLosesNothing() async throws {
        let program = try Program()
        defer { program.close() }
        // No file may grow beyond 20 kB: plan and journals fit, a run file does not.
        let full = try await program.run(
            command: [
                "bash", "-c", "ulimit -f 20; exec \"$0\" sweep \"$1\"", Program.url.path,
                Program.tiny,
            ])
        #expect(full.status == .exited(1), "\(full.output)\(full.errors)")
        #expect(full.output.contains("can't be written: File too large"), "\(full.output)")
        #expect(full.errors.contains("4 of 4 runs failed"))
        let names = try FileManager.default.contentsOfDirectory(
            atPath: program.folder.appending(path: "results/tiny/runs").path)
        #expect(names.isEmpty, "\(names)")
        let after = try await program.run("sweep", Program.tiny)
        #expect(after.status == .exited(0), "\(after.errors)")
        let golden = try String(
            contentsOfFile: Program.tiny.replacing(".yaml", with: ".digests"), encoding: .utf8)
        #expect(try program.text("results/tiny/digests.txt") == golden)
    }
#endif

@Test func aFolderThatCanNotBeWrittenIsSaid() async throws {
    let program = try study(["well"])
    defer { program.close() }
    try Data("a file".utf8).write(to: program.folder.appending(path: "results"))
    let ending = try await program.run("sweep", "r.yaml")
    #expect(
        ending.status == .exited(2) && ending.errors.contains("results/r: can't be written"),
        "\(ending.errors)")
}

@Test func foreignAndDamagedFilesAreNeverReadAsResults() async throws {
    let program = try study(["well", "nan"])
    defer { program.close() }
    _ = try await program.run("sweep", "r.yaml")
    let digests = try program.text("results/r/digests.txt")
    let folder = StudyFolder(program.folder.appending(path: "results/r"))
    let runs = try folder.readPlan().runs
    try Data("notes".utf8).write(to: folder.runs.appending(path: "notes.txt"))
    // One run's file under the name of the other, with an older time than the sweep file knows.
    try FileManager.default.removeItem(at: folder.runFile(runs[0].id))
    try FileManager.default.copyItem(at: folder.runFile(runs[1].id), to: folder.runFile(runs[0].id))
    let check = try await program.run("check", "results/r")
    #expect(
        check.status == .exited(3) && check.errors.contains("it is another run's")
            && check.errors.contains("notes.txt")
    )
    let ending = try await program.run("sweep", "r.yaml")
    #expect(
        ending.status == .exited(0) && ending.errors.contains("set aside as"), "\(ending.errors)")
    #expect(try program.text("results/r/digests.txt") == digests)
    #expect(
        FileManager.default.fileExists(atPath: folder.runs.appending(path: "notes.txt").path),
        "nothing is deleted")
}

@Test func foldersOfTwoMachinesBecomeOne() async throws {
    let program = try study(["well", "random"], seeds: "1, 2")
    defer { program.close() }
    _ = try await program.run("sweep", "r.yaml", "--only", "seed=1", "--results", "a")
    _ = try await program.run("sweep", "r.yaml", "--only", "seed=2", "--results", "b")
    let merged = try await program.run("merge", "c/r", "a/r", "b/r")
    #expect(merged.status == .exited(0), "\(merged.errors)")
    #expect(merged.output.contains("a/r: 2 runs copied, 0 were here already"), "\(merged.output)")
    #expect(try program.text("c/r/digests.txt").split(separator: "\n").count == 4)
    #expect(try await program.run("check", "c/r").status == .exited(0))
    let again = try await program.run("merge", "c/r", "b/r")
    #expect(again.output.contains("0 runs copied, 2 were here already"))
    // The same identity with another result is told and not taken.
    _ = try await program.run("sweep", "r.yaml", "--only", "way=random,seed=2", "--results", "d")
    let digests = try program.text("c/r/digests.txt")
    let conflict = try await program.run("merge", "c/r", "d/r")
    #expect(conflict.status == .exited(3))
    #expect(
        conflict.errors.contains("way=random,seed=2")
            && conflict.errors.contains("two results for one identity"))
    #expect(try program.text("c/r/digests.txt") == digests)
    // More runs of the same settings join the plan; others do not.
    _ = try await program.run("sweep", "r.yaml", "way=[well,nan]", "seed=[2,3]", "--results", "e")
    let more = try await program.run("merge", "c/r", "e/r")
    #expect(
        more.output.contains("3 runs copied, 1 were here already"), "\(more.output)\(more.errors)")
    _ = try await program.run("sweep", "r.yaml", "+other=1", "--results", "f")
    let other = try await program.run("merge", "c/r", "f/r")
    #expect(
        other.errors.contains("4 runs have other settings")
            && other.output.contains("0 runs copied"))
}

@Test func theLastWeightsThereAreStayUnlessNoneIsToBeKept() async throws {
    let recipe = try String(contentsOfFile: Program.tiny, encoding: .utf8)
        .replacing(
            "base: base.yaml", with: "base: \(Program.package.path)/recipes/base.yaml\nkeep: last")
    let program = try Program(["r.yaml": recipe])
    defer { program.close() }
    _ = try await program.run("sweep", "r.yaml", "lr=[0.01]", "seed=[1]")
    #expect(
        try await program.run("show", "results/r:1").output.contains(
            "129 tensors of the last epoch"))
    #expect(
        try await program.run("export", "results/r:1", "--safetensors", "w.safetensors").status
            == .exited(0))
    let best = try await program.run("gc", "results/r", "--keep", "best", "--yes")
    #expect(best.output.contains("0 bytes freed"), "\(best.output)")
    #expect(
        try await program.run("gc", "results/r", "--keep", "none", "--yes").output.contains("freed")
    )
    #expect(try await program.run("show", "results/r:1").output.contains("not kept"))
}

@Test func weightsGoOnlyWhenAskedAndDigestsStay() async throws {
    let program = try Program()
    defer { program.close() }
    _ = try await program.run("sweep", Program.tiny)
    let digests = try program.text("results/tiny/digests.txt")
    let look = try await program.run("gc", "results/tiny", "--keep", "none")
    #expect(
        look.status == .exited(0)
            && look.output.contains("would be freed; nothing is deleted without --yes"),
        "\(look.errors)")
    #expect(look.output.contains("weights of stored runs, beyond none"))
    let folder = StudyFolder(program.folder.appending(path: "results/tiny"))
    let file = folder.runFile(try folder.readPlan().runs[0].id)
    #expect(try !RunFile.read(file).weights.isEmpty)
    let gone = try await program.run("gc", "results/tiny", "--keep", "none", "--yes")
    #expect(gone.output.contains(" freed"), "\(gone.output)")
    #expect(try RunFile.read(file).weights.isEmpty)
    #expect(try program.text("results/tiny/digests.txt") == digests)
    #expect(try await program.run("check", "results/tiny").status == .exited(0))
    #expect(try await program.run("sweep", Program.tiny).output.contains("4 stored, 0 to train"))
    #expect(
        try await program.run("gc", "results/tiny", "--keep", "none").output.contains(
            "0 bytes would be freed"))
    let predicted = try await program.run("predict", file.path, "x.mp4")
    #expect(predicted.status == .exited(2) && predicted.errors.contains("holds no weights"))
}

@Test func planDecodesAndWritesNothing() async throws {
    let program = try Program([
        "r.yaml": "path_to_dataset: clips\nlr: 0.1\n", "clips/a/1.mp4": "x", "clips/b/1.mp4": "x",
    ])
    defer { program.close() }
    func names() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: program.folder.path).sorted()
    }
    let before = try names()
    for arguments in [
        ["lr=0.1,0.2"], ["--json"], ["--resolved"], ["path_to_dataset=builtin:visemes"],
    ] {
        let plan = try await program.run(command: [Program.url.path, "plan", "r.yaml"] + arguments)
        #expect(try names() == before, "\(arguments)")
        guard plan.errors.isEmpty else { continue }
        #expect(plan.status == .exited(0), "\(arguments): \(plan.errors)")
    }
}

@Test func trainLeavesAStudyOfTheSameRecipeAsItIs() async throws {
    let program = try Program()
    defer { program.close() }
    _ = try await program.run("sweep", Program.tiny)
    let study = program.folder.appending(path: "results/tiny")
    func contents() throws -> [String: Data] {
        var files: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: study.path)
        where name != ".lock" {
            files[name] = FileManager.default.contents(atPath: study.appending(path: name).path)
        }
        return files
    }
    let before = try contents()
    for arguments in [["train", Program.tiny], ["train", "--config", Program.tiny]] {
        let trained = try await program.run(
            command: [Program.url.path] + arguments + ["lr=0.001", "seed=1", "epoch=2"])
        #expect(trained.status == .exited(0), "\(trained.errors)")
    }
    #expect(try contents() == before)
    #expect(
        try program.text("results/train/\(program.trainedRun())/report.md").contains("lr=0.001"))
}

@Test func aLongRecipeIsNoReasonForARunToFail() async throws {
    let note = "# " + String(repeating: "x", count: 185_000) + "\n"
    let text = try String(contentsOfFile: Program.tiny, encoding: .utf8)
    let base = try String(
        contentsOf: Program.package.appending(path: "recipes/base.yaml"), encoding: .utf8)
    let program = try Program([
        "tiny.yaml": note + text, "base.yaml": base,
        "c.yaml": note + "trainer: {command: [sh, t.sh]}\nset: {a: 1}\n",
        "t.sh": "echo '{\"epoch\": 1, \"val_accuracy\": 0.5}' >> $VISEME_METRICS\n",
    ])
    defer { program.close() }
    for recipe in ["tiny.yaml", "c.yaml"] {
        let ending = try await program.run("sweep", recipe)
        #expect(ending.status == .exited(0), "\(ending.output.suffix(500))\(ending.errors)")
    }
    let golden = try String(
        contentsOfFile: Program.tiny.replacing(".yaml", with: ".digests"), encoding: .utf8)
    #expect(try program.text("results/tiny/digests.txt") == golden)
}
