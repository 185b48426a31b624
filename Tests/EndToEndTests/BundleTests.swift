import Foundation
import RunStore
import Testing

private let python = ProcessInfo.processInfo.environment["VISEME_PYTHON"] ?? ""

/// A study of the built-in trainer, in a second.
private func builtIn() async throws -> Program {
    let program = try Program([
        "recipes/tiny.yaml": """
        base: base.yaml
        question: Does it travel?
        set: {epoch: 2}
        sweep: {lr: [0.01, 0.001], seed: [1, 2]}
        """,
        "recipes/base.yaml": """
        path_to_dataset: builtin:visemes
        builtin: {words: 3, train_speakers: 3, val_speakers: 2, test_speakers: 1}
        len_video: 6
        size_lips: {width: 12, height: 12}
        filters: 2
        """,
        "LICENSE": "All yours.\n",
    ])
    let ending = try await program.run("sweep", "recipes/tiny.yaml")
    #expect(ending.status == .exited(0), "\(ending.errors)")
    return program
}

@Test func aStudyTravelsAsOneFile() async throws {
    let program = try await builtIn()
    defer { program.close() }
    let made = try await program.run("bundle", "results/tiny", "-o", "tiny.zip")
    #expect(
        made.status == .exited(0) && made.output.contains("written: tiny.zip"), "\(made.errors)")
    // The same study gives the same bytes.
    _ = try await program.run("bundle", "results/tiny", "-o", "again.zip")
    let file = program.folder.appending(path: "tiny.zip")
    #expect(
        try Data(contentsOf: file)
            == Data(contentsOf: program.folder.appending(path: "again.zip")))

    // To a machine that has only the program.
    let other = try Program()
    defer { other.close() }
    try FileManager.default.copyItem(at: file, to: other.folder.appending(path: "tiny.zip"))
    let before = program.folder.path
    try FileManager.default.removeItem(at: program.folder)
    let checked = try await other.run("check", "tiny.zip")
    #expect(checked.status == .exited(0), "\(checked.errors)")
    #expect(checked.output.contains("4 of 4 planned runs are valid"), "\(checked.output)")
    let verified = try await other.run("verify", "tiny.zip", "--sample", "2")
    #expect(verified.status == .exited(0), "\(verified.errors)")
    #expect(verified.output.contains("2 runs trained again, 2 compared, 0 differ"))
    let report = try await other.run("report", "tiny.zip")
    #expect(report.output.contains("Does it travel?"), "\(report.output.prefix(300))")
    let section = try await other.run("report", "tiny.zip", "--section", "runs")
    #expect(section.output.contains("lr=0.01,seed=1") || section.output.contains("| 0.01 |"))
    let repaired = try await other.run("check", "tiny.zip", "--repair")
    #expect(repaired.status == .exited(2) || repaired.status == .exited(64))
    // Nothing is left of it.
    let left = try FileManager.default.contentsOfDirectory(atPath: other.folder.path)
    #expect(left.filter { $0 != "user-cache" } == ["tiny.zip"])
    _ = before
}

@Test func whatAReviewerSeesNamesNobody() async throws {
    let program = try await builtIn()
    defer { program.close() }
    let made = try await program.run(
        "bundle", "results/tiny", "-o", "blind.zip", "--anonymous", "--without-weights")
    #expect(made.status == .exited(0), "\(made.errors)")
    #expect(made.output.contains("weights: left out"), "\(made.output)")
    let bytes = try Data(contentsOf: program.folder.appending(path: "blind.zip"))
    let host = ProcessInfo.processInfo.hostName
    for secret in [program.folder.path, program.folder.lastPathComponent, host]
    where secret.count > 3 && secret != "localhost" {
        #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(secret)")
    }
    let checked = try await program.run("check", "blind.zip")
    #expect(checked.status == .exited(0), "\(checked.errors)")
    let verified = try await program.run("verify", "blind.zip", "--sample", "1")
    #expect(verified.output.contains("1 compared, 0 differ"), "\(verified.errors)")
    let digests = try program.text("results/tiny/digests.txt")
    let unpacked = try await program.run(
        command: ["python3", "-m", "zipfile", "-e", "blind.zip", "blind"])
    #expect(unpacked.status == .exited(0), "\(unpacked.errors)")
    #expect(try program.text("blind/study/digests.txt") == digests)
}

