import ArgumentParser
import Foundation
import RunStore
import Studies

struct NoteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "note",
        abstract: "Write a note on a run, or print it.",
        discussion: """
            Notes and tags lie in notes.json of the study. They are shown by status, report and dashboard, and are never part of \
            what a run is.
            """)

    @Argument(help: "A run: results/<name>:3, by number, label or id. It need not be stored.")
    var what: String
    @Argument(help: "The note; empty to remove it. Without it, the note is printed.")
    var text: String?
    @Flag(inversion: .prefixedNo, help: "Mark the run with a star.")
    var star: Bool?
    @Flag(inversion: .prefixedNo, help: "Leave the run out of the dashboard's tables.")
    var hide: Bool?

    func run() throws {
        let (folder, run) = try PlannedRun.find(what)
        guard text != nil || star != nil || hide != nil else {
            let note = try StudyNotes.read(folder)[run.id]
            return print(note.isEmpty ? "no note on \(run.label)" : note.words)
        }
        try StudyNotes.change(run.id, in: folder) { note in
            if let text { note.text = String(text.prefix(StudyNotes.textLimit)) }
            if let star { note.isStarred = star }
            if let hide { note.isHidden = hide }
        }
    }
}

struct TagCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag", abstract: "Add tags to a run, or remove them.")

    @Argument(help: "A run: results/<name>:3, by number, label or id. It need not be stored.")
    var what: String
    @Argument(help: "Tags, one word each.")
    var tags: [String]
    @Flag(help: "Remove these tags.")
    var remove = false

    func run() throws {
        try tags.forEach(WrongTag.check)
        let (folder, run) = try PlannedRun.find(what)
        try StudyNotes.change(run.id, in: folder) { note in
            note.tags.removeAll(where: tags.contains)
            if !remove { note.tags += tags.uniqued }
        }
    }
}

/// A run of a plan, stored or not.
enum PlannedRun {
    /// - Throws: `StudyError`, `StoreError`.
    static func find(_ text: String) throws -> (StudyFolder, Run) {
        let name = try RunName.parts(text)
        let plan = try name.folder.readPlan()
        guard let run = plan.run(named: name.run) else {
            throw StudyError.noRun(
                name: text,
                reason:
                    "no run of \(plan.name) is called \(name.run): `viseme status \(name.folder.url.relativePath)` lists them"
            )
        }
        return (name.folder, run)
    }
}

extension [String] {
    /// Each once, in order.
    fileprivate var uniqued: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
