import Foundation
import RunStore
import Testing

/// Python with the tools of requirements.txt: `make test` sets it up and names it.
private let python = ProcessInfo.processInfo.environment["VISEME_PYTHON"] ?? ""

/// A study like lr_grid, in seconds.
private let recipe = """
    set:
      path_to_dataset: builtin:visemes
      len_video: 8
      size_lips: {width: 16, height: 16}
      filters: 4
      epoch: 6
      builtin: {words: 4, train_speakers: 4, val_speakers: 2, test_speakers: 2, takes: 2, difficulty: 0.2}
    question: Can others read it?
    sweep: {lr: [0.001, 0.01], batch_size: [8, 16], seed: [1, 2]}
    """

@Suite(
    .enabled(
        if: !python.isEmpty,
        "needs Python with Tests/Interop/requirements.txt, named by VISEME_PYTHON"))
struct Interop {
    private static let scripts = Program.package.appending(path: "Tests/Interop").path

    private func study() async throws -> Program {
        let program = try Program(["lr_grid.yaml": recipe])
        let ending = try await program.run("sweep", "lr_grid.yaml")
        #expect(ending.status == .exited(0), "\(ending.errors)")
        return program
    }

    @Test func otherToolsReadEveryNumber() async throws {
        let program = try await study()
        defer { program.close() }
        _ = try await program.run(
            "export", "results/lr_grid", "--csv", "runs.csv", "--histories", "epochs.csv",
            "--netcdf", "study.nc")
        _ = try await program.run("export", "results/lr_grid:1", "--safetensors", "w.safetensors")
        let read = try await program.run(command: [
            python, Interop.scripts + "/read_study.py", "results/lr_grid", "runs.csv", "epochs.csv",
            "w.safetensors",
            "study.nc",
        ])
        #expect(read.status == .exited(0), "\(read.errors)")
        #expect(read.output.contains("8 runs read"))
    }

    @Test(arguments: ["8", "8 + clip"]) func otherToolsReadPreparedClips(size: String) async throws
    {
        let program = try Program()
        defer { program.close() }
        let make = """
            import numpy, os
            for name in ("а", "b"):
                os.makedirs(f"clips/{name}")
                for clip in range(5):
                    shape = (4 + clip, 9, \(size), 3)
                    numpy.save(f"clips/{name}/{clip}.npy", numpy.random.randint(0, 256, shape, dtype=numpy.uint8))
            """
        #expect(try await program.run(command: [python, "-c", make]).status == .exited(0))
        let made = try await program.run("data", "prepare", "clips", "-o", "set.h5")
        #expect(made.status == .exited(0), "\(made.errors)")
        let read = try await program.run(command: [
            python, Interop.scripts + "/read_clips.py", "set.h5",
        ])
        #expect(read.output == "10 clips read\n", "\(read.errors)")
    }