@Test func aCommandsCodeTravelsToo() async throws {
    let program = try Program([
        ".git/HEAD": "ref: refs/heads/main\n",
        "study/r.yaml": """
        trainer: {command: [python3, ../train.py]}
        sweep: {seed: [1, 2]}
        metric: {name: loss, goal: minimize}
        """,
        "train.py": """
        import json, os
        import model
        with open(os.environ["VISEME_METRICS"], "a") as file:
            file.write(json.dumps({"epoch": 1, "loss": model.loss * int(os.environ["VISEME_SEED"])}) + "\\n")
        """,
        "model.py": "loss = 1.5\n",
    ])
    defer { program.close() }
    let swept = try await program.run("sweep", "study/r.yaml")
    #expect(swept.status == .exited(0), "\(swept.errors)")
    let made = try await program.run("bundle", "results/r", "-o", "r.zip")
    #expect(made.status == .exited(0), "\(made.errors)")
    let other = try Program()
    defer { other.close() }
    try FileManager.default.copyItem(
        at: program.folder.appending(path: "r.zip"), to: other.folder.appending(path: "r.zip"))
    try FileManager.default.removeItem(at: program.folder)
    let verified = try await other.run("verify", "r.zip")
    #expect(verified.status == .exited(0), "\(verified.errors)")
    #expect(verified.output.contains("2 compared, 0 differ"), "\(verified.output)")
    // Code that was changed together with the manifest is not the code of these runs.
    try Data(
        """
        import hashlib, json, zipfile
        old = zipfile.ZipFile("r.zip")
        files = {i.filename: old.read(i) for i in old.infolist()}
        files["tree/train.py"] += b"# changed"
        manifest = json.loads(files["manifest.json"])
        manifest["files"]["tree/train.py"] = {
            "sha256": hashlib.sha256(files["tree/train.py"]).hexdigest(), "size": len(files["tree/train.py"])}
        files["manifest.json"] = json.dumps(manifest).encode()
        with zipfile.ZipFile("changed.zip", "w") as archive:
            for name, contents in files.items():
                archive.writestr(name, contents)
        """.utf8
    ).write(to: other.folder.appending(path: "change.py"))
    let changed = try await other.run(command: ["python3", "change.py"])
    #expect(changed.status == .exited(0), "\(changed.errors)")
    let refused = try await other.run("verify", "changed.zip")
    #expect(refused.status == .exited(3), "\(refused.output)")
    #expect(refused.errors.contains("give other runs than it holds"), "\(refused.errors)")
}

@Test(.enabled(if: !python.isEmpty, "needs Python with Tests/Interop/requirements.txt"))
func otherToolsReadBundlesAsResearchObjects() async throws {
    let program = try await builtIn()
    defer { program.close() }
    for options in [[], ["--anonymous"], ["--without-weights", "--license", "CC-BY-4.0"]] {
        let made = try await program.run(
            command: [Program.url.path, "bundle", "results/tiny", "-o", "tiny.zip"] + options)
        #expect(made.status == .exited(0), "\(made.errors)")
        let read = try await program.run(command: [
            python, Program.package.appending(path: "Tests/Interop/check_crate.py").path,
            "tiny.zip", "4",
        ])
        #expect(read.status == .exited(0), "\(read.errors)")
        #expect(read.output.hasPrefix("4 actions, "), "\(read.output)")
    }
}

