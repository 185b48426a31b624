import Foundation
import RunStore
import Testing

/// A repository of git's own with a trainer, one commit, and changes since.
private func repository() async throws -> Program {
    let program = try Program([
        "study/r.yaml": """
        base: base.yaml
        trainer: {command: [python3, ../train.py]}
        sweep: {seed: [1, 2]}
        metric: {name: loss, goal: minimize}
        """,
        "study/base.yaml": "width: 3\n",
        "train.py": """
        import os, json, sys
        import model, local
        root = os.path.dirname(os.path.abspath(__file__))
        extra = len(open(os.path.join(root, "data.bin"), "rb").read())
        for name in ("cache.txt", "api_key.txt"):
            open(os.path.join(root, name)).read()
        with open(os.environ["VISEME_METRICS"], "a") as file:
            file.write(json.dumps({"epoch": 1, "loss": model.loss + local.loss + extra}) + "\\n")
        """,
        "model.py": "loss = 1.0\n", "cache.txt": "ignored",
        ".gitignore": "results/\ncache.txt\n__pycache__/\n", "secrets.yaml": "a: 1\n",
    ])
    try Data([0, 1, 2, 255, 10, 13]).write(to: program.folder.appending(path: "data.bin"))
    try await program.git("init", "-q", "-b", "main")
    try await program.git("add", "-A")
    try await program.git("commit", "-q", "-m", "Begin")
    // Uncommitted: a module, bytes, a secret; and files that git does not know.
    try Data("loss = 2.0\n".utf8).write(to: program.folder.appending(path: "model.py"))
    try Data([0, 1, 2, 255, 10, 13, 7]).write(to: program.folder.appending(path: "data.bin"))
    try Data("a: hidden\n".utf8).write(to: program.folder.appending(path: "secrets.yaml"))
    try Data("loss = 0.5\n".utf8).write(to: program.folder.appending(path: "local.py"))
    try Data("0123".utf8).write(to: program.folder.appending(path: "api_key.txt"))
    try Data("never read".utf8).write(to: program.folder.appending(path: "other.txt"))
    return program
}

extension Program {
    fileprivate func git(_ arguments: String...) async throws {
        let ending = try await run(
            command: [
                "git", "-c", "user.name=A", "-c", "user.email=a@example.org",
            ] + arguments)
        #expect(ending.status == .exited(0), "\(ending.errors)")
    }
}

private let canTrace = FileManager.default.fileExists(
    atPath: Program.url.deletingLastPathComponent().appending(path: "lib/libviseme_trace.so").path)

