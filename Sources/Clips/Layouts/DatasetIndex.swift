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
        package var word: WordTime?
    }

    /// The folder that all of it lies in.
    package let root: URL
    private let settings: ClipFolderSettings
    package private(set) var classes: [String]
    /// By split, class and name, in the order of their UTF-8 bytes.
    package private(set) var entries: [Entry]
    /// Files in the folders of clips that are no clips.
    package private(set) var leftOut = LeftOutFiles()

    /// - Parameters:
    ///   - splitNames: the folders of train, val and test.
    ///   - wanted: the classes to use, in this order; empty for all, sorted.
    ///   - rule: divides clips that lie in no folders of splits.
    package init(
        root: URL, splitNames: [String], wanted: [String], rule: SplitPolicy = SplitPolicy()
    ) throws {
        var settings = ClipFolderSettings(splits: splitNames, classes: wanted)
        settings.rule = rule
        try self.init(root: root, settings)
    }

    init(root: URL, _ settings: ClipFolderSettings) throws {
        (self.root, self.settings) = (root, settings)
        (classes, entries) = ([], [])
        try list()
        try readWords(settings.words)
    }

    private mutating func list() throws {
        let splitNames = settings.splits
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: root.path, isDirectory: &isFolder),
            isFolder.boolValue
        else {
            throw ClipError.noFolder(path: root.path)
        }
        let top = try FolderListing(root)
        leftOut.add(top.others, in: "")
        let loose = top.clips.filter { !top.folders.contains($0) }
        leftOut.add(loose.map { ($0, "clips outside of class folders") }, in: "")
        let splitsFirst = top.folders.contains(splitNames[0])
        let found =
            splitsFirst
            ? try FolderListing(root.appending(path: splitNames[0])).folders
            : try top.folders.filter {
                try FolderListing(root.appending(path: $0)).folders.contains(splitNames[0])
            }
        if found.isEmpty, !splitsFirst {
            let plain = try top.folders.filter {
                try !FolderListing(root.appending(path: $0)).clips.isEmpty
            }
            if !plain.isEmpty {
                classes = try settings.chosen(of: plain, root)
                try divide()
                return
            }
        }
        if splitsFirst,
            let other = try top.folders.first(where: { name in
                try !splitNames.contains(name)
                    && FolderListing(root.appending(path: name)).folders.contains(splitNames[0])
            })
        {
            throw ClipError.bothLayouts(path: root.path, split: splitNames[0], name: other)
        }
        guard !found.isEmpty else {
            throw splitsFirst
                ? ClipError.noClasses(path: root.path)
                : ClipError.noSplits(
                    path: root.path, wanted: splitNames, found: top.folders + top.clips,
                    holdsClips: !loose.isEmpty)
        }
        try settings.rule.refuse(because: "\(root.path) has folders of splits")
        classes = try settings.chosen(of: found, root)
        try DatasetIndex.refuseOtherNames(
            splitNames, splitsFirst ? root : root.appending(path: classes[0]))
        var problems: [ClipError] = []
        for (split, splitName) in zip(Split.allCases, splitNames) {
            for (label, name) in classes.enumerated() {
                let path = splitsFirst ? "\(splitName)/\(name)" : "\(name)/\(splitName)"
                let count = try take(path, split, label)
                if count == 0 && split != .test && !settings.isForPrediction {
                    problems.append(.emptyClass(name: name, split: splitName, path: root.path))
                }
            }
        }
        guard problems.isEmpty else { throw ClipError.several(problems) }
    }

    /// Takes in the clips of a folder, if there is one.
    /// - Parameter path: within the data set.
    /// - Returns: how many there are.
    private mutating func take(_ path: String, _ split: Split, _ label: Int) throws -> Int {
        let folder = root.appending(path: path)
        var facts = stat()
        guard stat(folder.path, &facts) == 0 || errno != ENOENT else { return 0 }
        let listing = try FolderListing(folder)
        let metadata = ClipMetadata.names(of: listing.clips)
        leftOut.add(
            listing.others.compactMap { other in
                guard metadata.contains(other.name) else { return other }
                return settings.words == .ignored ? (other.name, ClipMetadata.kind) : nil
            }, in: path + "/")
        let others = listing.folders.filter { !listing.clips.contains($0) }
        leftOut.add(
            others.map { ($0, FolderListing.kind(ofFolder: folder.appending(path: $0))) },
            in: path + "/")
        entries += listing.clips.map {
            Entry(
                file: folder.appending(path: $0), split: split, label: label,
                name: "\(path)/\($0)")
        }
        return listing.clips.count
    }

    /// Usual names of the validation split and others, where the folder has them instead of ours.
    private static func refuseOtherNames(_ splitNames: [String], _ folder: URL) throws {
        let usual = [
            ["train", "training"], ["val", "valid", "validation", "dev", "eval"],
            ["test", "testing"],
        ]
        let names = try FolderListing(folder).folders
        let instead = zip(splitNames, usual).map { wanted, usual -> String in
            guard !names.contains(wanted) else { return wanted }
            let other = names.first { name in
                !splitNames.contains(name)
                    && (usual.contains(name.lowercased())
                        || name.lowercased() == wanted.lowercased())
            }
            return other ?? wanted
        }
        guard instead != splitNames else { return }
        throw ClipError.otherSplits(path: folder.path, wanted: splitNames, found: instead)
    }

    /// Paths of all clips in a folder and in the folders below, in the order of their bytes.
    package static func allClips(in folder: URL) throws -> [String] {
        let listing = try FolderListing(folder)
        let below = try listing.folders.filter { !listing.clips.contains($0) }.flatMap { name in
            try allClips(in: folder.appending(path: name)).map { "\(name)/\($0)" }
        }
        return (listing.clips + below).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Clips whose classes, and maybe splits, somebody has written down.
    init(root: URL, _ settings: ClipFolderSettings, classes: [String], entries: [Entry]) {
        (self.root, self.settings) = (root, settings)
        (self.classes, self.entries) = (classes, entries)
    }

    /// Clips and classes that are left where some clips can't be read.
    /// - Throws: `ClipError` where a class has none left to train or to validate.
    func without(_ names: Set<String>) throws -> DatasetIndex {
        let left = entries.filter { !names.contains($0.name) }
        try settings.refuseEmptyClasses(classes, left.map { ($0.split, $0.label) }, root.path)
        var index = DatasetIndex(root: root, settings, classes: classes, entries: left)
        index.leftOut = leftOut
        return index
    }

    /// `<class>/<clip>`, split by a rule.
    private mutating func divide() throws {
        for (label, name) in classes.enumerated() {
            _ = try take(name, .train, label)
        }
        let splits = try settings.rule.splits(
            entries.map { entry in
                (entry.label, String(entry.name.dropFirst(classes[entry.label].count + 1)))
            })
        let divided = zip(entries, splits).map {
            Entry(file: $0.file, split: $1, label: $0.label, name: $0.name)
        }
        // By split, as with folders of splits.
        entries = Split.allCases.flatMap { split in divided.filter { $0.split == split } }
        try settings.refuseEmptyClasses(
            classes, entries.map { ($0.split, $0.label) }, root.path)
    }
}

extension DatasetIndex {
    /// Reads when the words are spoken, where a table has not said it.
    /// - Throws: `ClipError.several` with every clip whose time is wrong, or missing and required.
    mutating func readWords(_ reading: WordReading) throws {
        guard reading != .ignored else { return }
        var problems: [ClipError] = []
        for place in entries.indices where entries[place].word == nil {
            let file = entries[place].file
            do throws(WordTime.Problem) {
                entries[place].word = try ClipMetadata.word(of: file)
                if entries[place].word == nil, reading == .required { throw .missing }
            } catch {
                problems.append(.noWord(file: file.path, reason: error.description))
            }
        }
        guard problems.isEmpty else { throw ClipError.several(problems) }
    }
}
