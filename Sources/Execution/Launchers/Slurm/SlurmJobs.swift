import Files
import Foundation
import Recipes
import RunStore
import Studies

/// The jobs of a study on Slurm. The folder `slurm/` of the study keeps what was submitted:
/// `<batch>.json` the runs of its tasks, `<batch>.sbatch` the script, `<batch>.job` the number.
package struct SlurmJobs: Sendable {
    package let folder: StudyFolder
    package let plan: Plan
    package let queue = SlurmQueue()

    package init(_ folder: StudyFolder, _ plan: Plan) { (self.folder, self.plan) = (folder, plan) }

    /// Arrays have at most so many tasks, unless the site says otherwise.
    private static let arraySize = 1001
    private static let tasksAtMost = 200
    /// A task with so many seconds of work is worth starting; so many tasks work side by side.
    private static let worthwhile = 60.0
    private static let tasksAtLeast = 8
    /// Larger arrays ask for the site's limit first.
    private static let unquestionedArraySize = 100

    /// A job and the batch that it works on.
    package struct Submitted: Sendable {
        package let job: String
        package let batch: SlurmBatch
    }

    /// Whether any was submitted.
    package var isEmpty: Bool {
        !FileManager.default.names(in: folder.slurm).contains { $0.hasSuffix(".job") }
    }

    // MARK: Submit

    /// The scripts for some runs, those of equal memory together.
    /// - Parameters:
    ///   - stored: tells how long runs take.
    ///   - arraySize: the site's MaxArraySize.
    package func scripts(
        _ runs: [Run], _ site: SiteFile.Slurm, _ limits: RunLimits, stored: StudyResults,
        arraySize: Int = arraySize
    ) -> [(batch: SlurmBatch, text: String)] {
        let perTask = site.runsPerTask ?? runsPerTask(runs.count, stored)
        let inArray = perTask * max(1, arraySize - 1)
        let groups = Dictionary(grouping: runs) { run -> Int? in
            var raised = limits
            raised.raiseMemory(above: folder.readFailure(run.id)?.memory)
            return raised.memory == limits.memory ? nil : raised.memory
        }
        return groups.sorted { ($0.key ?? 0) < ($1.key ?? 0) }.flatMap { memory, runs in
            stride(from: 0, to: runs.count, by: inArray).map { start in
                var batch = SlurmBatch(
                    name: randomName(), runs: Array(runs[start..<min(start + inArray, runs.count)]),
                    runsPerTask: perTask, retries: limits.retries)
                batch.program = Program.nameAndVersion
                batch.memory = memory ?? limits.memory
                batch.timeout = limits.timeout?.seconds
                batch.alikeFailures = limits.alikeFailures
                var resources = plan.resources
                resources.time = batch.timeout
                batch.seconds = SlurmScript.minutes(
                    resources, runsPerTask: batch.tasks.map(\.count).max() ?? 1
                ).map { Double($0) * 60 }
                batch.notice = site.notice
                let script = SlurmScript(
                    study: folder, batch: batch, site: site, resources: resources,
                    program: Program.url.path)
                return (batch, script.text)
            }
        }
    }

    /// So many that a task is worth starting, as far as stored runs tell.
    private func runsPerTask(_ runs: Int, _ stored: StudyResults) -> Int {
        let fewest = (runs + SlurmJobs.tasksAtMost - 1) / SlurmJobs.tasksAtMost
        let seconds = stored.runs.values.map(\.seconds)
        guard let longest = seconds.max() else { return max(1, fewest) }
        let most = (runs + SlurmJobs.tasksAtLeast - 1) / SlurmJobs.tasksAtLeast
        return max(1, fewest, min(most, Int(SlurmJobs.worthwhile / max(longest, 0.01))))
    }

    /// Submits runs.
    /// - Returns: the jobs.
    /// - Throws: `SlurmQueue.Problem`, `StoreError`.
    package func submit(
        _ runs: [Run], _ site: SiteFile.Slurm, _ limits: RunLimits, stored: StudyResults
    ) async throws -> [Submitted] {
        guard !runs.isEmpty else { return [] }
        FileManager.default.ensureFolder(folder.slurm)
        var arraySize = SlurmJobs.arraySize
        if runs.count > SlurmJobs.unquestionedArraySize {
            arraySize = try await queue.settings()["MaxArraySize"].flatMap { Int($0) } ?? arraySize
        }
        var jobs: [Submitted] = []
        for (batch, text) in scripts(
            runs, site, limits, stored: stored, arraySize: arraySize)
        {
            let file = folder.slurm.appending(path: batch.name + ".json")
            try DurableFile.write(Array(try JSONEncoder().encode(batch)), to: file)
            let job = try await queue.submit(
                text, file: folder.slurm.appending(path: batch.name + ".sbatch"),
                in: folder.url)
            try folder.write(job + "\n", to: folder.slurm.appending(path: batch.name + ".job"))
            jobs.append(Submitted(job: job, batch: batch))
        }
        return jobs
    }

    // MARK: What was submitted

    /// In the order of their jobs' numbers.
    package func submitted() -> [Submitted] {
        FileManager.default.names(in: folder.slurm).filter { $0.hasSuffix(".job") }.compactMap {
            let name = String($0.dropLast(4))
            // A batch without a job number was not submitted.
            guard
                let job = try? String(
                    contentsOf: folder.slurm.appending(path: $0), encoding: .utf8),
                let batch = try? SlurmBatch.read(folder.slurm.appending(path: name + ".json"))
            else { return nil }
            return Submitted(job: job.trimmingCharacters(in: .whitespacesAndNewlines), batch: batch)
        }.sorted { (Int($0.job) ?? 0) < (Int($1.job) ?? 0) }
    }

    private func tasks() async throws -> [SlurmQueue.Task] {
        try await queue.tasks(named: SlurmScript.jobName(folder))
    }

    /// The queued tasks by the ids of their runs: one question for all jobs.
    /// - Throws: `SlurmQueue.Problem`.
    package func queued() async throws -> [String: SlurmQueue.Task] {
        let submitted = submitted()
        guard !submitted.isEmpty else { return [:] }
        let tasks = Dictionary(grouping: try await tasks(), by: \.job)
        var found: [String: SlurmQueue.Task] = [:]
        for entry in submitted {
            for task in tasks[entry.job] ?? [] {
                guard let number = Int(task.task), entry.batch.tasks.indices.contains(number)
                else { continue }
                for run in entry.batch.tasks[number] { found[run] = task }
            }
        }
        return found
    }

    /// Ends the jobs.
    /// - Returns: how many.
    package func cancel() async throws -> Int {
        let jobs = Set(submitted().map(\.job)).intersection(try await tasks().map(\.job))
        if !jobs.isEmpty { try await queue.cancel(jobs.sorted()) }
        return jobs.count
    }

    // MARK: Why a run is missing

    /// What became of a run whose task is no longer queued.
    package struct Fate: Sendable {
        /// Whether it was part of any job.
        package var wasSubmitted = true
        /// Nil: nothing of Slurm knows it any more.
        package var ending: SlurmEnding?
        /// In words, with the job's number.
        package var reason: String
        /// The last lines that the trainer printed.
        package var output: String
        /// Bytes that the job had.
        package var memory: Int?
    }

    package func fate(of run: Run) async -> Fate {
        guard let last = submitted().last(where: { $0.batch.task(of: run.id) != nil }),
            let task = last.batch.task(of: run.id)
        else {
            return Fate(
                wasSubmitted: false, ending: nil, reason: "whoever trained it is gone", output: "")
        }
        var ending = await queue.ending(job: last.job, task: task)
        let log = folder.slurm.appending(path: "\(last.job)_\(task).log")
        let lines = SlurmJobs.lastLines(log)
        ending?.take(stepd: lines?.filter(SlurmJobs.isSlurms) ?? [])
        let output = lines.map {
            $0.filter { !SlurmJobs.isSlurms($0) }.suffix(25).joined(separator: "\n")
        }
        var reason = "job \(last.job)_\(task): "
        reason += ending?.words ?? "the scheduler no longer knows it"
        if output == nil, ending?.state == "FAILED" {
            reason += "; there is no \(log.path): does the node see this folder?"
        }
        return Fate(
            ending: ending, reason: reason, output: output ?? "",
            memory: last.batch.memory ?? plan.resources.memory)
    }

    private static func isSlurms(_ line: String) -> Bool {
        line.hasPrefix("slurmstepd") || line.hasPrefix("slurmd")
    }

    /// The last lines of a task's log; nil if there is no log.
    private static func lastLines(_ log: URL) -> [String]? {
        guard let handle = try? FileHandle(forReadingFrom: log) else { return nil }
        defer { try? handle.close() }
        // Logs may be long; their ends are of interest.
        let size = (try? handle.seekToEnd()) ?? 0
        try? handle.seek(toOffset: size > 16_384 ? size - 16_384 : 0)
        let bytes = (try? handle.readToEnd()) ?? Data()
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).map(
            String.init)
    }
}
