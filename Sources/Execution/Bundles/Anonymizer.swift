import Foundation
import RunStore
import Studies

/// Takes out what says who made a study, and where: host, user, paths, commits.
struct Anonymizer {
    private let replacements: [(text: String, by: String)]

    init(_ plan: Plan, hosts: Set<String>) {
        let place = URL(filePath: plan.trainer.command?.folder ?? plan.recipe).standardizedFileURL
        var replacements: [(String, String)] = []
        var folders = [place.path, FileManager.default.currentDirectoryPath]
        if let root = Repository.root(of: place) { folders.append(root.path) }
        for folder in Set(folders).sorted(by: { $0.count > $1.count }) where folder.count > 1 {
            replacements += [(folder + "/", ""), (folder, ".")]
        }
        let home = FileManager.default.homeDirectoryForCurrentUser.path
        if home.count > 1 { replacements.append((home, "~")) }
        for host in hosts.sorted() where host.count > 3 && host != "localhost" {
            replacements.append((host, "host"))
        }
        let user = NSUserName()
        if user.count > 3, user != "root" { replacements.append((user, "user")) }
        self.replacements = replacements
    }

    func text(_ text: String) -> String {
        replacements.reduce(text) { $0.replacing($1.text, with: $1.by) }
    }

    /// The last part of a path that leads out of the repository.
    private func path(_ path: String) -> String {
        let shown = text(path)
        return shown.hasPrefix("/") || shown.hasPrefix("~")
            ? URL(filePath: shown).lastPathComponent : shown
    }

    private func value(_ value: Value) -> Value {
        switch value {
        case .text(let text): .text(text.hasPrefix("/") ? path(text) : self.text(text))
        case .list(let values): .list(values.map(self.value))
        default: value
        }
    }

    func plan(_ plan: Plan, recipe: String) -> Plan {
        var plan = plan
        plan.recipe = recipe
        plan.recipeText = text(plan.recipeText)
        plan.overrides = plan.overrides.map(text)
        plan.results = "results"
        plan.settings = plan.settings.mapValues(value)
        plan.trainer.command?.folder = ""
        if let command = plan.trainer.command {
            plan.trainer.command?.command = command.command.map(text)
            plan.trainer.command?.environment = command.environment.mapValues(text)
            plan.trainer.command?.watch = command.watch?.map(path)
        }
        plan.runs = plan.runs.map { run in
            var run = run
            run.data.file = nil
            return run
        }
        return plan
    }

    func run(_ contents: RunFileContents, recipe: String) -> RunFileContents {
        var contents = contents
        contents.configuration = contents.configuration.mapValues(value)
        contents.configurationText = text(contents.configurationText)
        contents.output = text(contents.output)
        var provenance = contents.provenance
        (provenance.recipe, provenance.recipeText) = (recipe, text(provenance.recipeText))
        (provenance.host, provenance.job) = ("", nil)
        (provenance.commit, provenance.diffDigest) = ("", "")
        provenance.data = path(provenance.data)
        provenance.command = provenance.command.map(text)
        provenance.failures = provenance.failures.map(text)
        provenance.environment = provenance.environment.mapValues { _ in "" }
        provenance.outsideFiles = provenance.outsideFiles.map { files in
            Dictionary(files.map { (path($0.key), $0.value) }) { first, _ in first }
        }
        if var trace = provenance.trace {
            trace.reason = text(trace.reason)
            trace.interpreters = trace.interpreters?.map(path)
            provenance.trace = trace
        }
        contents.provenance = provenance
        contents.inputs = contents.inputs.map { inputs in
            ObservedInputs(
                inputs.files.map {
                    ObservedInputs.File(
                        path: $0.path.hasPrefix("/") ? path($0.path) : $0.path, digest: $0.digest,
                        facts: FileFacts(size: $0.facts.size, modified: 0))
                })
        }
        contents.provenance.trace?.digest = contents.inputs?.digest ?? ""
        return contents
    }
}
