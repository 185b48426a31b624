import Clips
import Foundation
import Recipes
import RunStore
import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// Runs what is not stored yet, in worker processes, several at once.
public struct Sweep: Sendable {
    public enum Event: Sendable {
        case started(StoredPlan.Run)
        /// Goes on from its checkpoint after so many epochs.
        case resumed(StoredPlan.Run, epochs: Int)
        /// Epochs done of at most so many; may be fractional.
        case progress(StoredPlan.Run, epochs: Double, of: Int)
        case finished(StoredPlan.Run, RunSummary)
        /// A try failed for this reason; there is another.
        case retried(StoredPlan.Run, reason: String)
        case failed(StoredPlan.Run, FailureRecord)
    }

    let plan: StoredPlan
    let folder: StudyFolder
    let jobs: Int
    let threads: Int
    let program: URL
    let provenance: Provenance
    let limits: RunLimits

    /// - Parameters:
    ///   - jobs: workers at once.
    ///   - threads: of each worker.
    ///   - program: the executable that knows `worker`.
    public init(
        plan: StoredPlan, folder: StudyFolder, jobs: Int, threads: Int, program: URL, provenance: Provenance,
        limits: RunLimits = RunLimits()
    ) {
        self.plan = plan
        self.folder = folder
        self.jobs = jobs
        self.threads = threads
        self.program = program
        self.provenance = provenance
        self.limits = limits
    }

    /// Works through `runs` in their order. Runs that fail do not stop the others, unless the limits say so; cancelling the
    /// task ends all workers.
    public func train(_ runs: [StoredPlan.Run], report: @escaping @Sendable (Event) async -> Void) async {
        await withTaskGroup(of: Bool.self) { group in
            var waiting = runs[...]
            func start() {
                guard !Task.isCancelled, let run = waiting.popFirst() else { return }
                group.addTask { await work(run, report: report) }
            }
            for _ in 0..<jobs { start() }
            while let isWell = await group.next() {
                if !isWell && limits.stopsAtFirstFailure {
                    waiting = []
                    group.cancelAll()
                }
                start()
            }
        }
    }

    /// How one try ended.
    private enum Try: Sendable {
        case stored(RunSummary)
        /// Asked to stop: no failure.
        case stopped
        /// Why, and the last lines it printed.
        case failed(String, [String])
    }

    /// - Returns: false where the run failed.
    private func work(_ run: StoredPlan.Run, report: @escaping @Sendable (Event) async -> Void) async -> Bool {
        await report(.started(run))
        var reasons: [String] = []
        while true {
            switch await attempt(run, report) {
            case .stored(let summary):
                folder.removeFailure(run.id)
                await report(.finished(run, summary))
                return true
            case .stopped:
                return true
            case .failed(let reason, let lines):
                reasons.append(reason)
                if reasons.count <= limits.retries {
                    await report(.retried(run, reason: reason))
                    continue
                }
                let failure = FailureRecord(
                    id: run.id, label: run.label, reason: reason, output: lines.joined(separator: "\n"),
                    tries: reasons)
                try? folder.write(failure)
                await report(.failed(run, failure))
                return false
            }
        }
    }

    /// One try, within its time.
    private func attempt(_ run: StoredPlan.Run, _ report: @escaping @Sendable (Event) async -> Void) async -> Try {
        guard let timeout = limits.timeout else { return await runWorker(run, report) }
        return await withTaskGroup(of: Try?.self) { group in
            group.addTask { await runWorker(run, report) }
            group.addTask {
                try? await Task.sleep(for: timeout)
                return nil
            }
            if let ended = await group.next() ?? nil {
                group.cancelAll()
                return ended
            }
            // The time is up, or the sweep was asked to stop. The worker keeps a checkpoint and ends.
            group.cancelAll()
            let last = await group.next() ?? nil
            if case .stored = last, let last { return last }
            return Task.isCancelled ? .stopped : .failed("ran longer than \(timeout) (--timeout)", [])
        }
    }

