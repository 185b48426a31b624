import Files
import Foundation
import RunStore
import Studies
import Synchronization
import Training

/// Keeps the checkpoints of one run, and stops it in good order when asked to.
final class CheckpointWriter: CheckpointKeeper {
    private let file: URL
    private let id: String
    private let interval: Double
    private var last = monotonicSeconds()
    private let warn: (String) -> Void
    private var hasWarned = false

    /// At the end of an epoch a checkpoint is kept when the last is older than this: what a kill
    /// costs at most. Short epochs do not pay for the disk each time.
    private static let epochInterval = 5.0

    /// - Parameters:
    ///   - interval: seconds between two checkpoints within an epoch.
    ///   - warn: is called with what a person should know and does not end the run.
    init(file: URL, id: String, interval: Double, warn: @escaping (String) -> Void) {
        self.warn = warn
        self.file = file
        self.id = id
        self.interval = interval
    }

    func isDue(atEndOfEpoch: Bool) -> Bool {
        if StopRequest.isMade { return true }
        return monotonicSeconds() - last
            >= (atEndOfEpoch ? min(CheckpointWriter.epochInterval, interval) : interval)
    }

    /// A checkpoint that can't be written is no reason to lose the run: one warning, and another
    /// attempt when the next is due.
    func keep(_ checkpoint: Checkpoint) throws {
        last = monotonicSeconds()
        do {
            let folder = file.deletingLastPathComponent()
            do {
                try FileManager.default.createDirectory(
                    at: folder, withIntermediateDirectories: true)
            } catch {
                throw StoreError.unwritable(path: folder.path, reason: "the folder can't be made")
            }
            try CheckpointFile.write(checkpoint, run: id, to: file)
        } catch {
            if !hasWarned {
                warn(
                    "\(error): without checkpoints, a run that is stopped starts again from the beginning"
                )
            }
            hasWarned = true
        }
        if StopRequest.isMade { throw RunStopped(epochs: checkpoint.epochs) }
    }
}

/// A run was asked to stop and can go on from its checkpoint.
package struct RunStopped: UserError {
    let epochs: Int

    package var place: String { "" }
    package var rule: String { "stopped after \(epochs) epochs" }
    package var remedy: String { "run the same command again to continue" }
    package var exitStatus: ExitStatus { .interrupted }
}
