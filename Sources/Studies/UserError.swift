/// How the program ends.
package enum ExitStatus: Int32, Error, Sendable {
    case completed = 0
    /// Some runs failed, or output could not be written.
    case someFailed = 1
    /// The recipe, the command line or the data is wrong.
    case wrong = 2
    /// `verify`, `check`, `compare`, `merge` or `export` found a difference or a damaged file.
    case difference = 3
    case interrupted = 130
}

/// An error that a person can do something about. It holds facts; `description` is one message made
/// of them.
package protocol UserError: Error, CustomStringConvertible {
    /// The file, key or argument it is about; empty if it is about none.
    var place: String { get }
    /// The rule that was broken, in words.
    var rule: String { get }
    /// What was found instead; empty if the rule says it.
    var found: String { get }
    /// What to do; empty if that follows from the rule.
    var remedy: String { get }
    var exitStatus: ExitStatus { get }
}

extension UserError {
    package var found: String { "" }
    package var remedy: String { "" }
    package var exitStatus: ExitStatus { .wrong }

    /// `place: rule; found …: remedy`.
    package var description: String {
        var text = place.isEmpty ? rule : "\(place): \(rule)"
        if !found.isEmpty { text += "; found \(found)" }
        return remedy.isEmpty ? text : "\(text): \(remedy)"
    }
}
