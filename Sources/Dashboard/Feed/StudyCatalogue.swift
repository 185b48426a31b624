import Foundation
import RunStore

/// The studies below some folders.
package struct StudyCatalogue: Sendable {
    package struct Entry: Sendable, Equatable {
        /// In addresses: the path below the results, with `~` for `/`.
        package let id: String
        package let folder: StudyFolder

        package static func == (a: Entry, b: Entry) -> Bool {
            a.id == b.id && a.folder.url == b.folder.url
        }
    }

    private let roots: [URL]
    /// Studies may lie in folders of folders, but not deeper.
    private static let depth = 4

    package init(_ roots: [URL]) {
        self.roots = roots.map { $0.standardizedFileURL.resolvingSymlinksInPath() }
    }

    /// What is there now, by path. Links are not followed.
    package func entries() -> [Entry] {
        var found: [Entry] = []
        for (number, root) in roots.enumerated() {
            let prefix = number == 0 ? "" : "\(number + 1)~"
            if isStudy(root) {
                found.append(
                    Entry(id: prefix + root.lastPathComponent, folder: StudyFolder(root)))
            } else {
                look(root, prefix, 1, &found)
            }
        }
        return found
    }

    private func look(_ folder: URL, _ prefix: String, _ depth: Int, _ found: inout [Entry]) {
        for name in FileManager.default.names(in: folder).sorted() where !name.hasPrefix(".") {
            let url = folder.appending(path: name)
            guard isFolder(url) else { continue }
            if isStudy(url) {
                found.append(Entry(id: prefix + name, folder: StudyFolder(url)))
            } else if depth < StudyCatalogue.depth {
                look(url, prefix + name + "~", depth + 1, &found)
            }
        }
    }

    private func isStudy(_ url: URL) -> Bool {
        isPlainFile(url.appending(path: "plan.json")) && isFolder(url.appending(path: "runs"))
    }

    private func isFolder(_ url: URL) -> Bool { kind(url) == S_IFDIR }
    private func isPlainFile(_ url: URL) -> Bool { kind(url) == S_IFREG }

    /// Of the place itself, not of what a link names.
    private func kind(_ url: URL) -> mode_t? {
        var facts = stat()
        return lstat(url.path, &facts) == 0 ? facts.st_mode & S_IFMT : nil
    }
}
