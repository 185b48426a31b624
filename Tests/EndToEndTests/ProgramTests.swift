import Foundation
import RunStore
import Subprocess
import Testing

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

@Test func aSweepIsTheSameForAnyNumberOfWorkersThreadsAndVectorWidths() async throws {
    let golden = try String(
        contentsOfFile: Program.tiny.replacing(".yaml", with: ".digests"), encoding: .utf8)
    let ways: [(jobs: String, threads: String, simd: String?)] = [
        ("1", "1", nil), ("2", "1", nil), ("4", "3", nil), ("2", "2", "avx2"),
    ]
    for way in ways {
        let program = try Program()
        defer { program.close() }
        if way.simd == "avx2",
            try await program.run("plan", Program.tiny, environment: ["VISEME_SIMD": "avx2"]).status
                != .exited(0)
        {
            continue
        }
        let ending = try await program.run(
            "sweep", Program.tiny, "--jobs", way.jobs, "--threads", way.threads,
            environment: ["VISEME_SIMD": way.simd])
        #expect(ending.status == .exited(0), "\(ending.errors)")
        #expect(try program.text("results/tiny/digests.txt") == golden, "\(way)")
    }
}

@Test func theReportIsRegeneratedToTheByteAndNothingRunsTwice() async throws {
    let program = try Program()
    defer { program.close() }
    _ = try await program.run("sweep", Program.tiny)
    let paths = ["report.md", "figures/val_accuracy.svg", "figures/train_loss.svg", "digests.txt"]
        .map {
            "results/tiny/" + $0
        }
    let before = try paths.map { try program.text($0) }
    #expect(before[0].contains("| 1 | "))
    for path in paths {
        try FileManager.default.removeItem(at: program.folder.appending(path: path))
    }
    let ending = try await program.run(
        "report", "results/tiny", environment: ["TZ": "Asia/Tokyo", "LC_ALL": "de_DE.UTF-8"])
    #expect(ending.status == .exited(0))
    #expect(try paths.map { try program.text($0) } == before)
    // Without the sweep file it is built again from the run files.
    try FileManager.default.removeItem(at: program.folder.appending(path: "results/tiny/sweep.h5"))
    _ = try await program.run("report", "results/tiny")
    #expect(try paths.map { try program.text($0) } == before)
    // What is derived is repaired, and nothing else is touched.
    try Data("not HDF5".utf8).write(to: program.folder.appending(path: "results/tiny/sweep.h5"))
    let broken = try await program.run("check", "results/tiny")
    #expect(
        broken.status == .exited(3) && broken.errors.contains("check --repair"), "\(broken.errors)")
    try FileManager.default.removeItem(
        at: program.folder.appending(path: "results/tiny/digests.txt"))
    let repaired = try await program.run("check", "results/tiny", "--repair")
    #expect(
        repaired.status == .exited(0) && repaired.output.contains("repaired: 2 of 2 problems"),
        "\(repaired.output)")
    #expect(try paths.map { try program.text($0) } == before)
    let again = try await program.run("sweep", Program.tiny)
    #expect(again.output.contains("4 runs, 4 stored, 0 to train"))
    #expect(try await program.run("check", "results/tiny").status == .exited(0))
}

@Test func verifyFindsWhatDiffers() async throws {
    let program = try Program()
    defer { program.close() }
    let recipe = try String(contentsOfFile: Program.tiny, encoding: .utf8)
    let base = try String(
        contentsOfFile: Program.tiny.replacing("tiny", with: "base"), encoding: .utf8)
    for (name, text) in ["tiny.yaml": recipe, "base.yaml": base] {
        try Data(text.utf8).write(to: program.folder.appending(path: name))
    }
    #expect(
        try await program.run("verify", "tiny.yaml", "--sample", "1").status == .exited(2),
        "nothing to compare with")
    #expect(try await program.run("verify", "tiny.yaml", "--record").status == .exited(0))
    let same = try await program.run("verify", "tiny.yaml", "--sample", "2")
    #expect(
        same.status == .exited(0)
            && same.output.contains("2 runs trained again, 2 compared, 0 differ"),
        "\(same.output)")
    let recorded = try program.text("tiny.digests")
    let first = recorded.prefix(1) == "0" ? "1" : "0"
    try Data((first + recorded.dropFirst()).utf8).write(
        to: program.folder.appending(path: "tiny.digests"))
    let differs = try await program.run("verify", "tiny.yaml")
    #expect(
        differs.status == .exited(3) && differs.output.contains("1 differ"), "\(differs.output)")
}

