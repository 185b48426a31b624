import Files
import Foundation
import Studies

/// What people say of the runs of a study: `notes.json`. It is never part of an identity or a digest.
package struct StudyNotes: Sendable, Equatable, Codable {
    package struct Note: Sendable, Equatable, Codable {
        package var text = ""
        /// In the order in which they were given.
        package var tags: [String] = []
        package var isStarred = false
        package var isHidden = false

        package init() {}

        package var isEmpty: Bool { self == Note() }

        /// The tags and the text, in one line.
        package var words: String {
            (tags.map { "#\($0)" } + [
                text.split(whereSeparator: \.isNewline).joined(separator: " ")
            ])
            .filter { !$0.isEmpty }.joined(separator: " ")
        }
    }

    /// By run.
    package private(set) var runs: [String: Note] = [:]

    package init() {}

    package subscript(_ id: String) -> Note { runs[id] ?? Note() }

    package static let textLimit = 10_000
    package static let tagLimit = 50

    /// The notes of a study; none if there is no such file.
    /// - Throws: `StoreError`.
    package static func read(_ folder: StudyFolder) throws -> StudyNotes {
        guard FileManager.default.fileExists(atPath: folder.notes.path) else { return StudyNotes() }
        do {
            return try JSONDecoder().decode(
                StudyNotes.self, from: Data(DurableFile.read(folder.notes)))
        } catch let error as DecodingError {
            throw StoreError.unreadable(
                path: folder.notes.path, reason: "it is not a file of notes: \(error)")
        }
    }

    /// Changes the note of one run. Changes by several programs come one after the other.
    /// - Throws: `StoreError`; what `body` throws.
    package static func change(
        _ id: String, in folder: StudyFolder, _ body: (inout Note) throws -> Void
    ) throws {
        // The lock is on the folder: the file is replaced as a whole.
        let descriptor = open(folder.url.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        guard descriptor >= 0, lockPatiently(descriptor) else {
            throw StoreError.unwritable(path: folder.notes.path, reason: systemProblem())
        }
        var notes = try read(folder)
        var note = notes[id]
        try body(&note)
        notes.runs[id] = note.isEmpty ? nil : note
        try notes.write(folder)
    }

    package func write(_ folder: StudyFolder) throws {
        guard !runs.isEmpty else { return FileManager.default.discard(folder.notes) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try DurableFile.write(
            Array(try encoder.encode(self) + Data("\n".utf8)), to: folder.notes)
    }

    /// Notes of runs that have none here.
    package mutating func take(_ others: StudyNotes) { runs.merge(others.runs) { own, _ in own } }
}

/// A tag that can't be given.
package struct WrongTag: UserError {
    package let place: String
    package var rule: String {
        "a tag is one word of at most \(StudyNotes.tagLimit) letters, digits, -, _, . and /"
    }

    /// - Throws: itself, if `tag` is none.
    package static func check(_ tag: String) throws {
        let isWord = tag.allSatisfy { $0.isLetter || $0.isNumber || "-_./".contains($0) }
        guard !tag.isEmpty, tag.count <= StudyNotes.tagLimit, isWord else {
            throw WrongTag(place: tag)
        }
    }
}
