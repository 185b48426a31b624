import Foundation

/// How folders of clips are read.
public struct ClipFolderSettings: Sendable, Hashable {
    /// Names of the folders of train, val and test.
    public var splits: [String]
    /// Empty: all, sorted.
    public var classes: [String]
    /// Divides clips that lie in no such folders.
    public var rule = SplitRule()
    public var decoding = DecodingSettings()
    /// Clips that can't be read are left out instead of refused.
    public var skipsUnreadable = false
    /// Links may lead out of the data set.
    public var followsLinks = false

    public init(splits: [String], classes: [String]) {
        (self.splits, self.classes) = (splits, classes)
    }

    func listing(_ path: String) throws -> ClipListing {
        if (path as NSString).pathExtension.lowercased() == "csv" {
            return try ClipListing(table: URL(filePath: path), splitNames: splits, wanted: classes, rule: rule)
        }
        return try ClipListing(root: URL(filePath: path), splitNames: splits, wanted: classes, rule: rule)
    }
}
