import Files
import Foundation
import Training

/// This program: its name and version, and what it is built on.
package enum Program {
    package static let name = "Viseme"
    package static let version = "0.1.0"
    package static var nameAndVersion: String { "\(name) \(version)" }
    package static let licence = "Apache-2.0"
    package static let summary = "deep-learning studies that repeat bit for bit"

    /// Versions that results may depend on.
    package static var libraries: [(name: String, version: String)] {
        [
            ("Swift", swiftVersion), ("HDF5", hdf5Version),
            ("numerics revision", String(numericsRevision)),
        ]
    }

    static var swiftVersion: String {
        #if compiler(>=6.4)
            "6.4 or later"
        #elseif compiler(>=6.3)
            "6.3"
        #else
            "6.2"
        #endif
    }

    /// This very executable.
    package static var url: URL {
        // Linux names it there; elsewhere the bundle does.
        if let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
            return URL(filePath: path)
        }
        return Bundle.main.executableURL ?? URL(filePath: CommandLine.arguments[0])
    }
}
