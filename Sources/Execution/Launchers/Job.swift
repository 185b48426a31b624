import Files
import Foundation
import RunStore
import Studies
import Subprocess

/// One attempt of a run as a process: what is started, where, with which limits. A job is a file,
/// `running/<id>.job.json`, which can be made anew at any time.
package struct Job: Sendable, Codable {
    /// Id of the run.
    package var run: String
    /// The number of the attempt, from 1.
    package var attempt: Int
    /// A path, or a name to be found on the PATH.
    package var program: String
    package var arguments: [String]
    /// Changes to the environment of the session.
    package var environment: [String: String]
    package var folder: String
    /// Graphics processors that it needs for itself.
    package var gpus = 0
    /// Seconds after which it is ended; nil: never.
    package var timeout: Double?
    /// Bytes of resident memory above which it is ended; nil: no limit.
    package var memory: Int?
    /// Seconds between the request to end and the kill.
    package var grace = 30.0
    /// What a worker of this program is to do; nil for any other program.
    package var order: WorkOrder?
    /// Who wants all that it prints; of this process, and so not part of the file.
    package var tap: OutputTap?

    private enum CodingKeys: String, CodingKey {
        case run, attempt, program, arguments, environment, folder, gpus, timeout, memory, grace
        case order
    }

    package init(
        run: String, attempt: Int, program: String, arguments: [String],
        environment: [String: String], folder: String
    ) {
        self.run = run
        self.attempt = attempt
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.folder = folder
    }

    /// - Throws: `StoreError` if the file can't be written.
    package func write(to file: URL) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try encoder.encode(self).write(to: file)
        } catch {
            throw StoreError.unwritable(path: file.path, reason: "\(error.localizedDescription)")
        }
    }

    /// - Throws: `StoreError` if there is no such file, or it is not a job.
    package static func read(_ file: URL) throws -> Job {
        do { return try JSONDecoder().decode(Job.self, from: Data(contentsOf: file)) } catch {
            throw StoreError.unreadable(
                path: file.path, reason: "it is not a job of this program: \(error)")
        }
    }
}

/// What a worker needs to train one run of the built-in trainer.
package struct WorkOrder: Sendable, Codable {
    /// The study's folder, and that of decoded and framed clips.
    package var study, cache: String
    /// `plan.json` with this run only.
    package var plan: String
    package var provenance: Provenance
    package var threads: Int
    /// Token of the session's claim: a worker ends when the session no longer holds the run's
    /// lease by it. Empty: nobody waits for it.
    package var claim: String
    /// Whose files of unfinished runs are meant; nil in jobs of earlier programs.
    package var holder: String?

    package init(
        study: String, cache: String, plan: String, provenance: Provenance, threads: Int,
        claim: String
    ) {
        self.study = study
        self.cache = cache
        self.plan = plan
        self.provenance = provenance
        self.threads = threads
        self.claim = claim
    }
}

/// A job that was submitted. Handles are not stored yet: a later session does not find the jobs of
/// an earlier one.
package struct JobHandle: Sendable, Codable, Hashable {
    /// Of the launcher.
    package var launcher: String
    package var run: String
    package var attempt: Int
    /// As the launcher names it: a process number, a number of the scheduler.
    package var id: String
    /// Graphics processors that it received.
    package var devices: [String] = []

    package init(launcher: String, run: String, attempt: Int, id: String, devices: [String] = []) {
        self.launcher = launcher
        self.run = run
        self.attempt = attempt
        self.id = id
        self.devices = devices
    }
}

/// How a job ended.
package enum JobEnding: Sendable, Equatable {
    case exited(TerminationStatus, outOfMemory: Bool = false)
    /// Ended by the launcher, for a reason that is the run's own: out of time, too much memory.
    case ended(reason: String, outOfMemory: Bool = false)
    /// Cancelled.
    case stopped
    case unstartable(reason: String)

    /// Whether the run used more memory than it may, or than there is.
    package var isOutOfMemory: Bool {
        switch self {
        case .exited(_, let outOfMemory), .ended(_, let outOfMemory): outOfMemory
        case .stopped, .unstartable: false
        }
    }
}

package struct EndedJob: Sendable {
    package var handle: JobHandle
    package var ending: JobEnding
    /// The last lines it printed.
    package var output: String

    package init(handle: JobHandle, ending: JobEnding, output: String = "") {
        self.handle = handle
        self.ending = ending
        self.output = output
    }
}

package enum JobEvent: Sendable {
    case started(JobHandle)
    case ended(EndedJob)
}

package enum JobState: Sendable, Equatable {
    case waiting, running
    /// Not known to the launcher: it ended, or never was.
    case gone
}
