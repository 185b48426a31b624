import Files
import Foundation
import Studies

/// Compares the files that stored runs have read with those that lie there now.
struct InputComparison {
    private let files: RecipeFiles
    private let root: URL
    /// Whether the recipe's folder is there.
    let isPossible: Bool

    init(_ command: TrainerCommand) {
        let recipe = URL(filePath: command.folder)
        isPossible = FileManager.default.fileExists(atPath: recipe.path)
        root = Repository.root(of: recipe) ?? recipe
        files = RecipeFiles(folder: command.folder)
    }

    /// How inputs differ.
    struct Change: Sendable, Equatable {
        /// The digest of what lies there now.
        var now: String
        var words: String
    }

    /// - Parameter file: of the run.
    /// - Returns: nil where nothing differs.
    func change(_ file: URL, _ trace: InputTrace) -> Change? {
        let inputs: ObservedInputs
        do { inputs = try RunFile.inputs(file) } catch {
            return Change(now: "", words: "its inputs can't be read: \(error)")
        }
        var changed: [(path: String, words: String)] = []
        var now = inputs.files.map { input -> (path: String, digest: String) in
            let path =
                input.path.hasPrefix("/")
                ? input.path : root.appending(path: input.path).standardizedFileURL.path
            if FileFacts(path: path) == input.facts, !input.digest.isEmpty {
                return (input.path, input.digest)
            }
            let found = InputDigests.shared.digest(path)?.digest ?? ""
            if input.digest.isEmpty {
                changed.append((input.path, "changed while the run read it"))
            } else if found.isEmpty {
                changed.append((input.path, "is gone since"))
            } else if found != input.digest {
                changed.append((input.path, "has changed since"))
            }
            return (input.path, found)
        }
        for (name, digest) in added(to: inputs, trace.watched ?? []) {
            changed.append((name, "is new under watch:"))
            now.append((name, digest))
        }
        guard let first = changed.first else { return nil }
        let others = changed.count - 1
        return Change(
            now: ObservedInputs.digest(now),
            words: "\(first.path) \(first.words)"
                + (others > 0 ? ", and \(others) other file\(others > 1 ? "s" : "")" : ""))
    }

    /// Files that match the patterns now and that the run did not have.
    private func added(to inputs: ObservedInputs, _ patterns: [String])
        -> [(name: String, digest: String)]
    {
        guard !patterns.isEmpty else { return [] }
        let known = Set(inputs.files.map(\.path))
        return files.watched(patterns, root: root)
            .filter { !known.contains($0.key) }
            .compactMap { name, place in
                InputDigests.shared.digest(place).map { (name, $0.digest) }
            }
            .sorted { $0.name < $1.name }
    }
}
