import Digests
import Files
import Foundation
import RunStore
import Studies
import Subprocess

/// Rebuilds what a study was made with: the code as it was, the recipe, the lists of packages, and
/// the command that repeats it.
package struct StudyRestorer: Sendable {
    /// What can't be restored into a folder.
    package struct Refusal: UserError {
        package let place, rule: String
        package var remedy = ""
    }

    /// What was rebuilt.
    package struct Outcome: Sendable {
        /// Files, in words, one a line.
        package var made: [String] = []
        /// What can't be rebuilt, in words, one a line.
        package var missing: [String] = []
        /// To be run in the restored folder.
        package var command = ""
    }

    private let study: StudyFolder
    private let plan: Plan
    private let run: Run?
    private let provenance: Provenance
    private let inputs: ObservedInputs
    private let snapshot: CodeSnapshot
    private let folder: URL
    /// Runs that were trained from other code.
    private let others: Int

    /// - Parameters:
    ///   - run: the run in question; nil: the last one that was trained.
    ///   - folder: a new folder.
    /// - Throws: `Refusal`, `StoreError`.
    package init(_ study: StudyFolder, _ plan: Plan, run: Run?, to folder: URL) throws {
        (self.study, self.plan, self.run, self.folder) = (study, plan, run, folder)
        let results = StudyResults(study, plan)
        let chosen =
            run.map { results.runs[$0.id] }
            ?? results.runs.values.max {
                ($0.provenance.started, $0.id) < ($1.provenance.started, $1.id)
            }
        guard let chosen else {
            throw Refusal(
                place: study.url.relativePath,
                rule: run.map { "the run \($0.label) is not stored" } ?? "no run is stored")
        }
        provenance = chosen.provenance
        others = run == nil ? StudyRestorer.others(results, chosen) : 0
        inputs = try RunFile.inputs(study.runFile(chosen.id))
        let id = CodeSnapshot.id(commit: provenance.commit, difference: provenance.diffDigest)
        guard let snapshot = try CodeSnapshot.read(id, in: study) else {
            throw Refusal(
                place: study.url.relativePath,
                rule:
                    "the code of this run is not in \(study.code.relativePath): it was removed, or an earlier program trained the run",
                remedy: provenance.commit.isEmpty
                    ? ""
                    : "its commit is \(provenance.commit)"
                        + (provenance.dirty ? ", with uncommitted changes" : ""))
        }
        self.snapshot = snapshot
        if FileManager.default.fileExists(atPath: folder.path),
            !FileManager.default.names(in: folder).isEmpty
        {
            throw Refusal(
                place: folder.relativePath, rule: "is not empty", remedy: "name a new folder")
        }
    }

    private static func others(_ results: StudyResults, _ chosen: RunResult) -> Int {
        let own = chosen.provenance
        return results.runs.values.count { run in
            let other = run.provenance
            return other.commit != own.commit || other.diffDigest != own.diffDigest
                || other.trace?.digest != own.trace?.digest
        }
    }

    /// - Parameter repository: where the commit is; nil: where the recipe was.
    /// - Throws: `Refusal`, `StoreError`.
    package func restore(from repository: String?) async throws -> Outcome {
        var outcome = Outcome()
        let code = folder.appending(path: "code")
        FileManager.default.ensureFolder(folder)
        if snapshot.commit.isEmpty {
            FileManager.default.ensureFolder(code)
        } else {
            try await checkOut(repository, to: code)
            outcome.made.append("code: commit \(snapshot.commit)")
        }
        if let patch = snapshot.patch {
            try await apply(patch, in: code)
            outcome.made.append(
                "code: \(counted(snapshot.changed.count, "file")) with uncommitted changes: "
                    + snapshot.changed.prefix(5).joined(separator: ", ")
                    + (snapshot.changed.count > 5 ? ", …" : ""))
        }
        try writeFiles(in: code, &outcome)
        try writeEnvironment(&outcome)
        outcome.missing += snapshot.omitted.map {
            "\($0.path) was not kept, since \($0.reason)"
                + ($0.digest.map { " (SHA-256 \($0))" } ?? "")
        }
        for (path, commit) in (snapshot.submodules ?? [:]).sorted(by: { $0.key < $1.key }) {
            outcome.missing.append(
                "the submodule \(path), at \(commit): `git submodule update --init` gets it"
                    + (commit.hasSuffix("-dirty") ? ", but not its uncommitted changes" : ""))
        }
        outcome.missing += differences(code)
        if others > 0 {
            outcome.missing.append(
                "\(counted(others, "run")) of the study \(others == 1 ? "was" : "were") trained from other code: restore each by its number, \(study.url.relativePath):3"
            )
        }
        outcome.command = command
        try writeReadMe(outcome)
        return outcome
    }

    // MARK: The code

    private func checkOut(_ repository: String?, to code: URL) async throws {
        let place =
            plan.trainer.command.map { URL(filePath: $0.folder) }
            ?? URL(filePath: plan.recipe).standardizedFileURL.deletingLastPathComponent()
        let own = Repository.root(of: place)
        let source: String
        if let repository {
            source = repository
        } else if let own,
            await Git(folder: own.path).text(["cat-file", "-t", snapshot.commit]) == "commit"
        {
            source = own.path
        } else {
            throw Refusal(
                place: "--repository",
                rule: "the commit \(snapshot.commit) is not in a repository here",
                remedy: snapshot.origin.map { "it came from \($0): --repository \($0)" }
                    ?? "give a folder or an address that has it")
        }
        let cloned = await run([
            "git", "clone", "--quiet", "--no-checkout", "--", source, code.path,
        ])
        guard cloned.isSuccess else {
            throw Refusal(
                place: "--repository \(source)", rule: "can't be cloned: \(cloned.errors)")
        }
        let switched = await run([
            "git", "-C", code.path, "-c", "advice.detachedHead=false", "checkout", "--quiet",
            "--detach", snapshot.commit,
        ])
        guard switched.isSuccess else {
            throw Refusal(
                place: "--repository \(source)",
                rule: "does not have the commit \(snapshot.commit): \(switched.errors)")
        }
    }

    private func apply(_ digest: String, in code: URL) async throws {
        let patch = folder.appending(path: "uncommitted.patch")
        try CodeObjects(study).read(digest).write(to: patch)
        let applied = await run([
            "git", "-C", code.path, "apply", "--whitespace=nowarn", patch.standardizedFileURL.path,
        ])
        guard applied.isSuccess else {
            throw Refusal(
                place: patch.path, rule: "can't be applied to the commit: \(applied.errors)")
        }
    }

    /// Files that git does not track, and the recipe with its bases.
    private func writeFiles(in code: URL, _ outcome: inout Outcome) throws {
        let objects = CodeObjects(study)
        // The version that this run has read, where there are several.
        let read = Dictionary(inputs.files.map { ($0.path, $0.digest) }) { first, _ in first }
        let chosen = Dictionary(grouping: snapshot.files, by: \.path).compactMap { path, versions in
            versions.first { $0.digest == read[path] } ?? versions.last
        }
        for file in chosen.sorted(by: { $0.path < $1.path }) {
            try write(file, objects, in: code)
        }
        if !chosen.isEmpty {
            outcome.made.append("code: \(counted(chosen.count, "file")) that git does not track")
        }
        let place = code.appending(path: snapshot.recipeFolder)
        for file in snapshot.recipe {
            guard StudyRestorer.isInside(file.path, of: place, code) else {
                outcome.missing.append(
                    "\(file.path), a base of the recipe, lies outside of its repository (SHA-256 \(file.digest))"
                )
                continue
            }
            try write(file, objects, in: place)
        }
        outcome.made.append(
            "recipe: \(([snapshot.recipeFolder].filter { !$0.isEmpty } + [snapshot.recipe.first?.path ?? ""]).joined(separator: "/"))"
        )
    }

    /// Whether a path stays in the restored code.
    private static func isInside(_ path: String, of folder: URL, _ code: URL) -> Bool {
        let place = folder.appending(path: path).standardizedFileURL.path
        return !path.hasPrefix("/") && place.hasPrefix(code.standardizedFileURL.path + "/")
    }

    private func write(_ file: CodeSnapshot.File, _ objects: CodeObjects, in folder: URL) throws {
        guard StudyRestorer.isInside(file.path, of: folder, self.folder) else {
            throw Refusal(place: file.path, rule: "would be written outside of the folder")
        }
        let target = folder.appending(path: file.path).standardizedFileURL
        FileManager.default.ensureFolder(target.deletingLastPathComponent())
        try objects.read(file.digest).write(to: target)
        if file.isExecutable == true { chmod(target.path, 0o755) }
    }

    /// Files that the run has read, and that are not what it read.
    private func differences(_ code: URL) -> [String] {
        let named = Set(snapshot.omitted.map(\.path))
        return inputs.files.filter { !named.contains($0.path) }.compactMap { file in
            if file.digest.isEmpty {
                return "\(file.path) changed while the run read it: nobody knows what it was"
            }
            if file.path.hasPrefix("/") {
                return "\(file.path) lies outside of the repository (SHA-256 \(file.digest))"
            }
            let found = InputDigests.shared.digest(code.appending(path: file.path).path)?.digest
            guard found != file.digest else { return nil }
            return found == nil
                ? "\(file.path) is not there (SHA-256 \(file.digest))"
                : "\(file.path) is not what the run has read (SHA-256 \(file.digest))"
        }
    }

    // MARK: The environment

    private func writeEnvironment(_ outcome: inout Outcome) throws {
        guard let digest = snapshot.environment else {
            if plan.trainer.command != nil {
                outcome.missing.append("the packages of its environment are not known")
            }
            return
        }
        let json = try CodeObjects(study).read(digest)
        try json.write(to: folder.appending(path: "environment.json"))
        outcome.made.append("environment.json: interpreters and packages")
        let record = try JSONDecoder().decode(EnvironmentRecord.self, from: json)
        for (number, python) in record.python.enumerated() {
            let name = number == 0 ? "requirements.txt" : "requirements-\(number + 1).txt"
            let (text, problems) = EnvironmentRecord.requirements(python)
            try Data(text.utf8).write(to: folder.appending(path: name))
            outcome.made.append(
                "\(name): \(counted(python.packages.count, "package")) of Python \(python.version)")
            outcome.missing += problems
        }
        for r in record.r {
            outcome.made.append(
                "R: \(r.session.split(separator: "\n").first ?? ""), \(counted(r.packages.count, "package")) in environment.json"
            )
        }
    }

    // MARK: The command

    private var command: String {
        let name = snapshot.recipe.first?.path ?? URL(filePath: plan.recipe).lastPathComponent
        let words =
            ["viseme", "sweep", name] + plan.overrides + (run.map { ["--only", $0.label] } ?? [])
        let place =
            "code" + (snapshot.recipeFolder.isEmpty ? "" : "/" + snapshot.recipeFolder)
        return "cd \(quoted(place)) && " + words.map(quoted).joined(separator: " ")
    }

    private func quoted(_ word: String) -> String {
        let isPlain = word.allSatisfy { $0.isLetter || $0.isNumber || "=._/-:,@".contains($0) }
        return isPlain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }

    private func writeReadMe(_ outcome: Outcome) throws {
        let title = run.map { "run \($0.label) of \(plan.name)" } ?? "study \(plan.name)"
        var lines = [
            "# The \(title), restored", "",
            "Trained \(provenance.started) with \(provenance.program), on \(provenance.system).",
            "",
            "What is here:", "",
        ]
        lines += outcome.made.map { "- \($0)" }
        lines += ["", "What can't be rebuilt:", ""]
        lines +=
            outcome.missing.isEmpty
            ? ["- nothing is missing that is known"] : outcome.missing.map { "- \($0)" }
        lines += ["", "To repeat it:", ""]
        if !FileManager.default.fileExists(
            atPath: folder.appending(path: "requirements.txt").path)
        {
            lines += ["    \(outcome.command)", ""]
        } else {
            lines += [
                "    python3 -m venv venv && venv/bin/pip install -r requirements.txt",
                "    export PATH=\"$PWD/venv/bin:$PATH\"", "    \(outcome.command)", "",
            ]
        }
        lines += ["Compare its `digests.txt` with that of the study.", ""]
        try Data(lines.joined(separator: "\n").utf8).write(
            to: folder.appending(path: "README.md"))
    }

    private func run(_ words: [String]) async -> (isSuccess: Bool, errors: String) {
        let result = try? await Subprocess.run(
            .name(words[0]), arguments: Arguments(Array(words.dropFirst())), input: .none,
            output: .discarded, error: .string(limit: 1 << 16))
        guard let result else { return (false, "\(words[0]) can't be started") }
        return (
            result.terminationStatus.isSuccess,
            result.standardError.trimmingCharacters(in: .whitespacesAndNewlines)
        )
    }
}
