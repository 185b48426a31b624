import Files
import Studies

/// What can be wrong with the name of a study or a run.
package enum StudyError: UserError, Equatable {
    case noStudy(path: String)
    case noRun(name: String, reason: String)

    package var place: String {
        switch self {
        case .noRun(let name, _): name
        case .noStudy(let path): path
        }
    }

    package var rule: String {
        switch self {
        case .noRun(_, let reason): reason
        case .noStudy: "holds no study (no plan.json)"
        }
    }

    package var remedy: String {
        switch self {
        case .noRun: ""
        case .noStudy: "give a folder that `viseme sweep` made"
        }
    }
}

extension StoreError: UserError {
    package var place: String {
        switch self {
        case .unwritable(let path, _), .unreadable(let path, _), .otherFormat(let path, _, _): path
        }
    }

    package var rule: String {
        switch self {
        case .unwritable(_, let reason): "can't be written: \(reason)"
        case .unreadable(_, let reason): "can't be read: \(reason)"
        case .otherFormat(_, let found, let known):
            "is a file of the form \(found); this program reads version \(known) of the file that belongs here"
        }
    }

    package var remedy: String {
        if case .otherFormat = self {
            "give another file, or use the program that wrote it"
        } else {
            ""
        }
    }
}

/// Version of the layout of run files and sweep files.
package let formatVersion = 3

/// Versions of run files that are read.
let readableFormats = 2...formatVersion
