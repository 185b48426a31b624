import Foundation
import RunStore
import Synchronization

/// Asks the run of this process to write a checkpoint and end.
package enum StopRequest {
    private static let wasMade = Atomic(false)
    private static let claim = Mutex<ClaimWatch?>(nil)

    /// A worker whose session is gone would train on unseen: that is a request too.
    package static var isMade: Bool {
        if wasMade.load(ordering: .relaxed) { return true }
        guard claim.withLock({ $0?.isLost() ?? false }) else { return false }
        make()
        return true
    }

    package static func make() {
        wasMade.store(true, ordering: .relaxed)
    }

    /// In a worker, SIGTERM asks; other signals of a terminal are for its session to answer.
    /// - Parameters:
    ///   - token: of the claim of the session that started the worker; empty if none did.
    ///   - run: whose lease the session holds by it.
    package static func listen(_ folder: StudyFolder, run: String, claim token: String) {
        if !token.isEmpty { claim.withLock { $0 = ClaimWatch(folder, run, token) } }
        // The pipe to a session that is gone must not end the worker before its checkpoint is
        // written.
        for number in [SIGINT, SIGHUP, SIGQUIT, SIGPIPE] { signal(number, SIG_IGN) }
        signal(SIGTERM) { _ in StopRequest.make() }
    }
}

/// Looks at a lease now and then: training asks after every batch.
private struct ClaimWatch {
    private let folder: StudyFolder
    private let run, token: String
    private var last = monotonicSeconds()

    private static let interval = 0.5

    init(_ folder: StudyFolder, _ run: String, _ token: String) {
        (self.folder, self.run, self.token) = (folder, run, token)
    }

    mutating func isLost() -> Bool {
        let now = monotonicSeconds()
        guard now - last >= ClaimWatch.interval else { return false }
        last = now
        return !RunLease.isHeld(run, in: folder, by: token)
    }
}
