import Files
import Foundation
import RunStore
import Testing

/// What is there and can't be read is not absent; what is written goes where it was sent.
private func swept() async throws -> Program {
    let program = try study(["well"], seeds: "1, 2")
    let ending = try await program.run("sweep", "r.yaml")
    try #require(ending.status == .exited(0), "\(ending.errors)")
    return program
}

@Test func aDamagedPlanIsSetAsideAndALaterOneStays() async throws {
    let program = try await swept()
    defer { program.close() }
    let plan = program.folder.appending(path: "results/r/plan.json")
    let whole = try Data(contentsOf: plan)
    try whole.prefix(whole.count / 2).write(to: plan)
    let merge = try await program.run("merge", "results/r", "results/r2")
    #expect(merge.status != .exited(0))
    for command in ["status", "report", "check", "gc"] {
        let ending = try await program.run(command, "results/r")
        #expect(
            ending.status == .exited(2) && ending.errors.contains("plan.json: can't be read"),
            "\(command): \(ending.errors)")
    }
    let sweep = try await program.run("sweep", "r.yaml", "seed=1")
    #expect(sweep.status == .exited(0), "\(sweep.errors)")
    #expect(
        sweep.errors.contains("set aside as ")
            && sweep.errors.contains("The folder holds 2 run files"), "\(sweep.errors)")
    let kept = program.folder.appending(path: "results/r/set-aside/plan.json")
    #expect(try Data(contentsOf: kept) == whole.prefix(whole.count / 2))
    // A later program's plan is whole, and not ours to replace.
    let later = String(decoding: whole, as: UTF8.self).replacing(
        "\"format\":3", with: "\"format\":9")
    try Data(later.utf8).write(to: plan)
    let refused = try await program.run("sweep", "r.yaml")
    #expect(
        refused.status == .exited(2) && refused.errors.contains("viseme-plan 9"),
        "\(refused.errors)")
    #expect(try program.text("results/r/plan.json") == later)
}

@Test func verifyNamesADamagedRun() async throws {
    let program = try await swept()
    defer { program.close() }
    let folder = StudyFolder(program.folder.appending(path: "results/r"))
    let run = try folder.readPlan().runs[0]
    var bytes = try Data(contentsOf: folder.runFile(run.id))
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: folder.runFile(run.id))
    let verify = try await program.run("verify", "r.yaml")
    #expect(verify.status == .exited(3), "\(verify.output)\(verify.errors)")
    #expect(verify.output.contains("damaged") && verify.output.contains("1 differ"))
}

@Test func recordedDigestsMayBeEditedByGitAndPeople() async throws {
    let program = try await swept()
    defer { program.close() }
    #expect(try await program.run("verify", "r.yaml", "--record").status == .exited(0))
    let file = program.folder.appending(path: "r.digests")
    let text = try String(contentsOf: file, encoding: .utf8)
    try Data(("\u{FEFF}# recorded in May\r\n\r\n" + text.replacing("\n", with: "\r\n")).utf8).write(
        to: file)
    let verify = try await program.run("verify", "r.yaml")
    #expect(verify.status == .exited(0), "\(verify.output)\(verify.errors)")
    #expect(verify.output.contains("2 compared, 0 differ"))
}

@Test func aRecipeWithCarriageReturnsShowsLineAndCaret() async throws {
    let program = try Program(["r.yaml": "path_to_dataset: builtin:visemes\r\nlr: abc\r\n"])
    defer { program.close() }
    let ending = try await program.run("plan", "r.yaml")
    #expect(
        ending.errors.contains(
            "r.yaml:2:5: error: lr: found abc; expected a number, 0 or more\n    lr: abc\n        ^\n"
        ),
        "\(ending.errors)")
}

