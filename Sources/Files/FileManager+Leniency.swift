import Foundation

// What may fail without a word, each with its reason. Everything else throws.

extension FileManager {
    /// Names in a folder; none if there is no such folder, or it may not be read. For folders that
    /// are looked at to clean up or to show a state: whoever needs their contents finds out by
    /// itself.
    package func names(in folder: URL) -> [String] {
        (try? contentsOfDirectory(atPath: folder.path)) ?? []
    }

    /// Removes what can be made again or is not needed any more. What can't be removed stays, and
    /// nothing is lost by it.
    package func discard(_ url: URL) { try? removeItem(at: url) }

    /// Makes a folder if it is not there. Whoever then writes into it reports why that fails.
    package func ensureFolder(_ url: URL) {
        try? createDirectory(at: url, withIntermediateDirectories: true)
    }
}
