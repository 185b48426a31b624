import Digests
import Files
import Foundation
import Studies

/// Makes a file of clips of those that lie in folders.
struct Preparation {
    let listing: DatasetIndex
    let settings: ClipFolderSettings
    /// A folder for what is under way.
    let cache: URL
    /// Whether the file says when words are spoken: not that of a cache, which is of pixels.
    var keepsWords = false

    /// Decodes everything into `file`, which names the clips that can't be read.
    /// - Parameters:
    ///   - progress: how many of how many clips are decoded.
    /// - Throws: `ClipError` where no clip can be read, or none of them may be left out;
    ///   `StoreError` where the file can't be written.
    func write(
        to file: URL, refusing: Bool = false, progress: @escaping @Sendable (Int, Int) -> Void
    ) async throws {
        let decoder = ClipDecoder(
            cache: cache, settings: settings.decoding,
            root: settings.followsLinks ? nil : listing.root)
        let writer = try ClipSetWriter(
            file, classes: listing.classes, settings: settings.decoding.json)
        let entries = listing.entries
        var skipped: [SkippedClip] = []
        var problems: [ClipError] = []
        var wordProblems: [ClipError] = []
        try await decoder.decode(entries.map(\.file)) { place, result in
            let entry = entries[place]
            do {
                let clip = try result.get()
                try writer.append(
                    name: entry.name, split: entry.split, label: entry.label,
                    frameRate: clip.frameRate
                ) { count in
                    try keepsWords ? entry.word?.frames(of: count, rate: clip.frameRate) : nil
                } frames: {
                    try clip.forEachPicture($0)
                }
            } catch let problem as WordTime.Problem {
                wordProblems.append(
                    .noWord(file: entry.file.path, reason: problem.description))
            } catch let error as StoreError {
                throw error
            } catch let error as ClipError where error.isOfMachine {
                throw error
            } catch {
                let problem =
                    (error as? ClipError)
                    ?? .unreadableClip(file: entry.file.path, reason: "\(error)")
                problems.append(problem)
                skipped.append(SkippedClip(name: entry.name, reason: problem.reason))
            }
            if place % 25 == 24 || place == entries.count - 1 { progress(place + 1, entries.count) }
        }
        guard wordProblems.isEmpty else { throw ClipError.several(problems + wordProblems) }
        if writer.count == 0 || (refusing && !problems.isEmpty) {
            throw ClipError.several(problems)
        }
        try writer.finish(skipped: skipped)
    }

    /// Copies the decoded clips of a cache into `file`.
    /// - Throws: `StoreError` where the file can't be written or the cache is damaged; `ClipError`
    ///   where the time of a word is wrong.
    func copy(_ set: ClipSet, to file: URL) throws {
        let places = Dictionary(
            set.contents.entries.indices.map { (set.contents.entries[$0].name, $0) }
        ) { first, _ in first }
        let writer = try ClipSetWriter(
            file, classes: listing.classes, settings: settings.decoding.json)
        var problems: [ClipError] = []
        for entry in listing.entries {
            guard let place = places[entry.name] else {
                throw StoreError.unreadable(
                    path: entry.file.path, reason: "the cache of decoded clips lacks it")
            }
            let count = set.contents.entries[place].frames.count
            let rate = set.contents.entries[place].frameRate
            do {
                try writer.append(
                    name: entry.name, split: entry.split, label: entry.label, frameRate: rate
                ) { count in
                    try entry.word?.frames(of: count, rate: rate)
                } frames: {
                    try set.forEachPicture(place, 0..<count, $0)
                }
            } catch let problem as WordTime.Problem {
                problems.append(.noWord(file: entry.file.path, reason: problem.description))
            }
        }
        guard problems.isEmpty else { throw ClipError.several(problems) }
        try writer.finish(skipped: [])
    }
}

extension DatasetIndex {
    /// What decides which pixels come of these clips: which files they are, by size and times of
    /// change, and how they are decoded. Splits and labels are not part of it.
    func key(_ settings: ClipFolderSettings) throws -> String {
        var hash = SHA256()
        hash.update(Data("clips 5 \(settings.decoding.json) \(settings.followsLinks)\n".utf8))
        for entry in entries.sorted(by: {
            $0.file.path.utf8.lexicographicallyPrecedes($1.file.path.utf8)
        }) {
            for file in ClipFile.files(entry.file) {
                var facts = stat()
                // What can't be read is so until something about it changes.
                if stat(file.path, &facts) != 0 { facts = .init() }
                hash.update(
                    Data(
                        "\(file.path) \(entry.name) \(facts.st_size) \(facts.st_ino) \(facts.st_mode) \(facts.st_mtim) \(facts.st_ctim)\n"
                            .utf8))
            }
        }
        return hexadecimal(hash.finalize().prefix(8))
    }
}

extension DecodingSettings {
    /// Canonical, for keys and records.
    var json: String {
        let series = frames.isEmpty ? "" : ",\"frames\":\(jsonString(frames))"
        return
            "{\"crop\":\"\(crop.map { "\($0)" } ?? "")\",\"fps\":\(fps)\(series),\"value_range\":[\(lowest),\(highest)]}"
    }
}
