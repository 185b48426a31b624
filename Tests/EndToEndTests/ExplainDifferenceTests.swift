import Foundation
import RunStore
import Testing

private let toy = """
    set:
      path_to_dataset: builtin:visemes
      builtin: {words: 3, train_speakers: 3, val_speakers: 2, test_speakers: 1}
      len_video: 6
      size_lips: {width: 12, height: 12}
      model: cnn3d_gru
      filters: 2
      batch_size: 8
      epoch: 2
    sweep: {seed: [1, 2]}
    """

@Test func aRepeatedRunIsTheSameBatchByBatch() async throws {
    let program = try Program(["r.yaml": toy])
    defer { program.close() }
    let swept = try await program.run("sweep", "r.yaml")
    #expect(swept.status == .exited(0), "\(swept.errors)")
    // The start and each epoch have a digest in the run's file.
    let record = try program.record("seed=1")
    #expect(record.epochDigests.count == 3 && Set(record.epochDigests).count == 3)
    let other = try program.record("seed=2")
    #expect(zip(record.epochDigests, other.epochDigests).allSatisfy { $0 != $1 })
    let seeds = try await program.run("explain-difference", "results/r:1", "results/r:2")
    #expect(seeds.status == .exited(3))
    #expect(
        seeds.output.contains("they are different runs: configuration.seed is 1 in a and 2 in b"),
        "\(seeds.output)")
    for (width, file) in [(nil, "a.jsonl"), ("plain", "b.jsonl")] as [(String?, String)] {
        let again = try await program.run(
            "explain-difference", "results/r:1", "--trace-digests", file,
            environment: ["VISEME_SIMD": width])
        #expect(again.status == .exited(0), "\(again.errors)")
        #expect(again.output.contains("the same, to the bit"), "\(again.output)")
    }
    // Nine steps of twelve layers or so, all the same whatever the vector width.
    #expect(try program.text("a.jsonl") == program.text("b.jsonl"))
    let same = try await program.run("explain-difference", "a.jsonl", "b.jsonl")
    #expect(same.status == .exited(0) && same.output.contains("the same"), "\(same.output)")
    var lines = try program.text("b.jsonl").split(separator: "\n").map(String.init)
    let second = try #require(
        lines.firstIndex { $0.contains("\"batch\":2") && $0.contains("\"layer\":3") })
    lines[second] = lines[second].replacing("\"sum\":", with: "\"sum\":1")
    try lines.joined(separator: "\n").write(
        to: program.folder.appending(path: "c.jsonl"), atomically: true, encoding: .utf8)
    let changed = try await program.run("explain-difference", "a.jsonl", "c.jsonl")
    #expect(changed.status == .exited(3))
    #expect(changed.output.hasPrefix("first difference: batch 2, layer 3 ("), "\(changed.output)")
    // The backward pass too: the last layer's gradient comes first.
    let gradients = lines.indices.filter { lines[$0].contains("gradient of") }
    #expect(gradients.count > 9 && lines[gradients[0]].contains("gradient of fc.bias"))
    lines = try program.text("b.jsonl").split(separator: "\n").map(String.init)
    lines[gradients[1]] = lines[gradients[1]].replacing("\"first\":", with: "\"first\":1")
    try lines.joined(separator: "\n").write(
        to: program.folder.appending(path: "c.jsonl"), atomically: true, encoding: .utf8)
    let backward = try await program.run("explain-difference", "a.jsonl", "c.jsonl")
    #expect(
        backward.output.hasPrefix("first difference: batch 1, the gradient of fc.weight: sum "),
        "\(backward.output)")
}

@Test func theStartAndTheEpochOfADifferenceAreNamed() async throws {
    let program = try Program(["r.yaml": toy])
    defer { program.close() }
    _ = try await program.run("sweep", "r.yaml", "seed=[1]")
    let folder = StudyFolder(program.folder.appending(path: "results/r"))
    let run = try #require(try folder.readPlan().runs.first)
    // As a machine that computes otherwise would have stored it.
    var other = try RunFile.read(folder.runFile(run.id))
    other.histories[0].values[1] += 1e-9
    other.epochDigests[2] = String(repeating: "0", count: 64)
    other.provenance.processor = "another"
    try RunFile.write(other, to: program.folder.appending(path: "other.h5"))
    let epoch = try await program.run("explain-difference", "results/r:1", "other.h5")
    #expect(epoch.status == .exited(3))
    #expect(
        epoch.output.contains("first difference: epoch 2: the parameters after it differ"),
        "\(epoch.output)")
    #expect(epoch.output.contains("of the metrics first epoch 2, train_loss: "))
    #expect(epoch.output.contains("another in b"), "\(epoch.output)")
    other.epochDigests[0] = String(repeating: "0", count: 64)
    try RunFile.write(other, to: program.folder.appending(path: "start.h5"))
    let start = try await program.run("explain-difference", "results/r:1", "start.h5")
    #expect(
        start.output.contains("the start: the parameters differ before the first step"),
        "\(start.output)")
}

