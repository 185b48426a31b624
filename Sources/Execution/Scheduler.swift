import Foundation
import RunStore
import Studies
import Synchronization

/// Works through runs: each becomes a job of the trainer, submitted to the launcher, and its
/// result.
package struct Scheduler: Sendable {
    private let trainer: any Trainer
    private let launcher: any Launcher
    private let context: StudyContext
    private let leases: RunLeases
    /// Whether it ends when all that is left is worked on by others.
    private let leavesOthersAlone: Bool
    /// Of the job that this process is part of; nil: there is time.
    private let wallTime: WallTime?

    /// - Parameter leavesOthersAlone: false waits for runs that others work on, and takes over those
    ///   that they leave.
    package init(
        trainer: any Trainer, launcher: any Launcher, context: StudyContext,
        leavesOthersAlone: Bool = false, wallTime: WallTime? = nil
    ) {
        self.wallTime = wallTime
        self.trainer = trainer
        self.launcher = launcher
        self.context = context
        self.leavesOthersAlone = leavesOthersAlone
        leases = RunLeases(context.folder, as: context.owner)
    }

    /// Time between two looks at what runs report.
    static let observationInterval = Duration.milliseconds(250)

    private var folder: StudyFolder { context.folder }
    private var limits: RunLimits { context.limits }

    /// So many first failures of one reason end a sweep.
    static let alikeFailures = 3

    /// What became of a run.
    private enum RunEnding {
        case completed
        /// It was asked to, and can be resumed.
        case stopped
        case failed(reason: String)
        /// Somebody else works on it.
        case elsewhere(Run)
    }

    /// Works through `runs` in their order, as many at once as the launcher takes. Runs that fail
    /// do not stop the others, unless the limits say so; cancelling the task ends all that are
    /// under way.
    package func work(through runs: [Run], report: @escaping @Sendable (SessionEvent) async -> Void)
        async
    {
        let board = JobBoard()
        let listener = Task {
            for await case .ended(let ended) in launcher.events { await board.end(ended) }
        }
        let observer = Task { await observe(board, report) }
        let heartbeat = Task { await keepLeases(board) }
        await withTaskGroup(of: RunEnding.self) { group in
            var reasons: [String] = []
            var hasSucceeded = false
            var waiting = runs[...]
            var elsewhere: [Run] = []
            func start() {
                guard !Task.isCancelled, !waiting.isEmpty, wallTime?.allowsAnother() ?? true else {
                    return
                }
                let run = waiting.removeFirst()
                group.addTask { await work(run, board, report) }
            }
            for _ in 0..<max(launcher.capacity, 1) { start() }
            while let ending = await group.next() {
                switch ending {
                case .completed: hasSucceeded = true
                case .stopped: break
                case .failed(let reason): reasons.append(reason)
                case .elsewhere(let run): elsewhere.append(run)
                }
                if waiting.isEmpty, !elsewhere.isEmpty, !leavesOthersAlone, !Task.isCancelled {
                    // Others may be done with them, or gone, a moment later.
                    try? await Task.sleep(for: Scheduler.lookInterval)
                    (waiting, elsewhere) = (elsewhere[...], [])
                }
                let isSame =
                    !hasSucceeded && reasons.count == Scheduler.alikeFailures
                    && Set(reasons).count == 1
                if isSame, limits.failurePolicy == .stopIfAllAlike, !waiting.isEmpty {
                    await report(.givenUp(reason: reasons[0], after: reasons.count))
                    waiting = []
                    group.cancelAll()
                } else if !reasons.isEmpty, limits.failurePolicy == .failFast {
                    waiting = []
                    group.cancelAll()
                }
                start()
            }
        }
        observer.cancel()
        listener.cancel()
        heartbeat.cancel()
    }

    /// Time between two looks at runs that others work on.
    private static let lookInterval = Duration.seconds(1)

    /// Gives signs of life; a run whose lease was lost is ended: somebody else trains it.
    private func keepLeases(_ board: JobBoard) async {
        // Sleep throws only when it is cancelled.
        while (try? await Task.sleep(for: .seconds(RunLease.heartbeat))) != nil {
            let lost = Set(leases.renew())
            guard !lost.isEmpty else { continue }
            for (run, handle) in await board.underWay where lost.contains(run.id) {
                await launcher.cancel([handle], grace: nil)
            }
        }
    }

    /// Ends runs that break a rule while they run.
    private func observe(
        _ board: JobBoard, _ report: @escaping @Sendable (SessionEvent) async -> Void
    ) async {
        // Sleep throws only when it is cancelled.
        while (try? await Task.sleep(for: Scheduler.observationInterval)) != nil {
            for (run, handle) in await board.underWay {
                do {
                    if let warning = try trainer.observe(run) {
                        await report(.warning("\(run.label): \(warning)"))
                    }
                } catch {
                    await board.blame(handle, "\(error)")
                    await launcher.cancel([handle], grace: nil)
                }
            }
        }
    }

    // MARK: One run

    private func work(
        _ run: Run, _ board: JobBoard, _ report: @escaping @Sendable (SessionEvent) async -> Void
    ) async -> RunEnding {
        do {
            guard try leases.take(run.id) else {
                // It may be stored by now.
                guard let result = storedElsewhere(run) else { return .elsewhere(run) }
                await report(.found(run, result))
                return .completed
            }
        } catch {
            return await fail(run, Attempt(), "\(error)", output: "", report)
        }
        defer { leases.release(run.id) }
        if !limits.startsAfresh, let result = storedElsewhere(run) {
            folder.removeFailure(run.id)
            await report(.found(run, result))
            return .completed
        }
        do {
            if limits.startsAfresh { try await startAfresh(run, report) }
        } catch {
            return await fail(run, Attempt(), "\(error)", output: "", report)
        }
        await report(.started(run))
        // Attempts of earlier sessions are part of the record, and are not retries.
        let earlier = folder.readFailure(run.id)
        var attempt = Attempt(failures: earlier?.tries ?? [])
        let before = attempt.failures.count
        var context = context
        context.limits.raiseMemory(above: earlier?.memory)
        while true {
            let ended: Ended
            switch await train(run, attempt, board, context) {
            case .success(let result):
                folder.removeFailure(run.id)
                await report(.finished(run, result))
                return .completed
            case .failure(let failed): ended = failed
            }
            guard case .failed(let reason, var isFinal) = ended.failure else {
                trainer.release(run, reason: nil)
                return .stopped
            }
            trainer.release(run, reason: reason)
            let memory = ended.isOutOfMemory ? context.limits.memory : nil
            if memory != nil, limits.hasFixedMemory { isFinal = true }
            if !isFinal && attempt.failures.count - before < limits.retries && !Task.isCancelled {
                attempt.failures.append(reason)
                context.limits.raiseMemory(above: memory)
                await report(.retried(run, reason: reason))
                continue
            }
            return await fail(
                run, attempt, reason, output: ended.output, outOf: memory, report)
        }
    }

    /// The result of a run that somebody else has stored since the session began.
    private func storedElsewhere(_ run: Run) -> RunResult? {
        let file = folder.runFile(run.id)
        // Absent, or not whole: it is not stored.
        guard access(file.path, F_OK) == 0, let contents = try? RunFile.read(file) else {
            return nil
        }
        return try? RunResult(contents, file: file)
    }

    private struct Ended: Error {
        let failure: RunFailure
        var output = ""
        var isOutOfMemory = false
    }

    /// One attempt.
    private func train(
        _ run: Run, _ attempt: Attempt, _ board: JobBoard, _ context: StudyContext
    ) async -> Result<RunResult, Ended> {
        do {
            let job = try trainer.job(run, attempt, in: context)
            try job.write(to: folder.jobFile(run.id))
            let handle = try await launcher.submit([job])[0]
            var ended = await withTaskCancellationHandler {
                await board.ending(of: handle, run)
            } onCancel: {
                Task { await launcher.cancel([handle], grace: nil) }
            }
            if await isStoppedWithItsJob(ended) { ended.ending = .stopped }
            let blame = await board.blame(of: handle)
            do {
                let result = try trainer.collect(run, ended, in: context)
                // The job file is not needed any more; left behind, it is removed with the
                // leftovers of stored runs.
                unlink(folder.jobFile(run.id).path)
                return .success(result)
            } catch RunFailure.stopped where blame != nil {
                return .failure(Ended(failure: .failed(reason: blame ?? ""), output: ended.output))
            } catch let failure as RunFailure {
                return .failure(
                    Ended(
                        failure: failure, output: ended.output,
                        isOutOfMemory: ended.ending.isOutOfMemory))
            }
        } catch let failure as RunFailure {
            return .failure(Ended(failure: failure))
        } catch {
            return .failure(Ended(failure: .failed(reason: "\(error)")))
        }
    }

    /// A scheduler that ends a job signals all its processes at once: the run's program may end, in
    /// whatever way it chooses, before this process knows that it is to stop.
    private func isStoppedWithItsJob(_ ended: EndedJob) async -> Bool {
        guard context.owner.job != nil, case .exited(let status, false) = ended.ending,
            !status.isSuccess
        else { return false }
        for _ in 0..<20 where !Task.isCancelled {
            // Sleep throws only when it is cancelled.
            try? await Task.sleep(for: .milliseconds(100))
        }
        return Task.isCancelled
    }

    /// - Parameter memory: bytes that were too few; nil if it failed for another reason.
    private func fail(
        _ run: Run, _ attempt: Attempt, _ reason: String, output: String, outOf memory: Int? = nil,
        _ report: @escaping @Sendable (SessionEvent) async -> Void
    ) async -> RunEnding {
        var failure = FailureRecord(
            id: run.id, label: run.label, reason: reason, output: output,
            tries: attempt.failures + [reason])
        failure.memory = memory
        failure.task = context.owner.job
        do { try folder.write(failure) } catch { await report(.warning("\(error)")) }
        await report(.failed(run, failure))
        return .failed(reason: reason)
    }

    /// Sets aside what is stored of a run, finished or not. Each when its turn comes: a sweep that
    /// is stopped has lost nothing of the others.
    private func startAfresh(_ run: Run, _ report: @escaping @Sendable (SessionEvent) async -> Void)
        async throws
    {
        for file in [
            folder.runFile(run.id), folder.checkpointFile(run.id), folder.checkpointFolder(run.id),
        ]
        where FileManager.default.fileExists(atPath: file.path) {
            let place = try folder.setAside(file)
            await report(.warning("\(run.label): set aside as \(place.path)"))
        }
        unlink(folder.journalFile(run.id).path)
        folder.removeFailure(run.id)
    }
}

/// Jobs under way, and who waits for them.
private actor JobBoard {
    private var waiting: [JobHandle: CheckedContinuation<EndedJob, Never>] = [:]
    private var ended: [JobHandle: EndedJob] = [:]
    private var runs: [JobHandle: Run] = [:]
    private var blames: [JobHandle: String] = [:]

    var underWay: [(Run, JobHandle)] { runs.map { ($1, $0) } }

    /// Waits until a job has ended.
    func ending(of handle: JobHandle, _ run: Run) async -> EndedJob {
        runs[handle] = run
        defer { runs[handle] = nil }
        if let known = ended.removeValue(forKey: handle) { return known }
        return await withCheckedContinuation { waiting[handle] = $0 }
    }

    func end(_ job: EndedJob) {
        if let continuation = waiting.removeValue(forKey: job.handle) {
            continuation.resume(returning: job)
        } else {
            ended[job.handle] = job
        }
    }

    /// Why a job is ended; the first reason counts.
    func blame(_ handle: JobHandle, _ reason: String) {
        if blames[handle] == nil { blames[handle] = reason }
    }

    func blame(of handle: JobHandle) -> String? { blames.removeValue(forKey: handle) }
}