    /// What a worker ends with that was asked to stop.
    private static let stoppedStatus: Int32 = 130

    private func runWorker(_ run: StoredPlan.Run, _ report: @escaping @Sendable (Event) async -> Void) async -> Try {
        do {
            let ending = try await Subprocess.run(
                .path(FilePath(program.path)),
                arguments: ["worker", folder.url.path, run.id, "--threads", String(threads)],
                environment: .inherit.updating([
                    "VISEME_SWEEP": String(getpid()), "VISEME_PLAN": try json(plan.alone(run)),
                    "VISEME_PROVENANCE": try json(provenance),
                ]),
                platformOptions: gently, input: .none, output: .sequence, error: .combinedWithOutput
            ) { execution in
                var kept: [String] = []
                for try await line in execution.standardOutput.strings() {
                    if let event = WorkerEvent(line: line.trimmingCharacters(in: .newlines)) {
                        await tell(run, event, report)
                    } else {
                        kept.append(line.trimmingCharacters(in: .newlines))
                        if kept.count > 20 { kept.removeFirst() }
                    }
                }
                return kept
            }
            if ending.terminationStatus.isSuccess, let facts = FileFacts(folder.runFile(run.id)) {
                return .stored(RunSummary(try RunFile.read(folder.runFile(run.id)), file: facts))
            }
            let isStopped = Task.isCancelled || ending.terminationStatus == .exited(Sweep.stoppedStatus)
            return isStopped ? .stopped : .failed(Sweep.words(ending.terminationStatus), ending.closureResult)
        } catch {
            return Task.isCancelled ? .stopped : .failed("\(error)", [])
        }
    }

    /// A worker that is told to end keeps a checkpoint first.
    private var gently: PlatformOptions {
        var options = PlatformOptions()
        // It looks up after each batch. A person who can't wait asks twice; a run past its time may hang.
        let patience = Duration.seconds(limits.timeout == nil ? 86_400 : 30)
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: patience)]
        return options
    }

    private func tell(
        _ run: StoredPlan.Run, _ event: WorkerEvent, _ report: @Sendable (Event) async -> Void
    ) async {
        let epochs = Int(run.configuration["epoch"]?.double ?? 1)
        switch event {
        case .resumed(let done): await report(.resumed(run, epochs: done))
        case .batch(let epoch, let done, let count):
            await report(.progress(run, epochs: Double(epoch - 1) + Double(done) / Double(count), of: epochs))
        case .epoch(let epoch, _):
            await report(.progress(run, epochs: Double(epoch), of: epochs))
        case .published: break
        }
    }

    private func json(_ value: some Encodable) throws -> String {
        String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }

    /// How a process ended, as a person would say it.
    static func words(_ status: TerminationStatus) -> String {
        switch status {
        case .exited(let code): "ended with exit status \(code)"
        case .signaled(let signal):
            switch signal {
            case 4: "killed by signal 4 (SIGILL): the program gave up"
            case 6: "killed by signal 6 (SIGABRT)"
            case 9: "killed by signal 9 (SIGKILL): often the system, out of memory"
            case 11: "killed by signal 11 (SIGSEGV)"
            case 15: "killed by signal 15 (SIGTERM)"
            default: "killed by signal \(signal)"
            }
        }
    }
}

/// Keeps a second sweep out of a study's folder; the kernel lets go of it when the process ends, however it ends.
public final class StudyLock {
    private let descriptor: Int32

    /// - Throws: `StudyLock.Taken` where another process holds it.
    public init(_ folder: StudyFolder) throws {
        let file = folder.url.appending(path: ".lock")
        descriptor = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw StoreError.unwritable(path: file.path, reason: String(cString: strerror(errno)))
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw Taken(path: folder.url.path)
        }
    }

    deinit {
        close(descriptor)
    }

    public struct Taken: Error, CustomStringConvertible {
        let path: String

        public var description: String {
            "\(path): another sweep works in this folder: wait for it, or give this one another folder with --results"
        }
    }
}
