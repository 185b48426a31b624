import Digests
import Files
import Foundation
import Studies

/// The code that runs were trained with, as far as it can be kept: `code/<id>.json` in the study's
/// folder, and the contents of files in `code/objects/`, by digest. Runs belong to the snapshot of
/// their commit and difference.
package struct CodeSnapshot: Sendable, Equatable, Codable {
    package struct File: Sendable, Equatable, Codable {
        /// From the repository's folder; absolute for a file outside of it.
        package var path: String
        /// Hexadecimal SHA-256.
        package var digest: String
        package var size: Int
        package var isExecutable: Bool?

        package init(path: String, digest: String, size: Int, isExecutable: Bool? = nil) {
            (self.path, self.digest, self.size) = (path, digest, size)
            self.isExecutable = isExecutable
        }
    }

    /// A file that is not kept, and why.
    package struct Omission: Sendable, Equatable, Codable {
        package var path: String
        package var reason: String
        /// Hexadecimal SHA-256, where it is known.
        package var digest: String?

        package init(path: String, reason: String, digest: String? = nil) {
            (self.path, self.reason, self.digest) = (path, reason, digest)
        }
    }

    package var format = 1
    /// Of the repository; empty if it has none, or there is no repository.
    package var commit = ""
    /// SHA-256 of the difference to it, as the runs record it.
    package var difference = ""
    /// Where the repository was cloned from, without a password.
    package var origin: String?
    /// Folder of the recipe in the repository; empty: the repository's own.
    package var recipeFolder = ""
    /// The recipe and its bases, from the recipe's folder.
    package var recipe: [File] = []
    /// Digest of the difference to the commit, as `git apply` reads it; nil: none.
    package var patch: String?
    /// Files in the patch.
    package var changed: [String] = []
    /// Files that git does not track, and that runs have read.
    package var files: [File] = []
    package var omitted: [Omission] = []
    /// Path and commit of each submodule; `-dirty` behind a commit that is not all.
    package var submodules: [String: String]?
    /// Digest of the environment that the command had; nil: not known.
    package var environment: String?

    package init() {}

    /// The same for all runs of a commit and difference.
    package static func id(commit: String, difference: String) -> String {
        String(hexadecimal(SHA256.hash("code \(commit) \(difference)")).prefix(12))
    }

    package var id: String { CodeSnapshot.id(commit: commit, difference: difference) }

    /// Bytes of all that is kept.
    package var keptBytes: Int { files.reduce(0) { $0 + $1.size } }

    // MARK: In a study's folder

    package static func file(_ id: String, in folder: StudyFolder) -> URL {
        folder.code.appending(path: "\(id).json")
    }

    /// - Returns: nil if there is none.
    /// - Throws: `StoreError` if it can't be read.
    package static func read(_ id: String, in folder: StudyFolder) throws -> CodeSnapshot? {
        let file = file(id, in: folder)
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        do {
            let snapshot = try JSONDecoder().decode(
                CodeSnapshot.self, from: Data(DurableFile.read(file)))
            guard snapshot.format == 1 else {
                throw StoreError.otherFormat(
                    path: file.path, found: "viseme-code \(snapshot.format)", known: 1)
            }
            return snapshot
        } catch let error as DecodingError {
            throw StoreError.unreadable(path: file.path, reason: "\(error)")
        }
    }

    package func write(in folder: StudyFolder) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        FileManager.default.ensureFolder(folder.code)
        try DurableFile.write(
            Array(try encoder.encode(self) + Data("\n".utf8)),
            to: CodeSnapshot.file(id, in: folder))
    }
}

/// Contents of files, by digest.
package struct CodeObjects: Sendable {
    private let folder: URL

    package init(_ study: StudyFolder) { folder = study.code.appending(path: "objects") }

    private func file(_ digest: String) -> URL { folder.appending(path: digest) }

    package func has(_ digest: String) -> Bool { access(file(digest).path, F_OK) == 0 }

    /// Those that are not what their names say.
    package var problems: [String] {
        FileManager.default.names(in: folder).filter { !$0.hasPrefix(".") }.sorted().compactMap {
            do { _ = try read($0) } catch { return "\(error)" }
            return nil
        }
    }

    /// - Returns: its digest.
    /// - Throws: `StoreError`.
    @discardableResult
    package func add(_ contents: Data) throws -> String {
        let digest = hexadecimal(SHA256.hash(contents))
        if has(digest) { return digest }
        FileManager.default.ensureFolder(folder)
        try DurableFile.write(Array(contents), to: file(digest))
        return digest
    }

    /// - Throws: `StoreError` if it is missing or damaged.
    package func read(_ digest: String) throws -> Data {
        let contents = Data(try DurableFile.read(file(digest)))
        guard hexadecimal(SHA256.hash(contents)) == digest else {
            throw StoreError.unreadable(
                path: file(digest).path, reason: "its contents do not have the digest of its name")
        }
        return contents
    }
}
