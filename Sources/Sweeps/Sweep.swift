import Foundation
import Recipes
import RunStore

/// Runs what is not stored yet, each in a process of its own, several at once.
public struct Sweep: Sendable {
    public enum Event: Sendable {
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
    public init(
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
    public func train(_ runs: [StoredPlan.Run], report: @escaping @Sendable (Event) async -> Void) async {
        OutOfMemory.begin()
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

    /// - Returns: false where the run failed.
    private func work(_ run: StoredPlan.Run, report: @escaping @Sendable (Event) async -> Void) async -> Bool {
        await report(.started(run))
        var reasons: [String] = []
        while true {
            switch await method.attempt(run, failures: reasons, report: report) {
            case .stored(let summary):
                folder.removeFailure(run.id)
                await report(.finished(run, summary))
                return true
            case .stopped:
                return true
            case .failed(let reason, let output):
                reasons.append(reason)
                if reasons.count <= limits.retries && !Task.isCancelled {
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
