import Files
import Foundation
import Recipes
import RunStore
import Studies
import Synchronization

/// What happens in a session.
package enum SessionEvent: Sendable {
    case started(Run)
    case finished(Run, RunResult)
    /// Somebody else has stored it since the session began.
    case found(Run, RunResult)
    /// An attempt failed for this reason; there is another.
    case retried(Run, reason: String)
    case failed(Run, FailureRecord)
    /// What a person should know, and ends nothing.
    case warning(String)
    /// The first runs failed for one reason: no others are started.
    case givenUp(reason: String, after: Int)
}

/// One session at a study: claims its folder, trains what is missing, writes what is derived.
package final class StudySession: Sendable {
    package let study: ResolvedStudy
    private let claim: Claim
    /// The folder that goes when the session does.
    private let temporary: URL?
    private let known: Mutex<StudyResults>
    private let failures = Mutex<[FailureRecord]>([])
    /// Why no more runs were started.
    private let commonReason = Mutex<String?>(nil)

    package var plan: Plan { study.plan }
    package var folder: StudyFolder { study.folder }
    /// What is stored of the plan's runs.
    package var results: StudyResults { known.withLock { $0 } }

    // MARK: Open

    /// Claims the study's folder and brings it in order: processes and files that a killed session
    /// left behind go, damaged run files are set aside, the plan is stored.
    /// - Parameters:
    ///   - isTemporary: whether the folder's parent is removed when the session ends.
    ///   - warn: is called with what a person should know.
    /// - Throws: `Claim.Taken`; `NewerFormat` if a later program wrote a run file, which then
    ///   stays; `StoreError`.
    package static func open(
        _ study: ResolvedStudy, isTemporary: Bool = false, warn: (String) -> Void
    ) throws -> StudySession {
        let folder = study.folder
        try folder.create()
        let claim = try Claim(folder)
        let orphans = OrphanProcesses.end(of: folder.url)
        if orphans > 0 { warn("ended \(orphans) orphaned processes of a killed sweep") }
        folder.removeLeftovers()
        if try !folder.holds(study.plan) {
            try warnOfRunsThatLeave(study, warn)
            try folder.write(study.plan)
        }
        let results = StudyResults(folder, study.plan)
        try setAsideDamaged(results, folder, warn)
        return StudySession(
            study, claim, results,
            temporary: isTemporary ? folder.url.deletingLastPathComponent() : nil)
    }

    private init(_ study: ResolvedStudy, _ claim: Claim, _ results: StudyResults, temporary: URL?) {
        self.temporary = temporary
        self.study = study
        self.claim = claim
        known = Mutex(results)
    }

    deinit {
        if let temporary { FileManager.default.discard(temporary) }
    }

    /// Nothing is deleted, but the report is about the plan that is stored.
    private static func warnOfRunsThatLeave(_ study: ResolvedStudy, _ warn: (String) -> Void) throws
    {
        // A folder without a plan holds no runs of one.
        guard let before = try study.folder.readPlanOrSetAside(warn: warn) else { return }
        let kept = Set(study.plan.runs.map(\.id))
        let gone = before.runs.count { !kept.contains($0.id) }
        guard gone > 0 else { return }
        warn(
            "\(gone) of the \(before.runs.count) runs of the last plan of \(study.folder.url.relativePath) are not in this plan. "
                + "Their files are kept but no longer in the report (--results makes a separate folder)"
        )
    }

    private static func setAsideDamaged(
        _ results: StudyResults, _ folder: StudyFolder, _ warn: (String) -> Void
    ) throws {
        if let unknown = results.problems.first(where: \.isForeign) {
            throw StoreError.unreadable(path: unknown.file.path, reason: unknown.reason)
        }
        if let newer = results.problems.first(where: \.isNewer) {
            throw NewerFormat(reason: newer.reason)
        }
        for problem in results.problems {
            let place = try folder.setAside(problem.file)
            warn("\(problem.reason)\n  set aside as \(place.path); the run is trained again")
        }
    }

    // MARK: Plan

    /// The runs of a setting.
    /// - Parameter terms: assignments as in labels, `lr=0.01,seed=1`; nil for all runs.
    /// - Throws: `NoSuchRuns`.
    package static func runs(of plan: Plan, only terms: String?) throws -> [Run] {
        guard let terms else { return plan.runs }
        let labels = plan.runs.map { Set($0.setting.map(\.label)) }
        let known = labels.reduce(into: Set<String>()) { $0.formUnion($1) }
        let wanted = try StudySession.split(terms[...], known, of: terms)
        let chosen = zip(plan.runs, labels).filter { $1.isSuperset(of: wanted) }.map(\.0)
        guard !chosen.isEmpty else { throw NoSuchRuns(terms: terms, missing: nil, known: []) }
        return chosen
    }

    /// The assignments of `lr=0.01,seed=1`; a value may hold commas itself.
    private static func split(_ text: Substring, _ known: Set<String>, of terms: String) throws
        -> [String]
    {
        let found = known.filter { text == $0 || text.hasPrefix($0 + ",") }.max {
            $0.count < $1.count
        }
        guard let found else {
            throw NoSuchRuns(
                terms: terms, missing: String(text.split(separator: ",").first ?? ""),
                known: known.sorted())
        }
        let rest = text.dropFirst(found.count + 1)
        return [found] + (rest.isEmpty ? [] : try split(rest, known, of: terms))
    }

    /// Those of `runs` that are not stored.
    package func missing(_ runs: [Run]) -> [Run] {
        known.withLock { results in runs.filter { results.runs[$0.id] == nil } }
    }

    // MARK: Stale runs

    /// Those of `runs` that were trained from other files than lie there now, with what has changed.
    package func stale(_ runs: [Run]) -> [(run: Run, change: String)] {
        let stale = StaleRuns(folder, plan, results).stale
        return runs.compactMap { run in stale[run.id].map { (run, $0) } }
    }

    /// Sets the files of runs aside: they are missing then, and trained again.
    /// - Throws: `StoreError` if a file can't be moved.
    package func setAside(_ runs: [Run]) throws {
        for run in runs {
            try folder.setAside(folder.runFile(run.id))
            known.withLock { $0.remove(run.id) }
        }
    }

    /// Keeps runs whose inputs have changed.
    /// - Throws: `StoreError`.
    package func accept(_ runs: [Run], because reason: String) throws {
        let results = results
        try AcceptedInputs.accept(
            runs.compactMap { results.runs[$0.id] }, reason, time: timestamp(), in: folder, plan)
    }

    // MARK: Run

    /// Trains runs. Cancelling the task ends them in good order.
    /// - Parameters:
    ///   - program: the executable that knows `worker`.
    ///   - threads: of each run.
    package func run(
        _ runs: [Run], on launcher: any Launcher, program: URL = Program.url, threads: Int,
        limits: RunLimits,
        provenance: Provenance, report: @escaping @Sendable (SessionEvent) async -> Void
    ) async {
        guard !runs.isEmpty else { return }
        if runs.count < missing(plan.runs).count {
            // Only the time left depends on it.
            try? folder.write(runs.map { $0.id + "\n" }.joined(), to: folder.wantedRuns)
        }
        defer { unlink(folder.wantedRuns.path) }
        let context = StudyContext(
            plan: plan, folder: folder, program: program, provenance: complete(provenance),
            threads: threads,
            limits: limits,
            owner: claim.owner)
        let scheduler = Scheduler(trainer: study.trainer, launcher: launcher, context: context)
        let heartbeat = Task {
            // Sleep throws only when it is cancelled.
            while (try? await Task.sleep(for: .seconds(Claim.heartbeat))) != nil { claim.renew() }
        }
        await scheduler.work(through: runs) { [self] event in
            switch event {
            case .finished(_, let result), .found(_, let result): known.withLock { $0.add(result) }
            case .failed(_, let failure): failures.withLock { $0.append(failure) }
            case .givenUp(let reason, _): commonReason.withLock { $0 = reason }
            default: break
            }
            await report(event)
        }
        heartbeat.cancel()
    }

    /// With what the recipe knows of itself.
    private func complete(_ provenance: Provenance) -> Provenance {
        var provenance = provenance
        if !study.recipe.outsideFiles.isEmpty {
            provenance.outsideFiles = study.recipe.outsideFiles
        }
        return provenance
    }

    /// What a worker needs to train a run in this process.
    package func order(_ run: Run, threads: Int, provenance: Provenance) throws -> WorkOrder {
        WorkOrder(
            study: folder.url.path, cache: folder.cache.path,
            plan: try PlanFile.json(plan.alone(run)),
            provenance: complete(provenance),
            threads: threads, claim: "")
    }

    /// Takes in a result that was stored in this process.
    package func add(_ result: RunResult) { known.withLock { $0.add(result) } }

    // MARK: Finish

    /// Writes what is derived from the runs.
    /// - Parameters:
    ///   - wanted: the runs that the session was to complete.
    ///   - isInterrupted: whether a person stopped it.
    ///   - derive: writes the derived files.
    package func finish(
        _ wanted: [Run], isInterrupted: Bool = false,
        derive: (StudyFolder, Plan, StudyResults) throws -> Void
    ) -> StudyOutcome {
        let results = results
        var outcome = StudyOutcome(
            planned: plan.runs.count, stored: results.runs.count,
            failures: failures.withLock { $0 },
            stopped: 0, diverged: results.runs.values.count { $0.outcome == .diverged },
            isInterrupted: isInterrupted)
        let failed = Set(outcome.failures.map(\.id))
        outcome.commonReason = commonReason.withLock { $0 }
        outcome.stopped = wanted.count { results.runs[$0.id] == nil && !failed.contains($0.id) }
        do { try derive(folder, plan, results) } catch { outcome.reportProblem = "\(error)" }
        return outcome
    }
}

