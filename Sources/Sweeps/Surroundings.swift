import Foundation
import HDF5
import Kernels
import RunStore
import Subprocess
import Training

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The program's name and version.
public enum Program {
    public static let name = "Viseme"
    public static let version = "0.1.0"
    public static let licence = "Apache-2.0"
    public static let summary = "the runner that makes a deep-learning study repeatable to the bit"

    /// Versions of what the program stands on.
    public static var libraries: [(name: String, version: String)] {
        [("Swift", swiftVersion), ("HDF5", hdf5Version), ("numerics revision", String(numericsRevision))]
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
}

extension Provenance {
    /// What is known before any run starts.
    /// - Parameter recipe: the recipe's path; the commit is that of the repository it lies in.
    public static func gather(recipe: String, width: VectorWidth) async -> Provenance {
        var provenance = Provenance()
        provenance.program = "\(Program.name) \(Program.version)"
        provenance.numericsRevision = Training.numericsRevision
        provenance.hdf5 = hdf5Version
        provenance.compiler = "Swift \(Program.swiftVersion)"
        provenance.recipe = recipe
        let folder = URL(filePath: recipe).deletingLastPathComponent().path
        if let commit = await git(folder, ["rev-parse", "HEAD"]) {
            provenance.commit = commit
            // Results are what a study makes; they do not make its sources dirty.
            let changes = await git(folder, ["status", "--porcelain", "--", ":/", ":(exclude,top)results"])
            provenance.dirty = changes?.isEmpty == false
        }
        provenance.processor = processorName()
        provenance.vectorWidth = width.rawValue
        provenance.system = systemName()
        provenance.host = hostName()
        return provenance
    }

    private static func git(_ folder: String, _ arguments: [String]) async -> String? {
        let result = try? await Subprocess.run(
            // Without a lock of the index: a process that is killed would leave it behind, in the way of every commit.
            .name("git"), arguments: Arguments(["--no-optional-locks", "-C", folder] + arguments),
            output: .string(limit: 1 << 20),
            error: .discarded)
        guard let result, result.terminationStatus.isSuccess else { return nil }
        return result.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func processorName() -> String {
        let facts = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = facts.split(separator: "\n").first { $0.hasPrefix("model name") }
        let name = line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
        return "\(name ?? "unknown"), \(ProcessInfo.processInfo.activeProcessorCount) cores"
    }

    /// The machine's own name for itself; nobody else is asked.
    private static func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func systemName() -> String {
        let facts = (try? String(contentsOfFile: "/etc/os-release", encoding: .utf8)) ?? ""
        let line = facts.split(separator: "\n").first { $0.hasPrefix("PRETTY_NAME=") }
        return line.map { $0.dropFirst("PRETTY_NAME=".count).trimmingCharacters(in: ["\""]) }
            ?? ProcessInfo.processInfo.operatingSystemVersionString
    }
}

/// Seconds of a clock that only goes forward.
public func monotonicSeconds() -> Double {
    Double(DispatchTime.now().uptimeNanoseconds) / 1e9
}

/// Now, as ISO 8601 in UTC.
func timestamp() -> String {
    Date().formatted(.iso8601)
}
