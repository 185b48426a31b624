import Foundation
import RunStore
import Studies

/// Takes out what says who made a study, and where: host, user, paths, commits.
struct Anonymizer {
    private let replacements: [(text: String, by: String)]
    /// What may not be in a bundle.
    let names: [String]

    /// - Parameters:
    ///   - study: the folder of its results.
    ///   - hosts: that trained it.
    init(_ plan: Plan, _ study: StudyFolder, hosts: Set<String>) {
        let place = URL(
            filePath: plan.trainer.command?.folder
                ?? URL(filePath: plan.recipe).standardizedFileURL.deletingLastPathComponent().path)
        var folders = [place.path, FileManager.default.currentDirectoryPath]
        if let root = Repository.root(of: place) { folders.append(root.path) }
        folders.append(study.url.deletingLastPathComponent().standardizedFileURL.path)
        let home = FileManager.default.homeDirectoryForCurrentUser.path
        let machines = hosts.union([Provenance.hostName()]).filter {
            $0.count > 3 && $0 != "localhost"
        }.sorted()
        let user = NSUserName()
        let people = user.count > 3 && user != "root" ? [user] : []
        var replacements: [(String, String)] = []
        for folder in Set(folders).filter({ $0.count > 1 }).sorted(by: { $0.count > $1.count }) {
            replacements += [(folder + "/", ""), (folder, ".")]
        }
        if home.count > 1 { replacements.append((home, "~")) }
        replacements += machines.map { ($0, "host") } + people.map { ($0, "user") }
        self.replacements = replacements
        names =
            (Set(folders).filter { $0.count > 5 } + machines + people
            + (home.count > 5 ? [home] : [])).sorted()
    }

    /// Without names of folders, hosts and people; other absolute paths keep their last part.
    func text(_ text: String) -> String {
        let known = replacements.reduce(text) { $0.replacing($1.text, with: $1.by) }
        return known.replacing(Anonymizer.absolutePath) { match in
            let path = String(match.output.path)
            let isOfSystem = Anonymizer.systemFolders.contains { path.hasPrefix($0) }
            return isOfSystem
                ? String(match.output.0)
                : "\(match.output.before)…/\(URL(filePath: path).lastPathComponent)"
        }
    }

    /// A path of two parts or more, not that of an address.
    private static var absolutePath: Regex<(Substring, before: Substring, path: Substring)> {
        /(?<before>^|[\s"'=(,:\[])(?<path>\/[^\s"'\/,:;()\[\]{}<>|]+\/[^\s"',:;()\[\]{}<>|]+)/
    }
    private static let systemFolders = [
        "/usr/", "/bin/", "/sbin/", "/lib", "/etc/", "/opt/", "/dev/", "/proc/", "/sys/", "/nix/",
    ]

    /// A recipe's text; as it is, where the command or its variables hold what would be replaced:
    /// they decide which runs it has.
    func recipe(_ recipe: String, plan: Plan) -> String {
        let command = plan.trainer.command
        let deciding =
            (command?.command ?? []) + (command.map { Array($0.environment.values) } ?? [])
        return deciding.allSatisfy { text($0) == $0 } ? text(recipe) : recipe
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
        plan.recipeText = self.recipe(plan.recipeText, plan: plan)
        plan.overrides = plan.overrides.map(text)
        plan.results = "results"
        plan.settings = plan.settings.mapValues(value)
        plan.trainer.command?.folder = ""
        if let command = plan.trainer.command {
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
        (provenance.recipe, provenance.recipeText) = (recipe, "")
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
