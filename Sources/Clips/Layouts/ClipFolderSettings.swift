import Foundation
import Studies

/// How folders of clips are read.
package struct ClipFolderSettings: Sendable, Hashable {
    /// Names of the folders of train, val and test.
    package var splits: [String]
    /// Empty: all, sorted.
    package var classes: [String]
    /// Divides clips that lie in no such folders.
    package var rule = SplitPolicy()
    package var decoding = DecodingSettings()
    /// Clips that can't be read are left out instead of refused.
    package var skipsUnreadable = false
    /// Links may lead out of the data set.
    package var followsLinks = false
    package var words = WordReading.ignored
    /// Whether the clips are only to be classified: few will do, and nobody has to know their
    /// classes.
    package var isForPrediction = false

    package init(splits: [String], classes: [String]) {
        (self.splits, self.classes) = (splits, classes)
    }

    func listing(_ path: String) throws -> DatasetIndex {
        if (path as NSString).pathExtension.lowercased() == "csv" {
            return try DatasetIndex(table: URL(filePath: path), self)
        }
        return try DatasetIndex(root: URL(filePath: path), self)
    }

    /// The classes to use, as they are named in the data set: a person may type another Unicode
    /// form of a name.
    func chosen(of found: [String], _ root: URL) throws -> [String] {
        let chosen = try classes.map { name in
            guard let own = found.first(where: { $0 == name }) else {
                throw ClipError.missingClass(name: name, found: found)
            }
            return own
        }
        let all = chosen.isEmpty ? found : chosen
        guard all.count > 1 || isForPrediction else {
            throw ClipError.oneClass(path: root.path, name: all[0])
        }
        return all
    }

    /// - Parameter clips: split and label of each.
    /// - Throws: `ClipError.several` where a class has no clip to train or to validate.
    func refuseEmptyClasses(_ classes: [String], _ clips: [(Split, Int)], _ path: String) throws {
        guard !isForPrediction else { return }
        let there = Set(clips.map { [$0.1, $0.0.order] })
        let problems = [Split.train, .val].enumerated().flatMap { place, split in
            classes.indices.filter { !there.contains([$0, place]) }.map {
                ClipError.emptyClass(name: classes[$0], split: split.rawValue, path: path)
            }
        }
        guard problems.isEmpty else { throw ClipError.several(problems) }
    }
}
