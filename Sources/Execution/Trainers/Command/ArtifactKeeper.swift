import Files
import Foundation
import RunStore
import Studies

/// Keeps the files that a run has left, by the patterns of `artifacts:`.
struct ArtifactKeeper {
    private let patterns: [String]
    private let files: OutputFiles
    private let target: URL

    /// Larger files are named and not kept.
    static let sizeLimit = 2 << 30
    private static let countLimit = 1000

    /// - Parameter target: where they are kept.
    init(_ patterns: [String], from files: OutputFiles, to target: URL) {
        (self.patterns, self.files, self.target) = (patterns, files, target)
    }

    /// Links or copies them.
    /// - Returns: what is kept, by path, and what is not, in words.
    /// - Throws: `StoreError`.
    func keep() throws -> (kept: [Artifact], skipped: [String]) {
        FileManager.default.discard(target)
        let found = Set(patterns.flatMap { files.matching(FilePattern($0)) })
        var (kept, skipped): ([Artifact], [String]) = ([], [])
        for file in found.sorted(by: { $0.path < $1.path }) {
            guard let facts = FileFacts(file), let path = files.relative(file) else { continue }
            guard facts.size <= ArtifactKeeper.sizeLimit, kept.count < ArtifactKeeper.countLimit
            else {
                skipped.append(
                    facts.size > ArtifactKeeper.sizeLimit
                        ? "\(path): \(byteCount(facts.size)) is more than is kept of one file"
                        : "\(path): a run keeps \(ArtifactKeeper.countLimit) files")
                continue
            }
            let place = target.appending(path: path)
            FileManager.default.ensureFolder(place.deletingLastPathComponent())
            // A file that others may rewrite is copied; one of the run's own folder is not twice on
            // the disk.
            if files.isShared(file) || link(file.path, place.path) != 0 {
                do { try FileManager.default.copyItem(at: file, to: place) } catch {
                    throw StoreError.unwritable(
                        path: place.path,
                        reason: "the file can't be copied: \(error.localizedDescription)")
                }
            }
            guard let found = InputDigests.shared.digest(place.path) else {
                throw StoreError.unreadable(path: place.path, reason: "it is gone, or changes")
            }
            kept.append(Artifact(path: path, size: found.facts.size, digest: found.digest))
        }
        return (kept, skipped)
    }
}
