import Files
import Foundation
import Studies

/// Data that is ready to be loaded.
package struct PreparedData: Sendable, Equatable {
    package let source: DataSource
    /// Hexadecimal SHA-256: the identity of the data, whatever format it is framed to.
    package let digest: String
    /// Which clips of which file; nil for data that is made on the spot.
    package let file: URL?
    /// Nil if it was not counted.
    package let classCount: Int?
    /// Clips that could not be read.
    package let skipped: [SkippedClip]
    /// Files that are no clips.
    package var leftOut = LeftOutFiles()

    package init(
        source: DataSource, digest: String, file: URL?, classCount: Int? = nil,
        skipped: [SkippedClip] = []
    ) {
        self.source = source
        self.digest = digest
        self.file = file
        self.classCount = classCount
        self.skipped = skipped
    }

    /// - Parameter cache: a folder for framed clips; nil frames them anew.
    /// - Throws: `ClipError.unreadable` where the clips have changed since; `StoreError` where
    ///   their file is damaged.
    package func load(_ format: ClipFormat, cache: URL? = nil) throws -> ClipSplits {
        if let cache {
            let framed = FramedCache(folder: cache, data: digest, format: format)
            let clips = try framed.clips { () throws in
                try classes
            } from: { take in
                try forEachClip { try take($0, $0.framed(format)) }
            }
            if let clips { return try clips.normalized() }
        }
        var splits = [Split: FramedClips](
            uniqueKeysWithValues: Split.allCases.map { ($0, FramedClips(format: format)) })
        try forEachClip { clip in
            splits[clip.split]?.append(
                kept: try clip.framed(format), name: clip.name, label: clip.label,
                word: clip.word(in: format))
        }
        let empty = FramedClips(format: format)
        let test = splits[.test].flatMap { $0.count > 0 ? $0 : nil }
        return try ClipSplits(
            classes: try classes, train: splits[.train] ?? empty, val: splits[.val] ?? empty,
            test: test
        ).normalized()
    }

    private var classes: [String] {
        get throws {
            if case .visemes(let set) = source { return set.classes }
            return try selection.0.classes
        }
    }

    /// Which clips, and the file they are in.
    private var selection: (DatasetSubset, ClipSet) {
        get throws {
            let gone = ClipError.unreadable(
                path: file?.path ?? "",
                reason: "the decoded clips are gone or have changed; start again")
            guard let file, let selection = DatasetSubset.read(file) else { throw gone }
            let set = try ClipSet(URL(filePath: selection.file), isCache: selection.isCache)
            let places = set.contents.entries.indices
            guard selection.members.allSatisfy({ places.contains($0.clip) }),
                selection.digest(set) == digest
            else {
                throw gone
            }
            return (selection, set)
        }
    }

    /// Hands out each clip as it was found, by split, class and name.
    func forEachClip(_ body: (FoundClip) throws -> Void) throws {
        if case .visemes(let set) = source {
            for split in Split.allCases {
                for clip in set.clips(split) {
                    try body(
                        FoundClip(
                            name: clip.name, split: split, label: clip.label,
                            frameCount: clip.frames.count, word: clip.word
                        ) {
                            for picture in clip.frames[$0] { try $1(picture) }
                        })
                }
            }
            return
        }
        let (selection, set) = try selection
        for member in selection.members {
            let entry = set.contents.entries[member.clip]
            try body(
                FoundClip(
                    name: entry.name, split: member.split, label: member.label,
                    frameCount: entry.frames.count, word: member.word
                ) { try set.forEachPicture(member.clip, $0, $1) })
        }
    }

    /// - Throws: as `load`.
    package func survey() throws -> DataSurvey {
        var survey = DataSurvey(classes: try classes)
        try forEachClip { try survey.take($0) }
        return survey
    }
}

/// One clip as it was found, its pictures where they are.
struct FoundClip {
    let name: String
    let split: Split
    let label: Int
    let frameCount: Int
    /// Frames in which its word is spoken; nil where that is not known or not used.
    let word: Range<Int>?
    /// Hands some of its frames to the second argument, one by one.
    let show: (Range<Int>, (Picture) throws -> Void) throws -> Void

    /// Its kept frames in the form of a network.
    func framed(_ format: ClipFormat) throws -> [Picture] {
        var framed: [Picture] = []
        try show(format.kept(of: frameCount)) { framed.append(format.frame($0)) }
        return framed
    }

    /// The same among its kept frames.
    func word(in format: ClipFormat) -> Range<Int>? { format.kept(word: word, of: frameCount) }
}