@Test func outputGoesWhereItWasSent() async throws {
    let program = try await swept()
    defer { program.close() }
    let folder = program.folder
    try Data("old".utf8).write(to: folder.appending(path: "real.csv"))
    try FileManager.default.createSymbolicLink(
        atPath: folder.appending(path: "link.csv").path, withDestinationPath: "real.csv")
    #expect(try await program.run("export", "results/r", "--csv", "link.csv").status == .exited(0))
    #expect(try program.text("real.csv").hasPrefix("number,run_id,"))
    let kind =
        try FileManager.default.attributesOfItem(
            atPath: folder.appending(path: "link.csv").path)[.type] as? FileAttributeType
    #expect(kind == .typeSymbolicLink)
    let gzip = try await program.run(
        command: [
            "bash", "-c",
            "\"$0\" export results/r --csv >(gzip > packed.gz) && sleep 0.5 && gzip -dc packed.gz",
            Program.url.path,
        ])
    #expect(gzip.output.contains("number,run_id,"), "\(gzip.errors)")
    try FileManager.default.createSymbolicLink(
        atPath: folder.appending(path: "inside.csv").path,
        withDestinationPath: "results/r/digests.txt")
    let inside = try await program.run("export", "results/r", "--csv", "inside.csv")
    #expect(inside.status != .exited(0) && inside.errors.contains("among a study's own files"))
    let device = try await program.run("export", "results/r", "--csv", "/dev/null")
    #expect(device.status == .exited(0), "\(device.errors)")
    var facts = stat()
    #expect(stat("/dev/null", &facts) == 0 && facts.st_mode & S_IFMT == S_IFCHR)
    let figure = try await program.run(
        "report", "results/r", "--section", "trials", "-o", "link.md")
    #expect(figure.status == .exited(0))
    let missing = try await program.run("export", "results/r", "--csv", "no/such/folder/x.csv")
    #expect(missing.status != .exited(0) && missing.errors.contains("can't be written"))
}

@Test func standardOutputThatCannotBeWrittenIsAFailure() async throws {
    let program = try await swept()
    defer { program.close() }
    try Data("program: t.py\nmethod: grid\nparameters: {lr: {values: [1, 2]}}\n".utf8).write(
        to: program.folder.appending(path: "w.yaml"))
    try Data().write(to: program.folder.appending(path: "t.py"))
    func shell(_ command: String) async throws -> Program.Ending {
        try await program.run(command: ["bash", "-c", command, Program.url.path])
    }
    for command in [
        "--version", "--help", "plan r.yaml", "status results/r", "show results/r:1", "schema",
        "explain", "export results/r --csv -", "import w.yaml", "report results/r --section trials",
        "check results/r", "sweep r.yaml",
    ] {
        if access("/dev/full", W_OK) == 0 {
            let full = try await shell("\"$0\" \(command) > /dev/full")
            #expect(full.status == .exited(1), "\(command)")
            #expect(
                full.errors.contains("standard output can't be written: No space left on device"),
                "\(command): \(full.errors)")
        }
        let closed = try await shell("\"$0\" \(command) >&-")
        #expect(closed.status == .exited(1), "\(command)")
        let pipe = try await shell(
            "\"$0\" \(command) 2> errors | head -c 1 > first; echo ${PIPESTATUS[0]}; cat errors")
        #expect(pipe.output == "0\n" || !pipe.output.contains("can't be written"), "\(command)")
    }
}

@Test func oddFilesDoNotHangAnything() async throws {
    let program = try await swept()
    defer { program.close() }
    let folder = program.folder.appending(path: "results/r")
    func pipe(_ name: String) throws {
        let file = folder.appending(path: name)
        try? FileManager.default.removeItem(at: file)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        #expect(mkfifo(file.path, 0o600) == 0)
    }
    let run = try StudyFolder(folder).readPlan().runs[0]
    for name in [".lock", "running/\(run.id).journal", "failed/\(run.id).json", "sweep.h5"] {
        try pipe(name)
        let status = try await program.run(
            command: ["timeout", "20", Program.url.path, "status", "results/r"])
        #expect(status.status == .exited(0), "\(name): \(status.errors)")
        try FileManager.default.removeItem(at: folder.appending(path: name))
    }
    try pipe("plan.json")
    let plan = try await program.run(
        command: ["timeout", "20", Program.url.path, "status", "results/r"])
    #expect(
        plan.status == .exited(2) && plan.errors.contains("not a regular file"), "\(plan.errors)")
}

@Test func limitsTooLowToWorkAreRefused() async throws {
    let program = try await swept()
    defer { program.close() }
    for (limit, words) in [("-n 16", "files may be open at once"), ("-v 400000", "address space")] {
        let ending = try await program.run(command: [
            "bash", "-c", "ulimit \(limit); exec \"$0\" status results/r", Program.url.path,
        ])
        #expect(
            ending.status == .exited(1) && ending.errors.contains(words),
            "\(limit) \(ending.errors)"
        )
        #expect(ending.errors.split(separator: "\n").count == 1)
    }
}

