import Files
import Foundation
import RunStore
import Studies

/// Keeps the files that a run has left, by the patterns of `artifacts:`.
struct ArtifactKeeper {
    private let patterns: [String]
    private let folder: URL
    private let target: URL
    private let since: Date?

    /// Larger files are named and not kept.
    static let sizeLimit = 2 << 30
    private static let countLimit = 1000

    /// - Parameters:
    ///   - folder: the working folder of the run.
    ///   - target: where they are kept.
    ///   - since: files that were not changed since are of other runs; nil: all are of this one.
    init(_ patterns: [String], from folder: URL, to target: URL, since: Date?) {
        (self.patterns, self.folder, self.target, self.since) = (patterns, folder, target, since)
    }

    /// Links or copies them.
    /// - Returns: what is kept, by path, and what is not, in words.
    /// - Throws: `StoreError`.
    func keep() throws -> (kept: [Artifact], skipped: [String]) {
        FileManager.default.discard(target)
        let files = Set(patterns.flatMap { FilePattern($0).files(in: folder) })
        var (kept, skipped): ([Artifact], [String]) = ([], [])
        for file in files.sorted(by: { $0.path < $1.path }) {
            guard let facts = FileFacts(file), file.path.hasPrefix(folder.path + "/") else {
                continue
            }
            if let since, Double(facts.modified) / 1e9 < since.timeIntervalSince1970 { continue }
            let path = String(file.path.dropFirst(folder.path.count + 1))
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
            if since != nil || link(file.path, place.path) != 0 {
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
