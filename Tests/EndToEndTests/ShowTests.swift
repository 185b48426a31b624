import Digests
import Foundation
import RunStore
import Tensors
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
        .replacing(
            "  filters: 4", with: "  filters: 4\n  init_from: START\n  freeze: [\"resnet.*\"]")
    let starts = [
        ("from_run", file), ("from_name", "results/tiny:3"), ("from_safetensors", "w.safetensors"),
        ("wrong", "wrong.yaml"), ("nowhere", "tiny.yaml"),
    ]
    for (name, start) in starts {
        try Data(page.replacing("START", with: start).utf8).write(
            to: program.folder.appending(path: "\(name).yaml"))
        let ending = try await program.run("sweep", "\(name).yaml", "lr=[0.01]", "epoch=2")
        #expect(
            ending.status == .exited(["wrong", "nowhere"].contains(name) ? 2 : 0),
            "\(name): \(ending.errors)")
        if name == "wrong" { #expect(ending.errors.contains("wrong.yaml: can't be read")) }
        if name == "nowhere" { #expect(ending.errors.contains("tiny.yaml: there is no such run")) }
    }
    // The same weights, whatever file they stand in, are the same runs.
    #expect(
        try program.text("results/from_run/digests.txt")
            == program.text("results/from_safetensors/digests.txt"))
    #expect(
        try program.text("results/from_run/digests.txt")
            == program.text("results/from_name/digests.txt"))
    #expect(try program.text("results/from_run/digests.txt").split(separator: "\n").count == 2)
    let start = try RunFile.read(URL(filePath: file)).weights
    let tuned = try program.record("lr=0.01,seed=1", study: "from_run").weights
    for (before, after) in zip(start, tuned) {
        #expect((before == after) == before.name.hasPrefix("resnet."), "\(before.name)")
    }
    // A pattern that names nothing is found before anything runs.
    let pattern = try await program.run("plan", "from_run.yaml", "freeze=[\"rezznet.*\"]")
    #expect(
        pattern.status == .exited(2) && pattern.errors.contains("no parameter is called rezznet.*"),
        "\(pattern.errors)"
    )
    let skip = try await program.run("plan", Program.tiny, "init_skip=[\"fc.*\"]")
    #expect(
        skip.status == .exited(2) && skip.errors.contains("has no effect without init_from"),
        "\(skip.errors)")
    let other = try await program.run("sweep", "from_run.yaml", "lr=[0.01]", "epoch=2", "filters=8")
    // All that does not fit, before anything runs.
    #expect(
        other.status == .exited(2) && other.errors.contains("do not fit the network")
            && other.errors.contains("filters 8, 4 classes: ")
            && other.errors.contains("s2_same.weight is [4, 1, 7, 7], not [8, 1, 7, 7]")
            && other.errors.contains("more"), "\(other.errors)")
}

/// Whoever damages a file and makes its trailer anew gets a refusal in words, or what the content
/// digest still covers: no crash, no hang, no other number. `make soak` does 5,000.
@Test func damageUnderANewTrailerNeitherCrashesNorDeceives() async throws {
    let program = try Program()
    defer { program.close() }
    _ = try await program.run("sweep", Program.tiny, "--only", "lr=0.01,seed=1")
    let folder = StudyFolder(program.folder.appending(path: "results/tiny"))
    let whole = [UInt8](try Data(contentsOf: folder.runFile(try folder.readPlan().runs[2].id)))
    let file = program.folder.appending(path: "damaged.h5")
    func shown() async throws -> Program.Ending {
        try await program.run("show", "damaged.h5")
    }
    try Data(whole).write(to: file)
    // What the digest covers, up to the provenance.
    let results = try await shown().output.components(separatedBy: "\n\n").prefix(4)
    var stream = RandomStream(seed: 2, purpose: .order)
    let count = (Int(ProcessInfo.processInfo.environment["VISEME_MUTATIONS"] ?? "") ?? 0)
    var refused = 0
    for number in 0..<max(count, 60) {
        var image = whole.dropLast(40)
        let size = UInt32(image.count)
        // Most of a file is weights; what is damaged here lies mostly elsewhere.
        let place = {
            Int(stream.below(4)) == 0 ? Int(stream.below(size)) : Int(stream.below(size)) % 40_000
        }
        switch number % 4 {
        case 0: for _ in 0..<3 { image[place()] ^= UInt8(1 << stream.below(8)) }
        case 1: image[place()] = [0, 0xFF, 0x7F, 0x80][Int(stream.below(4))]
        case 2:
            let (from, to) = (place(), min(place(), image.count - 64))
            for offset in 0..<64 { image[to + offset] = whole[min(from + offset, image.count - 1)] }
        default:
            let at = min(place(), image.count - 8)
            for offset in 0..<8 { image[at + offset] = UInt8(stream.below(256)) }
        }
        let trailer = whole.suffix(40).prefix(8) + Array(SHA256.hash(Data(image)))
        try Data(image + trailer).write(to: file)
        let ending = try await shown()
        switch ending.status {
        case .exited(0):
            #expect(
                ending.output.components(separatedBy: "\n\n").prefix(2) == results.prefix(2),
                "damage \(number)")
        case .exited(2):
            refused += 1
            #expect(ending.errors.contains("damaged.h5: "), "damage \(number): \(ending.errors)")
        default: Issue.record("damage \(number): \(ending.status)")
        }
    }
    #expect(refused > 5)
}

