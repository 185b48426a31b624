import Foundation

/// A data set as folders of clips: `<split>/<class>/<clip>`, `<class>/<split>/<clip>`, or `<class>/<clip>`, which are then split
/// by a rule.
package struct ClipFolder {
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
    ///   - rule: divides clips that lie in no folders of splits.
    package init(root: URL, splitNames: [String], wanted: [String], rule: SplitRule = SplitRule()) throws {
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
        if found.isEmpty, !splitsFirst {
            let plain = try top.filter { try !ClipFolder.clips(in: root.appending(path: $0)).isEmpty }
            if !plain.isEmpty {
                (classes, entries) = try ClipFolder.divided(root, plain, wanted, rule)
                return
            }
        }
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
        classes = try ClipFolder.chosen(wanted, of: found, root)
        var entries: [Entry] = []
        var problems: [ClipError] = []
        for (split, splitName) in zip(Split.allCases, splitNames) {
            for (label, name) in classes.enumerated() {
                let path = splitsFirst ? "\(splitName)/\(name)" : "\(name)/\(splitName)"
                let folder = root.appending(path: path)
                let files = try ClipFolder.clips(in: folder)
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

    private static func chosen(_ wanted: [String], of found: [String], _ root: URL) throws -> [String] {
        if let missing = wanted.first(where: { !found.contains($0) }) {
            throw ClipError.missingClass(name: missing, found: found)
        }
        let classes = wanted.isEmpty ? found : wanted
        guard classes.count > 1 else { throw ClipError.oneClass(path: root.path, name: classes[0]) }
        return classes
    }

    /// `<class>/<clip>`, split by a rule.
    private static func divided(
        _ root: URL, _ found: [String], _ wanted: [String], _ rule: SplitRule
    ) throws -> ([String], [Entry]) {
        let classes = try chosen(wanted, of: found, root)
        let clips = try classes.enumerated().flatMap { label, name in
            try ClipFolder.clips(in: root.appending(path: name)).map { (label: label, name: $0) }
        }
        let splits = try rule.splits(clips)
        let entries = zip(clips, splits).map { clip, split in
            let path = "\(classes[clip.label])/\(clip.name)"
            return Entry(file: root.appending(path: path), split: split, label: clip.label, name: path)
        }
        // By split, as with folders of splits.
        let ordered = Split.allCases.flatMap { split in entries.filter { $0.split == split } }
        let problems = [Split.train, .val].flatMap { split in
            classes.indices.filter { label in !ordered.contains { $0.split == split && $0.label == label } }.map {
                ClipError.emptyClass(name: classes[$0], split: split.rawValue, path: root.path)
            }
        }
        guard problems.isEmpty else { throw ClipError.several(problems) }
        return (classes, ordered)
    }

    private static func folders(in folder: URL) throws -> [String] {
        try contents(folder).filter { name in
            var isFolder: ObjCBool = false
            let path = folder.appending(path: name).path
            return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
        }
    }

    private static func clips(in folder: URL) throws -> [String] {
        guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
        return try contents(folder).filter { ClipFile.isClip($0, in: folder) }
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
