import Crypto
import Foundation
import SealedFiles

/// Where the clips of a run come from.
public enum DataSource: Sendable, Hashable {
    case visemes(VisemeSet)
    /// Folders of clips, a table of clips (`.csv`), or a file that `prepare` wrote (`.h5`).
    case folder(path: String, ClipFolderSettings)

    /// - Parameters:
    ///   - splits: names of the folders of train, val and test.
    ///   - classes: selects and orders; empty: all, sorted.
    public static func folder(path: String, splits: [String], classes: [String]) -> DataSource {
        .folder(path: path, ClipFolderSettings(splits: splits, classes: classes))
    }

    /// Whether a path is a file of clips that are prepared already.
    public static func isPrepared(_ path: String) -> Bool {
        ["h5", "hdf5"].contains((path as NSString).pathExtension.lowercased())
    }

    /// Makes the data ready to be loaded quickly and as often as one likes.
    /// - Parameters:
    ///   - cache: a folder for decoded clips.
    ///   - progress: how many of how many clips are decoded; not called where nothing is to do.
    /// - Throws: `ClipError` or `StoreError`.
    public func prepare(cache: URL, progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }) async throws
        -> PreparedData
    {
        switch self {
        case .visemes(let set):
            return PreparedData(source: self, digest: set.digest, file: nil, classCount: set.classes.count)
        case .folder(let path, let settings) where DataSource.isPrepared(path):
            let set = try ClipSet(URL(filePath: path))
            return try ready(set, SetSelection(set, wanted: settings.classes), cache)
        case .folder(let path, let settings):
            let listing = try settings.listing(path)
            let set = try await decoded(listing, settings, cache, progress)
            if !settings.skipsUnreadable, !set.contents.skipped.isEmpty {
                throw ClipError.several(
                    set.contents.skipped.map { clip in
                        let file = listing.entries.first { $0.name == clip.name }?.file.path ?? clip.name
                        return .unreadableClip(file: file, reason: clip.reason)
                    })
            }
            let left = try listing.without(Set(set.contents.skipped.map(\.name)))
            return try ready(set, SetSelection(set, left), cache)
        }
    }

    /// Writes all clips of a folder, and what it says of them, to a file.
    /// - Returns: the digest of the data and what was left out.
    /// - Throws: `ClipError` or `StoreError`.
    public func prepare(
        into file: URL, cache: URL, progress: @escaping @Sendable (Int, Int) -> Void
    ) async throws -> (digest: String, clips: Int, skipped: [SkippedClip]) {
        guard case .folder(let path, let settings) = self, !DataSource.isPrepared(path) else {
            throw ClipError.noFolder(path: "of clips to prepare")
        }
        let preparation = Preparation(listing: try settings.listing(path), settings: settings, cache: cache)
        try await preparation.write(to: file, refusing: !settings.skipsUnreadable, progress: progress)
        let set = try ClipSet(file)
        return (try SetSelection(set, wanted: []).digest(set), set.contents.entries.count, set.contents.skipped)
    }

    /// The clips of a listing, decoded: from the cache where they are there and whole.
    private func decoded(
        _ listing: ClipListing, _ settings: ClipFolderSettings, _ cache: URL,
        _ progress: @escaping @Sendable (Int, Int) -> Void
    ) async throws -> ClipSet {
        let file = cache.appending(path: "clips-" + (try listing.key(settings)) + ".h5")
        if let set = try? ClipSet(file) { return set }
        try await Preparation(listing: listing, settings: settings, cache: cache).write(to: file, progress: progress)
        return try ClipSet(file)
    }

    private func ready(_ set: ClipSet, _ selection: SetSelection, _ cache: URL) throws -> PreparedData {
        let digest = selection.digest(set)
        try? FileManager.default.createDirectory(at: cache, withIntermediateDirectories: true)
        let file = cache.appending(path: "data-\(digest.prefix(32)).json")
        try selection.write(to: file)
        return PreparedData(
            source: self, digest: digest, file: file, classCount: selection.classes.count,
            skipped: set.contents.skipped)
    }
}

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

/// Data that is ready to be loaded.
public struct PreparedData: Sendable, Equatable {
    public let source: DataSource
    /// Hexadecimal SHA-256: the identity of the data, whatever format it is framed to.
    public let digest: String
    /// Which clips of which file; nil for data that is made on the spot.
    public let file: URL?
    /// Nil where nobody counted.
    public let classCount: Int?
    /// Clips that could not be read.
    public let skipped: [SkippedClip]

