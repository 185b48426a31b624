import Files
import Foundation
import RunStore
import Studies
import Synchronization

/// The leases that this process has on runs, kept alive while they are worked on.
package final class RunLeases: Sendable {
    private let folder: StudyFolder
    private let owner: Claim.Owner
    private let held = Mutex<[String: RunLease]>([:])
    private let watch = Mutex(RunLease.Watch())

    package init(_ folder: StudyFolder, as owner: Claim.Owner) {
        (self.folder, self.owner) = (folder, owner)
    }

    /// Takes the lease of a run, with what earlier attempts left of it.
    /// - Returns: false if somebody alive has it.
    /// - Throws: `StoreError`.
    package func take(_ id: String) throws -> Bool {
        let lease = try watch.withLock { try RunLease.take(id, in: folder, as: owner, watch: &$0) }
        guard let lease else { return false }
        held.withLock { $0[id] = lease }
        if lease.isTakenOver { OrphanProcesses.end(of: folder.url, run: id) }
        folder.adopt(id)
        return true
    }

    package func release(_ id: String) {
        held.withLock { _ = $0.removeValue(forKey: id) }
    }

    /// Gives a sign of life of every lease.
    /// - Returns: the runs whose lease somebody else has taken over.
    package func renew() -> [String] {
        held.withLock { $0.filter { !$0.value.renew() }.map(\.key) }
    }
}
