import Execution
import Files
import Foundation
import Recipes
import RunStore
import Studies

/// A sweep on Slurm: submits what is neither stored nor queued, and follows it. The run file is the
/// truth: whoever gives the same command again, on any machine that shares the folder, goes on.
actor SlurmSweep {
    private let jobs: SlurmJobs
    private let site: SiteFile.Slurm
    private let limits: RunLimits
    private let wanted: [Run]
    private let progress: SweepProgress

    private var stored: StudyResults
    /// Runs that will have no result in this session.
    private(set) var failures: [String: FailureRecord] = [:]
    /// Failures that were there before, as a retry leaves them until it ends.
    private var earlier: [String: FailureRecord] = [:]
    /// How often a run was submitted again, and for what it was not to blame.
    private var retries: [String: Int] = [:]
    private var losses: [String: Int] = [:]
    /// The reason of the first failures, after which the others were ended.
    private(set) var commonReason: String?
    private var queued: [String: SlurmQueue.Task] = [:]
    private var asked = -Double.infinity
    private var interval: Double
    private var isAnswering = true
    private var warned: Set<String> = []
    /// Runs that have another attempt and are not yet submitted.
    private var again: [Run] = []
    /// Since when a run has been neither stored, queued nor held.
    private var goneSince: [String: Double] = [:]

    /// - Parameter wanted: the runs to complete.
    init(
        _ folder: StudyFolder, _ plan: Plan, _ site: SiteFile.Slurm, _ limits: RunLimits,
        wanted: [Run], stored: StudyResults
    ) {
        jobs = SlurmJobs(folder, plan)
        (self.site, self.limits, self.wanted, self.stored) = (site, limits, wanted, stored)
        interval = site.poll
        progress = SweepProgress(
            wanted.count, plan, folder,
            results: { StudyResults(folder, plan) })
    }

    private var folder: StudyFolder { jobs.folder }

    /// Questions become rarer while the answers stay the same, up to so many intervals.
    private static let mostIntervals = 10.0
    /// A run may lose so many jobs for which it is not to blame.
    private static let mostLosses = 5
    /// A run may so often be without a worker for no known reason.
    private static let mostFree = 2

    // MARK: Submit

    /// Submits the runs that are neither stored, queued nor trained by somebody.
    /// - Returns: how many were submitted, and how many wait or are trained already.
    func submit() async throws -> (submitted: Int, underWay: Int) {
        if !jobs.isEmpty { queued = try await jobs.queued() }
        let held = RunLease.owners(in: folder)
        // Looked at last: a task may have ended since, and a run is stored before its task ends.
        stored = StudyResults(folder, jobs.plan, after: stored)
        let missing = wanted.filter { stored.runs[$0.id] == nil }
        let left = missing.filter { queued[$0.id] == nil && held[$0.id] == nil }
        for run in missing { earlier[run.id] = folder.readFailure(run.id) }
        for run in left { folder.removeStops(run.id) }
        await progress.expect(missing.count)
        try await submit(left)
        return (left.count, missing.count - left.count)
    }

    private func submit(_ runs: [Run]) async throws {
        for job in try await jobs.submit(runs, site, limits, stored: stored) {
            let more = job.batch.memory.flatMap { $0 == limits.memory ? nil : $0 }
            let memory = more.map { ", \(byteCount($0)) of memory" } ?? ""
            await progress.say(
                "submitted job \(job.job): \(counted(job.batch.tasks.count, "task")), \(counted(job.batch.tasks.joined().count, "run"))\(memory)"
            )
            for (number, ids) in job.batch.tasks.enumerated() {
                for id in ids {
                    queued[id] = SlurmQueue.Task(
                        job: job.job, task: String(number), state: "PENDING", reason: "None",
                        node: "")
                }
            }
        }
        guard !runs.isEmpty else { return }
        // The answer to come is another one.
        (asked, interval) = (monotonicSeconds(), site.poll)
    }

    // MARK: Follow

    /// Waits until every run is stored or has failed.
    /// - Throws: `CancellationError` when its task is cancelled; `SlurmQueue.Problem` if something
    ///   can't be submitted again.
    func follow() async throws {
        await progress.note(words([:]))
        try await progress.followed { [self] in
            while try await !look() { try await Task.sleep(for: .seconds(min(1, site.poll))) }
        }
        await progress.close()
    }

    /// One look at the folder, and at the queue if it is time.
    /// - Returns: whether the end is reached.
    private func look() async throws -> Bool {
        await takeResults()
        again += try await takeFailures()
        let left = wanted.filter { stored.runs[$0.id] == nil && failures[$0.id] == nil }
        guard !left.isEmpty, commonReason == nil else { return true }
        if monotonicSeconds() - asked >= interval { await ask() }
        let held = RunLease.owners(in: folder)
        var lost: [Run] = []
        for run in left {
            guard isAnswering, queued[run.id] == nil, held[run.id] == nil,
                !again.contains(where: { $0.id == run.id })
            else {
                goneSince[run.id] = nil
                continue
            }
            let since = goneSince[run.id] ?? monotonicSeconds()
            goneSince[run.id] = since
            // A file may be seen later than the end of its job.
            if monotonicSeconds() - since >= site.visibilityWait { lost.append(run) }
        }
        for run in lost where try await isLeftToAnother(run) { again.append(run) }
        for run in again { goneSince[run.id] = nil }
        try await submitAgain()
        await progress.note(words(held))
        return false
    }

    /// Submits the runs that have another attempt; later, if the scheduler does not take them now.
    private func submitAgain() async throws {
        guard isAnswering, !again.isEmpty else { return }
        do {
            try await submit(again)
            again = []
        } catch let problem as SlurmQueue.Problem {
            complain("\(problem): trying again every \(decimals(interval, 0)) s")
            (isAnswering, asked) = (false, monotonicSeconds())
        }
    }

    private func takeResults() async {
        let before = stored
        stored = StudyResults(folder, jobs.plan, after: stored)
        for run in wanted where before.runs[run.id] == nil {
            guard let result = stored.runs[run.id] else { continue }
            failures[run.id] = nil
            await progress.take(.finished(run, result))
            interval = site.poll
        }
    }

    /// Takes in what workers have recorded.
    /// - Returns: runs that have another attempt.
    private func takeFailures() async throws -> [Run] {
        let names = Set(FileManager.default.names(in: folder.failed))
        guard !names.isEmpty else { return [] }
        let held = RunLease.owners(in: folder)
        var again: [Run] = []
        for run in wanted where names.contains(run.id + ".json") {
            guard stored.runs[run.id] == nil, failures[run.id] == nil, held[run.id] == nil,
                let failure = folder.readFailure(run.id), failure != earlier[run.id]
            else { continue }
            interval = site.poll
            if await isRetried(run, failure) { again.append(run) }
        }
        return again
    }

    /// Tries a run again that used too much memory, or takes its failure for good.
    private func isRetried(_ run: Run, _ failure: FailureRecord) async -> Bool {
        earlier[run.id] = failure
        let isWorthIt =
            failure.memory != nil && limits.memoryFactor != nil
            && retries[run.id, default: 0] < limits.retries
        guard isWorthIt else {
            failures[run.id] = failure
            await progress.take(.failed(run, failure))
            // Jobs that can't be cancelled now end by themselves when they see the records.
            try? await giveUpIfAllAlike(failure)
            return false
        }
        retries[run.id, default: 0] += 1
        await progress.take(.retried(run, reason: failure.reason))
        return true
    }

    /// Whether a run whose task is gone goes on in another one. If not, the reason is recorded.
    private func isLeftToAnother(_ run: Run) async throws -> Bool {
        let fate = await jobs.fate(of: run)
        let state = fate.ending?.state
        if fate.ending?.isUnderWay == true {
            // The queue did not list it: nothing has ended.
            goneSince[run.id] = nil
            return false
        }
        if state == "TIMEOUT" {
            let stops = try folder.addStop(of: run.id, task: fate.reason)
            guard stops.isHopeless else {
                await progress.take(.retried(run, reason: fate.reason))
                return true
            }
            try folder.giveUp(run, task: "")
            return false
        }
        // A worker that was asked to stop has left a checkpoint.
        let wasStopped =
            state == "FAILED" && fate.ending?.exit == "\(ExitStatus.interrupted.rawValue):0"
        // Its worker was another one, which is gone; or nobody knows what became of it.
        let isFree = !fate.wasSubmitted || fate.ending == nil || state == "COMPLETED"
        let most = isFree ? SlurmSweep.mostFree : SlurmSweep.mostLosses
        if fate.ending?.isOfMachine == true || wasStopped || isFree,
            losses[run.id, default: 0] < most
        {
            losses[run.id, default: 0] += 1
            await progress.take(.retried(run, reason: fate.reason))
            return true
        }
        var failure = FailureRecord(
            id: run.id, label: run.label, reason: fate.reason, output: fate.output,
            tries: (folder.readFailure(run.id)?.tries ?? []) + [fate.reason])
        if state == "OUT_OF_MEMORY" { failure.memory = fate.memory }
        try folder.write(failure)
        return await isRetried(run, failure)
    }

    /// The first runs fail for one reason: the others would too.
    private func giveUpIfAllAlike(_ failure: FailureRecord) async throws {
        guard let most = limits.alikeFailures, failures.count == most, commonReason == nil,
            failures.values.allSatisfy({ $0.reason == failure.reason }),
            most == 1 || !wanted.contains(where: { stored.runs[$0.id] != nil }),
            wanted.contains(where: { stored.runs[$0.id] == nil && failures[$0.id] == nil })
        else { return }
        commonReason = failure.reason
        // Tasks that are not ended here see the records, and end by themselves.
        _ = try await jobs.cancel()
    }

    // MARK: The queue

    private func ask() async {
        asked = monotonicSeconds()
        do {
            let now = try await jobs.queued()
            interval =
                now == queued
                ? min(interval * 1.5, site.poll * SlurmSweep.mostIntervals) : site.poll
            queued = now
            if !isAnswering { complain("the scheduler answers again") }
            isAnswering = true
        } catch {
            // A scheduler that does not answer says nothing of the runs.
            if isAnswering {
                complain(
                    "\(error): asking again every \(decimals(interval, 0)) s; jobs that run go on")
            }
            isAnswering = false
        }
        let stuck = Set(queued.values.filter { $0.state == "PENDING" }.map(\.reason))
            .intersection(SlurmSweep.lasting)
        for reason in stuck.subtracting(warned).sorted() {
            warned.insert(reason)
            complain(
                "tasks wait with the reason \(reason), which may last for ever: `scontrol show job` says more; `viseme cancel` ends them"
            )
        }
    }

    /// Reasons of waiting that do not go away by themselves.
    private static let lasting: Set = [
        "BadConstraints", "DependencyNeverSatisfied", "InvalidAccount", "InvalidQOS",
        "JobHeldAdmin",
        "JobHeldUser", "NodeDown", "PartitionConfig", "PartitionDown", "PartitionInactive",
        "PartitionNodeLimit",
        "PartitionTimeLimit", "QOSMaxWallDurationPerJobLimit", "QOSMaxMemoryPerJob",
        "QOSMaxCpuPerJobLimit", "QOSMaxGRESPerJob", "AssocMaxWallDurationPerJobLimit",
        "AssocMaxCpuPerJobLimit", "ReqNodeNotAvail",
    ]

    /// `4 tasks run, 12 wait (Resources)`.
    /// - Parameter held: runs at work, which may have begun since the last question.
    private func words(_ held: [String: Claim.Owner]) -> String {
        guard isAnswering else { return "the scheduler does not answer" }
        let begun = Set(queued.filter { held[$0.key] != nil }.map { $0.value.name })
        let tasks = Dictionary(queued.values.map { ($0.name, $0) }) { first, _ in first }
        let waiting = tasks.values.filter { $0.state == "PENDING" && !begun.contains($0.name) }
        let reasons = Set(waiting.map(\.reason)).subtracting(["None", ""]).sorted()
        var parts: [String] = []
        if tasks.count > waiting.count {
            parts.append("\(counted(tasks.count - waiting.count, "task")) on nodes")
        }
        if !waiting.isEmpty {
            parts.append(
                "\(waiting.count) waiting"
                    + (reasons.isEmpty ? "" : " (\(reasons.joined(separator: ", ")))"))
        }
        return parts.joined(separator: ", ")
    }
}
