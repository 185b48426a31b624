import ArgumentParser
import Execution
import Files
import Foundation
import Recipes
import RunStore
import Studies

/// A sweep on Slurm: submits what is neither stored nor queued, and follows it. The run file is the
/// truth: whoever gives the same command again, on any machine that shares the folder, goes on.
struct SlurmSweep {
    let folder: StudyFolder
    let plan: Plan
    let site: SiteFile.Slurm
    let retries: Int
    private let queue = SlurmQueue()

    init(_ study: ResolvedStudy, _ site: SiteFile.Slurm, retries: Int) {
        (folder, plan, self.site, self.retries) = (study.folder, study.plan, site, retries)
    }

    /// For what is already submitted.
    init(_ folder: StudyFolder, _ plan: Plan) {
        (self.folder, self.plan, site, retries) = (folder, plan, SiteFile.Slurm(), 0)
    }

    /// Arrays have at most so many tasks, unless the site allows more.
    private static let arraySize = 1000
    /// A task is worth starting from so many short runs on.
    private static let tasksAtMost = 200

    // MARK: Submit

    /// The scripts for some runs.
    func scripts(_ runs: [Run]) -> [(batch: SlurmBatch, text: String)] {
        let perTask =
            site.runsPerTask
            ?? max(1, (runs.count + SlurmSweep.tasksAtMost - 1) / SlurmSweep.tasksAtMost)
        let inArray = perTask * SlurmSweep.arraySize
        return stride(from: 0, to: runs.count, by: inArray).map { start in
            let batch = SlurmBatch(
                name: randomName(), runs: Array(runs[start..<min(start + inArray, runs.count)]),
                runsPerTask: perTask, retries: retries)
            let script = SlurmScript(
                study: folder, batch: batch, site: site, resources: plan.resources,
                program: Program.url.path)
            return (batch, script.text)
        }
    }

    /// Submits the runs that are neither stored, queued nor trained by somebody.
    /// - Returns: how many.
    func submit(_ wanted: [Run]) async throws -> Int {
        let stored = StudyResults(folder, plan)
        let queued = try await queuedRuns()
        let held = RunLease.owners(in: folder)
        let missing = wanted.filter {
            stored.runs[$0.id] == nil && !queued.contains($0.id) && held[$0.id] == nil
        }
        FileManager.default.ensureFolder(folder.slurm)
        for (batch, text) in scripts(missing) {
            let file = folder.slurm.appending(path: batch.name + ".json")
            try DurableFile.write(Array(try JSONEncoder().encode(batch)), to: file)
            let job = try await queue.submit(
                text, file: folder.slurm.appending(path: batch.name + ".sbatch"))
            try folder.write(job + "\n", to: folder.slurm.appending(path: batch.name + ".job"))
            print(
                "submitted job \(job): \(batch.tasks.count) tasks, \(batch.tasks.joined().count) runs"
            )
        }
        return missing.count
    }

    /// The batches that were submitted, with their jobs.
    private func batches() -> [(job: String, batch: SlurmBatch)] {
        FileManager.default.names(in: folder.slurm).filter { $0.hasSuffix(".job") }.compactMap {
            let name = String($0.dropLast(4))
            // A batch without a job number was not submitted.
            guard
                let job = try? String(
                    contentsOf: folder.slurm.appending(path: $0), encoding: .utf8),
                let batch = try? SlurmBatch.read(folder.slurm.appending(path: name + ".json"))
            else { return nil }
            return (job.trimmingCharacters(in: .whitespacesAndNewlines), batch)
        }
    }

    /// Ids of the runs whose tasks wait or run.
    private func queuedRuns() async throws -> Set<String> {
        let batches = batches()
        guard !batches.isEmpty else { return [] }
        let tasks = try await queue.tasks()
        var runs: Set<String> = []
        for (job, batch) in batches {
            for task in tasks where task.job == job {
                guard let number = Int(task.task), batch.tasks.indices.contains(number) else {
                    continue
                }
                runs.formUnion(batch.tasks[number])
            }
        }
        return runs
    }

    func cancel() async throws -> Int {
        let jobs = Set(batches().map(\.job)).intersection(try await queue.tasks().map(\.job))
        if !jobs.isEmpty { try await queue.cancel(jobs.sorted()) }
        return jobs.count
    }

    // MARK: Follow

    /// Waits until no run is queued or trained any more, printing what becomes of each.
    func follow(_ wanted: [Run]) async throws {
        var stored = StudyResults(folder, plan)
        var asked = -Double.infinity
        var queued: Set<String> = []
        while true {
            let before = Set(stored.runs.keys)
            stored = StudyResults(folder, plan, after: stored)
            for run in plan.runs where !before.contains(run.id) {
                guard let result = stored.runs[run.id] else { continue }
                let best = result.best.map {
                    "\(plan.metric.name) \(short($0.value)) at epoch \($0.epoch)"
                }
                print(
                    "\(stored.runs.count)/\(plan.runs.count)  \(run.label)  \(best ?? result.outcome.rawValue)"
                )
            }
            let left = wanted.filter { stored.runs[$0.id] == nil }
            if left.isEmpty { return }
            if monotonicSeconds() - asked >= site.poll {
                asked = monotonicSeconds()
                do { queued = try await queuedRuns() } catch let problem as SlurmQueue.Problem {
                    // A scheduler that does not answer says nothing of the runs.
                    complain("\(problem): asking again")
                    queued = Set(left.map(\.id))
                }
                let held = RunLease.owners(in: folder)
                if left.allSatisfy({ !queued.contains($0.id) && held[$0.id] == nil }) {
                    // Files may be seen later than the end of their job.
                    try await Task.sleep(for: .seconds(2))
                    let now = StudyResults(folder, plan, after: stored)
                    return try await record(left.filter { now.runs[$0.id] == nil })
                }
            }
            try await Task.sleep(for: .seconds(1))
        }
    }

    /// Why runs are missing whose tasks have ended.
    private func record(_ missing: [Run]) async throws {
        for run in missing where folder.readFailure(run.id) == nil {
            let place = batches().last { $0.batch.tasks.joined().contains(run.id) }
            let task = place?.batch.tasks.firstIndex { $0.contains(run.id) }
            var reason = "the scheduler no longer knows its job"
            if let place, let task {
                let ending = await queue.ending(job: place.job, task: task)
                reason = "job \(place.job)_\(task): \(ending ?? reason)"
            }
            try folder.write(
                FailureRecord(
                    id: run.id, label: run.label, reason: reason, output: "", tries: [reason]))
        }
    }
}
