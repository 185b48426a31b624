import Foundation

/// The repository that a recipe lies in.
package enum Repository {
    /// Its folder; nil where the recipe lies in none.
    package static func root(of folder: URL) -> URL? {
        var candidate = folder.standardizedFileURL
        while candidate.path != "/" {
            if FileManager.default.fileExists(atPath: candidate.appending(path: ".git").path) {
                return candidate
            }
            candidate = candidate.deletingLastPathComponent()
        }
        return nil
    }
}
