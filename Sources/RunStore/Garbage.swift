import Files
import Foundation
import Studies

/// What of a study's folder could go, and how much that frees.
package struct Garbage: Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        /// Weights beyond what is to be kept.
        case weights
        /// Checkpoints, journals and the like of runs that are stored or planned no more.
        case leftovers
        /// What commands left in the working folders of runs that are stored.
        case work
        /// Damaged and replaced files.
        case setAside = "set-aside"
        /// Runs that are not in the plan.
        case otherRuns = "other-runs"
    }

    package struct Item: Sendable {
        package let kind: Kind
        package let file: URL
        package let bytes: Int
    }

    package let items: [Item]
    /// Names in `runs/` that are no runs: they stay.
    package let foreign: [String]
    private let keep: KeptWeights
    private let folder: StudyFolder

    /// Looks; nothing goes.
    /// - Parameter keep: what is to be kept of weights.
    package init(_ folder: StudyFolder, _ plan: Plan, _ stored: StudyResults, keep: KeptWeights) {
        self.folder = folder
        self.keep = keep
        let planned = Set(plan.runs.map(\.id))
        func id(_ url: URL) -> String {
            url.lastPathComponent.split(separator: ".").first.map(String.init) ?? ""
        }
        func item(_ kind: Kind) -> (URL) -> Item {
            { Item(kind: kind, file: $0, bytes: Garbage.size($0)) }
        }
        let leftovers = (Garbage.members(folder.checkpoints) + Garbage.members(folder.running))
            .filter {
                stored.runs[id($0)] != nil || !planned.contains(id($0))
            }
        let work = Garbage.members(folder.work).filter {
            stored.runs[id($0)] != nil || !planned.contains(id($0))
        }
        // Only what can be read as a run is one; other files there are somebody's.
        let unplanned = Garbage.members(folder.runs).filter { !planned.contains(id($0)) }
        let others = unplanned.filter { file in
            // What is damaged stays too: it is no run to be sure of.
            (try? RunFile.read(file))?.identity.id == id(file)
        }
        foreign = unplanned.filter { !others.contains($0) }.map(\.lastPathComponent)
        items =
            plan.runs.compactMap { run in
                guard let summary = stored.runs[run.id], summary.weightBytes > 0 else { return nil }
                return Garbage.removable(folder.runFile(run.id), keep).map {
                    Item(kind: .weights, file: folder.runFile(run.id), bytes: $0)
                }
            } + leftovers.map(item(.leftovers)) + work.map(item(.work))
            + Garbage.members(folder.artifacts("x").deletingLastPathComponent()).filter {
                !planned.contains(id($0))
            }.map(item(.otherRuns)) + Garbage.members(folder.setAside).map(item(.setAside))
            + others.map(item(.otherRuns))
    }

    package func bytes(_ kind: Kind) -> Int {
        items.filter { $0.kind == kind }.reduce(0) { $0 + $1.bytes }
    }

    package func count(_ kind: Kind) -> Int { items.count { $0.kind == kind } }

    /// Lets it go.
    /// - Throws: `StoreError` where a file can't be written or removed.
    package func remove(_ kinds: Set<Kind>) throws {
        for item in items where kinds.contains(item.kind) {
            guard item.kind == .weights else {
                do { try FileManager.default.removeItem(at: item.file) } catch {
                    throw StoreError.unwritable(path: item.file.path, reason: "it can't be removed")
                }
                continue
            }
            var record = try RunFile.read(item.file)
            record.dropWeights(keeping: keep)
            try RunFile.write(record, to: item.file)
        }
    }

    /// Bytes of weights that `keep` lets go of; nil for none.
    private static func removable(_ file: URL, _ keep: KeptWeights) -> Int? {
        // A damaged run is not changed.
        guard let record = try? RunFile.read(file) else { return nil }
        var kept = record
        kept.dropWeights(keeping: keep)
        let difference = record.weightBytes - kept.weightBytes
        return difference > 0 ? difference : nil
    }

    private static func members(_ folder: URL) -> [URL] {
        let names = FileManager.default.names(in: folder)
        return names.sorted().map { folder.appending(path: $0) }
    }

    /// Of a file, or of all in a folder.
    private static func size(_ url: URL) -> Int {
        if let facts = FileFacts(url) { return facts.size }
        let names = FileManager.default.enumerator(atPath: url.path)
        return names?.compactMap { $0 as? String }.reduce(0) {
            $0 + (FileFacts(url.appending(path: $1))?.size ?? 0)
        } ?? 0
    }
}