    public init(
        source: DataSource, digest: String, file: URL?, classCount: Int? = nil, skipped: [SkippedClip] = []
    ) {
        self.source = source
        self.digest = digest
        self.file = file
        self.classCount = classCount
        self.skipped = skipped
    }

    /// - Parameter cache: a folder for framed clips; nil frames them anew.
    /// - Throws: `ClipError.unreadable` where the clips have changed since; `StoreError` where their file is damaged.
    public func load(_ format: ClipFormat, cache: URL? = nil) throws -> ClipSplits {
        if let cache {
            let framed = FramedCache(folder: cache, data: digest, format: format)
            let clips = try framed.clips(classes) { take in
                try forEachClip { split, clip in
                    let frames = clip.frames[format.kept(of: clip.frames.count)].map(format.frame)
                    try take(clip.name, split, clip.label, frames)
                }
            }
            if let clips { return clips }
        }
        var splits = [Split: FramedClips](
            uniqueKeysWithValues: Split.allCases.map { ($0, FramedClips(format: format)) })
        try forEachClip { split, clip in splits[split]?.append(clip) }
        let empty = FramedClips(format: format)
        let test = splits[.test].flatMap { $0.count > 0 ? $0 : nil }
        return ClipSplits(
            classes: try classes, train: splits[.train] ?? empty, val: splits[.val] ?? empty, test: test)
    }

    private var classes: [String] {
        get throws {
            if case .visemes(let set) = source { return set.classes }
            return try selection.0.classes
        }
    }

    /// Which clips, and the file they are in.
    private var selection: (SetSelection, ClipSet) {
        get throws {
            let gone = ClipError.unreadable(
                path: file?.path ?? "", reason: "the decoded clips are gone or have changed; start again")
            guard let file, let selection = SetSelection.read(file) else { throw gone }
            let set = try ClipSet(URL(filePath: selection.file))
            let places = set.contents.entries.indices
            guard selection.members.allSatisfy({ places.contains($0.clip) }), selection.digest(set) == digest else {
                throw gone
            }
            return (selection, set)
        }
    }

    /// Hands out each clip as it was found, by split, class and name.
    func forEachClip(_ body: (Split, Clip) throws -> Void) throws {
        if case .visemes(let set) = source {
            for split in Split.allCases { for clip in set.clips(split) { try body(split, clip) } }
            return
        }
        let (selection, set) = try selection
        for member in selection.members {
            let name = set.contents.entries[member.clip].name
            try body(member.split, Clip(name: name, label: member.label, frames: set.pictures(member.clip)))
        }
    }

    /// - Throws: as `load`.
    public func survey() throws -> DataSurvey {
        var survey = DataSurvey(classes: try classes)
        try forEachClip { survey.take($1, $0) }
        return survey
    }
}

extension VisemeSet {
    /// The numbers that decide every byte of the set.
    public var digest: String {
        let text =
            "visemes version=\(VisemeSet.version) words=\(words) speakers=\(trainSpeakers),\(valSpeakers),"
            + "\(testSpeakers) takes=\(takes) difficulty=\(difficulty) seed=\(seed)"
        return hexadecimal(SHA256.hash(data: Data(text.utf8)))
    }
}

/// Reads single clips, for classification.
public enum ClipReader {
    /// - Throws: `ClipError` with all that can't be read.
    public static func read(_ files: [URL], cache: URL, settings: DecodingSettings) async throws -> [Clip] {
        for file in files where !FileManager.default.fileExists(atPath: file.path) {
            throw ClipError.unreadable(path: file.path, reason: "there is no such file")
        }
        let decoder = ClipDecoder(
            scratch: cache.appending(path: "decoding-\(ProcessInfo.processInfo.processIdentifier)"), settings: settings,
            root: nil)
        var clips: [Clip] = []
        var problems: [ClipError] = []
        try await decoder.decode(files) { place, result in
            let file = files[place]
            do {
                clips.append(Clip(name: file.path, label: 0, frames: try result.get().pictures()))
            } catch {
                problems.append((error as? ClipError) ?? .unreadableClip(file: file.path, reason: "\(error)"))
            }
        }
        guard problems.isEmpty else { throw ClipError.several(problems) }
        return clips
    }
}