    @Test func editorsHaveASchemaThatFits() async throws {
        let program = try Program()
        defer { program.close() }
        let checked = try await program.run(command: [
            python, Interop.scripts + "/check_schema.py",
            Program.package.appending(path: "recipes").path,
        ])
        #expect(
            checked.status == .exited(0) && checked.output.contains("7 recipes fit"),
            "\(checked.errors)")
    }

    /// The cells of the notebook, run, give what stands in it.
    @Test func theNotebookGivesWhenRunWhatItShows() async throws {
        let program = try await study()
        defer { program.close() }
        let ran = try await program.run(command: [
            python, Interop.scripts + "/run_notebook.py", "results/lr_grid/report.ipynb",
        ])
        #expect(ran.status == .exited(0), "\(ran.errors)")
        #expect(ran.output.contains("12 cells, 3 texts the same, 9 figures"), "\(ran.output)")
    }

    /// Keys that are called like a column, values that are not there, lines within a value.
    @Test func theNotebookOfAnAwkwardStudyRunsToo() async throws {
        let program = try Program([
            "awkward.yaml": """
            trainer:
              command: [sh, -c, 'test "{kind}" = none || echo "{\\"epoch\\": 1, \\"acc\\": 0.{seed}{mean}}" >> $VISEME_METRICS', "{momentum}", "{label}"]
            metric: acc
            set: {mean: 1, p: 0.1}
            when: {momentum: {kind: sgd}}
            sweep:
              kind: [sgd, "new\\nline", adam]
              momentum: [0.5, 0.9]
              mean: [1, 2]
              p: [0.1234561, 0.1234562]
              label: [true]
              seed: [1, 2, 3]
            """
        ])
        defer { program.close() }
        let ending = try await program.run("sweep", "awkward.yaml")
        #expect(ending.status == .exited(0), "\(ending.errors)")
        let ran = try await program.run(command: [
            python, Interop.scripts + "/run_notebook.py", "results/awkward/report.ipynb",
        ])
        #expect(ran.status == .exited(0), "\(ran.errors)")
        let read = try await program.run(command: [
            python, "-c",
            """
            import xarray
            with xarray.open_dataset("results/awkward/sweep.h5", engine="h5netcdf") as sweep:
                print(sweep.momentum.dtype, int(sweep.momentum.isnull().sum()), "set_label" in sweep)
            """,
        ])
        #expect(read.output == "float64 24 True\n", "\(read.output)\(read.errors)")
    }

    @Test func hostileFilesAreRefusedInWords() async throws {
        let program = try await study()
        defer { program.close() }
        let folder = StudyFolder(program.folder.appending(path: "results/lr_grid"))
        let run = folder.runFile(try folder.readPlan().runs[0].id)
        try FileManager.default.createDirectory(
            at: program.folder.appending(path: "hostile"), withIntermediateDirectories: true)
        let made = try await program.run(command: [
            python, Interop.scripts + "/make_hostile.py", run.path, "hostile",
        ])
        #expect(made.status == .exited(0), "\(made.errors)")
        let names = try FileManager.default.contentsOfDirectory(
            atPath: program.folder.appending(path: "hostile").path
        )
        .filter { $0.hasSuffix(".h5") }.sorted()
        #expect(names.count == 20)
        for name in names {
            let ending = try await program.run("show", "hostile/\(name)")
            if name == "good.h5" {
                #expect(ending.status == .exited(0), "\(ending.errors)")
            } else {
                #expect(
                    ending.status == .exited(2) && ending.errors.contains("hostile/\(name)"),
                    "\(name): \(ending.errors)")
                #expect(
                    !ending.output.contains("xxxx")
                        && ending.errors.split(separator: "\n").count == 1, "\(name)")
            }
        }
    }

    /// Every block of docs/format.md that is marked for a language is run as it is printed.
    @Test func theSnippetsOfTheDocumentRun() async throws {
        let program = try await study()
        defer { program.close() }
        _ = try await program.run(
            "bench", "make-clips", "set.h5", "--clips", "20", "--size", "8", "--frames", "2")
        let text = try String(
            contentsOf: Program.package.appending(path: "docs/format.md"), encoding: .utf8)
        let folder = StudyFolder(program.folder.appending(path: "results/lr_grid"))
        let id = try folder.readPlan().runs[0].id
        var ran: [String: Int] = [:]
        for block in text.matches(of: /```(python|sh|r)\n(.*?)```/.dotMatchesNewlines()) {
            let (language, code) = (
                String(block.1), String(block.2).replacing("0123456789ab", with: id)
            )
            let command: [String]
            switch language {
            case "python": command = [python, "-c", code]
            case "r":
                guard
                    try await program.run(command: ["Rscript", "-e", "library(hdf5r)"]).status
                        == .exited(0)
                else {
                    print("skipped: the R reader of docs/format.md needs R with hdf5r")
                    continue
                }
                command = ["Rscript", "-e", code]
            default: command = ["bash", "-ec", code]
            }
            let ending = try await program.run(command: command)
            #expect(ending.status == .exited(0), "\(code)\n\(ending.errors)")
            ran[language, default: 0] += 1
        }
        #expect((ran["python"] ?? 0) >= 4 && (ran["sh"] ?? 0) >= 1, "\(ran)")
    }

    /// Two runs of one configuration differ in nothing but their provenance.
    @Test func runsOfOneConfigurationAreEqualByH5diff() async throws {
        let program = try await study()
        defer { program.close() }
        let again = try await program.run(
            "sweep", "lr_grid.yaml", "--results", "again", "--only", "seed=1")
        #expect(again.status == .exited(0), "\(again.errors)")
        let runs = try FileManager.default.contentsOfDirectory(
            atPath: program.folder.appending(path: "again/lr_grid/runs").path)
        #expect(runs.count == 4)
        for run in runs {
            let files = ["results", "again"].map { "\($0)/lr_grid/runs/\(run)" }
            let same = try await program.run(
                command: ["h5diff", "--exclude-path", "/provenance"] + files)
            #expect(
                same.status == .exited(0) && same.output.isEmpty,
                "\(run): \(same.output) \(same.errors)")
            // The tool does see a difference where there is one.
            let other = try await program.run(command: ["h5diff"] + files)
            #expect(
                other.status == .exited(1) && other.output.contains("/provenance"),
                "\(other.output)")
        }
    }
}
