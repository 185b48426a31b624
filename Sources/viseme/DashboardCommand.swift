import ArgumentParser
import Dashboard
import Execution
import Files
import Foundation
import RunStore
import Studies

struct DashboardCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dashboard",
        abstract: "Show studies in the browser, live; or export them as pages.",
        discussion: """
            Prints an address with a token: whoever has it may read. The page shows what lies in the folders of results, as it \
            changes, of studies that run here or on a cluster. It listens on this machine alone.
            """)

    @Argument(help: "Folders of results, or of single studies.")
    var folders: [String] = ["results"]
    @Option(help: "The port (default: 8425, or the next that is free).")
    var port: UInt16?
    @Option(
        help: ArgumentHelp(
            "Listen on another address of this machine, so that others can reach it.",
            valueName: "address"))
    var bind: String?
    @Flag(help: "With --bind: you know that whoever sees the address with its token may read.")
    var iKnow = false
    @Flag(help: "Open the page in the browser.")
    var open = false
    @Flag(help: "Let the page write notes and tags of runs, into notes.json of their study.")
    var allowNotes = false
    @Option(
        help: ArgumentHelp(
            "Write a self-contained page of each study into this folder, and serve nothing.",
            valueName: "folder"))
    var export: String?

    func validate() throws {
        if let bind, !["127.0.0.1", "::1"].contains(bind), !iKnow {
            throw ValidationError(
                "--bind \(bind): the page can then be reached from elsewhere, without encryption: add --i-know; `ssh -L 8425:127.0.0.1:8425 host` needs no --bind"
            )
        }
        if export != nil, open || allowNotes || bind != nil || port != nil {
            throw ValidationError("--export serves nothing: leave the other options out")
        }
        if folders.contains(where: \.isEmpty) {
            throw ValidationError("an empty name is no folder")
        }
    }

    func run() async throws {
        let places = folders.map { URL(filePath: $0) }
        for (name, place) in zip(folders, places) {
            var isFolder: ObjCBool = false
            let isThere = FileManager.default.fileExists(atPath: place.path, isDirectory: &isFolder)
            if isThere, !isFolder.boolValue { throw ValidationError("\(name): is not a folder") }
            // The default folder appears with the first sweep.
            if !isThere, name != "results" {
                throw ValidationError("\(name): there is no such folder")
            }
        }
        if let export { return try await write(places, export) }
        let dashboard = try Dashboard(
            places, host: bind ?? "127.0.0.1", port: port, allowsNotes: allowNotes)
        print("dashboard: \(dashboard.address)")
        print("Ctrl-C ends it; sweeps go on.")
        fflush(nil)
        if open { await openBrowser(dashboard.address) }
        let failure = Locked<(any Error)?>(nil)
        _ = await Interruption.watch(saying: "") {
            do { try await dashboard.run() } catch is CancellationError {
            } catch { failure.withLock { $0 = error } }
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }

    private func write(_ places: [URL], _ target: String) async throws {
        let entries = StudyCatalogue(places).entries()
        guard !entries.isEmpty else {
            throw ValidationError("there is no study below \(folders.joined(separator: ", "))")
        }
        let folder = URL(filePath: target)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var failed = 0
        for entry in entries {
            let file = folder.appending(path: SavedPage.fileName(entry.id))
            do {
                let page = try await SavedPage.text(of: entry)
                try DurableFile.write(page, to: file)
                print("written: \(file.relativePath) (\(page.count / 1000) KB)")
            } catch let error as StoreError {
                failed += 1
                complain("\(entry.folder.url.relativePath): left out: \(error)")
            }
        }
        if failed > 0 { throw ExitStatus.someFailed }
    }

    private func openBrowser(_ address: String) async {
        #if os(macOS)
            let program = "open"
        #else
            let program = "xdg-open"
        #endif
        if await !Browser.open(address, with: program) {
            complain("\(program) is not there, or found no browser: open the address by hand")
        }
    }
}

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the studies below a folder.")

    @Argument(help: "Folders of results.")
    var folders: [String] = ["results"]
    @Flag(help: "As JSON.")
    var json = false

    func run() throws {
        let studies = StudyCatalogue(folders.map { URL(filePath: $0) }).entries()
            .map(StudySummary.init)
        if json { return print(StudySummary.json(studies)) }
        guard !studies.isEmpty else {
            return print("no study below \(folders.joined(separator: ", "))")
        }
        Terminal.print(ListTable.text(studies))
        for study in studies where !study.problem.isEmpty { complain(study.problem) }
    }
}

/// The page that is served while a sweep runs.
struct SweepPage {
    private let task: Task<Void, Never>

    /// - Throws: `PageServer.Unusable`.
    init(of folder: StudyFolder) throws {
        let dashboard = try Dashboard([folder.url.deletingLastPathComponent()])
        print("dashboard: \(dashboard.address)")
        task = Task {
            do { try await dashboard.run() } catch is CancellationError {
            } catch { complain("dashboard: \(error)") }
        }
    }

    func end() { task.cancel() }
}
