import Digests
import Files
import Foundation
import RunStore
import Studies

/// Keeps the code of a study beside its results.
package struct SnapshotTaker: Sendable {
    private let folder: StudyFolder
    private let root: URL
    private let hasRepository: Bool
    private var snapshot: CodeSnapshot
    private let git: Git
    private let command: TrainerCommand?

    /// All that is kept of one snapshot.
    private static let byteLimit = 10 << 20

    private enum Reason {
        static let secret = "its name says that it holds a secret"
        static let ignored = "git ignores it"
        static let large = "all code together would be more than 10 MB"
        static let changed = "it has changed since it was read"
        static let submodule = "it is a submodule with changes of its own"
        static let outside = "it is outside of the repository"
    }

    /// Keeps the recipe and what differs from the commit: before any run starts.
    /// - Parameters:
    ///   - bases: from the recipe's folder.
    /// - Throws: `StoreError`.
    package init(
        _ folder: StudyFolder, _ plan: Plan, bases: [String], _ provenance: Provenance
    ) async throws {
        self.folder = folder
        command = plan.trainer.command
        let recipe = URL(filePath: plan.recipe).standardizedFileURL
        let place = recipe.deletingLastPathComponent()
        let repository = Repository.root(of: place)
        root = (repository ?? place).resolvingSymlinksInPath()
        hasRepository = repository != nil
        git = Git(folder: root.path)
        snapshot = CodeSnapshot()
        (snapshot.commit, snapshot.difference) = (provenance.commit, provenance.diffDigest)
        let real = place.resolvingSymlinksInPath().path
        snapshot.recipeFolder =
            real == root.path ? "" : String(real.dropFirst(root.path.count + 1))
        // What is kept already is kept again only where something is new.
        if let before = try? CodeSnapshot.read(snapshot.id, in: folder) { snapshot = before }
        let objects = CodeObjects(folder)
        snapshot.recipe = try SnapshotTaker.recipe(
            recipe.lastPathComponent, plan.recipeText, bases, in: place, objects)
        if !provenance.commit.isEmpty { try await takeDifference(objects) }
        try snapshot.write(in: folder)
    }

    private static func recipe(
        _ name: String, _ text: String, _ bases: [String], in place: URL, _ objects: CodeObjects
    ) throws -> [CodeSnapshot.File] {
        var files: [CodeSnapshot.File] = []
        func add(_ path: String, _ contents: Data) throws {
            files.append(
                CodeSnapshot.File(
                    path: path, digest: try objects.add(contents), size: contents.count))
        }
        try add(name, Data(text.utf8))
        for base in bases.sorted() {
            let file = URL(filePath: base, relativeTo: place.appending(path: ""))
            // A base that vanished since it was read is missing in the snapshot.
            if let contents = try? Data(contentsOf: file) { try add(base, contents) }
        }
        return files
    }

    private mutating func takeDifference(_ objects: CodeObjects) async throws {
        snapshot.origin = await git.text(["remote", "get-url", "origin"]).map(
            SnapshotTaker.withoutPassword)
        let submodules = await git.text(["submodule", "status", "--recursive"]) ?? ""
        snapshot.submodules = SnapshotTaker.submodules(submodules)
        let sources = ["--", ":/", ":(exclude,top)results"]
        let changed = await git.names(["diff", "HEAD", "--name-only", "-z"] + sources) ?? []
        (snapshot.changed, snapshot.patch) = ([], nil)
        var omitted: [CodeSnapshot.Omission] = []
        var size = 0
        for path in changed.sorted() {
            // A file that was removed has no size.
            let bytes = FileFacts(path: root.appending(path: path).path)?.size ?? 0
            if SecretNames.contains(path) {
                omitted.append(.init(path: path, reason: Reason.secret))
            } else if snapshot.submodules?[path] != nil {
                omitted.append(.init(path: path, reason: Reason.submodule))
            } else if size + bytes > SnapshotTaker.byteLimit {
                omitted.append(
                    .init(
                        path: path, reason: Reason.large,
                        digest: InputDigests.shared.digest(root.appending(path: path).path)?.digest
                    ))
            } else {
                size += bytes
                snapshot.changed.append(path)
            }
        }
        snapshot.omitted = omitted
        guard !snapshot.changed.isEmpty,
            let patch = await git.bytes(
                // Whatever the user's settings are, it has to be what `git apply` reads.
                [
                    "-c", "diff.noprefix=false", "diff", "HEAD", "--binary", "--no-color",
                    "--no-ext-diff", "--no-textconv", "--full-index", "--no-renames", "-U3",
                    "--src-prefix=a/", "--dst-prefix=b/",
                ]
                    + sources + omitted.map { ":(exclude,top,literal)" + $0.path }), !patch.isEmpty
        else { return }
        snapshot.patch = try objects.add(patch)
    }

    /// ` 2fb4… libs/nets (v1)`; a plus in front: another commit than the repository has.
    private static func submodules(_ text: String) -> [String: String]? {
        var found: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let words = line.drop { "+-U ".contains($0) }.split(separator: " ")
            if words.count >= 2 {
                found[String(words[1])] = String(words[0]) + (line.hasPrefix("+") ? "-dirty" : "")
            }
        }
        return found.isEmpty ? nil : found
    }

    /// `https://name:password@host/…` without what is before the host.
    static func withoutPassword(_ address: String) -> String {
        guard let scheme = address.range(of: "://"),
            let at = address[scheme.upperBound...].firstIndex(of: "@"),
            !address[scheme.upperBound..<at].contains("/")
        else { return address }
        return String(address[..<scheme.upperBound] + address[address.index(after: at)...])
    }

    /// Keeps the files that runs have read and git does not track, when the runs have ended.
    /// - Returns: what is kept, and what is not.
    /// - Throws: `StoreError`.
    package func complete(_ results: StudyResults) async throws -> CodeSnapshot {
        var made = snapshot
        let objects = CodeObjects(folder)
        if let environment = try await environment(results) {
            made.environment = try objects.add(environment)
        }
        let read = inputs(results)
        guard !read.isEmpty else {
            if made != snapshot { try made.write(in: folder) }
            return made
        }
        var tracked: Set<String> = []
        if hasRepository, !snapshot.commit.isEmpty {
            // An index with a broken submodule lists at least its own files.
            if let names = await git.names(["ls-files", "-z", "--recurse-submodules"]) {
                tracked = Set(names)
            } else {
                tracked = Set(await git.names(["ls-files", "-z"]) ?? [])
            }
        }
        let unknown = read.filter { !tracked.contains($0.path) }
        let ignored = Set(
            hasRepository
                ? await git.names(
                    ["check-ignore", "-z", "--stdin"],
                    input: unknown.map(\.path).filter { !$0.hasPrefix("/") }) ?? [] : [])
        var known = Set((made.files.map { $0.path + $0.digest }))
        var omitted = Dictionary(made.omitted.map { ($0.path, $0) }) { first, _ in first }
        var size = made.keptBytes
        for file in unknown where !known.contains(file.path + file.digest) {
            func omit(_ reason: String) {
                omitted[file.path] = .init(path: file.path, reason: reason, digest: file.digest)
            }
            if SecretNames.contains(file.path) {
                omit(Reason.secret)
            } else if file.path.hasPrefix("/") {
                omit(Reason.outside)
            } else if ignored.contains(file.path) {
                omit(Reason.ignored)
            } else if size + file.facts.size > SnapshotTaker.byteLimit {
                omit(Reason.large)
            } else {
                let place = root.appending(path: file.path)
                // A file that can't be read has changed too.
                guard let contents = try? Data(contentsOf: place),
                    hexadecimal(SHA256.hash(contents)) == file.digest
                else {
                    omit(Reason.changed)
                    continue
                }
                try objects.add(contents)
                size += contents.count
                known.insert(file.path + file.digest)
                omitted[file.path] = nil
                made.files.append(
                    .init(
                        path: file.path, digest: file.digest, size: contents.count,
                        isExecutable: FileManager.default.isExecutableFile(atPath: place.path)
                            ? true : nil))
            }
        }
        made.files.sort { ($0.path, $0.digest) < ($1.path, $1.digest) }
        made.omitted = omitted.values.sorted { $0.path < $1.path }
        if made != snapshot { try made.write(in: folder) }
        return made
    }

    /// What is installed for the interpreters that the runs of this snapshot used, as JSON.
    private func environment(_ results: StudyResults) async throws -> Data? {
        let interpreters = results.runs.values.reduce(into: Set<String>()) { found, result in
            let provenance = result.provenance
            guard provenance.commit == snapshot.commit,
                provenance.diffDigest == snapshot.difference
            else { return }
            found.formUnion(provenance.trace?.interpreters ?? [])
        }
        let record = await EnvironmentRecord.gather(
            interpreters.sorted(), environment: command?.environment ?? [:])
        guard !record.isEmpty else { return nil }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(record)
    }

    /// What the runs of this snapshot have read, each file once for each digest.
    private func inputs(_ results: StudyResults) -> [ObservedInputs.File] {
        var seen: Set<String> = []
        var digests: Set<String> = []
        var files: [ObservedInputs.File] = []
        for result in results.runs.values {
            let provenance = result.provenance
            guard provenance.commit == snapshot.commit,
                provenance.diffDigest == snapshot.difference,
                let digest = provenance.trace?.digest, !digest.isEmpty,
                seen.insert(digest).inserted,
                // What can't be read is reported where runs are read.
                let inputs = try? RunFile.inputs(folder.runFile(result.id))
            else { continue }
            for file in inputs.files
            where !file.digest.isEmpty && digests.insert(file.path + file.digest).inserted {
                files.append(file)
            }
        }
        return files.sorted { $0.path < $1.path }
    }
}
