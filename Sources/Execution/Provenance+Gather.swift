import Digests
import Files
import Foundation
import Kernels
import RunStore
import Studies
import Training

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension Provenance {
    /// What is known before any run starts.
    /// - Parameters:
    ///   - plan: the commit is that of the repository with its recipe.
    ///   - width: of the vectors, if this program computes.
    package static func gather(_ plan: Plan, width: VectorWidth? = nil) async -> Provenance {
        var provenance = Provenance()
        provenance.program = Program.nameAndVersion
        provenance.numericsRevision = Training.numericsRevision
        provenance.hdf5 = hdf5Version
        provenance.compiler = "Swift \(Program.swiftVersion)"
        provenance.recipe = plan.recipe
        let folder = URL(filePath: plan.recipe).deletingLastPathComponent().path
        if let commit = await git(folder, ["rev-parse", "HEAD"]) {
            provenance.commit = commit
            provenance.diffDigest = await difference(folder)
            provenance.dirty = !provenance.diffDigest.isEmpty
        }
        provenance.processor = processorName()
        provenance.vectorWidth = width?.rawValue ?? ""
        provenance.system = systemName()
        provenance.host = hostName()
        let variables = ProcessInfo.processInfo.environment
        provenance.environment = variables.filter { plan.recordedEnvironment.contains($0.key) }
        return provenance
    }

    /// SHA-256 of what differs from the commit; empty where nothing does. Results are what a study
    /// makes; they do not make its sources dirty.
    private static func difference(_ folder: String) async -> String {
        let sources = ["--", ":/", ":(exclude,top)results"]
        let changes =
            await git(
                folder, ["diff", "HEAD", "--binary", "--no-color", "--no-ext-diff"] + sources) ?? ""
        let unknown =
            await git(
                folder,
                ["ls-files", "--others", "--exclude-standard", "--full-name", "-z"] + sources) ?? ""
        guard !changes.isEmpty || !unknown.isEmpty else { return "" }
        let root = await git(folder, ["rev-parse", "--show-toplevel"]) ?? folder
        var hash = SHA256()
        hash.update(changes)
        for name in unknown.split(separator: "\0").sorted() {
            hash.update(String(name))
            let file = URL(filePath: root).appending(path: String(name))
            // A large file that git does not know is data rather than source: its size speaks for
            // it.
            guard let size = FileFacts(file)?.size, size <= 1 << 22 else { continue }
            // A file that vanishes meanwhile counts as empty.
            hash.update((try? Data(contentsOf: file)) ?? Data())
        }
        return hexadecimal(hash.finalize())
    }

    private static func git(_ folder: String, _ arguments: [String]) async -> String? {
        await Git(folder: folder).text(arguments)
    }

    private static func processorName() -> String {
        // Only Linux has it; elsewhere the processor is recorded as unknown.
        let facts = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = facts.split(separator: "\n").first { $0.hasPrefix("model name") }
        let name = line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
        return "\(name ?? "unknown"), \(ProcessInfo.processInfo.activeProcessorCount) cores"
    }

    /// The host name as this machine reports it; no name service is asked.
    static func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "" }
        return String(
            decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func systemName() -> String {
        // Where it is missing, the system's own version text is recorded.
        let facts = (try? String(contentsOfFile: "/etc/os-release", encoding: .utf8)) ?? ""
        let line = facts.split(separator: "\n").first { $0.hasPrefix("PRETTY_NAME=") }
        return line.map { $0.dropFirst("PRETTY_NAME=".count).trimmingCharacters(in: ["\""]) }
            ?? ProcessInfo.processInfo.operatingSystemVersionString
    }
}
