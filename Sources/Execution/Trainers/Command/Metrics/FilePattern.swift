import Foundation
import RunStore

/// Files below a folder by a pattern: `logs/**/metrics.csv`, where `**` is any number of folders.
struct FilePattern: Sendable {
    let text: String
    private let parts: [String]

    init(_ text: String) {
        self.text = text
        parts = text.split(separator: "/").map(String.init).filter { $0 != "." }
    }

    /// Folders of folders are looked at so far down.
    private static let depth = 16

    /// Regular files, by name. An absolute pattern begins at the root. Links to folders are not
    /// followed below `**`.
    func files(in folder: URL) -> [URL] {
        var found: Set<String> = []
        look(text.hasPrefix("/") ? "/" : folder.path, parts[...], 0, &found)
        return found.sorted().map { URL(filePath: $0) }
    }

    private func look(
        _ folder: String, _ parts: ArraySlice<String>, _ depth: Int, _ found: inout Set<String>
    ) {
        guard let part = parts.first, depth < FilePattern.depth else { return }
        let rest = parts.dropFirst()
        if part == "**" { look(folder, rest, depth, &found) }
        if !part.contains(where: { "*?[".contains($0) }) {
            return visit(folder + "/" + part, rest, depth, &found)
        }
        for name in FileManager.default.names(in: URL(filePath: folder)) {
            if part == "**" {
                guard !name.hasPrefix("."), isFolder(folder + "/" + name) else { continue }
                look(folder + "/" + name, parts, depth + 1, &found)
            } else if fnmatch(part, name, FNM_PERIOD) == 0 {
                visit(folder + "/" + name, rest, depth, &found)
            }
        }
    }

    private func visit(
        _ path: String, _ rest: ArraySlice<String>, _ depth: Int, _ found: inout Set<String>
    ) {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return }
        if rest.isEmpty {
            if facts.st_mode & S_IFMT == S_IFREG { found.insert(path) }
        } else if facts.st_mode & S_IFMT == S_IFDIR {
            look(path, rest, depth + 1, &found)
        }
    }

    private func isFolder(_ path: String) -> Bool {
        var facts = stat()
        return lstat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR
    }
}
