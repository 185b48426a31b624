import Foundation
import RunStore
import Testing

private let python = ProcessInfo.processInfo.environment["VISEME_PYTHON"] ?? ""
private let scripts = Program.package.appending(path: "Tests/Interop").path
private let hasBrowser = Program.has("chromedriver")

private let small = """
    trainer: {command: [sh, train.sh, "{lr}"]}
    sweep: {lr: [0.1, 0.2], seed: [1, 2]}
    metric: {name: loss, goal: minimize}
    """
private let train = """
    for e in 1 2 3; do
      awk -v e=$e -v l=$1 'BEGIN{printf "{\\"epoch\\": %d, \\"loss\\": %f}\\n", e, l / e}' >> "$VISEME_METRICS"
    done
    """

@Test(
    .enabled(
        if: !python.isEmpty && hasBrowser,
        "needs chromedriver, and Python with Tests/Interop/requirements.txt"),
    .timeLimit(.minutes(10)))
func thePageWorksInABrowser() async throws {
    let program = try Program()
    defer { program.close() }
    let used = try await program.run(command: [
        python, scripts + "/browse_dashboard.py", Program.url.path,
    ])
    #expect(used.status == .exited(0), "\(used.errors)")
    #expect(used.output.contains("the page does what it should"))
}

@Test(
    .enabled(if: !python.isEmpty, "needs Python with Tests/Interop/requirements.txt"),
    .timeLimit(.minutes(10)))
func theServerKeepsServing() async throws {
    let program = try Program(["r.yaml": small, "train.sh": train])
    defer { program.close() }
    _ = try await program.run("sweep", "r.yaml")
    let attacked = try await program.run(command: [
        python, scripts + "/attack_dashboard.py", Program.url.path, "1000",
    ])
    #expect(attacked.status == .exited(0), "\(attacked.errors)")
    #expect(attacked.output.hasPrefix("1000 malformed requests"), "\(attacked.output)")
}

@Test func studiesAreListedAndNoted() async throws {
    let program = try Program(["r.yaml": small, "train.sh": train, "other/s.yaml": small])
    defer { program.close() }
    #expect(try await program.run("list").output == "no study below results\n")
    _ = try await program.run("sweep", "r.yaml")
    let list = try await program.run("list")
    #expect(
        list.output.contains("lr=0.1") && list.output.contains("4/4")
            && list.output.contains("done"), "\(list.output)")
    let json = try await program.run("list", "--json")
    #expect(json.output.contains("\"completed\":4") && json.output.contains("\"mean\":0.0333"))
    // Notes are never part of what a run is.
    let digests = try program.text("results/r/digests.txt")
    for arguments in [
        ["note", "results/r:2", "odd <b>", "--star"], ["tag", "results/r:2", "good", "late/2"],
        ["tag", "results/r:2", "late/2", "--remove"], ["note", "results/r:3", "gone"],
        ["note", "results/r:3", ""],
    ] {
        let ending = try await program.run(command: [Program.url.path] + arguments)
        #expect(ending.status == .exited(0), "\(ending.errors)")
    }
    #expect(try await program.run("note", "results/r:2").output == "#good odd <b>\n")
    let notes = try StudyNotes.read(StudyFolder(program.folder.appending(path: "results/r")))
    #expect(notes.runs.count == 1 && notes.runs.values.first?.isStarred == true)
    #expect(try await program.run("status", "results/r").output.contains("#good odd <b>"))
    #expect(
        try await program.run("status", "results/r", "--json").output.contains("\"tags\" : ["))
    _ = try await program.run("report", "results/r")
    #expect(try program.text("results/r/report.md").contains("#good odd &lt;b&gt;"))
    #expect(try program.text("results/r/digests.txt") == digests)
    #expect(try await program.run("sweep", "r.yaml").output.contains("4 stored, 0 to train"))
    let wrong = try await program.run("tag", "results/r:2", "two words")
    #expect(wrong.status == .exited(2) && wrong.errors.contains("a tag is one word"))
    let missing = try await program.run("note", "results/r:9", "x")
    #expect(missing.status == .exited(2) && missing.errors.contains("no run of r is called 9"))
}

@Test func theBindingOfAPageIsAsked() async throws {
    let program = try Program()
    defer { program.close() }
    let refused = try await program.run("dashboard", "--bind", "0.0.0.0")
    #expect(refused.status == .exited(64) || refused.status == .exited(2))
    #expect(refused.errors.contains("--i-know"), "\(refused.errors)")
    let missing = try await program.run("dashboard", "nowhere")
    #expect(missing.errors.contains("nowhere: there is no such folder"), "\(missing.errors)")
    let empty = try await program.run("dashboard", "--export", "pages")
    #expect(empty.errors.contains("there is no study below results"), "\(empty.errors)")
}

@Test(.enabled(if: !python.isEmpty, "needs Python with Tests/Interop/requirements.txt"))
func tensorBoardReadsExportedRuns() async throws {
    let program = try Program(["r.yaml": small, "train.sh": train])
    defer { program.close() }
    _ = try await program.run("sweep", "r.yaml")
    let exported = try await program.run("export", "results/r", "--tensorboard", "events")
    #expect(exported.status == .exited(0), "\(exported.errors)")
    let read = try await program.run(command: [
        python, "-c",
        """
        import glob
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        for folder in sorted(glob.glob("events/*")):
            events = EventAccumulator(folder)
            events.Reload()
            print(folder, [(e.step, round(e.value, 4)) for e in events.Scalars("loss")])
        """,
    ])
    #expect(read.status == .exited(0), "\(read.errors)")
    let lines = read.output.split(separator: "\n")
    #expect(lines.count == 4)
    #expect(
        lines.first == "events/1_lr=0.1,seed=1 [(1, 0.1), (2, 0.05), (3, 0.0333)]",
        "\(read.output)")
}