@Test func aDamagedRunIsSetAsideAndTrainedAgain() async throws {
    let program = try Program()
    defer { program.close() }
    _ = try await program.run("sweep", Program.tiny)
    let golden = try program.text("results/tiny/digests.txt")
    let id = String(golden.split(separator: " ")[1])
    let file = program.folder.appending(path: "results/tiny/runs/\(id).h5")
    try Data([UInt8](Data(contentsOf: file)).dropLast(1)).write(to: file)
    #expect(try await program.run("check", "results/tiny").status == .exited(3))
    #expect(try await program.run("status", "results/tiny").output.contains("damaged"))
    let ending = try await program.run("sweep", Program.tiny)
    #expect(ending.status == .exited(0) && ending.errors.contains("set aside as"))
    #expect(
        FileManager.default.fileExists(
            atPath: program.folder.appending(path: "results/tiny/set-aside/\(id).h5").path))
    #expect(try program.text("results/tiny/digests.txt") == golden)
}

@Test func aRunThatDivergesIsAResultAndTheOthersGoOn() async throws {
    let program = try Program()
    defer { program.close() }
    let overrides = ["optimizer=sgd", "lr=[0.01,1e38]", "seed=1"]
    let ending = try await program.run(
        "sweep", Program.tiny, overrides[0], overrides[1], overrides[2])
    #expect(
        ending.status == .exited(0) && ending.output.contains("diverged"),
        "\(ending.output)\(ending.errors)")
    let report = try program.text("results/tiny/report.md")
    #expect(report.contains("**diverged** in epoch"))
    let strict = try await program.run(
        "sweep", Program.tiny, overrides[0], overrides[1], overrides[2], "--fail-on-diverged")
    #expect(strict.status == .exited(1))
    let status = try await program.run("status", "results/tiny", "--json").output
    #expect(
        status.contains("\"outcome\" : \"diverged\"") && !status.contains("\"state\" : \"failed\""))
}

@Test func aWorkerThatRunsOutOfMemorySaysSoAndIsAFailure() async throws {
    let program = try Program()
    defer { program.close() }
    // 3 GB of address space are too little for the largest network at the largest size.
    let ending = try await Subprocess.run(
        .name("bash"),
        arguments: [
            "-c",
            "ulimit -v 3000000; exec \"$0\" sweep \"$1\" filters=64 size_lips.width=256 size_lips.height=256 len_video=60 batch_size=32 seed=1 lr=0.001",
            Program.url.path, Program.tiny,
        ],
        workingDirectory: FilePath(program.folder.path), output: .string(limit: 1 << 20),
        error: .string(limit: 1 << 20)
    )
    #expect(
        ending.terminationStatus == .exited(1), "\(ending.standardOutput)\(ending.standardError)")
    #expect(ending.standardOutput.contains("FAILED: ended with exit status 1"))
    #expect(ending.standardOutput.contains("error: out of memory"))
    #expect(
        try program.text("results/tiny/report.md").contains("**failed**: ended with exit status 1"))
    #expect(try await program.run("status", "results/tiny").output.contains("failed"))
}

@Test func anInterruptedSweepEndsItsWorkersAndGoesOn() async throws {
    let program = try Program()
    defer { program.close() }
    let script = """
        "$0" sweep "$1" epoch=400 & sweep=$!; sleep 2; kill -INT $sweep; wait $sweep; echo "status $?"
        pgrep -f "worker.*$(basename "$PWD")" && echo survivors
        exit 0
        """
    // A shell without job control lets its children ignore SIGINT: -m gives them a group of their
    // own.
    let ending = try await Subprocess.run(
        .name("bash"), arguments: ["-mc", script, Program.url.path, Program.tiny],
        workingDirectory: FilePath(program.folder.path), output: .string(limit: 1 << 20),
        error: .string(limit: 1 << 20)
    )
    #expect(
        ending.standardOutput.contains("status 130"),
        "\(ending.standardOutput)\(ending.standardError)")
    #expect(!ending.standardOutput.contains("survivors"))
    let after = try await program.run("sweep", Program.tiny)
    #expect(after.status == .exited(0))
    let golden = try String(
        contentsOfFile: Program.tiny.replacing(".yaml", with: ".digests"), encoding: .utf8)
    #expect(try program.text("results/tiny/digests.txt") == golden)
}