@Test func storedRunsAreShownComparedAndExported() async throws {
    let program = try Program()
    defer { program.close() }
    _ = try await program.run("sweep", Program.tiny)
    let shown = try await program.run("show", "results/tiny:3")
    #expect(shown.status == .exited(0), "\(shown.errors)")
    for part in [
        "lr=0.01,seed=1", "content digest", "val_accuracy  ", "test clips by true class",
        "  filters  ", "129 tensors",
    ] {
        #expect(shown.output.contains(part), "\(part)\n\(shown.output)")
    }
    #expect(try await program.run("show", "results/tiny:lr=0.01,seed=1").output == shown.output)
    let same = try await program.run("compare", "results/tiny:1", "results/tiny:1")
    #expect(same.status == .exited(0) && same.output.contains("the same content, to the bit"))
    let other = try await program.run("compare", "results/tiny:1", "results/tiny:2")
    #expect(
        other.status == .exited(3) && other.output.contains("  seed  1  2")
            && other.output.contains("differ from epoch 1 on"))
    let folders = try await program.run("compare", "results/tiny", "results/tiny")
    #expect(
        folders.status == .exited(0)
            && folders.output.contains("4 runs are the same to the bit, 0 differ"))

    let exported = try await program.run(
        "export", "results/tiny", "--csv", "runs.csv", "--histories", "epochs.csv", "--netcdf",
        "tiny.nc")
    #expect(exported.status == .exited(0), "\(exported.errors)")
    let rows = try program.text("runs.csv").split(separator: "\n")
    #expect(
        rows.count == 5 && rows[0].hasPrefix("number,run_id,label,trial,lr,seed,outcome,epochs"))
    let digests = try program.text("results/tiny/digests.txt")
    #expect(digests.contains(try #require(rows[1].split(separator: ",").last)))
    #expect(try program.text("epochs.csv").split(separator: "\n").count == 1 + 4 * 6)
    let weights = try await program.run(
        "export", "results/tiny:1", "--safetensors", "w.safetensors")
    #expect(weights.status == .exited(0))
    let wrong: [([String], String)] = [
        (["show", "results/tiny:9"], "no run of tiny is called 9"),
        (["show", "nowhere"], "there is no such run"),
        (["export", "results/tiny"], "nothing to write"),
        (["export", "results/tiny", "--safetensors", "x"], "of one run"),
        (["export", "results/tiny:1", "--netcdf", "x"], "are of a study"),
        (["export", "results/tiny", "--csv", "no/such/folder.csv"], "can't be written"),
        (
            ["export", "results/tiny", "--csv", "results/tiny/sweep.h5"],
            "lies among a study's own files"
        ),
        (
            ["export", "results/tiny", "--csv", "-", "--histories", "-"],
            "standard output takes one"
        ),
        (["show", "results/tiny:0"], "no run of tiny is called 0"),
    ]
    for (arguments, message) in wrong {
        let ending = try await program.run(command: [Program.url.path] + arguments)
        #expect(
            ending.status == .exited(2) && ending.errors.contains(message),
            "\(arguments): \(ending.errors)")
    }
}
