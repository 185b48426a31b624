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
        case failed(StoredPlan.Run, FailureRecord)
    }

    let plan: StoredPlan
    let folder: StudyFolder
    let jobs: Int
    let threads: Int
    let program: URL
    let provenance: Provenance

    /// - Parameters:
    ///   - jobs: workers at once.
    ///   - threads: of each worker.
    ///   - program: the executable that knows `worker`.
    public init(
        plan: StoredPlan, folder: StudyFolder, jobs: Int, threads: Int, program: URL, provenance: Provenance
    ) {
        self.plan = plan
        self.folder = folder
        self.jobs = jobs
        self.threads = threads
        self.program = program
        self.provenance = provenance
    }

    /// Works through `runs` in their order. Runs that fail do not stop the others; cancelling the task ends all workers.
    public func train(_ runs: [StoredPlan.Run], report: @escaping @Sendable (Event) async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            var waiting = runs[...]
            func start() {
                guard !Task.isCancelled, let run = waiting.popFirst() else { return }
                group.addTask { await work(run, report: report) }
            }
            for _ in 0..<jobs { start() }
            while await group.next() != nil { start() }
        }
    }

    private func work(_ run: StoredPlan.Run, report: @escaping @Sendable (Event) async -> Void) async {
        await report(.started(run))
        let file = folder.runFile(run.id)
        let reason: String
        var lines: [String] = []
        do {
            let ending = try await Subprocess.run(
                .path(FilePath(program.path)),
                arguments: ["worker", folder.url.path, run.id, "--threads", String(threads)],
                environment: .inherit.updating(["VISEME_PROVENANCE": try provenanceText()]),
                platformOptions: Sweep.gently, input: .none, output: .sequence, error: .combinedWithOutput
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
            lines = ending.closureResult
            if ending.terminationStatus.isSuccess, let facts = FileFacts(file) {
                let summary = RunSummary(try RunFile.read(file), file: facts)
                folder.removeFailure(run.id)
                return await report(.finished(run, summary))
            }
            reason = Sweep.words(ending.terminationStatus)
        } catch {
            reason = "\(error)"
        }
        guard !Task.isCancelled else { return }
        let failure = FailureRecord(
            id: run.id, label: run.label, reason: reason, output: lines.joined(separator: "\n"))
        try? folder.write(failure)
        await report(.failed(run, failure))
    }

    /// A worker that is told to end keeps a checkpoint first.
    private static let gently = {
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(30))]
        return options
    }()

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

    private func provenanceText() throws -> String {
        String(decoding: try JSONEncoder().encode(provenance), as: UTF8.self)
    }

    /// How a process ended, as a person would say it.
    static func words(_ status: TerminationStatus) -> String {
        switch status {
        case .exited(let code): "ended with exit status \(code)"
        case .signaled(let signal):
            switch signal {
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