@Test func settingsThatAreTheSameRunArePlannedOnce() async throws {
    let program = try Program()
    defer { program.close() }
    let ending = try await program.run(
        "plan", Program.tiny, "builtin.words=[4]", "classes=[]", "lr=[0.001,1e-3]", "seed=1")
    #expect(ending.output.contains("1 runs"), "\(ending.output)\(ending.errors)")
}

@Test func mistakesEndWithStatus2AndOneMessage() async throws {
    let page = "path_to_dataset: builtin:visemes\n"
    let program = try Program([
        "typing.yaml": page + "lr: abc\nbatch_size: 0\n",
        "nodata.yaml": "path_to_dataset: /nowhere/at/all\n",
        "broken.yaml": "a: [1", "empty/a/train/1.mp4": "x", "empty/a/val/.keep": "",
        "clip/a/train/1.mp4": "x",
        "clip/a/val/2.mp4": "x", "clip/b/train/1.mp4": "x", "clip/b/val/1.mp4": "x",
        "empty/b/train/1.mp4": "x",
        "empty/b/val/1.mp4": "x", "page.yaml": page,
    ])
    defer { program.close() }
    let cases: [(arguments: [String], expected: String)] = [
        (["sweep", "typing.yaml"], "typing.yaml:2:5: error: lr: found abc"),
        (["sweep", "typing.yaml"], "typing.yaml:3:13: error: batch_size: found 0"),
        (["plan", "nodata.yaml"], "there is no folder /nowhere/at/all"),
        (["sweep", "broken.yaml"], "broken.yaml:2:1: error: this is not YAML"),
        (["sweep", "missing.yaml"], "missing.yaml: can't be read"),
        (["sweep", "page.yaml", "path_to_dataset=empty"], "class a has no clip in val"),
        (
            ["sweep", "page.yaml", "path_to_dataset=clip"],
            "4 clips: ffmpeg can't decode it: moov atom not found"
        ),
        (["report", "results/none"], "holds no study"),
        (
            ["sweep"],
            "viseme: error: missing expected argument '<recipe>'\n  see: viseme sweep --help"
        ),
        (
            ["swep"],
            "viseme: error: unexpected argument 'swep': did you mean sweep?\n  see: viseme --help"
        ),
        (["data", "info"], "see: viseme data info --help"),
        (["sweep", "page.yaml", "--jobs", "0"], "at least 1"),
        (["predict", "page.yaml", "x.mp4"], "can't be read"),
    ]
    for (arguments, expected) in cases {
        let result = try await Subprocess.run(
            .path(FilePath(Program.url.path)), arguments: Arguments(arguments),
            workingDirectory: FilePath(program.folder.path),
            output: .discarded, error: .string(limit: 1 << 20))
        #expect(result.terminationStatus == .exited(2), "\(arguments)")
        #expect(result.standardError.contains(expected), "\(arguments): \(result.standardError)")
    }
    let simd = try await program.run(
        "plan", "page.yaml", "epoch=1", environment: ["VISEME_SIMD": "mmx"])
    #expect(simd.status == .exited(0) || simd.errors.contains("VISEME_SIMD=mmx"))
}

@Test func trainFollowsThePage() async throws {
    let program = try Program([
        "page.yaml": """
        hide_metadata: true
        hide_libs_vers: true
        path_to_dataset: builtin:visemes
        len_video: 5
        size_lips: {width: 16, height: 12}
        padding_lips: false
        seed: 3
        batch_size: 4
        channels_lips: 3
        lr: 0.001
        epoch: 1
        epoch_stop: 5
        """
    ])
    defer { program.close() }
    let small = [
        "filters=2", "builtin.words=3", "builtin.train_speakers=2", "builtin.val_speakers=1",
        "builtin.test_speakers=1",
    ]
    let quiet = try await program.run(
        "train", "--config", "page.yaml", small[0], small[1], small[2], small[3], small[4])
    #expect(quiet.status == .exited(0), "\(quiet.errors)")
    #expect(quiet.output.hasPrefix("epoch  train_loss"))
    #expect(quiet.output.contains("best val_accuracy") && quiet.output.contains("test: accuracy"))
    let loud = try await program.run(
        "train", "--config", "page.yaml", "hide_metadata=false", small[0], small[1], small[2],
        small[3], small[4])
    #expect(loud.output.hasPrefix("Viseme ") && loud.output.contains("is stored: nothing to train"))
    #expect(!loud.output.contains("HDF5"))
}
