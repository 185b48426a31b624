import Digests
import Files
import Foundation
import RunStore
import Studies

// The recipe and the code in a bundle.

extension BundleWriter {
    /// A path from the recipe's folder, as from the repository's.
    func inTree(_ path: String) -> String {
        let folder = snapshot?.recipeFolder ?? ""
        return folder.isEmpty ? path : "\(folder)/\(path)"
    }

    /// The recipe, its bases, and what the runs have read, as far as all of it was kept or lies
    /// there still.
    func tree(_ missing: inout [String]) async throws -> [String: TreeFile] {
        guard let snapshot else {
            missing.append("the recipe and its code: an earlier program trained the runs")
            return [:]
        }
        let objects = CodeObjects(original)
        let anonymizer =
            options.isAnonymous ? Anonymizer(originalPlan, original, hosts: []) : nil
        var tree: [String: TreeFile] = [:]
        for file in snapshot.recipe {
            let path = URL(filePath: "/" + inTree(file.path)).standardizedFileURL.path.dropFirst()
            guard !file.path.hasPrefix("/"), !inTree(file.path).hasPrefix("../") else {
                missing.append("a base of the recipe outside of its repository")
                continue
            }
            let contents = try objects.read(file.digest)
            let text = String(decoding: contents, as: UTF8.self)
            tree[String(path)] = TreeFile(
                contents: anonymizer.map { Data($0.recipe(text, plan: originalPlan).utf8) }
                    ?? contents)
        }
        let left = Dictionary(snapshot.omitted.map { ($0.path, $0.reason) }) { first, _ in first }
        let place = URL(filePath: originalPlan.trainer.command?.folder ?? "")
        let root = Repository.root(of: place) ?? place
        var size = 0
        for file in inputs() where tree[file.path] == nil {
            if let reason = left[file.path] {
                missing.append("\(file.path): \(reason)")
            } else if SecretNames.contains(file.path) {
                missing.append("\(file.path): its name says that it holds a secret")
            } else if !file.path.hasPrefix("/"), !ZipReader.allows("tree/" + file.path) {
                missing.append("a file whose name an archive can't hold; SHA-256 \(file.digest)")
            } else if file.path.hasPrefix("/") || file.digest.isEmpty {
                missing.append(
                    "\(options.isAnonymous ? URL(filePath: file.path).lastPathComponent : file.path): outside of the repository, or not known"
                )
            } else if size + file.facts.size > BundleWriter.byteLimit {
                missing.append("\(file.path): more than 10 MB of code; SHA-256 \(file.digest)")
            } else if let contents = await contents(file, root, objects) {
                size += contents.count
                tree[file.path] = TreeFile(
                    contents: contents,
                    isExecutable: await isExecutable(file.path, root, snapshot))
            } else {
                let reason =
                    FileManager.default.fileExists(atPath: root.path)
                    ? "it has changed since" : "the repository is not there"
                missing.append("\(file.path): \(reason); SHA-256 \(file.digest)")
            }
        }
        let versions = Set(
            StudyResults(original, originalPlan).runs.values.map {
                "\($0.provenance.commit) \($0.provenance.diffDigest) \($0.provenance.trace?.digest ?? "")"
            })
        if versions.count > 1 {
            missing.append(
                "the code of some runs: the runs were trained from \(versions.count) versions of it, and tree/ has the newest"
            )
        }
        return tree
    }

    struct TreeFile {
        var contents: Data
        var isExecutable = false
    }

    func isExecutable(_ path: String, _ root: URL, _ snapshot: CodeSnapshot) async -> Bool {
        if let kept = snapshot.files.first(where: { $0.path == path }) {
            return kept.isExecutable ?? false
        }
        let file = root.appending(path: path).path
        if FileManager.default.fileExists(atPath: file) {
            return FileManager.default.isExecutableFile(atPath: file)
        }
        let listed = await Git(folder: root.path).text(["ls-tree", snapshot.commit, "--", path])
        return listed?.hasPrefix("100755") ?? false
    }

    func contents(_ file: ObservedInputs.File, _ root: URL, _ objects: CodeObjects) async
        -> Data?
    {
        func isRight(_ data: Data) -> Bool { hexadecimal(SHA256.hash(data)) == file.digest }
        // What can't be read is looked for elsewhere.
        if let kept = try? objects.read(file.digest) { return kept }
        if let there = try? Data(contentsOf: root.appending(path: file.path)), isRight(there) {
            return there
        }
        guard let commit = snapshot?.commit, !commit.isEmpty else { return nil }
        return await Git(folder: root.path).bytes(["show", "\(commit):\(file.path)"]).flatMap {
            isRight($0) ? $0 : nil
        }
    }

    /// What the runs have read, the newest version of each file.
    func inputs() -> [ObservedInputs.File] {
        let results = StudyResults(original, originalPlan)
        var files: [String: ObservedInputs.File] = [:]
        var seen: Set<String> = []
        let runs = results.runs.values.sorted {
            ($0.provenance.started, $0.id) > ($1.provenance.started, $1.id)
        }
        for run in runs {
            guard let digest = run.provenance.trace?.digest, seen.insert(digest).inserted,
                // A run that can't be read is a problem of the study, which was reported.
                let inputs = try? RunFile.inputs(original.runFile(run.id))
            else { continue }
            for file in inputs.files where files[file.path] == nil { files[file.path] = file }
        }
        return files.values.sorted { $0.path < $1.path }
    }
}