/// Archives that somebody made to harm, or that were damaged on their way.
@Test func hostileBundlesAreRefused() async throws {
    let program = try await builtIn()
    defer { program.close() }
    let made = try await program.run("bundle", "results/tiny", "-o", "tiny.zip")
    #expect(made.status == .exited(0), "\(made.errors)")
    try Data(
        """
        import json, struct, sys, zipfile
        def make(name, entries, **more):
            with zipfile.ZipFile(name, "w", more.get("method", zipfile.ZIP_STORED)) as archive:
                for entry, data in entries:
                    archive.writestr(entry, data)
        good = zipfile.ZipFile("tiny.zip")
        entries = [(i.filename, good.read(i)) for i in good.infolist()]
        make("outside.zip", entries + [("../evil", b"x")])
        make("absolute.zip", entries + [("/tmp/evil", b"x")])
        make("windows.zip", entries + [("..\\\\evil", b"x")])
        make("extra.zip", entries + [("study/more", b"x")])
        make("without.zip", [e for e in entries if e[0] != "study/digests.txt"])
        make("changed.zip", [(n, d + b" " if n == "README.md" else d) for n, d in entries])
        make("packed.zip", entries, method=zipfile.ZIP_DEFLATED)
        make("none.zip", [("a.txt", b"x")])
        link = zipfile.ZipInfo("study/link")
        link.external_attr = 0o120777 << 16
        make("link.zip", entries + [(link, b"/etc/passwd")])
        def manifest(change):
            made = []
            for n, d in entries:
                if n == "manifest.json":
                    m = json.loads(d); change(m); d = json.dumps(m).encode()
                made.append((n, d))
            return made
        make("newer.zip", manifest(lambda m: m.update(version=99)))
        make("study.zip", manifest(lambda m: m.update(study="../x")))
        make("recipe.zip", manifest(lambda m: m.update(recipe="../../x.yaml")))
        whole = open("tiny.zip", "rb").read()
        open("truncated.zip", "wb").write(whole[:len(whole) // 2])
        open("empty.zip", "wb").write(b"")
        open("text.zip", "wb").write(b"hello" * 100)
        # A byte of a run's file.
        at = whole.index(b"study/runs/") + 5000
        open("bit.zip", "wb").write(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
        # Every entry claims the bytes of one large file, again and again.
        make("bomb.zip", [(f"study/{i}", b"") for i in range(100)] + [("study/big", b"\\0" * 100000)])
        bomb = bytearray(open("bomb.zip", "rb").read())
        big = bomb.rindex(b"study/big") - 46
        size, offset = bomb[big + 20:big + 28], bomb[big + 42:big + 46]
        at = bomb.index(b"PK\\x01\\x02")
        while bomb[at:at + 4] == b"PK\\x01\\x02":
            bomb[at + 20:at + 28], bomb[at + 42:at + 46] = size, offset
            at += 46 + struct.unpack("<H", bomb[at + 28:at + 30])[0]
        open("bomb.zip", "wb").write(bomb)
        """.utf8
    ).write(to: program.folder.appending(path: "make.py"))
    let built = try await program.run(command: ["python3", "make.py"])
    #expect(built.status == .exited(0), "\(built.errors)")
    for (name, reason) in [
        ("outside", "leads out of it"), ("absolute", "leads out of it"),
        ("windows", "leads out of it"), ("extra", "study/more is in it, and not in its manifest"),
        ("without", "study/digests.txt is missing"), ("changed", "its SHA-256 differs"),
        ("packed", "is compressed"), ("none", "is no bundle of a study"),
        ("link", "is a link, a folder or a device"), ("newer", "is of a newer format, 99"),
        ("study", "names a path outside of it"), ("recipe", "names a path outside of it"),
        ("truncated", "truncated, or not a ZIP"), ("empty", "truncated, or not a ZIP"),
        ("text", "truncated, or not a ZIP"), ("bit", "is damaged: its checksum differs"),
        ("bomb", "made to fill a disk"), ("nowhere", "No such file"),
    ] {
        for command in [["check"], ["verify"], ["report"]] {
            let ending = try await program.run(
                command: [Program.url.path] + command + ["\(name).zip"])
            #expect(ending.status == .exited(3), "\(name): \(ending.errors)\(ending.output)")
            #expect(ending.errors.contains(reason), "\(name): \(ending.errors)")
        }
    }
    #expect(!FileManager.default.fileExists(atPath: program.folder.path + "/../evil"))
    #expect(!FileManager.default.fileExists(atPath: "/tmp/evil"))
}

/// What a program prints of its machine does not reach a reviewer; what can't be taken out is said.
@Test func namesInOutputsAndRecipesAreFound() async throws {
    let program = try Program([
        ".git/HEAD": "ref: refs/heads/main\n",
        "r.yaml": """
        trainer: {command: [sh, train.sh]}
        sweep: {seed: [1]}
        metric: {name: loss, goal: minimize}
        """,
        "train.sh": """
        cat "$VISEME_RECIPE_FOLDER/secret_key.txt" > /dev/null
        echo "in $PWD on $(hostname), data of /some""where/private/clips"
        echo '{"epoch": 1, "loss": 0.5}' >> "$VISEME_METRICS"
        """,
        "secret_key.txt": "open sesame",
    ])
    defer { program.close() }
    let results = program.folder.path + "-results"
    defer { try? FileManager.default.removeItem(atPath: results) }
    _ = try await program.run("sweep", "r.yaml", "--results", results)
    let made = try await program.run("bundle", results + "/r", "-o", "r.zip", "--anonymous")
    #expect(made.status == .exited(0), "\(made.errors)")
    #expect(made.output.contains("secret_key.txt"), "\(made.output)")
    let bytes = try Data(contentsOf: program.folder.appending(path: "r.zip"))
    for secret in [program.folder.path, "/somewhere/private", "open sesame"] {
        #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(secret)")
    }
    // A command with a path of this machine can't be changed without changing which run it is.
    try """
    trainer: {command: [sh, train.sh, \(program.folder.path)/x/y]}
    sweep: {seed: [1]}
    metric: {name: loss, goal: minimize}
    """.write(to: program.folder.appending(path: "s.yaml"), atomically: true, encoding: .utf8)
    _ = try await program.run("sweep", "s.yaml")
    let leaking = try await program.run("bundle", "results/s", "-o", "s.zip", "--anonymous")
    #expect(leaking.status == .exited(3))
    #expect(leaking.errors.contains("it still names a folder, a host or a person"))
    #expect(leaking.errors.contains("study/plan.json: "), "\(leaking.errors)")
}
