import Foundation
import SealedFiles

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