@Suite(.enabled("the trace library is not built: make test") { canTrace })
struct RestoreTests {
    @Test func theCodeOfAStudyIsKeptAndRebuilt() async throws {
        let program = try await repository()
        defer { program.close() }
        let swept = try await program.run("sweep", "study/r.yaml")
        #expect(swept.status == .exited(0), "\(swept.errors)")
        for words in [
            "2 changed files (data.bin, model.py)", "1 file that git does not track (local.py)",
            "r.yaml, base.yaml: kept in results/r/code",
            "not kept, since git ignores it: cache.txt",
            "not kept, since its name says that it holds a secret: api_key.txt, secrets.yaml",
        ] { #expect(swept.output.contains(words), "\(words)\n\(swept.output)") }
        // Nothing of what is secret or was not read is anywhere in it.
        let objects = program.folder.appending(path: "results/r/code/objects")
        for name in try FileManager.default.contentsOfDirectory(atPath: objects.path) {
            let text = String(
                decoding: try Data(contentsOf: objects.appending(path: name)), as: UTF8.self)
            #expect(!text.contains("hidden") && !text.contains("0123"), "\(name)")
            #expect(!text.contains("never read"), "\(name)")
        }
        // A second look keeps nothing twice, and says nothing.
        let again = try await program.run("sweep", "study/r.yaml", "--force")
        #expect(!again.output.contains("code: "), "\(again.output)")

        let digests = try program.text("results/r/digests.txt")
        let restored = try await program.run("restore", "results/r:2", "-o", "restored")
        #expect(restored.status == .exited(0), "\(restored.errors)")
        for words in [
            "api_key.txt was not kept", "cache.txt was not kept, since git ignores it",
            "secrets.yaml was not kept", "requirements.txt: ",
            "cd code/study && viseme sweep r.yaml --only seed=2",
        ] { #expect(restored.output.contains(words), "\(words)\n\(restored.output)") }
        let readMe = try program.text("restored/README.md")
        #expect(readMe.contains("viseme sweep r.yaml --only seed=2"), "\(readMe)")
        #expect(try program.text("restored/code/model.py") == "loss = 2.0\n")
        #expect(try program.text("restored/code/local.py") == "loss = 0.5\n")
        #expect(
            try Data(contentsOf: program.folder.appending(path: "restored/code/data.bin"))
                == Data([0, 1, 2, 255, 10, 13, 7]))
        #expect(try program.text("restored/code/secrets.yaml") == "a: 1\n")
        #expect(try program.text("restored/requirements.txt").hasPrefix("# Python 3."))

        // With what could not be kept, it repeats the study to the bit.
        for name in ["api_key.txt", "cache.txt"] {
            try FileManager.default.copyItem(
                at: program.folder.appending(path: name),
                to: program.folder.appending(path: "restored/code/\(name)"))
        }
        let repeated = try await program.run(
            command: [
                "sh", "-c", "cd restored/code/study && \"$0\" sweep r.yaml", Program.url.path,
            ])
        #expect(repeated.status == .exited(0), "\(repeated.errors)")
        #expect(try program.text("restored/code/study/results/r/digests.txt") == digests)
        let full = try await program.run("restore", "results/r", "-o", "restored")
        #expect(full.status == .exited(2) && full.errors.contains("is not empty"))
    }

    @Test func aCommitThatIsElsewhereIsAskedFor() async throws {
        let program = try await repository()
        defer { program.close() }
        try await program.git("remote", "add", "origin", "https://me:pass@example.org/a/b.git")
        let swept = try await program.run("sweep", "study/r.yaml", "seed=[1]")
        #expect(swept.status == .exited(0), "\(swept.errors)")
        let other = try Program()
        defer { other.close() }
        try FileManager.default.copyItem(
            at: program.folder.appending(path: "results"),
            to: other.folder.appending(path: "results"))
        let moved = URL(filePath: program.folder.path + "-moved")
        try FileManager.default.moveItem(at: program.folder, to: moved)
        defer { try? FileManager.default.removeItem(at: moved) }
        let refused = try await other.run("restore", "results/r", "-o", "new")
        #expect(refused.status == .exited(2))
        #expect(
            refused.errors.contains("it came from https://example.org/a/b.git"),
            "\(refused.errors)")
        let restored = try await other.run(
            "restore", "results/r", "-o", "new", "--repository", moved.path)
        #expect(restored.status == .exited(0), "\(restored.errors)")
        #expect(try other.text("new/code/local.py") == "loss = 0.5\n")
        let wrong = try await other.run(
            "restore", "results/r", "-o", "other", "--repository", other.folder.path)
        #expect(wrong.status == .exited(2) && wrong.errors.contains("can't be cloned"))
    }

