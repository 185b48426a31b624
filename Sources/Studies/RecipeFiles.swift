import Digests
import Foundation

/// Files as a recipe names them: relative to its folder, inside its repository.
package struct RecipeFiles {
    private let folder: URL
    private let root: String

    package init(folder: String) {
        self.folder = URL(filePath: folder).standardizedFileURL
        root = (Repository.root(of: self.folder) ?? self.folder).path
    }

    /// The path from the recipe's folder to a plain file of the repository, or nil.
    package func file(_ name: String) -> String? {
        guard !name.isEmpty, !name.hasPrefix("-") else { return nil }
        let url = URL(filePath: name, relativeTo: folder.appending(path: "")).standardizedFileURL
        guard url.path.hasPrefix(root + "/"), isPlainFile(url) else { return nil }
        return name.hasPrefix("/") ? relative(url.path) : name
    }

    package func absolute(_ path: String) -> String {
        URL(filePath: path, relativeTo: folder.appending(path: "")).standardizedFileURL.path
    }

    /// What shows that a file was changed.
    package struct Facts: Equatable, Sendable {
        let size: Int
        let seconds: Int
        let nanoseconds: Int
    }

    package func facts(_ path: String) -> Facts? {
        var facts = stat()
        guard stat(absolute(path), &facts) == 0 else { return nil }
        #if canImport(Darwin)
            let changed = facts.st_mtimespec
        #else
            let changed = facts.st_mtim
        #endif
        return Facts(
            size: Int(facts.st_size), seconds: changed.tv_sec, nanoseconds: changed.tv_nsec)
    }

    /// Hexadecimal SHA-256 of a file; nil where it can't be read.
    package func digest(_ path: String) -> String? {
        // The caller reports a file that can't be read.
        guard
            let data = try? Data(contentsOf: URL(filePath: absolute(path)), options: .mappedIfSafe)
        else {
            return nil
        }
        return hexadecimal(SHA256.hash(data))
    }

    /// All plain files that a pattern of `files:` matches: a file, a folder with all below it, or a
    /// pattern with `*`.
    /// - Throws: `UnreadableFile` if a folder can't be listed.
    package func matching(_ pattern: String) throws -> [String] {
        let url = URL(filePath: absolute(pattern))
        if isPlainFile(url) { return [pattern] }
        guard isFolder(url) else { return expanded(pattern) }
        let stem = pattern.hasSuffix("/") ? pattern : pattern + "/"
        var visited: Set<String> = []
        return try below(url, &visited).map { stem + $0 }.sorted()
    }

    /// The files that patterns of `watch:` match, by the names that runs record them under: relative
    /// to `root` where they lie in it, else absolute. Each with its place on the disk.
    package func watched(_ patterns: [String], root: URL) -> [String: String] {
        let root = root.resolvingSymlinksInPath().path + "/"
        let found = patterns.flatMap { pattern -> [String] in
            // A folder that can't be listed was reported when the recipe was read.
            (try? matching(pattern)) ?? []
        }
        let places = found.map { URL(filePath: absolute($0)).resolvingSymlinksInPath().path }
        return Dictionary(
            places.map { ($0.hasPrefix(root) ? String($0.dropFirst(root.count)) : $0, $0) },
            uniquingKeysWith: { first, _ in first })
    }

    /// All files below a folder, through links too; without hidden ones, and without what sweeps
    /// wrote.
    private func below(_ folder: URL, _ visited: inout Set<String>) throws -> [String] {
        guard visited.insert(folder.resolvingSymlinksInPath().path).inserted else { return [] }
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: folder.path) } catch {
            throw UnreadableFile(path: folder.path, reason: "the folder can't be listed")
        }
        if names.contains("plan.json") && names.contains("runs") { return [] }
        var found: [String] = []
        for name in names where !name.hasPrefix(".") && name != "__pycache__" {
            let url = folder.appending(path: name)
            if isPlainFile(url) {
                found.append(name)
            } else if isFolder(url) {
                found += try below(url, &visited).map { name + "/" + $0 }
            }
        }
        return found
    }

    private func expanded(_ pattern: String) -> [String] {
        guard pattern.contains("*") || pattern.contains("?") || pattern.contains("[") else {
            return []
        }
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(absolute(pattern), 0, nil, &found) == 0 else { return [] }
        let paths = (0..<Int(found.gl_pathc)).compactMap {
            found.gl_pathv[$0].map { String(cString: $0) }
        }
        return paths.filter { isPlainFile(URL(filePath: $0)) }.map(relative).sorted()
    }

    /// `../src/a.py`, as from the recipe's folder.
    private func relative(_ path: String) -> String {
        let from = folder.pathComponents
        let to = URL(filePath: path).pathComponents
        let shared = zip(from, to).prefix { $0 == $1 }.count
        return (Array(repeating: "..", count: from.count - shared) + to[shared...]).joined(
            separator: "/")
    }

    private func isPlainFile(_ url: URL) -> Bool {
        var facts = stat()
        return stat(url.path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFREG
    }

    private func isFolder(_ url: URL) -> Bool {
        var facts = stat()
        return stat(url.path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR
    }
}

/// A file that can't be read at all.
package struct UnreadableFile: UserError {
    package let path: String
    package let reason: String

    package init(path: String, reason: String) { (self.path, self.reason) = (path, reason) }

    package var place: String { path }
    package var rule: String { "can't be read: \(reason)" }
}