/// What became of a session.
package struct StudyOutcome: Sendable {
    package var planned, stored: Int
    package var failures: [FailureRecord]
    /// Runs that ended without a result or a failure.
    package var stopped: Int
    package var diverged: Int
    /// The reason of all failures, if no more runs were started for it.
    package var commonReason: String?
    package var isInterrupted: Bool
    /// Why the derived files could not be written; nil if they were.
    package var reportProblem: String?

    package func exitStatus(failOnDiverged: Bool = false) -> ExitStatus {
        if isInterrupted { return .interrupted }
        let isWell =
            failures.isEmpty && stopped == 0 && reportProblem == nil
            && !(failOnDiverged && diverged > 0)
        return isWell ? .completed : .someFailed
    }
}

/// A later program wrote a run file: it is whole, and not ours to move.
package struct NewerFormat: UserError {
    let reason: String

    package var place: String { "" }
    package var rule: String { reason }
    package var remedy: String { "nothing was changed; --results keeps these results apart" }
}

/// No run has the setting of `--only`.
package struct NoSuchRuns: UserError {
    let terms: String
    /// The part that no run has; nil if each part alone is there.
    let missing: String?
    let known: [String]

    package var place: String { "--only \(terms)" }
    package var rule: String { missing.map { "no run has \($0)" } ?? "no run matches all of it" }
    package var remedy: String {
        guard missing != nil else { return "" }
        return "there are " + known.prefix(20).joined(separator: ", ")
            + (known.count > 20 ? " and \(known.count - 20) more" : "")
    }
}