    @Test func withoutCommitsTheFilesThatWereReadAreKept() async throws {
        let program = try Program([
            "r.yaml": """
            trainer: {command: [sh, train.sh]}
            sweep: {seed: [1]}
            metric: {name: loss, goal: minimize}
            """,
            "train.sh": """
            . "$VISEME_RECIPE_FOLDER/common.sh"
            echo "{\\"epoch\\": 1, \\"loss\\": $loss}" >> "$VISEME_METRICS"
            """,
            "common.sh": "loss=0.5\n", "other.txt": "x",
        ])
        defer { program.close() }
        chmod(program.folder.appending(path: "common.sh").path, 0o755)
        for hasRepository in [false, true] {
            if hasRepository { try await program.git("init", "-q") }
            let swept = try await program.run("sweep", "r.yaml", "--force")
            #expect(swept.status == .exited(0), "\(swept.errors)")
            let name = "restored-\(hasRepository)"
            let restored = try await program.run("restore", "results/r", "-o", name)
            #expect(restored.status == .exited(0), "\(restored.errors)")
            let found = try FileManager.default.contentsOfDirectory(
                atPath: program.folder.appending(path: "\(name)/code").path)
            #expect(found.sorted() == ["common.sh", "r.yaml", "train.sh"])
            #expect(
                FileManager.default.isExecutableFile(
                    atPath: program.folder.appending(path: "\(name)/code/common.sh").path))
        }
    }

    @Test func largeFilesAreKeptByDigestAlone() async throws {
        let program = try Program([
            "r.yaml": """
            trainer: {command: [sh, train.sh]}
            sweep: {seed: [1]}
            metric: {name: loss, goal: minimize}
            """,
            "train.sh": """
            cat "$VISEME_RECIPE_FOLDER/big.bin" > /dev/null
            echo '{"epoch": 1, "loss": 1}' >> "$VISEME_METRICS"
            """,
        ])
        defer { program.close() }
        try Data(count: 11 << 20).write(to: program.folder.appending(path: "big.bin"))
        let swept = try await program.run("sweep", "r.yaml")
        #expect(
            swept.output.contains(
                "not kept, since all code together would be more than 10 MB: big.bin"),
            "\(swept.output)")
        let restored = try await program.run("restore", "results/r", "-o", "restored")
        #expect(restored.output.contains("big.bin was not kept"), "\(restored.output)")
        #expect(
            restored.output.contains(
                "SHA-256 0e2ee5c54e7e2a8ff2bdb5b0b6d5c6d6") || restored.output.contains("SHA-256 "))
    }

    /// The recipe at the root of its repository, and settings of git that change what it prints.
    @Test func settingsOfGitDoNotChangeWhatIsKept() async throws {
        let program = try Program([
            "r.yaml": """
            trainer: {command: [./train.sh]}
            sweep: {seed: [1]}
            metric: {name: loss, goal: minimize}
            """,
            "train.sh": """
            #!/bin/sh
            . "$VISEME_RECIPE_FOLDER/common.sh"
            echo "{\\"epoch\\": 1, \\"loss\\": $loss}" >> "$VISEME_METRICS"
            """,
            "common.sh": "# one\n# two\n# three\nloss=0.5\n# four\n# five\n",
            ".gitignore": "results\n",
        ])
        defer { program.close() }
        chmod(program.folder.appending(path: "train.sh").path, 0o755)
        try await program.git("init", "-q")
        try await program.git("add", "-A")
        try await program.git("commit", "-q", "-m", "Begin")
        for (key, value) in [
            ("diff.noprefix", "true"), ("diff.context", "0"), ("diff.mnemonicPrefix", "true"),
            ("core.quotePath", "false"),
        ] { try await program.git("config", key, value) }
        try Data("# one\n# two\n# three\nloss=0.25\n# four\n# five\n".utf8).write(
            to: program.folder.appending(path: "common.sh"))
        let swept = try await program.run("sweep", "r.yaml")
        #expect(swept.status == .exited(0), "\(swept.errors)")
        let restored = try await program.run("restore", "results/r", "-o", "restored")
        #expect(restored.status == .exited(0), "\(restored.errors)")
        #expect(try program.text("restored/code/common.sh").contains("loss=0.25"))
        // And as a bundle, with a program that is run by its own name.
        let made = try await program.run("bundle", "results/r", "-o", "r.zip")
        #expect(made.status == .exited(0), "\(made.errors)")
        let verified = try await program.run("verify", "r.zip")
        #expect(verified.output.contains("1 compared, 0 differ"), "\(verified.errors)")
        let fromBundle = try await program.run(
            "restore", "r.zip:1", "-o", "again", "--repository", ".")
        #expect(fromBundle.status == .exited(0), "\(fromBundle.errors)")
        #expect(try program.text("again/code/common.sh").contains("loss=0.25"))
        // A study of several versions says so.
        try Data("loss=0.125\n".utf8).write(to: program.folder.appending(path: "common.sh"))
        let mixed = try await program.run(
            "sweep", "r.yaml", "seed=[1,2]", "--accept-stale", "a test")
        #expect(mixed.status == .exited(0), "\(mixed.errors)")
        let all = try await program.run("restore", "results/r", "-o", "all")
        #expect(
            all.output.contains("1 run of the study was trained from other code"), "\(all.output)")
        let two = try await program.run("bundle", "results/r", "-o", "two.zip")
        #expect(two.output.contains("trained from 2 versions of it"), "\(two.output)")
        // Contents that are not what they were are found.
        let objects = program.folder.appending(path: "results/r/code/objects")
        let name = try #require(
            try FileManager.default.contentsOfDirectory(atPath: objects.path).first)
        try Data("x".utf8).write(to: objects.appending(path: name))
        let checked = try await program.run("check", "results/r")
        #expect(checked.status == .exited(3), "\(checked.output)")
        #expect(checked.errors.contains("its contents do not have the digest of its name"))
    }

    @Test func changesInSubmodulesAreNamed() async throws {
        let program = try Program(["nets/model.sh": "loss=1\n", "main/.gitignore": "results\n"])
        defer { program.close() }
        try await program.git("-C", "nets", "init", "-q")
        try await program.git("-C", "nets", "add", "-A")
        try await program.git("-C", "nets", "commit", "-q", "-m", "Begin")
        try Data(
            """
            trainer: {command: [sh, train.sh]}
            sweep: {seed: [1]}
            metric: {name: loss, goal: minimize}
            """.utf8
        ).write(to: program.folder.appending(path: "main/r.yaml"))
        try Data(
            """
            . "$VISEME_RECIPE_FOLDER/nets/model.sh"
            echo "{\\"epoch\\": 1, \\"loss\\": $loss}" >> "$VISEME_METRICS"
            """.utf8
        ).write(to: program.folder.appending(path: "main/train.sh"))
        try await program.git("-C", "main", "init", "-q")
        try await program.git(
            "-C", "main", "-c", "protocol.file.allow=always", "submodule", "--quiet", "add",
            program.folder.appending(path: "nets").path, "nets")
        try await program.git("-C", "main", "add", "-A")
        try await program.git("-C", "main", "commit", "-q", "-m", "Begin")
        try Data("loss=2\n".utf8).write(
            to: program.folder.appending(path: "main/nets/model.sh"))
        let swept = try await program.run(
            command: ["sh", "-c", "cd main && \"$0\" sweep r.yaml", Program.url.path])
        #expect(swept.status == .exited(0), "\(swept.errors)")
        #expect(
            swept.output.contains(
                "not kept, since it is a submodule with changes of its own: nets"),
            "\(swept.output)")
        let restored = try await program.run("restore", "main/results/r", "-o", "restored")
        #expect(restored.status == .exited(0), "\(restored.errors)")
        #expect(restored.output.contains("nets was not kept"), "\(restored.output)")
        #expect(restored.output.contains("the submodule nets, at "), "\(restored.output)")
    }

    /// As with LFS: the repository has a pointer, and the working tree what it points to.
    @Test func contentsThatGitKeepsElsewhereAreNamed() async throws {
        let program = try Program([
            "r.yaml": """
            trainer: {command: [sh, train.sh]}
            sweep: {seed: [1]}
            metric: {name: loss, goal: minimize}
            """,
            "train.sh": """
            cat "$VISEME_RECIPE_FOLDER/weights.bin" > /dev/null
            echo '{"epoch": 1, "loss": 1}' >> "$VISEME_METRICS"
            """,
            "weights.bin": "many numbers", ".gitattributes": "*.bin filter=far\n",
            ".gitignore": "results\n",
        ])
        defer { program.close() }
        try await program.git("init", "-q")
        try await program.git("config", "filter.far.clean", "printf pointer")
        try await program.git("config", "filter.far.smudge", "cat")
        try await program.git("add", "-A")
        try await program.git("commit", "-q", "-m", "Begin")
        let swept = try await program.run("sweep", "r.yaml")
        #expect(swept.status == .exited(0), "\(swept.errors)")
        let restored = try await program.run("restore", "results/r", "-o", "restored")
        #expect(restored.status == .exited(0), "\(restored.errors)")
        #expect(try program.text("restored/code/weights.bin") == "pointer")
        #expect(
            restored.output.contains("weights.bin is not what the run has read"),
            "\(restored.output)")
        // The bundle has what was read.
        let made = try await program.run("bundle", "results/r", "-o", "r.zip")
        #expect(made.status == .exited(0), "\(made.errors)")
        let verified = try await program.run("verify", "r.zip")
        #expect(verified.output.contains("1 compared, 0 differ"), "\(verified.errors)")
    }

    @Test func aHundredThousandFilesDoNotStandInTheWay() async throws {
        let program = try Program([
            "r.yaml": """
            trainer: {command: [sh, train.sh]}
            sweep: {seed: [1]}
            metric: {name: loss, goal: minimize}
            """,
            "train.sh": """
            cat "$VISEME_RECIPE_FOLDER/data/77/777.txt"
            echo '{"epoch": 1, "loss": 1}' >> "$VISEME_METRICS"
            """,
        ])
        defer { program.close() }
        let made = try await program.run(command: [
            "python3", "-c",
            """
            import os
            for folder in range(100):
                os.makedirs(f"data/{folder}")
                for file in range(1000):
                    os.close(os.open(f"data/{folder}/{file}.txt", os.O_CREAT | os.O_WRONLY))
            """,
        ])
        #expect(made.status == .exited(0), "\(made.errors)")
        try await program.git("init", "-q")
        let swept = try await program.run("sweep", "r.yaml")
        #expect(swept.status == .exited(0), "\(swept.errors)")
        #expect(
            swept.output.contains("2 files that git does not track (data/77/777.txt, train.sh)"),
            "\(swept.output)")
        let record = try program.record("seed=1")
        #expect(record.inputs?.files.map(\.path) == ["data/77/777.txt", "train.sh"])
    }
}
