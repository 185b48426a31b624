import Digests
import Foundation

/// The files that a command was seen to read, of its recipe's repository, and those that the recipe
/// names under `watch:`.
package struct ObservedInputs: Sendable, Equatable {
    package struct File: Sendable, Equatable {
        /// From the repository's folder; absolute for a file outside of it.
        package var path: String
        /// Hexadecimal SHA-256; empty where the file changed after the run had read it, so that
        /// nobody knows what was read.
        package var digest: String
        /// Facts of the file that was hashed: while both stay, it is not hashed again.
        package var facts: FileFacts

        package init(path: String, digest: String, facts: FileFacts) {
            (self.path, self.digest, self.facts) = (path, digest, facts)
        }
    }

    /// In the order of the bytes of their paths.
    package var files: [File]

    package init(_ files: [File]) {
        self.files = files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    /// SHA-256 over paths and digests; empty if there is no file.
    package var digest: String { ObservedInputs.digest(files.map { ($0.path, $0.digest) }) }

    /// The same of files that may have other digests now, in the order of their paths.
    package static func digest(_ files: [(path: String, digest: String)]) -> String {
        guard !files.isEmpty else { return "" }
        var hash = SHA256()
        hash.update("viseme inputs 1\n")
        for file in files {
            hash.update("\(file.path.utf8.count) \(file.path)\n\(file.digest)\n")
        }
        return hexadecimal(hash.finalize())
    }
}

/// How the inputs of a run were observed: part of its provenance.
package struct InputTrace: Sendable, Hashable, Codable {
    package enum Extent: String, Sendable, Codable {
        /// All that the command and its children opened.
        case complete
        /// Some of its children could not be observed.
        case partial
        /// Nothing was observed: only the files that the recipe names are known.
        case named
        /// The recipe turned it off; only the files that it names are known.
        case off
    }

    package var extent: Extent
    /// Why it is not complete, in words; empty if it is.
    package var reason = ""
    /// How many files there are, and their digest.
    package var files = 0
    package var digest = ""
    /// Files that the run itself wrote after it had read them: they are no inputs that could be
    /// compared. The first of them, and how many there are.
    package var rewritten: [String]?
    package var rewrittenCount: Int?
    /// Patterns of `watch:`, as the recipe had them; a file that they match later is a new input.
    package var watched: [String]?
    /// Paths of Python and R, as they were called; nil: none was seen.
    package var interpreters: [String]?

    package init(_ extent: Extent, reason: String = "") {
        (self.extent, self.reason) = (extent, reason)
    }
}
