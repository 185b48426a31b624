import Files
import Foundation
import RunStore

/// A run as a person names it.
enum RunArgument {
    static let help =
        "A run: results/<name>/runs/<id>.h5, or results/<name>:3 by number, label or id."
}

/// Files that a command writes where the person says.
enum OutputFile {
    /// Nothing is written over what a study keeps.
    static func refuseStudies(_ name: String) throws {
        let folder = URL(filePath: name).deletingLastPathComponent()
        let isStored = [folder, folder.deletingLastPathComponent()].contains {
            FileManager.default.fileExists(atPath: StudyFolder($0).plan.path)
        }
        guard !isStored else {
            throw StoreError.unwritable(
                path: name, reason: "it lies among a study's own files: choose another place")
        }
    }
}

/// A study as a person names it: its folder.
enum StudyArgument {
    static func isStudy(_ text: String) -> Bool {
        FileManager.default.fileExists(atPath: StudyFolder(URL(filePath: text)).plan.path)
    }
}
