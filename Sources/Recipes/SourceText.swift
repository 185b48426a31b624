import Foundation
import Studies
import Yams

/// A text with its name: a file, or one argument of the command line.
struct SourceText {
    let name: String
    /// Folder that relative paths in it start from.
    let folder: URL
    let text: String
    private let lines: [String]

    init(name: String, folder: URL, text: String) {
        self.name = name
        self.folder = folder
        self.text = text
        lines = SourceText.lines(text)
    }

    /// - Parameter name: the path as the person gave it.
    init(file: URL, name: String) throws {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: file.path, isDirectory: &isFolder),
            isFolder.boolValue
        {
            throw UnreadableFile(path: name, reason: "it is a folder; a recipe is a YAML file")
        }
        let data: Data
        do { data = try Data(contentsOf: file) } catch {
            throw UnreadableFile(path: name, reason: "there is no such file, or it may not be read")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw UnreadableFile(path: name, reason: "it is not UTF-8 text")
        }
        self.init(name: name, folder: file.deletingLastPathComponent(), text: text)
    }

    /// Lines without their ends, LF or CR LF. (To Swift, CR LF is one character.)
    static func lines(_ text: String) -> [String] {
        text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map {
            String(decoding: $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0, as: UTF8.self)
        }
    }

    /// `number` from 1.
    func line(_ number: Int) -> String {
        lines.indices.contains(number - 1) ? lines[number - 1] : ""
    }

    func place(_ mark: Mark?) -> Place {
        Place(file: name, line: mark?.line ?? 1, column: mark?.column ?? 1)
    }

    /// Values that a text may have after its aliases are expanded: a few hundred bytes of aliases of
    /// aliases make more than any memory holds.
    private static let valueLimit = 1_000_000

    /// - Returns: nil, after a mistake, if aliases make too much of it.
    private func bearable(_ root: Node, _ mistakes: MistakeList) -> Node? {
        var open = [root]
        var count = 0
        let mayHaveTags = text.utf8.contains(UInt8(ascii: "!"))
        while let node = open.popLast() {
            count += 1
            guard count <= SourceText.valueLimit else {
                mistakes.add(
                    place(nil),
                    "aliases (*name) make more than \(SourceText.valueLimit) values of this text: write it without aliases of aliases",
                    in: self)
                return nil
            }
            switch node {
            case .scalar(let scalar):
                if mayHaveTags, hasTag(scalar.mark) {
                    mistakes.add(
                        place(node.mark),
                        "tags (!name, !!str) have no meaning here: put text into quotes, and write numbers and truth values plainly",
                        in: self)
                }
                // No file, variable or argument can hold a NUL (`"\0"` in YAML).
                guard scalar.string.utf8.contains(0) else { continue }
                mistakes.add(
                    place(node.mark), "a text holds a NUL character: leave it out", in: self)
            case .sequence(let members): open += members
            case .mapping(let mapping): for (key, value) in mapping { open += [key, value] }
            case .alias: break
            }
        }
        return root
    }

    /// Whether a value begins with a tag (`!!str`). (The parser resolves tags, and then does not
    /// tell them from its own.)
    private func hasTag(_ mark: Mark?) -> Bool {
        guard let mark else { return false }
        let line = line(mark.line)
        // Long lines are made by programs, which write no tags.
        guard line.utf8.count < 4096 else { return false }
        var rest = line.unicodeScalars.dropFirst(mark.column - 1)
        if rest.first == "&" {
            rest = rest.drop { $0 != " " }.drop { $0 == " " }
        }
        return rest.first == "!"
    }

    /// The document as a tree of nodes that know their place. Nil for an empty document, or after a
    /// mistake.
    func parse(_ mistakes: MistakeList) -> Node? {
        do {
            return try Yams.compose(yaml: text).flatMap { bearable($0, mistakes) }
        } catch YamlError.scanner(_, let problem, let mark, _), YamlError.parser(
            _, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _)
        {
            mistakes.add(place(mark), "this is not YAML: \(problem)", in: self)
        } catch YamlError.duplicatedKeysInMapping(let duplicates, let context) {
            let names = duplicates.map(\.description).joined(separator: ", ")
            mistakes.add(place(context.mark), "\(names): given twice: keep one", in: self)
        } catch {
            mistakes.add(place(nil), "this is not YAML: \(error)", in: self)
        }
        return nil
    }
}
