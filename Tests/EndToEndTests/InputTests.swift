import Foundation
import RunStore
import Studies
import Testing

/// What commands read of their repository is part of what their results depend on.
private let recipe = """
    trainer: {command: [python3, train.py]}
    set: {width: 3}
    sweep: {seed: [1, 2]}
    metric: {name: loss, goal: minimize}
    """

/// A repository with a trainer in Python that imports a module, a package and, late, another module.
private func repository(_ more: [String: String] = [:]) throws -> Program {
    let files = [
        ".git/HEAD": "ref: refs/heads/main\n",
        "r.yaml": recipe,
        "train.py": """
        import os, json
        import model
        from pkg import part
        def late():
            import lazy
            return lazy.rate
        with open(os.environ["VISEME_METRICS"], "a") as file:
            file.write(json.dumps({"epoch": 1, "loss": model.loss + part.extra + late()}) + "\\n")
        open("note.txt", "w").write("x")
        """,
        "model.py": "loss = 1.0\n",
        "pkg/__init__.py": "",
        "pkg/part.py": "extra = 0.25\n",
        "lazy.py": "rate = 0.5\n",
    ].merging(more) { $1 }
    return try Program(files)
}

extension Program {
    fileprivate func write(_ text: String, _ path: String) throws {
        let file = folder.appending(path: path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    fileprivate func sweep(_ arguments: String...) async throws -> Ending {
        let ending = try await run(command: [Program.url.path, "sweep", "r.yaml"] + arguments)
        #expect(ending.status == .exited(0), "\(ending.errors)\n\(ending.output)")
        return ending
    }

    fileprivate func inputs(_ label: String = "seed=1") throws -> [String: String] {
        let files = try record(label).inputs?.files ?? []
        return Dictionary(uniqueKeysWithValues: files.map { ($0.path, $0.digest) })
    }

    fileprivate var trace: InputTrace {
        get throws { try #require(try record("seed=1").provenance.trace) }
    }
}

private let isTraced: Bool = {
    let library = Program.url.deletingLastPathComponent().appending(
        path: "lib/libviseme_trace.so")
    return FileManager.default.fileExists(atPath: library.path)
}()

@Suite(.enabled("the trace library is not built: make test") { isTraced })
struct ObservedInputTests {
    @Test func aChangedModuleMakesARunStale() async throws {
        let program = try repository()
        defer { program.close() }
        _ = try await program.sweep()
        let first = try program.inputs()
        #expect(
            first.keys.sorted() == [
                "lazy.py", "model.py", "pkg/__init__.py", "pkg/part.py", "train.py",
            ])
        #expect(first.values.allSatisfy { $0.count == 64 })
        #expect(try program.trace.extent == .complete && program.trace.files == 5)
        #expect(try await program.sweep().output.contains("2 stored, 0 to train"))
        let shown = try await program.run("show", "results/r:1")
        #expect(shown.output.contains("inputs   5 files, digest "), "\(shown.output)")

        for (module, text) in [
            ("model.py", "loss = 2.0\n"), ("pkg/part.py", "extra = 0.75\n"),
            ("lazy.py", "rate = 0.125\n"),
        ] {
            try program.write(text, module)
            let plan = try await program.run("plan", "r.yaml")
            #expect(plan.output.contains("2 to train (2 of them stale)"), "\(plan.output)")
            let status = try await program.run("status", "results/r")
            #expect(
                status.output.contains("\(module) has changed since\n"),
                "\(status.output)")
            #expect(status.output.contains("2 completed, 2 of them stale"), "\(status.output)")
            let json = try await program.run("status", "results/r", "--json")
            #expect(json.output.contains("\"stale\" : \"\(module) has changed since\""))
            let report = try await program.run("report", "results/r")
            #expect(report.status == .exited(0))
            #expect(
                try program.text("results/r/report.md").contains(
                    "**Stale: 2 of 2 stored runs**: \(module) has changed since"))
            let checked = try await program.run("check", "results/r")
            #expect(checked.status == .exited(0), "\(checked.errors)")
            #expect(checked.output.contains("2 stored runs are stale"), "\(checked.output)")
            let again = try await program.sweep()
            #expect(again.output.contains("stale and trained again: \(module) has changed"))
            #expect(again.output.contains("0 stored, 2 to train"), "\(again.output)")
            let report2 = try program.text("results/r/report.md")
            #expect(!report2.contains("Stale"))
        }
        #expect(try program.record("seed=1").histories[0].values == [2.0 + 0.75 + 0.125])
        #expect(
            try FileManager.default.contentsOfDirectory(
                atPath: program.folder.appending(path: "results/r/set-aside").path
            ).count == 6)
        // The same bytes with another time are the same file.
        try program.write("loss = 2.0\n", "model.py")
        #expect(try await program.sweep().output.contains("2 stored, 0 to train"))
        // A file that nobody read.
        try program.write("x = 1\n", "other.py")
        #expect(try await program.sweep().output.contains("2 stored, 0 to train"))
        // One that is gone; the module is a package now.
        try FileManager.default.removeItem(at: program.folder.appending(path: "lazy.py"))
        try program.write("rate = 0.125\n", "lazy/__init__.py")
        #expect(
            try await program.sweep().output.contains("lazy.py is gone since"))
        #expect(try program.inputs()["lazy/__init__.py"] != nil)
    }

    @Test func bytecodeStandsForItsSource() async throws {
        let program = try repository()
        defer { program.close() }
        for seed in ["[1]", "[2]"] {
            let ending = try await program.run(
                "sweep", "r.yaml", "seed=\(seed)", environment: ["PYTHONDONTWRITEBYTECODE": nil])
            #expect(ending.status == .exited(0), "\(ending.errors)")
        }
        let cached = program.folder.appending(path: "__pycache__")
        #expect(FileManager.default.fileExists(atPath: cached.path), "Python wrote no bytecode")
        #expect(
            try program.inputs("seed=2").keys.sorted() == [
                "lazy.py", "model.py", "pkg/__init__.py", "pkg/part.py", "train.py",
            ])
        #expect(try program.inputs("seed=2")["model.py"]?.count == 64)
    }

    @Test func staleRunsMayBeKeptForAReason() async throws {
        let program = try repository()
        defer { program.close() }
        _ = try await program.sweep()
        let before = try program.record("seed=1").contentDigest
        try program.write("loss = 1.0  # a comment\n", "model.py")
        let empty = try await program.run("sweep", "r.yaml", "--accept-stale", " ")
        #expect(empty.status == .exited(2) && empty.errors.contains("say why"))
        let kept = try await program.sweep("--accept-stale", "only a comment")
        #expect(
            kept.output.contains("2 stored runs kept although model.py has changed since"),
            "\(kept.output)")
        #expect(kept.output.contains("2 stored, 0 to train"))
        #expect(try program.record("seed=1").contentDigest == before)
        let report = try program.text("results/r/report.md")
        #expect(
            report.contains("2 runs are kept although model.py has changed since: only a comment."),
            "\(report.prefix(900))")
        // What was accepted is what lay there then.
        #expect(try await program.sweep().output.contains("2 stored, 0 to train"))
        try program.write("loss = 1.5\n", "model.py")
        #expect(try await program.sweep().output.contains("0 stored, 2 to train"))
    }

    @Test func whatIsNoInputDoesNotCount() async throws {
        let program = try repository([
            "train.py": """
            import os, json, sys
            def read(path): return open(path).read()
            for path in (".git/HEAD", ".ipynb_checkpoints/a.txt", "venv/lib/x.txt", "notes~",
                         "node_modules/y.js", "results/other.txt"):
                read(os.path.join(os.environ["VISEME_RECIPE_FOLDER"], path))
            root = os.environ["VISEME_RECIPE_FOLDER"]
            # It writes this itself, then reads it.
            open(root + "/cache.bin", "w").write("1"); read(root + "/cache.bin")
            open(root + "/new", "w").write("1"); os.replace(root + "/new", root + "/moved")
            read(root + "/moved")
            # It counts its runs in a file of the repository.
            count = int(read(root + "/count.txt")) + 1
            open(root + "/count.txt", "w").write(str(count))
            read(root + "/data/values.csv")
            read(root + "/link.txt")
            with open(os.environ["VISEME_METRICS"], "a") as file:
                file.write(json.dumps({"epoch": 1, "loss": 1}) + "\\n")
            """,
            ".ipynb_checkpoints/a.txt": "", "venv/pyvenv.cfg": "", "venv/lib/x.txt": "",
            "notes~": "", "node_modules/y.js": "", "results/other.txt": "", "count.txt": "0",
            "data/values.csv": "1,2\n",
        ])
        defer { program.close() }
        try Data("x".utf8).write(to: URL(filePath: program.folder.path + "-outside.txt"))
        defer { unlink(program.folder.path + "-outside.txt") }
        try FileManager.default.createSymbolicLink(
            atPath: program.folder.appending(path: "link.txt").path,
            withDestinationPath: program.folder.path + "-outside.txt")
        _ = try await program.sweep("seed=[1]")
        #expect(
            try program.inputs().keys.sorted() == ["data/values.csv", "link.txt", "train.py"])
        #expect(try program.trace.rewritten == ["count.txt"])
        #expect(
            try program.text("results/r/report.md").contains(
                "| read and rewritten | `count.txt`: not compared |"))
        #expect(try await program.sweep("seed=[1]").output.contains("1 stored, 0 to train"))
        try Data("y".utf8).write(to: URL(filePath: program.folder.path + "-outside.txt"))
        #expect(
            try await program.sweep("seed=[1]").output.contains("link.txt has changed since"))
    }

    @Test func shellAndCProgramsAreObservedToo() async throws {
        let program = try repository([
            "r.yaml": """
            trainer: {command: [sh, train.sh]}
            sweep: {seed: [1]}
            metric: {name: loss, goal: minimize}
            """,
            "train.sh": """
            cd "$VISEME_RECIPE_FOLDER"
            . ./common.sh
            env -i ./reader settings.txt >> "$VISEME_METRICS"
            """,
            "common.sh": "PATH=$PATH\n",
            "settings.txt": "0.5",
            "reader.c": """
            #include <stdio.h>
            int main(int count, char **words) {
                FILE *file = fopen(words[1], "r");
                double value = 0;
                if (file == NULL || fscanf(file, "%lf", &value) != 1) return 1;
                printf("{\\"epoch\\": 1, \\"loss\\": %f}\\n", value);
                return 0;
            }
            """,
        ])
        defer { program.close() }
        func compile(_ options: String...) async throws {
            let made = try await program.run(
                command: ["cc"] + options + ["-o", "reader", "reader.c"])
            #expect(made.status == .exited(0), "\(made.errors)")
        }
        try await compile()
        _ = try await program.sweep()
        #expect(
            try program.inputs().keys.sorted() == [
                "common.sh", "reader", "settings.txt", "train.sh",
            ])
        #expect(try program.trace.extent == .complete)
        // Linked statically, it can't be observed: that is said.
        try await compile("-static")
        #expect(try await program.sweep().output.contains("reader has changed since"))
        #expect(try program.inputs().keys.sorted() == ["common.sh", "reader", "train.sh"])
        #expect(try program.trace.extent == .partial)
        #expect(
            try program.text("results/r/report.md").contains(
                "programs that are linked statically were not observed: "))
    }

    @Test(.enabled("R is not installed") { Program.has("Rscript") })
    func filesThatRSourcesAreObserved() async throws {
        let program = try repository([
            "r.yaml": """
            trainer: {command: [Rscript, train.R]}
            sweep: {seed: [1]}
            metric: {name: loss, goal: minimize}
            """,
            "train.R": """
            folder <- Sys.getenv("VISEME_RECIPE_FOLDER")
            source(file.path(folder, "model.R"))
            values <- read.csv(file.path(folder, "data.csv"))
            cat(sprintf('{"epoch": 1, "loss": %f}\\n', loss + sum(values$x)),
                file = Sys.getenv("VISEME_METRICS"), append = TRUE)
            """,
            "model.R": "loss <- 1\n", "data.csv": "x\n1\n2\n",
        ])
        defer { program.close() }
        _ = try await program.sweep()
        #expect(try program.inputs().keys.sorted() == ["data.csv", "model.R", "train.R"])
        try program.write("loss <- 2\n", "model.R")
        #expect(try await program.sweep().output.contains("model.R has changed since"))
    }

    @Test func aFileThatChangesDuringTheRunIsKnownToBeUnknown() async throws {
        let program = try repository([
            "train.py": """
            import os, json, time
            root = os.environ["VISEME_RECIPE_FOLDER"]
            text = open(root + "/data.txt").read()
            if text == "before":
                open(root + "/has read", "w").close()
                while not os.path.exists(root + "/go"): time.sleep(0.02)
            with open(os.environ["VISEME_METRICS"], "a") as file:
                file.write(json.dumps({"epoch": 1, "loss": len(text)}) + "\\n")
            """,
            "data.txt": "before",
        ])
        defer { program.close() }
        async let ending = program.sweep("seed=[1]")
        try await eventually {
            FileManager.default.fileExists(
                atPath: program.folder.appending(path: "has read").path)
        }
        try program.write("after", "data.txt")
        try program.write("", "go")
        _ = try await ending
        #expect(try program.inputs()["data.txt"] == "")
        let status = try await program.run("status", "results/r")
        #expect(
            status.output.contains("data.txt changed while the run read it"), "\(status.output)")
        #expect(try await program.sweep("seed=[1]").output.contains("0 stored, 1 to train"))
        #expect(try await program.sweep("seed=[1]").output.contains("1 stored, 0 to train"))
    }

    @Test func tenThousandFilesAreRecorded() async throws {
        let program = try repository([
            "train.py": """
            import os, json
            folder = os.environ["VISEME_RECIPE_FOLDER"] + "/data/"
            total = sum(int(open(folder + name).read()) for name in os.listdir(folder))
            with open(os.environ["VISEME_METRICS"], "a") as file:
                file.write(json.dumps({"epoch": 1, "loss": total}) + "\\n")
            """
        ])
        defer { program.close() }
        let data = program.folder.appending(path: "data")
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        for number in 0..<10_000 {
            try Data("\(number % 7)".utf8).write(to: data.appending(path: "\(number).txt"))
        }
        _ = try await program.sweep()
        #expect(try program.inputs("seed=2").count == 10_001)
        try program.write("9", "data/77.txt")
        try program.write("9", "data/88.txt")
        #expect(
            try await program.sweep().output.contains(
                "data/77.txt has changed since, and 1 other file"))
    }

    @Test func pipesAndDevicesAreNoFiles() async throws {
        let program = try repository([
            "r.yaml": """
            trainer: {command: [sh, train.sh]}
            sweep: {seed: [1]}
            metric: {name: loss, goal: minimize}
            """,
            "train.sh": """
            cd "$VISEME_RECIPE_FOLDER"
            mkfifo pipe
            echo 0.5 > pipe &
            read value < pipe
            head -c 4 < /dev/zero > /dev/null
            echo "{\\"epoch\\": 1, \\"loss\\": $value}" >> "$VISEME_METRICS"
            rm pipe
            """,
        ])
        defer { program.close() }
        _ = try await program.sweep()
        #expect(try program.inputs().keys.sorted() == ["train.sh"])
    }

    @Test func tracingMayBeTurnedOffAndFilesBeNamed() async throws {
        let program = try repository([
            "r.yaml": recipe.replacing(
                "[python3, train.py]}", with: "[python3, train.py], trace: false, watch: [data]}"),
            "data/a.csv": "1", "data/b.csv": "2",
        ])
        defer { program.close() }
        _ = try await program.sweep()
        #expect(try program.trace.extent == .off)
        #expect(try program.inputs().keys.sorted() == ["data/a.csv", "data/b.csv", "train.py"])
        #expect(
            try program.text("results/r/report.md").contains(
                "only the files that the recipe names (trace: false): 3 files, digest"))
        try program.write("loss = 3.0\n", "model.py")
        #expect(try await program.sweep().output.contains("2 stored, 0 to train"))
        try program.write("3", "data/b.csv")
        #expect(try await program.sweep().output.contains("data/b.csv has changed since"))
        // A new file that the patterns match is an input that the runs did not have.
        #expect(try await program.sweep().output.contains("2 stored, 0 to train"))
        try program.write("4", "data/c.csv")
        let status = try await program.run("status", "results/r")
        #expect(status.output.contains("data/c.csv is new under watch:"), "\(status.output)")
        let kept = try await program.run("sweep", "r.yaml", "--accept-stale", "c.csv is not used")
        #expect(kept.output.contains("2 stored, 0 to train"), "\(kept.output)")
        try program.write("5", "data/c.csv")
        #expect(try await program.sweep().output.contains("data/c.csv is new under watch:"))
        #expect(try await program.sweep().output.contains("2 stored, 0 to train"))
        try program.write(
            recipe.replacing("train.py]}", with: "train.py], trace: 3, watch: [nothing]}"),
            "r.yaml")
        let refused = try await program.run("plan", "r.yaml")
        #expect(refused.errors.contains("trace: found 3; expected true or false"))
        #expect(refused.errors.contains("watch: there is no file nothing"), "\(refused.errors)")
    }

    @Test func withoutARepositoryTheRecipesFolderCounts() async throws {
        let program = try repository()
        defer { program.close() }
        try FileManager.default.removeItem(at: program.folder.appending(path: ".git"))
        _ = try await program.sweep()
        #expect(try program.inputs()["pkg/part.py"] != nil)
        // A study that was carried elsewhere can't be checked, and is not stale.
        let other = try Program()
        defer { other.close() }
        try FileManager.default.copyItem(
            at: program.folder.appending(path: "results"),
            to: other.folder.appending(path: "results"))
        for name in ["model.py", "r.yaml", "train.py"] {
            try FileManager.default.removeItem(at: program.folder.appending(path: name))
        }
        try FileManager.default.moveItem(
            at: program.folder, to: URL(filePath: program.folder.path + "-moved"))
        defer {
            try? FileManager.default.removeItem(
                at: URL(filePath: program.folder.path + "-moved"))
        }
        let status = try await other.run("status", "results/r")
        #expect(status.output.contains("2 completed; no sweep"), "\(status.output)")
    }

    @Test func aResumedRunHasTheInputsOfAllItsAttempts() async throws {
        let program = try repository([
            "train.py": """
            import json, os, sys
            root, kept = os.environ["VISEME_RECIPE_FOLDER"], os.environ["VISEME_CHECKPOINTS"]
            state = os.path.join(kept, "state")
            if not os.path.exists(state):
                value = len(open(root + "/data.txt").read())
                os.makedirs(kept, exist_ok=True)
                open(state, "w").write(str(value))
                if os.path.exists(root + "/stop"):
                    sys.exit(1)
            with open(os.environ["VISEME_METRICS"], "a") as file:
                file.write(json.dumps({"epoch": 1, "loss": int(open(state).read())}) + "\\n")
            """,
            "data.txt": "before", "stop": "",
        ])
        defer { program.close() }
        let failed = try await program.run("sweep", "r.yaml", "seed=[1]")
        #expect(failed.status == .exited(1))
        let running = program.folder.appending(path: "results/r/running")
        func traces() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: running.path).count {
                $0.hasSuffix(".trace")
            }
        }
        #expect(try traces() == 1)
        try FileManager.default.removeItem(at: program.folder.appending(path: "stop"))
        try program.write("another text", "data.txt")
        _ = try await program.sweep("seed=[1]")
        // What it read is gone: nobody can say that the result is of what lies there now.
        #expect(try program.inputs()["data.txt"] == "")
        #expect(try await program.sweep("seed=[1]").output.contains("0 stored, 1 to train"))
        #expect(try program.inputs()["data.txt"]?.count == 64)
        #expect(try program.record("seed=1").histories[0].values == [12])
    }

    @Test func linksAndPathsWithDotsAreNamedPlainly() async throws {
        let program = try repository([
            "train.py": """
            import json, os
            root = os.environ["VISEME_RECIPE_FOLDER"]
            open(root + "/./data/../data//link.txt").read()
            os.chdir(root + "/data")
            open("../data/link.txt").read()
            with open(os.environ["VISEME_METRICS"], "a") as file:
                file.write(json.dumps({"epoch": 1, "loss": 1}) + "\\n")
            """,
            "data/a.txt": "x",
        ])
        defer { program.close() }
        try FileManager.default.createSymbolicLink(
            atPath: program.folder.appending(path: "data/link.txt").path,
            withDestinationPath: "a.txt")
        _ = try await program.sweep("seed=[1]")
        #expect(
            try program.inputs().keys.sorted() == ["data/a.txt", "data/link.txt", "train.py"])
    }

    @Test func namesThatAreNotUTF8AreCounted() async throws {
        let program = try repository([
            "train.py": """
            import json, os
            root = os.environ["VISEME_RECIPE_FOLDER"].encode()
            open(root + b"/d\\xe9.txt").read()
            with open(os.environ["VISEME_METRICS"], "a") as file:
                file.write(json.dumps({"epoch": 1, "loss": 1}) + "\\n")
            """
        ])
        defer { program.close() }
        let made = try await program.run(
            command: ["python3", "-c", "open(b'd\\xe9.txt', 'w').write('x')"])
        #expect(made.status == .exited(0), "\(made.errors)")
        _ = try await program.sweep("seed=[1]")
        #expect(try program.inputs().keys.sorted() == ["train.py"])
        let trace = try program.trace
        #expect(
            trace.extent == .partial
                && trace.reason.contains("1 file whose names are not UTF-8 can't be compared"))
        #expect(try await program.sweep("seed=[1]").output.contains("1 stored, 0 to train"))
    }

    /// Two results of one run from different files are no alarm.
    @Test func mergedStudiesMayHaveOtherInputs() async throws {
        let program = try repository()
        defer { program.close() }
        _ = try await program.sweep("--results", "a")
        try program.write("loss = 4.0\n", "model.py")
        _ = try await program.sweep("--results", "b", "seed=[1,2,3]")
        let merged = try await program.run("merge", "a/r", "b/r")
        #expect(merged.status == .exited(0), "\(merged.errors)")
        #expect(merged.output.contains("1 runs copied, 0 were here already, 0 differ"))
        #expect(
            merged.errors.contains(
                "2 runs (the first: seed=1) were trained there from other files than here"),
            "\(merged.errors)")
        let status = try await program.run("status", "a/r")
        #expect(status.output.contains("3 completed, 2 of them stale"), "\(status.output)")
        let restored = try await program.run("restore", "a/r:3", "-o", "restored")
        #expect(restored.status == .exited(0), "\(restored.errors)")
    }

    @Test func aRunThatFailedKeepsNoTrace() async throws {
        let program = try repository(["train.py": "import model, sys\nsys.exit(1)\n"])
        defer { program.close() }
        let failed = try await program.run("sweep", "r.yaml", "--keep-going")
        #expect(failed.status == .exited(1))
        let names = try FileManager.default.contentsOfDirectory(
            atPath: program.folder.appending(path: "results/r/running").path)
        #expect(!names.contains { $0.hasSuffix(".trace") }, "\(names)")
    }
}
