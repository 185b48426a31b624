import Files
import Foundation
import Studies

/// Where the clips of a run come from.
package enum DataSource: Sendable, Hashable {
    case visemes(VisemeSet)
    /// Folders of clips, a table of clips (`.csv`), or a file that `prepare` wrote (`.h5`).
    case folder(path: String, ClipFolderSettings)

    /// - Parameters:
    ///   - splits: names of the folders of train, val and test.
    ///   - classes: selects and orders; empty: all, sorted.
    package static func folder(path: String, splits: [String], classes: [String]) -> DataSource {
        .folder(path: path, ClipFolderSettings(splits: splits, classes: classes))
    }

    /// The same clips, only to be classified.
    package var forPrediction: DataSource {
        guard case .folder(let path, var settings) = self else { return self }
        settings.isForPrediction = true
        return .folder(path: path, settings)
    }

    /// The same clips with the times of their words, as far as they are known.
    package var withKnownWords: DataSource {
        guard case .folder(let path, var settings) = self else { return self }
        settings.words = .ifGiven
        return .folder(path: path, settings)
    }

    /// Whether a path is a file of clips that are prepared already.
    package static func isPrepared(_ path: String) -> Bool {
        ["h5", "hdf5"].contains((path as NSString).pathExtension.lowercased())
    }

    /// What a path is to someone who wants its clips classified.
    package enum Content: Sendable {
        /// One clip, or what is none.
        case clip
        /// A folder of clips without classes.
        case clips([URL])
        /// Folders of classes, a table or a prepared file.
        case dataset
    }

    /// - Throws: `ClipError` if a folder can't be read.
    package static func content(of path: String) throws -> Content {
        if isPrepared(path) || (path as NSString).pathExtension.lowercased() == "csv" {
            return .dataset
        }
        let url = URL(filePath: path)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
            isFolder.boolValue, !FrameFolder.holdsPictures(url)
        else { return .clip }
        let listing = try FolderListing(url)
        // A folder of pictures is both a folder and a clip.
        let inner = listing.folders.filter { !listing.clips.contains($0) }
        if inner.isEmpty { return .clips(listing.clips.map { url.appending(path: $0) }) }
        return .dataset
    }

    /// Makes the data ready to be loaded quickly and as often as one likes.
    /// - Parameters:
    ///   - cache: a folder for decoded clips.
    ///   - progress: how many of how many clips are decoded; not called where nothing is to do.
    /// - Throws: `ClipError` or `StoreError`.
    package func prepare(cache: URL, progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in })
        async throws
        -> PreparedData
    {
        switch self {
        case .visemes(let set):
            return PreparedData(
                source: self, digest: set.digest, file: nil, classCount: set.classes.count)
        case .folder(let path, let settings) where DataSource.isPrepared(path):
            let set = try ClipSet(URL(filePath: path))
            return try ready(set, DatasetSubset(set, settings), cache)
        case .folder(let path, let settings):
            try settings.decoding.check()
            let listing = try settings.listing(path)
            let set = try await decoded(listing, settings, cache, progress)
            if !settings.skipsUnreadable, !set.contents.skipped.isEmpty {
                let files = Dictionary(listing.entries.map { ($0.name, $0.file.path) }) {
                    first, _ in first
                }
                throw ClipError.several(
                    set.contents.skipped.map {
                        .unreadableClip(file: files[$0.name] ?? $0.name, reason: $0.reason)
                    })
            }
            let left = try listing.without(Set(set.contents.skipped.map(\.name)))
            var data = try ready(set, DatasetSubset(set, left, settings.words), cache)
            data.leftOut = listing.leftOut
            return data
        }
    }

    /// The data as far as they are known: nothing is decoded or written.
    /// - Parameter cache: the folder of decoded clips.
    /// - Returns: nil if they have to be prepared first.
    /// - Throws: `ClipError` or `StoreError`.
    package func known(cache: URL) throws -> PreparedData? {
        switch self {
        case .visemes(let set):
            return PreparedData(
                source: self, digest: set.digest, file: nil, classCount: set.classes.count)
        case .folder(let path, let settings) where DataSource.isPrepared(path):
            let set = try ClipSet(URL(filePath: path))
            return summary(set, try DatasetSubset(set, settings), cache)
        case .folder(let path, let settings):
            try settings.decoding.check()
            let listing = try settings.listing(path)
            guard let set = try DataSource.kept(listing, settings, cache),
                settings.skipsUnreadable || set.contents.skipped.isEmpty
            else { return nil }
            let left = try listing.without(Set(set.contents.skipped.map(\.name)))
            var data = summary(set, try DatasetSubset(set, left, settings.words), cache)
            data.leftOut = listing.leftOut
            return data
        }
    }

    private func summary(_ set: ClipSet, _ selection: DatasetSubset, _ cache: URL) -> PreparedData {
        let digest = selection.digest(set)
        return PreparedData(
            source: self, digest: digest,
            file: cache.appending(path: "data-\(digest.prefix(32)).json"),
            classCount: selection.classes.count, skipped: set.contents.skipped)
    }

    /// Writes all clips of a folder, and what it says of them, to a file. Clips that a cache holds
    /// are not decoded again.
    /// - Parameters:
    ///   - cache: a folder for what is under way.
    ///   - decoded: a folder that may hold decoded clips.
    /// - Returns: the digest of the data and what was left out.
    /// - Throws: `ClipError` or `StoreError`.
    package func prepare(
        into file: URL, cache: URL, decoded: URL,
        progress: @escaping @Sendable (Int, Int) -> Void
    ) async throws -> (digest: String, clips: Int, skipped: [SkippedClip]) {
        guard case .folder(let path, let settings) = self, !DataSource.isPrepared(path) else {
            throw ClipError.noFolder(path: "of clips to prepare")
        }
        try settings.decoding.check()
        // Only a file of clips is replaced.
        if FileManager.default.fileExists(atPath: file.path), (try? ClipSet(file)) == nil {
            throw StoreError.unwritable(
                path: file.path,
                reason:
                    "it is there already, and no file of clips: choose another name, or remove it")
        }
        var all = settings
        if all.words == .ignored { all.words = .ifGiven }
        let listing = try all.listing(path)
        let preparation = Preparation(
            listing: listing, settings: settings, cache: cache, keepsWords: true)
        if let set = try DataSource.kept(listing, settings, decoded),
            set.contents.skipped.isEmpty
        {
            try preparation.copy(set, to: file)
        } else {
            try await preparation.write(
                to: file, refusing: !settings.skipsUnreadable, progress: progress)
        }
        let set = try ClipSet(file)
        return (
            try DatasetSubset(set, ClipFolderSettings(splits: [], classes: [])).digest(set),
            set.contents.entries.count,
            set.contents.skipped
        )
    }

    /// The clips of a listing, decoded: from the cache where they are there and whole.
    private func decoded(
        _ listing: DatasetIndex, _ settings: ClipFolderSettings, _ cache: URL,
        _ progress: @escaping @Sendable (Int, Int) -> Void
    ) async throws -> ClipSet {
        if let set = try DataSource.kept(listing, settings, cache) { return set }
        let file = cache.appending(path: try DataSource.name(listing, settings))
        try await Preparation(listing: listing, settings: settings, cache: cache).write(
            to: file, progress: progress)
        return try ClipSet(file, isCache: true)
    }

    private static func name(_ listing: DatasetIndex, _ settings: ClipFolderSettings) throws
        -> String
    {
        "clips-" + (try listing.key(settings)) + ".h5"
    }

    /// Decoded clips that are in the cache, or in the user's; nil where they are not, or damaged:
    /// then they are decoded anew.
    private static func kept(
        _ listing: DatasetIndex, _ settings: ClipFolderSettings, _ cache: URL
    ) throws -> ClipSet? {
        let name = try name(listing, settings)
        for folder in [cache, UserCache.folder] {
            // What is damaged is as good as missing.
            if let set = try? ClipSet(folder.appending(path: name), isCache: true) { return set }
        }
        return nil
    }

    private func ready(_ set: ClipSet, _ selection: DatasetSubset, _ cache: URL) throws
        -> PreparedData
    {
        let data = summary(set, selection, cache)
        guard let file = data.file else { return data }
        if DatasetSubset.read(file)?.file != selection.file {
            do {
                try FileManager.default.createDirectory(
                    at: cache, withIntermediateDirectories: true)
            } catch {
                throw StoreError.unwritable(path: cache.path, reason: "the folder can't be made")
            }
            try selection.write(to: file)
        }
        return data
    }
}
