import ArgumentParser
import Execution
import Files
import Foundation
import RunStore
import Studies

/// What one task of a Slurm array works on.
struct TaskShare {
    let batch: SlurmBatch
    let runs: [Run]

    /// - Throws: `ValidationError` if the batch is not this program's, or not of this plan.
    init(_ batch: SlurmBatch, task: Int, of plan: Plan) throws {
        if let program = batch.program, program != Program.nameAndVersion {
            throw ValidationError(
                "the job was submitted by \(program), and this is \(Program.nameAndVersion): give the sweep command again"
            )
        }
        guard batch.tasks.indices.contains(task) else {
            throw ValidationError("--task \(task): the batch has \(batch.tasks.count) tasks")
        }
        let ids = Set(batch.tasks[task])
        self.batch = batch
        runs = plan.runs.filter { ids.contains($0.id) }
        if runs.count < ids.count {
            complain(
                "\(ids.count - runs.count) of the task's \(ids.count) runs are no longer in the plan: not trained"
            )
        }
    }

    /// Why no run is worth starting: the first of this array failed for one reason, and none has
    /// succeeded.
    func commonFailure(_ folder: StudyFolder, _ job: SlurmTask?, _ stored: StudyResults) -> String?
    {
        guard let most = batch.alikeFailures, stored.runs.isEmpty,
            let array = job?.name.split(separator: "_").first
        else { return nil }
        let ids = FileManager.default.names(in: folder.failed).map {
            $0.replacing(".json", with: "")
        }
        guard ids.count >= most else { return nil }
        let failures = ids.compactMap { folder.readFailure($0) }
            .filter { $0.task?.hasPrefix("\(array)_") == true }
        guard failures.count >= most, let reason = failures.first?.reason,
            failures.allSatisfy({ $0.reason == reason })
        else { return nil }
        return reason
    }

    /// The end of this job; nil if it is not known.
    func wallTime(_ job: SlurmTask?, _ trainer: any Trainer, _ stored: StudyResults) -> WallTime? {
        let seconds = job?.end.map { $0 - Date().timeIntervalSince1970 } ?? batch.seconds
        guard let seconds else { return nil }
        // Only what can't be resumed has to reach its end.
        let longest = stored.runs.values.map(\.seconds).max() ?? 0
        return WallTime(
            seconds: seconds, notice: batch.notice ?? 0,
            expected: trainer.resumesAnywhere ? 0 : longest)
    }

    /// The job is about to end, and runs are left: they go on in a later job, unless they never
    /// would end.
    func stop(
        _ folder: StudyFolder, _ job: SlurmTask, _ wanted: [Run], _ tally: WorkTally
    ) async throws {
        var failed = await tally.failed
        for run in await tally.underWay {
            guard try folder.addStop(of: run.id, task: job.words).isHopeless else { continue }
            try folder.giveUp(run, task: job.name)
            print("\(run.label)  FAILED: \(TaskStops.reason)")
            failed.insert(run.id)
        }
        let others = RunLease.owners(in: folder)
        let left = wanted.filter {
            !failed.contains($0.id) && others[$0.id] == nil
                && !FileManager.default.fileExists(atPath: folder.runFile($0.id).path)
        }
        guard !left.isEmpty else { return }
        print("the job is about to end; runs that go on later: \(left.count)")
        do { try await SlurmQueue().requeue(job.name) } catch let problem as SlurmQueue.Problem {
            complain(
                "\(problem): the job is not put back into the queue; give the sweep command again")
        }
    }
}

extension TaskStops {
    static let reason =
        "two jobs in turn ended at their wall time, and neither left a new checkpoint: set resources: time higher, or checkpoint_every lower (a command keeps checkpoints in $VISEME_CHECKPOINTS)"
}

extension StudyFolder {
    /// Records a run as failed that would stop at every wall time.
    func giveUp(_ run: Run, task: String) throws {
        let earlier = readFailure(run.id)?.tries ?? []
        var failure = FailureRecord(
            id: run.id, label: run.label, reason: TaskStops.reason, output: "",
            tries: earlier + [TaskStops.reason])
        failure.task = task
        try write(failure)
        removeStops(run.id)
    }
}
