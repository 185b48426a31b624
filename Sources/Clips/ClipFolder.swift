import Foundation

/// A data set as folders of videos: `<split>/<class>/<clip>` or `<class>/<split>/<clip>`.
package struct ClipFolder {
    /// What counts as a video, by the ending of its name.
    static let endings: Set<String> = ["mov", "mp4", "webm", "avi", "mpg", "mkv"]

    package struct Entry: Equatable {
        package let file: URL
        package let split: Split
        package let label: Int
        /// Path within the data set.
        package let name: String
    }

    package let classes: [String]
    /// By split, class and name, in the order of their UTF-8 bytes.
    package let entries: [Entry]

    /// - Parameters:
    ///   - splitNames: the folders of train, val and test.
    ///   - wanted: the classes to use, in this order; empty for all, sorted.
    package init(root: URL, splitNames: [String], wanted: [String]) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: root.path, isDirectory: &isFolder), isFolder.boolValue else {
            throw ClipError.noFolder(path: root.path)
        }
        let top = try ClipFolder.folders(in: root)
        let splitsFirst = top.contains(splitNames[0])
        let found =
            splitsFirst
            ? try ClipFolder.folders(in: root.appending(path: splitNames[0]))
            : try top.filter { try ClipFolder.folders(in: root.appending(path: $0)).contains(splitNames[0]) }
        if splitsFirst,
            let other = try top.first(where: { name in
                try !splitNames.contains(name)
                    && ClipFolder.folders(in: root.appending(path: name)).contains(splitNames[0])
            })
        {
            throw ClipError.bothLayouts(path: root.path, split: splitNames[0], name: other)
        }
        guard !found.isEmpty else {
            throw splitsFirst
                ? ClipError.noClasses(path: root.path)
                : ClipError.noSplits(path: root.path, wanted: splitNames, found: top)
        }
        if let missing = wanted.first(where: { !found.contains($0) }) {
            throw ClipError.missingClass(name: missing, found: found)
        }
        classes = wanted.isEmpty ? found : wanted
        guard classes.count > 1 else { throw ClipError.oneClass(path: root.path, name: classes[0]) }
        var entries: [Entry] = []
        var problems: [ClipError] = []
        for (split, splitName) in zip(Split.allCases, splitNames) {
            for (label, name) in classes.enumerated() {
                let path = splitsFirst ? "\(splitName)/\(name)" : "\(name)/\(splitName)"
                let folder = root.appending(path: path)
                let files = try ClipFolder.videos(in: folder)
                if files.isEmpty && split != .test {
                    problems.append(.emptyClass(name: name, split: splitName, path: root.path))
                }
                entries += files.map {
                    Entry(file: folder.appending(path: $0), split: split, label: label, name: "\(path)/\($0)")
                }
            }
        }
        guard problems.isEmpty else { throw ClipError.several(problems) }
        self.entries = entries
    }

    private static func folders(in folder: URL) throws -> [String] {
        try contents(folder).filter { name in
            var isFolder: ObjCBool = false
            let path = folder.appending(path: name).path
            return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
        }
    }

    private static func videos(in folder: URL) throws -> [String] {
        guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
        return try contents(folder).filter { name in
            guard endings.contains((name as NSString).pathExtension.lowercased()) else { return false }
            // A pipe or a device would be waited for in vain.
            let facts = try? folder.appending(path: name).resolvingSymlinksInPath().resourceValues(forKeys: [
                .isRegularFileKey
            ])
            return facts?.isRegularFile == true
        }
    }

    /// Names without those that begin with a dot, in the order of their bytes: no locale, no file system decides.
    private static func contents(_ folder: URL) throws -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder.path)
                .filter { !$0.hasPrefix(".") }
                .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        } catch {
            throw ClipError.unreadable(path: folder.path, reason: error.localizedDescription)
        }
    }
}
