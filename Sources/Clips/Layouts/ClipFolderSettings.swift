import Foundation

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

    package init(splits: [String], classes: [String]) {
        (self.splits, self.classes) = (splits, classes)
    }

    func listing(_ path: String) throws -> DatasetIndex {
        if (path as NSString).pathExtension.lowercased() == "csv" {
            return try DatasetIndex(
                table: URL(filePath: path), splitNames: splits, wanted: classes, rule: rule,
                followsLinks: followsLinks, words: words)
        }
        return try DatasetIndex(
            root: URL(filePath: path), splitNames: splits, wanted: classes, rule: rule,
            words: words)
    }
}
