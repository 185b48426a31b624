import Files
import Foundation
import Studies

extension RunFile {
    static func write(_ inputs: ObservedInputs, _ root: HDF5Group) throws {
        let group = try root.makeGroup("inputs")
        let (files, shape) = (inputs.files, [inputs.files.count])
        try group.setAttribute("digest", inputs.digest)
        let path = try group.write("path", files.map(\.path), shape: shape)
        try path.setAttribute(
            "long_name", "files that the command read, from the folder of its repository")
        let digest = try group.write("sha256", files.map(\.digest), shape: shape)
        try digest.setAttribute(
            "long_name", "SHA-256; empty: the file changed after the run had read it")
        let size = try group.write("size", files.map(\.facts.size), shape: shape)
        try size.setAttribute("units", "byte")
        let modified = try group.write("modified", files.map(\.facts.modified), shape: shape)
        try modified.setAttribute(
            "long_name", "time of the last change of the file that was hashed")
        try modified.setAttribute("units", "nanoseconds since 1970-01-01")
    }

    static func readInputs(_ root: HDF5Group) throws -> ObservedInputs? {
        guard root.has("inputs") else { return nil }
        let group = try root.group("inputs")
        let paths = try group.dataset("path").texts()
        let digests = try group.dataset("sha256").texts()
        let sizes = try group.dataset("size").integers()
        let times = try group.dataset("modified").integers()
        guard [digests.count, sizes.count, times.count].allSatisfy({ $0 == paths.count }) else {
            throw HDF5Error(action: "read /inputs", reason: "its columns are of different lengths")
        }
        return ObservedInputs(
            paths.indices.map {
                ObservedInputs.File(
                    path: paths[$0], digest: digests[$0],
                    facts: FileFacts(size: sizes[$0], modified: times[$0]))
            })
    }

    /// What a run was seen to read; no files where it was not observed.
    /// - Throws: `StoreError`.
    package static func inputs(_ file: URL) throws -> ObservedInputs {
        try SealedFile.read(file) { try readInputs($0) } ?? ObservedInputs([])
    }

    /// When each epoch of a run ended, in seconds from its begin.
    /// - Throws: `StoreError`.
    package static func epochEnds(_ file: URL) throws -> [Double] {
        try SealedFile.read(file) { try $0.group("provenance").dataset("seconds").doubles() }
            .reduce(into: []) { $0.append(($0.last ?? 0) + $1) }
    }
}
