import Digests
import Files
import Foundation
import Studies

/// The clips of a study out of a file of clips: which, in which split, under which label. Many
/// selections (folds, classes) share one file.
struct DatasetSubset: Codable {
    struct Member: Codable {
        /// Its place in the file.
        var clip: Int
        var split: Split
        var label: Int
        /// Frames of the clip in which its word is spoken, where they are used.
        var word: Range<Int>?
    }

    /// Of the clips.
    var file: String
    /// Whether that can be made again.
    var isCache: Bool
    var classes: [String]
    /// By split, class and name.
    var members: [Member]

    /// All of a file, or some of its classes, in this order.
    /// - Throws: `ClipError`.
    init(_ set: ClipSet, _ settings: ClipFolderSettings) throws {
        (file, isCache) = (set.file.standardizedFileURL.path, set.isCache)
        let found = set.contents.classes
        let chosen = try settings.chosen(of: found, set.file)
        classes = chosen
        members = DatasetSubset.members(
            set.contents, labels: found.map { chosen.firstIndex(of: $0) })
        try settings.refuseEmptyClasses(
            classes, members.map { ($0.split, $0.label) }, set.file.path)
        guard settings.words != .ignored else { return }
        var problems: [ClipError] = []
        for place in members.indices {
            let entry = set.contents.entries[members[place].clip]
            members[place].word = entry.word
            if entry.word == nil, settings.words == .required {
                problems.append(
                    .noWord(
                        file: "\(set.file.path): \(entry.name)",
                        reason:
                            "the file does not say when its word is spoken: prepare it again from clips with times"
                    ))
            }
        }
        guard problems.isEmpty else { throw ClipError.several(problems) }
    }

    /// The clips of a file by split, label and place.
    /// - Parameter labels: of each of its classes; nil where that is left out.
    private static func members(_ contents: ClipSetContents, labels: [Int?]) -> [Member] {
        let members = contents.entries.enumerated().compactMap { place, entry in
            labels[entry.label].map { Member(clip: place, split: entry.split, label: $0) }
        }
        return members.sorted {
            ($0.split.order, $0.label, $0.clip) < ($1.split.order, $1.label, $1.clip)
        }
    }

    /// The identity of all clips of a file, by its own labels.
    static func digest(_ contents: ClipSetContents) -> String {
        digest(
            contents.classes, members(contents, labels: Array(contents.classes.indices)), contents)
    }

    /// The clips of a listing, as far as the file has them.
    /// - Throws: `ClipError` where the time of a word is used and wrong.
    init(_ set: ClipSet, _ listing: DatasetIndex, _ words: WordReading) throws {
        (file, isCache) = (set.file.standardizedFileURL.path, set.isCache)
        classes = listing.classes
        let places = Dictionary(set.contents.entries.enumerated().map { ($1.name, $0) }) {
            first, _ in first
        }
        members = []
        var problems: [ClipError] = []
        for entry in listing.entries {
            guard let place = places[entry.name] else { continue }
            var member = Member(clip: place, split: entry.split, label: entry.label)
            let clip = set.contents.entries[place]
            do throws(WordTime.Problem) {
                if words != .ignored {
                    member.word = try entry.word?.frames(
                        of: clip.frames.count, rate: clip.frameRate)
                }
            } catch {
                problems.append(.noWord(file: entry.file.path, reason: error.description))
            }
            members.append(member)
        }
        guard problems.isEmpty else { throw ClipError.several(problems) }
    }

    /// The identity of the data: names, splits, labels, sizes and pixels of all clips, the classes,
    /// and when words are spoken, where that is used. The same clips have it whatever file they are in.
    func digest(_ set: ClipSet) -> String { DatasetSubset.digest(classes, members, set.contents) }

    private static func digest(
        _ classes: [String], _ members: [Member], _ contents: ClipSetContents
    ) -> String {
        var hash = SHA256()
        func add(_ text: String) { hash.update(Data((text + "\n").utf8)) }
        add("viseme data 1, \(classes.count) classes")
        for name in classes { add("\(name.utf8.count) \(name)") }
        for member in members {
            let entry = contents.entries[member.clip]
            add("\(entry.name.utf8.count) \(entry.name)")
            add("\(member.split.rawValue) \(member.label) \(hexadecimal(entry.digest))")
            add(FrameRuns(contents.sizes, entry.frames).description)
            if let word = member.word { add("word \(word.lowerBound) to \(word.upperBound)") }
        }
        return hexadecimal(hash.finalize())
    }

    /// - Throws: `StoreError`.
    func write(to file: URL) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else {
            preconditionFailure("numbers and texts can be encoded")
        }
        try DurableFile.write([UInt8](data), to: file)
    }

    /// - Returns: nil if the file has none.
    static func read(_ file: URL) -> DatasetSubset? {
        // A file that is missing or damaged is written anew.
        (try? Data(contentsOf: file)).flatMap {
            try? JSONDecoder().decode(DatasetSubset.self, from: $0)
        }
    }
}

/// Sizes of a clip's frames: `29 of 96×96×1`, run by run.
private struct FrameRuns: CustomStringConvertible {
    let description: String

    init(_ sizes: FrameSizes, _ frames: Range<Int>) {
        var runs: [(size: FrameSize, count: Int)] = []
        for frame in frames {
            if runs.last?.size == sizes[frame] {
                runs[runs.count - 1].count += 1
            } else {
                runs.append((sizes[frame], 1))
            }
        }
        description = runs.map {
            "\($0.count) of \($0.size.width)×\($0.size.height)×\($0.size.channels)"
        }
        .joined(separator: ", ")
    }
}
