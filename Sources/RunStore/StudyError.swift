/// What can be wrong with the name of a study or a run.
package enum StudyError: Error, CustomStringConvertible, Sendable, Equatable {
    case noStudy(path: String)
    case noRun(name: String, reason: String)

    package var description: String {
        switch self {
        case .noRun(let name, let reason): "\(name): \(reason)"
        case .noStudy(let path): "\(path): holds no study (no plan.json): give a folder that `viseme sweep` made"
        }
    }
}

/// Version of the layout of run files and sweep files.
package let formatVersion = 2
