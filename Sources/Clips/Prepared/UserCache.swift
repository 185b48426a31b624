import Foundation

/// The user's folder for decoded clips: what looking at data writes, and the only place it writes
/// to. Sweeps read from it what is there.
package enum UserCache {
    /// `viseme` in `$XDG_CACHE_HOME`, or in `~/.cache` (XDG Base Directory Specification).
    package static var folder: URL {
        let environment = ProcessInfo.processInfo.environment
        let named = environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        let home = environment["HOME"] ?? NSTemporaryDirectory()
        return URL(filePath: named ?? home + "/.cache").appending(path: "viseme")
    }
}
