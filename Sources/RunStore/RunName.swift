import Files
import Foundation
import Studies

/// A stored run as a person names it: its file, or the study's folder and, after a colon, its
/// number, label or id.
package enum RunName {
    /// The folder and the name of a run, `results/<name>:<number, label or id>`.
    /// - Throws: `StudyError` where there is no colon.
    package static func parts(_ text: String) throws -> (folder: StudyFolder, run: String) {
        // A folder's name may hold a colon, and so may a label.
        let colons = text.indices.filter { text[$0] == ":" }
        let colon =
            colons.first { StudyFolder(named: String(text[..<$0])).isThere } ?? colons.first
        guard let colon else {
            throw StudyError.noRun(
                name: text,
                reason:
                    "there is no such run: give a run file, or results/<name>:<number, label or id>"
            )
        }
        return (
            StudyFolder(named: String(text[..<colon])), String(text[text.index(after: colon)...])
        )
    }

    /// - Throws: `StoreError` where nothing, or more than one run, has the name.
    package static func file(_ text: String) throws -> URL {
        let isStudy = FileManager.default.fileExists(
            atPath: StudyFolder(URL(filePath: text)).plan.path)
        if FileManager.default.fileExists(atPath: text), !isStudy { return URL(filePath: text) }
        let (folder, name) = try parts(text)
        let plan = try folder.readPlan()
        guard let run = plan.run(named: name) else {
            throw StudyError.noRun(
                name: text,
                reason:
                    "no run of \(plan.name) is called \(name): `viseme status \(folder.url.relativePath)` lists them"
            )
        }
        let file = folder.runFile(run.id)
        guard FileManager.default.fileExists(atPath: file.path) else {
            throw StudyError.noRun(name: text, reason: "the run \(run.label) is not stored yet")
        }
        return file
    }
}
