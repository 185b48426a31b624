import Files
import Foundation
import Recipes
import RunStore
import Studies

/// Observes which files one run of a command reads.
struct InputObserver: Sendable {
    private let command: TrainerCommand
    /// Of the repository, or the recipe's folder where it lies in none; without links.
    private let root: URL
    private let file: URL
    private let excluded: [String]
    /// Nil if the command is not traced; then why.
    private let library: String?
    private let problem: String
    private let started = Date()

    /// Makes the file that the trace library writes to.
    /// - Parameters:
    ///   - isContinued: whether the run resumes: what an earlier attempt has read counts too.
    ///   - folder: of the study.
    init(_ command: TrainerCommand, run: String, isContinued: Bool, in folder: StudyFolder) {
        self.command = command
        let recipe = URL(filePath: command.folder)
        root = (Repository.root(of: recipe) ?? recipe).resolvingSymlinksInPath()
        file = folder.traceFile(run).standardizedFileURL
        excluded = [folder.url.deletingLastPathComponent(), folder.cache].map {
            $0.standardizedFileURL.resolvingSymlinksInPath().path
        }
        guard command.isTraced else {
            (library, problem) = (nil, "")
            return
        }
        do {
            let library = try TraceLibrary.path()
            if !isContinued || TraceFile(file) == nil { try TraceFile.make(file) }
            (self.library, problem) = (library, "")
        } catch let missing as TraceLibrary.Missing {
            (library, problem) = (nil, missing.reason)
        } catch {
            (library, problem) = (nil, "\(error)")
        }
    }

    /// Changes to the environment of the command.
    /// - Parameter others: what the recipe sets.
    func environment(_ others: [String: String]) -> [String: String] {
        guard let library else { return [:] }
        let inherited = ProcessInfo.processInfo.environment
        let preloaded = others["LD_PRELOAD"] ?? inherited["LD_PRELOAD"] ?? ""
        var variables = [
            "LD_PRELOAD": preloaded.isEmpty ? library : "\(preloaded):\(library)",
            "VISEME_TRACE_FILE": file.path,
            "VISEME_TRACE_ROOTS": root.path + "\n",
        ]
        // Bytecode that lies elsewhere would hide its source.
        if others["PYTHONPYCACHEPREFIX"] == nil, inherited["PYTHONPYCACHEPREFIX"] != nil {
            variables["PYTHONPYCACHEPREFIX"] = ""
        }
        return variables
    }

    /// What the command has read, when it has ended. Its files are hashed now.
    /// - Parameter written: is given the paths of files that it wrote, where that was observed.
    func finish(written: (Set<String>) -> Void = { _ in }) -> (InputTrace, ObservedInputs) {
        defer { unlink(file.path) }
        guard library != nil else {
            let named = ObservedInputs(namedFiles())
            return (
                record(command.isTraced ? .named : .off, problem, named), named
            )
        }
        guard let trace = TraceFile(file), trace.processes > 0 else {
            let named = ObservedInputs(namedFiles())
            let reason =
                "\(command.command.first ?? "the command") did not load the trace library: it is linked statically, or cleared its environment"
            return (record(.named, reason, named), named)
        }
        written(Set(trace.notes.filter { $0.kind == .written }.map(\.path)))
        let (observed, rewritten) = inputs(trace.notes)
        let all = observed.merging(
            namedFiles().map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        let inputs = ObservedInputs(Array(all.values))
        let unseen = Set(trace.notes.filter { $0.kind == .runUnseen }.map(\.path)).sorted()
        var reasons: [String] = []
        if !unseen.isEmpty {
            reasons.append(
                "programs that are linked statically were not observed: "
                    + unseen.prefix(3).joined(separator: ", ")
                    + (unseen.count > 3 ? " and \(unseen.count - 3) more" : ""))
        }
        if trace.unnamed > 0 {
            reasons.append(
                "\(counted(trace.unnamed, "file")) whose names are not UTF-8 can't be compared")
        }
        if trace.lost > 0 { reasons.append("\(trace.lost) files had no room in the trace") }
        var made = record(
            reasons.isEmpty ? .complete : .partial, reasons.joined(separator: "; "), inputs)
        let interpreters = Set(trace.notes.filter { $0.kind == .interpreter }.map(\.path))
        made.interpreters = interpreters.isEmpty ? nil : interpreters.sorted()
        if !rewritten.isEmpty {
            made.rewritten = Array(rewritten.prefix(20))
            made.rewrittenCount = rewritten.count
        }
        return (made, inputs)
    }

    private func record(_ extent: InputTrace.Extent, _ reason: String, _ inputs: ObservedInputs)
        -> InputTrace
    {
        var trace = InputTrace(extent, reason: reason)
        (trace.files, trace.digest) = (inputs.files.count, inputs.digest)
        trace.watched = command.watch
        return trace
    }

    /// What was read, by path, and what the run wrote after it had read it.
    private func inputs(_ notes: [TraceFile.Note]) -> ([String: ObservedInputs.File], [String]) {
        let rules = InputRules(root: root.path, excluded: excluded)
        var environments: [String: Bool] = [:]
        func isEnvironment(_ folder: String) -> Bool {
            if let known = environments[folder] { return known }
            let found = InputRules.isEnvironment(folder)
            environments[folder] = found
            return found
        }
        var read: [String: [TraceFile.Note]] = [:]
        var made: Set<String> = []
        var rewritten: Set<String> = []
        for note in notes {
            guard let path = rules.input(note.path, isEnvironment: isEnvironment) else { continue }
            switch note.kind {
            // What a run has written itself is no input of it, whoever reads it.
            case .written:
                if read[path] == nil { made.insert(path) } else { rewritten.insert(path) }
            case .read, .run:
                if !made.contains(path) { read[path, default: []].append(note) }
            case .runUnseen, .interpreter: break
            }
        }
        var files: [String: ObservedInputs.File] = [:]
        for (path, notes) in read where !rewritten.contains(path) {
            let name = String(path.dropFirst(root.path.count + 1))
            let found = InputDigests.shared.digest(path)
            let isSame =
                found.map { found in
                    notes.allSatisfy { note in
                        // Of bytecode the source counts: it was not opened.
                        note.path == path || !note.path.hasSuffix(".pyc")
                            ? note.facts == found.facts
                            : Double(found.facts.modified) / 1e9 < started.timeIntervalSince1970
                    }
                } ?? false
            files[name] = ObservedInputs.File(
                path: name, digest: isSame ? found?.digest ?? "" : "",
                facts: found?.facts ?? FileFacts(size: 0, modified: 0))
        }
        return (
            files,
            rewritten.map { String($0.dropFirst(root.path.count + 1)) }.sorted()
        )
    }

    /// The files that the recipe names: those of the command, and those under `watch:`.
    private func namedFiles() -> [ObservedInputs.File] {
        let named = command.files.map(\.path) + (command.watch ?? [])
        return RecipeFiles(folder: command.folder).watched(named, root: root).compactMap {
            name, place in
            InputDigests.shared.digest(place).map {
                ObservedInputs.File(path: name, digest: $0.digest, facts: $0.facts)
            }
        }
    }
}
