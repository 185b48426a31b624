import Foundation
import RunStore
import Testing

@Test func aStudyMayStartFromTheWeightsOfAnother() async throws {
    let program = try Program()
    defer { program.close() }
    _ = try await program.run("sweep", Program.tiny, "--only", "lr=0.01,seed=1")
    _ = try await program.run("export", "results/tiny:3", "--safetensors", "w.safetensors")
    let folder = StudyFolder(program.folder.appending(path: "results/tiny"))
    let file = folder.runFile(try folder.readPlan().runs[2].id).path
    let page = try String(contentsOfFile: Program.tiny, encoding: .utf8)
        .replacing("base: base.yaml", with: "base: \(Program.package.path)/recipes/base.yaml")
        .replacing("  filters: 4", with: "  filters: 4\n  init_from: START\n  freeze: [\"resnet.*\"]")
    for (name, start) in [("from_run", file), ("from_safetensors", "w.safetensors"), ("wrong", "tiny.yaml")] {
        try Data(page.replacing("START", with: start).utf8).write(to: program.folder.appending(path: "\(name).yaml"))
        let ending = try await program.run("sweep", "\(name).yaml", "lr=[0.01]", "epoch=2")
        #expect(ending.status == .exited(name == "wrong" ? 2 : 0), "\(name): \(ending.errors)")
        if name == "wrong" { #expect(ending.errors.contains("tiny.yaml: can't be read")) }
    }
    // The same weights, whatever file they stand in, are the same runs.
    #expect(try program.text("results/from_run/digests.txt") == program.text("results/from_safetensors/digests.txt"))
    #expect(try program.text("results/from_run/digests.txt").split(separator: "\n").count == 2)
    let start = try RunFile.read(URL(filePath: file)).result.weights
    let tuned = try program.record("lr=0.01,seed=1", study: "from_run").result.weights
    for (before, after) in zip(start, tuned) {
        #expect((before == after) == before.name.hasPrefix("resnet."), "\(before.name)")
    }
    // A pattern that names nothing is found before anything runs.
    let pattern = try await program.run("plan", "from_run.yaml", "freeze=[\"rezznet.*\"]")
    #expect(
        pattern.status == .exited(2) && pattern.errors.contains("no parameter is called rezznet.*"), "\(pattern.errors)"
    )
    let skip = try await program.run("plan", Program.tiny, "init_skip=[\"fc.*\"]")
    #expect(skip.status == .exited(2) && skip.errors.contains("there is no init_from"), "\(skip.errors)")
    let other = try await program.run("sweep", "from_run.yaml", "lr=[0.01]", "epoch=2", "filters=8")
    #expect(other.status == .exited(1) && other.output.contains("FAILED"), "\(other.output)")
    let status = try await program.run("status", "results/from_run").output
    #expect(
        status.contains("do not fit the network")
            && status.contains("s2_same.weight is [4, 1, 7, 7], not [8, 1, 7, 7]"), "\(status)")
}

@Test func storedRunsAreShownComparedAndExported() async throws {
    let program = try Program()
    defer { program.close() }
    _ = try await program.run("sweep", Program.tiny)
    let shown = try await program.run("show", "results/tiny:3")
    #expect(shown.status == .exited(0), "\(shown.errors)")
    for part in [
        "lr=0.01,seed=1", "content digest", "val_accuracy  ", "test clips by true class", "  filters  ", "129 tensors",
    ] {
        #expect(shown.output.contains(part), "\(part)\n\(shown.output)")
    }
    #expect(try await program.run("show", "results/tiny:lr=0.01,seed=1").output == shown.output)
    let same = try await program.run("compare", "results/tiny:1", "results/tiny:1")
    #expect(same.status == .exited(0) && same.output.contains("the same content, to the bit"))
    let other = try await program.run("compare", "results/tiny:1", "results/tiny:2")
    #expect(
        other.status == .exited(3) && other.output.contains("  seed  1  2")
            && other.output.contains("apart from epoch 1"))
    let folders = try await program.run("compare", "results/tiny", "results/tiny")
    #expect(folders.status == .exited(0) && folders.output.contains("4 runs are the same to the bit, 0 differ"))

    let exported = try await program.run(
        "export", "results/tiny", "--csv", "runs.csv", "--histories", "epochs.csv", "--netcdf", "tiny.nc")
    #expect(exported.status == .exited(0), "\(exported.errors)")
    let rows = try program.text("runs.csv").split(separator: "\n")
    #expect(rows.count == 5 && rows[0].hasPrefix("number,run_id,lr,seed,outcome,epochs"))
    let digests = try program.text("results/tiny/digests.txt")
    #expect(digests.contains(try #require(rows[1].split(separator: ",").last)))
    #expect(try program.text("epochs.csv").split(separator: "\n").count == 1 + 4 * 6)
    let weights = try await program.run("export", "results/tiny:1", "--safetensors", "w.safetensors")
    #expect(weights.status == .exited(0))
    let wrong: [([String], String)] = [
        (["show", "results/tiny:9"], "no run of tiny is called 9"), (["show", "nowhere"], "there is no such run"),
        (["export", "results/tiny"], "say what to write"),
        (["export", "results/tiny", "--safetensors", "x"], "of one run"),
        (["export", "results/tiny:1", "--netcdf", "x"], "are of a study"),
        (["export", "results/tiny", "--csv", "no/such/folder.csv"], "can't be written"),
        (["export", "results/tiny", "--csv", "results/tiny/sweep.h5"], "lies among a study's own files"),
        (["export", "results/tiny", "--csv", "-", "--histories", "-"], "standard output takes one"),
        (["show", "results/tiny:0"], "no run of tiny is called 0"),
    ]
    for (arguments, message) in wrong {
        let ending = try await program.run(command: [Program.url.path] + arguments)
        #expect(ending.status == .exited(2) && ending.errors.contains(message), "\(arguments): \(ending.errors)")
    }
}
