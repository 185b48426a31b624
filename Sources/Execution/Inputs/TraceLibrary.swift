import Foundation

/// The library that is preloaded into commands, to see which files they open: Sources/CTrace. It
/// lies in `lib/` beside this program.
enum TraceLibrary {
    static let name = "libviseme_trace.so"

    /// - Throws: why there is none that can be preloaded, in words.
    static func path(beside program: URL = Program.url) throws(Missing) -> String {
        let folder = program.deletingLastPathComponent()
        // An installed program lies in bin/.
        let places = [folder.appending(path: "lib"), folder.appending(path: "../lib/viseme")]
        #if os(Linux)
            for place in places {
                let file = place.appending(path: name).standardizedFileURL.path
                guard access(file, R_OK) == 0 else { continue }
                // The loader divides its list at blanks and colons.
                guard !file.contains(" "), !file.contains(":") else {
                    throw Missing("\(file) can't be preloaded: its path has a blank or a colon")
                }
                return file
            }
            throw Missing("\(name) is not in lib/ beside the program")
        #else
            throw Missing("programs are observed on Linux only")
        #endif
    }

    struct Missing: Error {
        let reason: String
        init(_ reason: String) { self.reason = reason }
    }
}
