/// What can go wrong with stored files.
package enum StoreError: Error, Sendable, Equatable {
    case unwritable(path: String, reason: String)
    case unreadable(path: String, reason: String)
    /// `known`: the version that this program reads.
    case otherFormat(path: String, found: String, known: Int)

    /// Whether a file is of a later version than this program knows.
    package var isOfNewerFormat: Bool {
        guard case .otherFormat(_, let found, let known) = self,
            let version = found.split(separator: " ").last.flatMap({ Int($0) })
        else { return false }
        return version > known
    }
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unwritable(let path, let reason): "\(path): can't be written: \(reason)"
        case .unreadable(let path, let reason): "\(path): can't be read: \(reason)"
        case .otherFormat(let path, let found, let known):
            "\(path): is a file of the form \(found); this program reads version \(known) of the file that belongs here: "
                + "give another file, or use the program that wrote it"
        }
    }
}