@Test func aSweepThroughALinkEndsTheOrphansOfTheOther() async throws {
    let program = try study(["hang"], more: "")
    defer { program.close() }
    try FileManager.default.createDirectory(
        at: program.folder.appending(path: "results"), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
        atPath: program.folder.appending(path: "other").path, withDestinationPath: "results")
    // The sweep is killed; its program hangs on.
    let first = try await program.run(command: [
        "bash", "-c",
        "\"$0\" sweep r.yaml & sweep=$!; while [ ! -e hangs ]; do sleep 0.05; done; kill -9 $sweep; wait $sweep",
        Program.url.path,
    ])
    #expect(first.status != .exited(0))
    let second = try await program.run(
        "sweep", "r.yaml", "way=well", "--results", "other")
    #expect(second.errors.contains("orphaned processes of a killed sweep"), "\(second.errors)")
}

@Test func aliasesAndReferencesAreExpandedWithinLimits() async throws {
    let bomb =
        "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        + (1...9).map { level in
            "a\(level): &a\(level) [\((0..<9).map { _ in "*a\(level - 1)" }.joined(separator: ", "))]\n"
        }.joined()
    let doubling =
        "trainer: {command: [sh]}\nset:\n  k0: abcdefgh\n"
        + (1...30).map { "  k\($0): ${k\($0 - 1)}${k\($0 - 1)}\n" }.joined()
    let program = try Program(["bomb.yaml": bomb, "refs.yaml": doubling])
    defer { program.close() }
    let limit = "ulimit -v 4000000; exec timeout 20 \"$0\" plan"
    let aliases = try await program.run(
        command: ["bash", "-c", limit + " bomb.yaml", Program.url.path])
    #expect(
        aliases.status == .exited(2) && aliases.errors.contains("make more than 1000000 values"),
        "\(aliases.errors.prefix(300))")
    let references = try await program.run(
        command: ["bash", "-c", limit + " refs.yaml", Program.url.path])
    #expect(
        references.status == .exited(2)
            && references.errors.contains("is longer than 65536 bytes with its references"),
        "\(references.errors.prefix(300))")
}

@Test func runsWithoutWeightsAreNotSaidToHaveTheSame() async throws {
    let program = try await swept()
    defer { program.close() }
    let ending = try await program.run("compare", "results/r:1", "results/r:2")
    #expect(ending.status == .exited(3), "\(ending.errors)")
    #expect(
        ending.output.contains("weights: none stored by either")
            && !ending.output.contains("the same, to the bit"), "\(ending.output)")
}

@Test func controlCharactersShowAndDoNothing() async throws {
    let escape = "\u{1B}[31mred\u{1B}[0m \u{202E}turned"
    let program = try Program([
        "train.sh": "printf '%s\\n' '\(escape)'; exit 3\n",
        "r.yaml": """
        question: "why \\e[2J \\u202e ?"
        trainer: {command: [sh, train.sh, "{x}"]}
        sweep: {x: ["a\\eb", c]}

        """,
    ])
    defer { program.close() }
    let sweep = try await program.run("sweep", "r.yaml")
    let status = try await program.run("status", "r.yaml")
    var texts = [sweep.output, sweep.errors, status.output]
    for form in ["md", "html", "ipynb"] {
        texts.append(try program.text("results/r/report.\(form)"))
    }
    for text in texts {
        #expect(!text.contains("\u{1B}") && !text.contains("\u{202E}"), "\(text.prefix(300))")
    }
    #expect(status.output.contains(#"red \u202eturned"#), "\(status.output)")
    #expect(texts[3].contains("why"), "\(texts[3].prefix(200))")
}

@Test func aScratchFolderWhoseOwnerLivesStays() throws {
    let parent = FileManager.default.temporaryDirectory.appending(
        path: "viseme-test-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: parent) }
    let alive = try ScratchFolder(in: parent, prefix: ".x-")
    let dead = parent.appending(path: ".x-dead")
    try FileManager.default.createDirectory(at: dead, withIntermediateDirectories: true)
    try Data().write(to: dead.appending(path: ".lock"))
    let young = parent.appending(path: ".x-young")
    try FileManager.default.createDirectory(at: young, withIntermediateDirectories: true)
    let second = try ScratchFolder(in: parent, prefix: ".x-")
    let names = Set(try FileManager.default.contentsOfDirectory(atPath: parent.path))
    #expect(names == [alive.url.lastPathComponent, second.url.lastPathComponent, ".x-young"])
}
