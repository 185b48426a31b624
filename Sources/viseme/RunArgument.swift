import ArgumentParser
import Foundation
import RunStore

/// A run as a person names it: its file, or the study's folder and, after a colon, its number, label or id.
enum RunArgument {
    static let help = "A run: results/<name>/runs/<id>.h5, or results/<name>:3 by number, label or id."

    /// - Throws: `ValidationError` where nothing, or more than one run, has the name.
    static func file(_ text: String) throws -> URL {
        if FileManager.default.fileExists(atPath: text), !StudyArgument.isStudy(text) { return URL(filePath: text) }
        guard let colon = text.firstIndex(of: ":") else {
            throw ValidationError(
                "\(text): there is no such run: give a run file, or results/<name>:<number, label or id>")
        }
        let folder = StudyFolder(URL(filePath: String(text[..<colon])))
        let name = String(text[text.index(after: colon)...])
        let plan = try folder.readPlan()
        guard let run = plan.run(named: name) else {
            throw ValidationError(
                "\(text): no run of \(plan.name) is called \(name): `viseme status \(folder.url.relativePath)` lists them"
            )
        }
        let file = folder.runFile(run.id)
        guard FileManager.default.fileExists(atPath: file.path) else {
            throw ValidationError("\(text): the run \(run.label) is not stored yet")
        }
        return file
    }
}

/// A study as a person names it: its folder.
enum StudyArgument {
    static func isStudy(_ text: String) -> Bool {
        FileManager.default.fileExists(atPath: StudyFolder(URL(filePath: text)).plan.path)
    }
}
