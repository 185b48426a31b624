import Crypto
import Foundation

/// Where the clips of a run come from.
public enum DataSource: Sendable, Hashable {
    case visemes(VisemeSet)
    /// Folders of clips.
    case folder(path: String, ClipFolderSettings)

    /// - Parameters:
    ///   - splits: names of the folders of train, val and test.
    ///   - classes: selects and orders; empty: all, sorted.
    public static func folder(path: String, splits: [String], classes: [String]) -> DataSource {
        .folder(path: path, ClipFolderSettings(splits: splits, classes: classes))
    }

    /// Makes the data ready to be loaded quickly and as often as one likes.
    /// - Parameters:
    ///   - cache: a folder for decoded clips.
    ///   - progress: how many of how many videos are decoded; not called where nothing is to do.
    public func prepare(cache: URL, progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }) async throws
        -> PreparedData
    {
        switch self {
        case .visemes(let set):
            return PreparedData(source: self, digest: set.digest, file: nil, classCount: set.classes.count)
        case .folder(let path, let settings):
            let folder = try ClipFolder(
                root: URL(filePath: path), splitNames: settings.splits, wanted: settings.classes, rule: settings.rule)
            let range = settings.lowest...settings.highest
            let file = cache.appending(path: try folder.key(range) + ".clips")
            if let prepared = PreparedClips(file: file), prepared.isIntact {
                return PreparedData(
                    source: self, digest: prepared.index.digest, file: file, classCount: folder.classes.count)
            }
            let scratch = cache.appending(path: "decoding-\(ProcessInfo.processInfo.processIdentifier)")
            let digest = try await folder.prepare(into: file, scratch: scratch, range: range, progress: progress)
            return PreparedData(source: self, digest: digest, file: file, classCount: folder.classes.count)
        }
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
    /// The numbers of float arrays that become black and white.
    public var lowest = 0.0
    public var highest = 1.0

    public init(splits: [String], classes: [String]) {
        (self.splits, self.classes) = (splits, classes)
    }
}

/// Data that is ready to be loaded.
public struct PreparedData: Sendable, Equatable {
    public let source: DataSource
    /// Hexadecimal SHA-256: the identity of the data, whatever format it is framed to.
    public let digest: String
    /// Decoded clips; nil for data that is made on the spot.
    public let file: URL?
    /// Nil where nobody counted.
    public let classCount: Int?

    public init(source: DataSource, digest: String, file: URL?, classCount: Int? = nil) {
        self.source = source
        self.digest = digest
        self.file = file
        self.classCount = classCount
    }

    /// - Parameter cache: a folder for framed clips; nil frames them anew.
    /// - Throws: `ClipError.unreadable` where the cache has changed since.
    public func load(_ format: ClipFormat, cache: URL? = nil) throws -> ClipSplits {
        guard let cache else { return try frame(format) }
        let framed = FramedCache(folder: cache, data: digest, format: format)
        if let clips = framed.read() { return clips }
        let clips = try frame(format)
        framed.write(clips)
        return clips
    }

    private func frame(_ format: ClipFormat) throws -> ClipSplits {
        switch source {
        case .visemes(let set):
            func framed(_ split: Split) -> FramedClips {
                set.clips(split).reduce(into: FramedClips(format: format)) { $0.append($1) }
            }
            let test = framed(.test)
            return ClipSplits(
                classes: set.classes, train: framed(.train), val: framed(.val), test: test.count > 0 ? test : nil)
        case .folder(let path, _):
            guard let file, let clips = PreparedClips(file: file), clips.index.digest == digest else {
                throw ClipError.unreadable(
                    path: file?.path ?? path, reason: "the decoded clips are gone or have changed; start again")
            }
            let test = clips.framed(.test, format)
            return ClipSplits(
                classes: clips.index.classes, train: clips.framed(.train, format), val: clips.framed(.val, format),
                test: test.count > 0 ? test : nil)
        }
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

extension ClipFolder {
    /// Changes when any file is another, by name, size or time of change.
    func key(_ range: ClosedRange<Double>) throws -> String {
        var hash = SHA256()
        hash.update(data: Data("clips 2 \(classes) \(range)".utf8))
        for entry in entries {
            for file in ClipFile.files(entry.file) {
                guard let facts = try? FileManager.default.attributesOfItem(atPath: file.path) else {
                    throw ClipError.unreadable(path: file.path, reason: "its name or its permissions do not allow it")
                }
                let size = (facts[.size] as? NSNumber)?.int64Value ?? 0
                let changed = (facts[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
                hash.update(
                    data: Data("\(file.path) \(entry.split.rawValue) \(entry.label) \(size) \(changed)\n".utf8))
            }
        }
        return hexadecimal(hash.finalize().prefix(8))
    }

    /// Decodes everything into one file.
    /// - Returns: the digest of the data.
    func prepare(
        into file: URL, scratch: URL, range: ClosedRange<Double>, progress: @escaping @Sendable (Int, Int) -> Void
    ) async throws -> String {
        let count = entries.count
        let decoder = ClipDecoder(scratch: scratch, range: range)
        let decoded = try await decoder.decode(entries.map(\.file)) { progress($0, count) }
        var clips: [(Split, Clip)] = []
        var problems: [ClipError] = []
        for (entry, result) in zip(entries, decoded) {
            switch result {
            case .success(let frames):
                clips.append((entry.split, Clip(name: entry.name, label: entry.label, frames: frames)))
            case .failure(let error): problems.append(error)
            }
        }
        guard problems.isEmpty else { throw ClipError.several(problems) }
        return try PreparedClips.write(classes: classes, clips: clips, to: file)
    }
}

/// Reads single clips, for classification.
public enum ClipReader {
    public static func read(_ files: [URL], cache: URL, range: ClosedRange<Double> = 0...1) async throws -> [Clip] {
        for file in files where !FileManager.default.fileExists(atPath: file.path) {
            throw ClipError.unreadable(path: file.path, reason: "there is no such file")
        }
        let decoder = ClipDecoder(
            scratch: cache.appending(path: "decoding-\(ProcessInfo.processInfo.processIdentifier)"), range: range)
        let decoded = try await decoder.decode(files) { _ in }
        let problems = decoded.compactMap { result in
            if case .failure(let error) = result { error } else { nil }
        }
        guard problems.isEmpty else { throw ClipError.several(problems) }
        return zip(files, decoded).map { file, result in
            Clip(name: file.path, label: 0, frames: (try? result.get()) ?? [])
        }
    }
}
