import Foundation
import RunStore

/// A run as a person names it.
enum RunArgument {
    static let help =
        "A run: results/<name>/runs/<id>.h5, or results/<name>:3 (or <name>.yaml:3) by number, label or id."
}

/// A study as a person names it: its folder, or its recipe.
enum StudyArgument {
    static func isStudy(_ text: String) -> Bool {
        FileManager.default.fileExists(atPath: StudyFolder(named: text).plan.path)
    }
}
