import Foundation
import Studies
import Yams

/// Reads `base:`, a file of configuration keys or several, which may have bases of their own. Later
/// ones win.
struct BaseFiles {
    let mistakes: MistakeList
    let schema: ParameterSchema

    /// Keys that only a recipe has.
    private static let recipeKeys = [
        "question", "set", "sweep", "exclude", "include", "metric", "trainer", "report",
    ]

    /// - Parameter open: the files whose bases are being read, from the recipe on.
    /// - Returns: the settings, in the order in which they are to be taken.
    func settings(_ node: Node, in source: SourceText, open: [String]) -> [(
        reader: SettingsReader, node: Node
    )] {
        let nodes = node.sequence.map(Array.init) ?? [node]
        return nodes.flatMap { file($0, in: source, open: open) }
    }

    private func file(_ node: Node, in source: SourceText, open: [String]) -> [(
        reader: SettingsReader, node: Node
    )] {
        func mistake(_ text: String) -> [(reader: SettingsReader, node: Node)] {
            mistakes.add(source.place(node.mark), "base: \(text)", in: source)
            return []
        }
        guard case .scalar(let scalar) = node, !scalar.string.isEmpty else {
            return mistake("expected a file, or a list of files")
        }
        let path = scalar.string
        let file = URL(filePath: path, relativeTo: source.folder.appending(path: ""))
            .standardizedFileURL
        let shown = path.hasPrefix("/") ? path : BaseFiles.joined(source.name, path)
        guard !open.contains(file.path) else {
            return mistake(
                "\(shown) is its own base, by \(((open + [file.path]).map { URL(filePath: $0).lastPathComponent }).joined(separator: " → "))"
            )
        }
        guard open.count < 20 else { return mistake("\(shown): bases of bases, more than 20 deep") }
        // The message names both reasons there are.
        guard let base = try? SourceText(file: file, name: shown) else {
            return mistake("there is no file \(shown), or it can't be read")
        }
        guard let root = base.parse(mistakes) else { return [] }
        let reader = SettingsReader(source: base, mistakes: mistakes, schema: schema)
        guard case .mapping(let mapping) = root else { return [(reader, root)] }
        if let key = mapping.keys.compactMap(\.string).first(where: BaseFiles.recipeKeys.contains) {
            return mistake(
                "\(shown) is a recipe (it has \(key)); a base holds configuration keys alone")
        }
        let own = Node.Mapping(
            mapping.filter { $0.key.string != "base" }.map { ($0.key, $0.value) }, .init(.implicit),
            .any, mapping.mark)
        let bases = mapping["base"].map { settings($0, in: base, open: open + [file.path]) } ?? []
        return bases + [(reader, .mapping(own))]
    }

    /// A path beside the file that names it, as short as it can be said.
    private static func joined(_ name: String, _ path: String) -> String {
        let folder = URL(filePath: name).deletingLastPathComponent().relativePath
        return folder == "." || folder == "./" || folder.isEmpty ? path : folder + "/" + path
    }
}
