import Foundation
import Studies

/// The clips of a data set: folders `<split>/<class>/<clip>`, `<class>/<split>/<clip>`, or
/// `<class>/<clip>`, which are then split by a rule; or a table that names them.
package struct DatasetIndex {
    package struct Entry: Equatable {
        package let file: URL
        package let split: Split
        package let label: Int
        /// Path within the data set.
        package let name: String
    }

    /// The folder that all of it lies in.
    package let root: URL
    package let classes: [String]
    /// By split, class and name, in the order of their UTF-8 bytes.
    package let entries: [Entry]

    /// - Parameters:
    ///   - splitNames: the folders of train, val and test.
    ///   - wanted: the classes to use, in this order; empty for all, sorted.
    ///   - rule: divides clips that lie in no folders of splits.
    package init(
        root: URL, splitNames: [String], wanted: [String], rule: SplitPolicy = SplitPolicy()
    ) throws {
        self.root = root
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: root.path, isDirectory: &isFolder),
            isFolder.boolValue
        else {
            throw ClipError.noFolder(path: root.path)
        }
        let top = try DatasetIndex.folders(in: root)
        let splitsFirst = top.contains(splitNames[0])
        let found =
            splitsFirst
            ? try DatasetIndex.folders(in: root.appending(path: splitNames[0]))
            : try top.filter {
                try DatasetIndex.folders(in: root.appending(path: $0)).contains(splitNames[0])
            }
        if found.isEmpty, !splitsFirst {
            let plain = try top.filter {
                try !DatasetIndex.clips(in: root.appending(path: $0)).isEmpty
            }
            if !plain.isEmpty {
                (classes, entries) = try DatasetIndex.divided(root, plain, wanted, rule)
                return
            }
        }
        if splitsFirst,
            let other = try top.first(where: { name in
                try !splitNames.contains(name)
                    && DatasetIndex.folders(in: root.appending(path: name)).contains(splitNames[0])
            })
        {
            throw ClipError.bothLayouts(path: root.path, split: splitNames[0], name: other)
        }
        guard !found.isEmpty else {
            throw splitsFirst
                ? ClipError.noClasses(path: root.path)
                : ClipError.noSplits(path: root.path, wanted: splitNames, found: top)
        }
        try rule.refuse(because: "\(root.path) has folders of splits")
        classes = try DatasetIndex.chosen(wanted, of: found, root)
        var entries: [Entry] = []
        var problems: [ClipError] = []
        for (split, splitName) in zip(Split.allCases, splitNames) {
            for (label, name) in classes.enumerated() {
                let path = splitsFirst ? "\(splitName)/\(name)" : "\(name)/\(splitName)"
                let folder = root.appending(path: path)
                let files = try DatasetIndex.clips(in: folder)
                if files.isEmpty && split != .test {
                    problems.append(.emptyClass(name: name, split: splitName, path: root.path))
                }
                entries += files.map {
                    Entry(
                        file: folder.appending(path: $0), split: split, label: label,
                        name: "\(path)/\($0)")
                }
            }
        }
        guard problems.isEmpty else { throw ClipError.several(problems) }
        self.entries = entries
    }

    /// Clips whose classes, and maybe splits, somebody has written down.
    init(root: URL, classes: [String], entries: [Entry]) {
        (self.root, self.classes, self.entries) = (root, classes, entries)
    }

    /// Clips and classes that are left where some clips can't be read.
    /// - Throws: `ClipError` where a class has none left to train or to validate.
    func without(_ names: Set<String>) throws -> DatasetIndex {
        let left = entries.filter { !names.contains($0.name) }
        try DatasetIndex.refuseEmptyClasses(classes, left.map { ($0.split, $0.label) }, root.path)
        return DatasetIndex(root: root, classes: classes, entries: left)
    }

    static func refuseEmptyClasses(_ classes: [String], _ clips: [(Split, Int)], _ path: String)
        throws
    {
        let there = Set(clips.map { [$0.1, $0.0.order] })
        let problems = [Split.train, .val].enumerated().flatMap { place, split in
            classes.indices.filter { !there.contains([$0, place]) }.map {
                ClipError.emptyClass(name: classes[$0], split: split.rawValue, path: path)
            }
        }
        guard problems.isEmpty else { throw ClipError.several(problems) }
    }

    static func chosen(_ wanted: [String], of found: [String], _ root: URL) throws -> [String] {
        if let missing = wanted.first(where: { !found.contains($0) }) {
            throw ClipError.missingClass(name: missing, found: found)
        }
        let classes = wanted.isEmpty ? found : wanted
        guard classes.count > 1 else { throw ClipError.oneClass(path: root.path, name: classes[0]) }
        return classes
    }

    /// `<class>/<clip>`, split by a rule.
    private static func divided(
        _ root: URL, _ found: [String], _ wanted: [String], _ rule: SplitPolicy
    ) throws -> ([String], [Entry]) {
        let classes = try chosen(wanted, of: found, root)
        let clips = try classes.enumerated().flatMap { label, name in
            try DatasetIndex.clips(in: root.appending(path: name)).map { (label: label, name: $0) }
        }
        let splits = try rule.splits(clips)
        let entries = zip(clips, splits).map { clip, split in
            let path = "\(classes[clip.label])/\(clip.name)"
            return Entry(
                file: root.appending(path: path), split: split, label: clip.label, name: path)
        }
        // By split, as with folders of splits.
        let ordered = Split.allCases.flatMap { split in entries.filter { $0.split == split } }
        try refuseEmptyClasses(classes, ordered.map { ($0.split, $0.label) }, root.path)
        return (classes, ordered)
    }

    private static func folders(in folder: URL) throws -> [String] {
        try contents(folder).filter { name in
            var isFolder: ObjCBool = false
            let path = folder.appending(path: name).path
            return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
                && isFolder.boolValue
        }
    }

    private static func clips(in folder: URL) throws -> [String] {
        guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
        return try contents(folder).filter { ClipFile.isClip($0, in: folder) }
    }

    /// Names without those that begin with a dot, in the order of their bytes: no locale, no file
    /// system decides.
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
