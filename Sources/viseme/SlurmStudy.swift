import ArgumentParser
import Execution
import Files
import Foundation
import Recipes
import RunStore
import Studies

/// A study on Slurm from the command to its report.
struct SlurmStudy {
    let study: ResolvedStudy
    let site: SiteFile.Slurm
    let limits: RunLimits
    let wanted: [Run]
    /// Whether it returns after submitting.
    let detach: Bool

    private var folder: StudyFolder { study.folder }
    private var name: String { folder.url.relativePath }

    /// Slurm takes a backslash in a job's folder as a sign of its own.
    private static func check(_ folder: StudyFolder) throws {
        let path = folder.url.standardizedFileURL.path
        guard !path.contains(where: { $0 == "\\" || $0.isNewline }) else {
            throw ValidationError(
                "\(path): Slurm starts no job in a folder whose path has a backslash or a line break: choose another with --results"
            )
        }
    }

    /// - Parameter settle: is called with the session before anything is submitted.
    func run(settle: (StudySession) throws -> Void) async throws {
        try SlurmStudy.check(folder)
        let sweep = try await submit(settle)
        let code = await CodeKeeping.begin(study, await Provenance.gather(study.plan))
        if detach {
            return print("`viseme status \(name)` shows the runs; the same command follows them")
        }
        let problem = Locked<(any Error)?>(nil)
        let ending = await Interruption.watch(saying: "") {
            do { try await sweep.follow() } catch is CancellationError {
            } catch { problem.withLock { $0 = error } }
        }
        if ending == .interrupted { try await leave() }
        if let problem = problem.withLock({ $0 }) { throw problem }
        let stored = StudyResults(folder, study.plan)
        await code?.end(stored)
        try deriveIfFree(stored)
        let failed = wanted.count { stored.runs[$0.id] == nil }
        if let reason = await sweep.commonReason {
            complain(
                "stopped: the first \(await sweep.failures.count) runs failed for one reason: \(reason)\n"
                    + "  \(failed) of \(counted(wanted.count, "run")) are not trained; --keep-going trains them whatever fails"
            )
            throw ExitStatus.someFailed
        }
        guard failed == 0 else {
            complain(
                "\(failed) of \(counted(wanted.count, "run")) failed; the same command submits them again"
            )
            throw ExitStatus.someFailed
        }
    }

    private func submit(_ settle: (StudySession) throws -> Void) async throws -> SlurmSweep {
        let session = try await openWhenFree()
        try settle(session)
        let space = await DiskSpace.look(
            folder, study.plan, study.trainer, missing: session.missing(wanted),
            stored: session.results)
        if let warning = space?.warning { complain(warning) }
        let sweep = SlurmSweep(
            folder, study.plan, site, limits, wanted: wanted, stored: session.results)
        let counts = try await sweep.submit()
        let stored = wanted.count - counts.underWay - counts.submitted
        print(
            "\(study.plan.name): \(counted(wanted.count, "run")), \(stored) stored, \(counts.underWay) queued or being trained, \(counts.submitted) submitted"
        )
        return sweep
    }

    /// Somebody else may be submitting the same study.
    private func openWhenFree() async throws -> StudySession {
        for second in 0..<60 {
            do { return try StudySession.open(study, warn: complain) } catch let taken
                as Claim.Taken
            {
                if second == 3 { complain("\(taken.rule): waiting for it, a minute at most") }
                try await Task.sleep(for: .seconds(1))
            }
        }
        return try StudySession.open(study, warn: complain)
    }

    private func deriveIfFree(_ stored: StudyResults) throws {
        do {
            let claim = try Claim(folder)
            try writeDerived(folder, study.plan, stored)
            withExtendedLifetime(claim) {}
        } catch is Claim.Taken {}
    }

    /// A person stopped the following: the jobs continue, unless the person wants them to end.
    private func leave() async throws -> Never {
        if isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1, await isEndWanted() {
            let count = try await SlurmJobs(folder, study.plan).cancel()
            complain("\(counted(count, "job")) cancelled; what is stored stays")
        } else {
            complain(
                "the jobs continue; the same command follows them again, `viseme cancel \(name)` ends them"
            )
        }
        throw ExitStatus.interrupted
    }

    private func isEndWanted() async -> Bool {
        let question = "\nEnd the jobs on Slurm too? [y/N] "
        // A question that can't be shown has no answer: the jobs continue.
        try? FileHandle.standardError.write(contentsOf: Data(question.utf8))
        let answer = readLine()?.trimmingCharacters(in: .whitespaces).lowercased() ?? ""
        return ["y", "yes"].contains(answer)
    }
}

extension SiteFile {
    /// That of this user, for a recipe.
    static func ofUser(_ recipe: String) throws -> SiteFile {
        let environment = ProcessInfo.processInfo.environment
        let home =
            environment["XDG_CONFIG_HOME"].map { URL(filePath: $0) }
            ?? environment["HOME"].map { URL(filePath: $0).appending(path: ".config") }
        return try SiteFile(beside: recipe, home: home)
    }
}
