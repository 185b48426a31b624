import Files
import Foundation
import RunStore
import Synchronization
import Training

/// Keeps the checkpoints of one run, and stops it in good order when asked to.
final class RunKeeper: CheckpointKeeper {
    private let file: URL
    private let id: String
    private let interval: Double
    private var last = monotonicSeconds()
    private var hasComplained = false

    /// At the end of an epoch a checkpoint is kept when the last is older than this: what a kill costs at most. Short epochs
    /// do not pay for the disk each time.
    private static let epochInterval = 5.0

    /// - Parameter interval: seconds between two checkpoints within an epoch.
    init(file: URL, id: String, interval: Double) {
        self.file = file
        self.id = id
        self.interval = interval
    }

    func isDue(atEndOfEpoch: Bool) -> Bool {
        if StopRequest.isMade { return true }
        return monotonicSeconds() - last >= (atEndOfEpoch ? min(RunKeeper.epochInterval, interval) : interval)
    }

    /// A checkpoint that can't be written is no reason to lose the run: it is said once, and tried again when the next is due.
    func keep(_ checkpoint: Checkpoint) throws {
        last = monotonicSeconds()
        do {
            let folder = file.deletingLastPathComponent()
            do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
                throw StoreError.unwritable(path: folder.path, reason: "the folder can't be made")
            }
            try CheckpointFile.write(checkpoint, run: id, to: file)
        } catch {
            if !hasComplained {
                FileHandle.complain("\(error): without checkpoints, a run that is stopped starts afresh")
            }
            hasComplained = true
        }
        if StopRequest.isMade { throw RunStopped(epochs: checkpoint.epochs) }
    }
}

/// A run was asked to stop and can go on from its checkpoint.
package struct RunStopped: Error, CustomStringConvertible {
    let epochs: Int

    package var description: String {
        "stopped after \(epochs) epochs; the same command goes on from there"
    }
}

/// Asks the run of this process to keep a checkpoint and end.
package enum StopRequest {
    private static let wasMade = Atomic(false)
    private static let sweep = Atomic<Int32>(0)

    /// A worker whose sweep is gone would train on unseen: that is a request too.
    package static var isMade: Bool {
        if wasMade.load(ordering: .relaxed) { return true }
        let sweep = sweep.load(ordering: .relaxed)
        return sweep != 0 && getppid() != sweep
    }

    package static func make() {
        wasMade.store(true, ordering: .relaxed)
    }

    /// In a worker, SIGTERM asks; other signals of a terminal are its sweep's to answer.
    /// - Parameter sweep: the process that started the worker; 0 where nobody did.
    package static func listen(sweep: Int32) {
        self.sweep.store(sweep, ordering: .relaxed)
        // The pipe to a sweep that is gone must not end the worker before its checkpoint is kept.
        for number in [SIGINT, SIGHUP, SIGQUIT, SIGPIPE] { signal(number, SIG_IGN) }
        signal(SIGTERM) { _ in StopRequest.make() }
    }
}

extension FileHandle {
    /// A line on standard error.
    static func complain(_ message: String) {
        try? standardError.write(contentsOf: Data((message + "\n").utf8))
    }
}
