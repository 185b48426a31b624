import Studies

/// What can be wrong with a data set.
package enum ClipError: UserError, Equatable {
    case noDecoder
    case noFolder(path: String)
    case noTable(path: String, reason: String)
    case noSplits(path: String, wanted: [String], found: [String])
    case noClasses(path: String)
    case oneClass(path: String, name: String)
    case bothLayouts(path: String, split: String, name: String)
    case emptyClass(name: String, split: String, path: String)
    case missingClass(name: String, found: [String])
    case undecodable(file: String, reason: String)
    case unreadableClip(file: String, reason: String)
    case unreadablePattern(String, reason: String)
    case badSplit(String)
    case badRange(lowest: Double, highest: Double)
    case several([ClipError])
    case unreadable(path: String, reason: String)

    /// The message names it.
    package var place: String { "" }
    package var rule: String { description }

    package var description: String {
        switch self {
        case .noDecoder:
            "ffmpeg is not on the PATH, and videos are decoded by it: install it (apt-get install ffmpeg)"
        case .noFolder(let path):
            "path_to_dataset: there is no folder \(path): give the folder of the data set, or \(VisemeSet.path)"
        case .noTable(let path, let reason): "\(path): can't be read as a table of clips: \(reason)"
        case .noSplits(let path, let wanted, let found):
            "\(path): no data set: neither <split>/<class>/<clip> nor <class>/<split>/<clip> with the splits "
                + "\(wanted.joined(separator: ", ")), nor <class>/<clip>; it holds \(ClipError.listed(found)). "
                + "Sort the clips into such folders, or name yours in `subfolders`"
        case .noClasses(let path):
            "\(path): holds no class folders with clips"
        case .oneClass(let path, let name):
            "\(path): there is one class only, \(name): a classifier needs at least two"
        case .bothLayouts(let path, let split, let name):
            "\(path): holds both layouts, \(split)/<class> and \(name)/\(split): sort the clips into one of them"
        case .emptyClass(let name, let split, let path):
            "\(path): class \(name) has no clip in \(split): every class needs clips to train and to validate; "
                + "add some, or leave the class out with `classes`"
        case .missingClass(let name, let found):
            "classes: there is no class \(name); the data set has \(ClipError.listed(found))"
        case .undecodable(let file, let reason):
            "\(file): ffmpeg can't decode it: \(reason). Remove or replace the file"
        case .unreadableClip(let file, let reason):
            "\(file): can't be read as a clip: \(reason). Remove or replace it"
        case .unreadablePattern(let pattern, let reason): "split.group: \(pattern): \(reason)"
        case .badSplit(let reason): "split: \(reason)"
        case .badRange(let lowest, let highest):
            "value_range: black is \(lowest) and white \(highest): value_range.min has to be below value_range.max"
        case .several(let errors):
            errors.prefix(200).map(\.description).joined(separator: "\n")
                + (errors.count > 200 ? "\n… and \(errors.count - 200) more" : "")
        case .unreadable(let path, let reason):
            "\(path): can't be read: \(reason)"
        }
    }

    /// What is wrong with a single clip, without its name.
    var reason: String {
        switch self {
        case .undecodable(_, let reason): "ffmpeg can't decode it: \(reason)"
        case .unreadableClip(_, let reason): reason
        default: description
        }
    }

    private static func listed(_ names: [String]) -> String {
        if names.isEmpty { return "nothing" }
        return names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", …" : "")
    }
}
