import Foundation
import Studies

/// The task of a Slurm job that this process is part of, as Slurm's variables describe it.
package struct SlurmTask: Sendable, Equatable {
    /// `12_3` of an array, else the number of the job.
    package let name: String
    /// Slurm's name of the node; more than one may be on a host.
    package let node: String
    /// When Slurm ends the job, in seconds since 1970; nil if the variables do not say it (before
    /// Slurm 23).
    package let end: Double?

    /// - Returns: nil outside of a job.
    package init?(_ environment: [String: String] = ProcessInfo.processInfo.environment) {
        guard let job = environment["SLURM_JOB_ID"], !job.isEmpty else { return nil }
        node = environment["SLURMD_NODENAME"] ?? ""
        end = environment["SLURM_JOB_END_TIME"].flatMap(Double.init)
        guard let array = environment["SLURM_ARRAY_JOB_ID"],
            let task = environment["SLURM_ARRAY_TASK_ID"]
        else {
            name = job
            return
        }
        name = "\(array)_\(task)"
    }

    /// `12_3 on n1`.
    package var words: String { node.isEmpty ? name : "\(name) on \(node)" }
}

/// What may still be started before the end of a job: no run that would reach neither its end nor a
/// checkpoint.
package final class WallTime: Sendable {
    /// In seconds of the monotonic clock.
    private let end: Double
    /// Seconds before the end at which the job is asked to stop.
    private let notice: Double
    private let state: Locked<(expected: Double, hasStarted: Bool, hasRefused: Bool)>

    /// - Parameters:
    ///   - seconds: until the end.
    ///   - notice: seconds before the end at which the job is asked to stop.
    ///   - expected: seconds that a run needs to its end or a checkpoint, judging by stored runs; 0
    ///     if it can write a checkpoint at any time, or nothing is known.
    package init(seconds: Double, notice: Double, expected: Double) {
        end = monotonicSeconds() + seconds
        self.notice = notice
        state = Locked((expected, false, false))
    }

    /// Whether a run may be started now. The first of a job always may: no later job has more time.
    package func allowsAnother() -> Bool {
        state.withLock { state in
            let isAllowed =
                !state.hasStarted || monotonicSeconds() + state.expected < end - notice
            state.hasStarted = true
            if !isAllowed { state.hasRefused = true }
            return isAllowed
        }
    }

    /// A run that can't be resumed took so long.
    package func take(seconds: Double) {
        state.withLock { $0.expected = max($0.expected, seconds) }
    }

    /// Whether a run was left for a later job.
    package var hasRefused: Bool { state.withLock { $0.hasRefused } }
}
