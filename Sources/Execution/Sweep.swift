import Foundation
import Recipes
import RunStore

/// Runs what is not stored yet, each in a process of its own, several at once.
package struct Sweep: Sendable {
    package enum Event: Sendable {
        case started(StoredPlan.Run)
        /// Goes on from its checkpoint after so many epochs.
        case resumed(StoredPlan.Run, epochs: Int)
        /// Epochs done of at most so many, where that is known; may be fractional. And the value that the study judges by.
        case progress(StoredPlan.Run, epochs: Double, of: Int?, metric: Double?)
        case finished(StoredPlan.Run, RunSummary)
        /// A try failed for this reason; there is another.
        case retried(StoredPlan.Run, reason: String)
        case failed(StoredPlan.Run, FailureRecord)
    }

    private let folder: StudyFolder
    private let jobs: Int
    private let method: any RunMethod
    private let limits: RunLimits

    /// - Parameters:
    ///   - jobs: runs at once.
    ///   - threads: of each.
    ///   - program: the executable that knows `worker`.
    package init(
        plan: StoredPlan, folder: StudyFolder, jobs: Int, threads: Int, program: URL, provenance: Provenance,
        limits: RunLimits = RunLimits(), gpus: GPUPool = GPUPool([])
    ) {
        self.folder = folder
        self.jobs = jobs
        self.limits = limits
        switch plan.trainer {
        case .visualSpeech:
            method = WorkerMethod(
                plan: plan, folder: folder, threads: threads, program: program, provenance: provenance, limits: limits)
        case .command(let trainer):
            method = CommandMethod(
                plan: plan, trainer: trainer, files: FileWatch(trainer), folder: folder, threads: threads, gpus: gpus,
                provenance: provenance,
                limits: limits)
        }
    }

    /// Works through `runs` in their order. Runs that fail do not stop the others, unless the limits say so; cancelling the
    /// task ends all that are under way.
    package func train(_ runs: [StoredPlan.Run], report: @escaping @Sendable (Event) async -> Void) async {
        OutOfMemory.begin()
        Strays.adopt()
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

    /// Sets aside what is stored of a run, finished or not. Each when its turn comes: a sweep that is stopped has lost
    /// nothing of the others.
    private func startAfresh(_ run: StoredPlan.Run) {
        for file in [folder.runFile(run.id), folder.checkpointFile(run.id), folder.checkpointFolder(run.id)]
        where FileManager.default.fileExists(atPath: file.path) {
            guard let place = try? folder.setAside(file) else { continue }
            FileHandle.complain("\(run.label): set aside as \(place.path)")
        }
        try? FileManager.default.removeItem(at: folder.journalFile(run.id))
        folder.removeFailure(run.id)
    }

    /// - Returns: false where the run failed.
    private func work(_ run: StoredPlan.Run, report: @escaping @Sendable (Event) async -> Void) async -> Bool {
        if limits.startsAfresh { startAfresh(run) }
        await report(.started(run))
        // Tries of earlier sweeps are part of the story, and cost no retry.
        var reasons = folder.readFailure(run.id)?.tries ?? []
        let before = reasons.count
        while true {
            switch await method.attempt(run, failures: reasons, report: report) {
            case .stored(let summary):
                folder.removeFailure(run.id)
                await report(.finished(run, summary))
                return true
            case .stopped:
                return true
            case .failed(let reason, let output, let isFinal):
                reasons.append(reason)
                if !isFinal && reasons.count - before <= limits.retries && !Task.isCancelled {
                    await report(.retried(run, reason: reason))
                    continue
                }
                let failure = FailureRecord(
                    id: run.id, label: run.label, reason: reason, output: output, tries: reasons)
                try? folder.write(failure)
                await report(.failed(run, failure))
                return false
            }
        }
    }
}
