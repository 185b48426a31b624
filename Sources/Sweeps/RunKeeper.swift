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
    private let parent = getppid()

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
        // A worker whose sweep is gone would train on unseen.
        if StopRequest.isMade || getppid() != parent { return true }
        return monotonicSeconds() - last >= (atEndOfEpoch ? min(RunKeeper.epochInterval, interval) : interval)
    }

    func keep(_ checkpoint: Checkpoint) throws {
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try CheckpointFile.write(checkpoint, run: id, to: file)
        last = monotonicSeconds()
        if StopRequest.isMade || getppid() != parent { throw RunStopped(epochs: checkpoint.epochs) }
    }
}

/// A run was asked to stop and can go on from its checkpoint.
public struct RunStopped: Error, CustomStringConvertible {
    let epochs: Int

    public var description: String {
        "stopped on request after \(epochs) epochs; the next sweep goes on from the checkpoint"
    }
}

/// SIGTERM asks a worker to keep a checkpoint and end. Other signals of a terminal are its sweep's to answer.
public enum StopRequest {
    private static let wasMade = Atomic(false)

    public static var isMade: Bool { wasMade.load(ordering: .relaxed) }

    public static func listen() {
        for number in [SIGINT, SIGHUP, SIGQUIT] { signal(number, SIG_IGN) }
        signal(SIGTERM) { _ in StopRequest.wasMade.store(true, ordering: .relaxed) }
    }
}
