import Foundation
import RunStore
import Testing

@Test func aRunThatTakesTooLongFailsAfterItsTriesAndGoesOnLater() async throws {
    let program = try Program()
    defer { program.close() }
    let ending = try await program.run(
        "sweep", Program.tiny, "epoch=10000", "checkpoint_every=0", "--only", "lr=0.01,seed=1",
        "--timeout", "1.5s",
        "--retries", "1")
    #expect(ending.status == .exited(1), "\(ending.errors)")
    #expect(ending.output.contains("1 of 4 runs, 0 stored, 1 to train"))
    #expect(
        ending.output.contains("ran longer than 1.5 seconds (--timeout); trying again"),
        "\(ending.output)")
    #expect(ending.output.contains("trying again from its last checkpoint"), "\(ending.output)")
    let folder = StudyFolder(program.folder.appending(path: "results/tiny"))
    let run = try #require(try folder.readPlan().runs.first { $0.label == "lr=0.01,seed=1" })
    #expect(folder.readFailure(run.id)?.tries?.count == 2)
    #expect(FileManager.default.fileExists(atPath: folder.checkpointFile(run.id).path))
    #expect(try program.text("results/tiny/report.md").contains("ran longer than"))
}

@Test func onlyAndForceChooseWhatIsTrained() async throws {
    let program = try Program()
    defer { program.close() }
    _ = try await program.run("sweep", Program.tiny, "--only", "seed=2")
    let digests = try program.text("results/tiny/digests.txt")
    #expect(digests.split(separator: "\n").map { $0.suffix(6) } == ["seed=2", "seed=2"])
    let again = try await program.run("sweep", Program.tiny, "--only", "lr=0.01,seed=2", "--force")
    #expect(again.output.contains("1 of 4 runs, 0 stored, 1 to train"), "\(again.output)")
    #expect(try program.text("results/tiny/digests.txt") == digests)
    let aside = program.folder.appending(path: "results/tiny/set-aside").path
    #expect(try FileManager.default.contentsOfDirectory(atPath: aside).count == 1)
    let wrong = try await program.run("sweep", Program.tiny, "--only", "lr=0.02")
    #expect(wrong.status == .exited(2))
    #expect(
        wrong.errors.contains("no run has lr=0.02: there are lr=0.001, lr=0.01, seed=1, seed=2"))
}