@Test func aCommandThatIsNotDeterministicIsFoundOut() async throws {
    let program = try Program([
        ".git/HEAD": "ref: refs/heads/main\n",
        "r.yaml": """
        trainer: {command: [sh, train.sh]}
        sweep: {seed: [1]}
        metric: {name: loss, goal: minimize}
        """,
        "train.sh": """
        echo '{"epoch": 1, "loss": 0.5}' >> "$VISEME_METRICS"
        echo "{\\"epoch\\": 2, \\"loss\\": $(od -An -N4 -tu4 /dev/urandom)}" >> "$VISEME_METRICS"
        """,
    ])
    defer { program.close() }
    _ = try await program.run("sweep", "r.yaml")
    let made = try await program.run("bundle", "results/r", "-o", "r.zip")
    #expect(made.status == .exited(0), "\(made.errors)")
    let again = try await program.run("explain-difference", "results/r:1")
    #expect(again.status == .exited(3), "\(again.errors)")
    #expect(again.output.contains("first difference: epoch 2, loss: "), "\(again.output)")
    let trace = try await program.run(
        "explain-difference", "results/r:1", "--trace-digests", "a.jsonl")
    #expect(trace.errors.contains("--trace-digests is for the built-in trainer"))
    // What it was in the bundle, and what a changed file did to it.
    try "echo '{\"epoch\": 1, \"loss\": 0.25}' >> \"$VISEME_METRICS\"\n".write(
        to: program.folder.appending(path: "common.sh"), atomically: true, encoding: .utf8)
    _ = try await program.run("sweep", "r.yaml", "--force")
    let bundled = try await program.run("explain-difference", "r.zip:1", "results/r:1")
    #expect(bundled.status == .exited(3))
    #expect(bundled.output.contains("epoch 2, loss: "), "\(bundled.output)\(bundled.errors)")
}

/// The processor is the one that the program runs on, and nothing says whose it is.
@Test func evidenceNamesTheProcessorAndNobody() async throws {
    let program = try Program(["r.yaml": toy])
    defer { program.close() }
    let none = try await program.run("verify", "r.yaml", "--record-evidence")
    #expect(none.errors.contains("no digests are recorded for r.yaml"), "\(none.errors)")
    _ = try await program.run("verify", "r.yaml", "--record")
    let made = try await program.run(
        "verify", "r.yaml", "--record-evidence", "--in-process",
        environment: ["VISEME_SIMD": "plain"])
    #expect(made.status == .exited(0), "\(made.errors)")
    let names = try FileManager.default.contentsOfDirectory(
        atPath: program.folder.appending(path: "evidence").path)
    #expect(names.count == 1 && names[0].hasPrefix("r-plain-"))
    let text = try program.text("evidence/\(names[0])")
    #expect(text.contains("\"compared\" : 2") && text.contains("\"differing\" : 0"), "\(text)")
    #expect(!text.contains(program.folder.path))
    let host = ProcessInfo.processInfo.hostName
    #expect(host.count < 4 || host == "localhost" || !text.contains(host))
    // A machine that gives other bits is evidence too.
    let golden = program.folder.appending(path: "r.digests")
    let digests = try String(contentsOf: golden, encoding: .utf8)
    try (digests.first == "0" ? "1" : "0").appending(digests.dropFirst()).write(
        to: golden, atomically: true, encoding: .utf8)
    let other = try await program.run("verify", "r.yaml", "--record-evidence")
    #expect(other.status == .exited(3))
    let all = try FileManager.default.contentsOfDirectory(
        atPath: program.folder.appending(path: "evidence").path)
    #expect(try all.contains { try program.text("evidence/\($0)").contains("\"differing\" : 1") })
}
