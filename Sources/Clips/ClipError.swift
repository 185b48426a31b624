import Studies

/// What can be wrong with a data set.
package enum ClipError: UserError, Equatable {
    case noDecoder
    case noFolder(path: String)
    case noTable(path: String, reason: String)
    case noSplits(path: String, wanted: [String], found: [String], holdsClips: Bool = false)
    case otherSplits(path: String, wanted: [String], found: [String])
    case noClasses(path: String)
    case oneClass(path: String, name: String)
    case bothLayouts(path: String, split: String, name: String)
    case emptyClass(name: String, split: String, path: String)
    case missingClass(name: String, found: [String])
    case undecodable(file: String, reason: String)
    case unreadableClip(file: String, reason: String)
    case unreadablePattern(String, reason: String)
    /// It is not said when the word of a clip is spoken, or not rightly.
    case noWord(file: String, reason: String)
    case badSplit(String)
    case badRange(lowest: Double, highest: Double)
    /// It is not the clip that is to blame: no memory, no room, a process that was ended.
    case notDecoded(file: String, reason: String)
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
        case .noSplits(let path, _, _, true):
            "\(path): no data set: it holds clips, but no class folders. Sort them into <class>/<clip>, or name the class "
                + "of each in a table: `viseme data table \(path) > clips.csv` writes one to fill in"
        case .noSplits(let path, let wanted, let found, false):
            "\(path): no data set: neither <split>/<class>/<clip> nor <class>/<split>/<clip> with the splits "
                + "\(wanted.joined(separator: ", ")), nor <class>/<clip>; it holds \(ClipError.listed(found)). "
                + "Sort the clips into such folders, or name yours in `subfolders`"
        case .otherSplits(let path, let wanted, let found):
            "\(path): there is no folder "
                + zip(wanted, found).filter { $0.0 != $0.1 }.map { "\($0.0), but \($0.1)" }.joined(
                    separator: "; ")
                + ": name the folders: subfolders: [\(found.joined(separator: ", "))]"
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
            "\(file): \(ClipError.undecodableWords): \(reason)"
        case .unreadableClip(let file, let reason):
            // What was skipped keeps the decoder's words.
            reason.hasPrefix(ClipError.undecodableWords)
                ? "\(file): \(reason)" : "\(file): can't be read as a clip: \(reason)"
        case .notDecoded(let file, let reason):
            "\(file): was not decoded, for a reason outside it: \(reason). Nothing is left out for that: run the command again"
        case .unreadablePattern(let pattern, let reason): "split.group: \(pattern): \(reason)"
        case .noWord(let file, let reason): "\(file): \(reason)"
        case .badSplit(let reason): "split: \(reason)"
        case .badRange(let lowest, let highest):
            "value_range: black is \(lowest) and white \(highest): value_range.min has to be below value_range.max"
        case .several(let errors): ClipError.grouped(errors)
        case .unreadable(let path, let reason):
            "\(path): can't be read: \(reason)"
        }
    }

    /// Messages, those that say the same of many clips as one.
    private static func grouped(_ errors: [ClipError]) -> String {
        let (shownAlone, shownNames, shownMessages) = (3, 3, 200)
        let groups = Dictionary(grouping: errors, by: \.reason)
        var seen: Set<String> = []
        var messages: [String] = []
        for error in errors where seen.insert(error.reason).inserted {
            let group = groups[error.reason] ?? []
            guard group.count > shownAlone, error.isOfClip || error.isOfWord else {
                messages += group.map(\.description)
                continue
            }
            let names = group.prefix(shownNames).map(\.file).joined(separator: ", ")
            messages.append(
                "\(group.count) clips: \(error.reason): \(names) and \(group.count - shownNames) more"
            )
        }
        let remedy =
            errors.contains(where: \.isOfClip)
            ? "\nNothing is trained. Replace or remove what is broken, or leave it out with on_error: skip"
            : errors.contains(where: \.isOfWord)
                ? "\nThe word's time is needed for word_boundary and augment.variable_length" : ""
        return messages.prefix(shownMessages).joined(separator: "\n")
            + (messages.count > shownMessages
                ? "\n… and \(messages.count - shownMessages) more" : "")
            + remedy
    }

    private static let undecodableWords = "ffmpeg can't decode it"

    private var file: String {
        switch self {
        case .undecodable(let file, _), .unreadableClip(let file, _), .notDecoded(let file, _),
            .noWord(let file, _):
            file
        default: ""
        }
    }

    private var isOfClip: Bool {
        switch self {
        case .undecodable, .unreadableClip: true
        default: false
        }
    }

    private var isOfWord: Bool {
        if case .noWord = self { true } else { false }
    }

    /// Whether the machine failed, not the data.
    package var isOfMachine: Bool {
        if case .notDecoded = self { true } else { false }
    }

    package var exitStatus: ExitStatus { isOfMachine ? .someFailed : .wrong }

    /// What is wrong with a single clip, without its name.
    var reason: String {
        switch self {
        case .undecodable(_, let reason): "\(ClipError.undecodableWords): \(reason)"
        case .unreadableClip(_, let reason), .noWord(_, let reason): reason
        default: description
        }
    }

    private static func listed(_ names: [String]) -> String {
        if names.isEmpty { return "nothing" }
        return names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", …" : "")
    }
}
