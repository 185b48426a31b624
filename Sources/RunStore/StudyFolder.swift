import Files
import Foundation
import Studies

/// `results/<name>/`: everything stored of one study, and where.
package struct StudyFolder: Sendable, Equatable {
    package let url: URL

    /// What all studies share: decoded and framed clips.
    package let cache: URL

    /// Token of the worker whose files of unfinished runs are meant; empty for a session that has
    /// the whole folder.
    package var holder = ""

    /// - Parameter cache: beside the study, if it is not given.
    package init(_ url: URL, cache: URL? = nil) {
        self.url = url
        self.cache = cache ?? url.deletingLastPathComponent().appending(path: ".cache")
    }

    /// Whether a folder holds a study.
    package static func exists(_ path: String) -> Bool { StudyFolder(URL(filePath: path)).isThere }

    var isThere: Bool { access(plan.path, F_OK) == 0 }

    /// As a person names a study: by its folder, or by its recipe, whose results are in
    /// `results/<name of the recipe>`.
    package init(named text: String) {
        let file = URL(filePath: text)
        let isRecipe = ["yaml", "yml"].contains(file.pathExtension.lowercased())
        let name = file.deletingPathExtension().lastPathComponent
        self.init(isRecipe ? URL(filePath: "results").appending(path: name) : file)
    }

    package var plan: URL { url.appending(path: "plan.json") }
    package var runs: URL { url.appending(path: "runs") }
    package var sweepFile: URL { url.appending(path: "sweep.h5") }
    package var digests: URL { url.appending(path: "digests.txt") }
    package var report: URL { report(.markdown) }
    package func report(_ form: ReportSettings.Form) -> URL {
        url.appending(path: "report.\(form.rawValue)")
    }
    package var figures: URL { url.appending(path: "figures") }
    package var checkpoints: URL { url.appending(path: "checkpoints") }
    package var failed: URL { url.appending(path: "failed") }
    package var setAside: URL { url.appending(path: "set-aside") }
    /// Journals of unfinished runs, and what commands write for us.
    package var running: URL { url.appending(path: "running") }
    /// Working folders of commands.
    package var work: URL { url.appending(path: "work") }

    /// Batches of runs that were submitted to Slurm, their job numbers and logs.
    package var slurm: URL { url.appending(path: "slurm") }

    /// Names the session that works in the folder.
    package var claim: URL { url.appending(path: ".lock") }

    /// What became of a run's tasks that ended before it did.
    func stopsFile(_ id: String) -> URL { slurm.appending(path: "\(id).stops.json") }

    package func runFile(_ id: String) -> URL { runs.appending(path: "\(id).h5") }
    /// Where an unfinished run resumes.
    package func checkpointFile(_ id: String) -> URL {
        checkpoints.appending(path: "\(held(id)).h5")
    }
    package func journalFile(_ id: String) -> URL {
        running.appending(path: "\(held(id)).journal")
    }
    /// Who trains the run.
    package func leaseFile(_ id: String) -> URL { running.appending(path: "\(id).lease") }
    /// Ids of the runs that the session at work is to train, if these are not all that are missing.
    package var wantedRuns: URL { running.appending(path: "only") }
    /// How the run's process was started.
    package func jobFile(_ id: String) -> URL { running.appending(path: "\(held(id)).job.json") }
    /// Where a command appends its metrics.
    package func metricsFile(_ id: String) -> URL { running.appending(path: "\(held(id)).jsonl") }
    /// Where the files are noted that a command opens.
    package func traceFile(_ id: String) -> URL { running.appending(path: "\(held(id)).trace") }
    /// The code that runs were trained with.
    package var code: URL { url.appending(path: "code") }
    /// Which runs stay although their inputs have changed, and why.
    package var acceptedInputs: URL { url.appending(path: "accepted.json") }
    /// Files that runs have left and that are kept with them.
    package func artifacts(_ id: String) -> URL {
        url.appending(path: "artifacts").appending(path: id)
    }
    /// What people say of the runs.
    package var notes: URL { url.appending(path: "notes.json") }
    /// Where a command may leave its weights.
    package func weightsFile(_ id: String) -> URL {
        running.appending(path: "\(held(id)).safetensors")
    }
    /// Where a command may keep its own checkpoints.
    package func checkpointFolder(_ id: String) -> URL { checkpoints.appending(path: held(id)) }
    /// Whether an attempt left something that the next resumes from.
    package func hasCheckpoint(_ id: String) -> Bool {
        if FileManager.default.fileExists(atPath: checkpointFile(id).path) { return true }
        // There is no folder before the first attempt.
        let names = try? FileManager.default.contentsOfDirectory(atPath: checkpointFolder(id).path)
        return names?.isEmpty == false
    }

    package func workFolder(_ id: String) -> URL { work.appending(path: held(id)) }

    private func held(_ id: String) -> String { holder.isEmpty ? id : "\(id).\(holder)" }
    package func failureFile(_ id: String) -> URL { failed.appending(path: "\(id).json") }

    package func create() throws {
        for folder in [url, runs] {
            do {
                try FileManager.default.createDirectory(
                    at: folder, withIntermediateDirectories: true)
            } catch {
                throw StoreError.unwritable(path: folder.path, reason: "the folder can't be made")
            }
        }
    }

    /// Removes what writers that were killed left behind: temporary files, and checkpoints of runs
    /// that are stored. Only while the study is locked.
    package func removeLeftovers() {
        for name in FileManager.default.names(in: checkpoints)
        where isOfStoredRun(name) {
            FileManager.default.discard(checkpoints.appending(path: name))
        }
        for name in FileManager.default.names(in: running) {
            guard isOfStoredRun(name) else { continue }
            FileManager.default.discard(running.appending(path: name))
        }
        // Workers that share the folder are about to finish theirs.
        guard RunLease.owners(in: self).isEmpty else { return }
        for folder in [url, runs, checkpoints, failed, figures] {
            let names = FileManager.default.names(in: folder)
            for name in names where name.hasPrefix(".") && name.hasSuffix(".tmp") {
                FileManager.default.discard(folder.appending(path: name))
            }
        }
    }

    /// Moves a damaged or replaced file out of the way, never over another.
    /// - Returns: where it is now.
    @discardableResult
    package func setAside(_ file: URL) throws -> URL {
        try FileManager.default.createDirectory(at: setAside, withIntermediateDirectories: true)
        var target = setAside.appending(path: file.lastPathComponent)
        var number = 1
        while FileManager.default.fileExists(atPath: target.path) {
            number += 1
            target = setAside.appending(path: "\(file.lastPathComponent).\(number)")
        }
        try FileManager.default.moveItem(at: file, to: target)
        return target
    }

    // MARK: The plan

    package func write(_ plan: Plan) throws {
        try DurableFile.write(Array(try PlanFile.json(plan).utf8), to: self.plan)
    }

    /// Whether the stored plan is this one, to the byte.
    package func holds(_ plan: Plan) throws -> Bool {
        // A plan that is missing or can't be read is not this one.
        try (try? Data(contentsOf: self.plan)) == Data(PlanFile.json(plan).utf8)
    }

    package func readPlan() throws -> Plan {
        guard isThere else {
            // What may not be looked at is not absent.
            guard errno == ENOENT || errno == ENOTDIR else {
                throw StoreError.unreadable(path: plan.path, reason: systemProblem())
            }
            throw StudyError.noStudy(path: url.path)
        }
        do {
            return try PlanFile.plan(json: Data(DurableFile.read(plan)))
        } catch let newer as PlanFile.NewerPlan {
            throw StoreError.otherFormat(
                path: plan.path, found: "viseme-plan \(newer.format)", known: PlanFile.format)
        } catch is DecodingError {
            throw StoreError.unreadable(
                path: plan.path,
                reason:
                    "it is damaged, or not the plan of a study: `viseme sweep` with the recipe sets it aside and writes a new one"
            )
        }
    }

    /// The plan that is stored, if there is one; one that is damaged is set aside.
    /// - Parameter warn: is called if it was.
    /// - Throws: `StoreError` if a later program wrote it, or it can't be moved.
    package func readPlanOrSetAside(warn: (String) -> Void) throws -> Plan? {
        guard access(plan.path, F_OK) == 0 || errno != ENOENT else { return nil }
        do { return try readPlan() } catch let error as StoreError where !error.isOfNewerFormat {
            let place = try setAside(plan)
            let others = FileManager.default.names(in: runs).count { $0.hasSuffix(".h5") }
            warn(
                "\(error)\n  set aside as \(place.path). The folder holds \(others) run files; those of this plan are used, others stay"
            )
            return nil
        }
    }

    // MARK: Failures

    package func write(_ failure: FailureRecord) throws {
        try FileManager.default.createDirectory(at: failed, withIntermediateDirectories: true)
        try DurableFile.write(
            Array((try RunFile.json(failure) + "\n").utf8), to: failureFile(failure.id))
    }

    package func readFailure(_ id: String) -> FailureRecord? {
        // A record that is missing or damaged only explains; the run itself decides.
        guard let bytes = try? DurableFile.read(failureFile(id)) else { return nil }
        return try? JSONDecoder().decode(FailureRecord.self, from: Data(bytes))
    }

    package func removeFailure(_ id: String) {
        FileManager.default.discard(failureFile(id))
    }

    /// Writes any derived file: whole or not at all.
    package func write(_ text: String, to file: URL) throws {
        let folder = file.deletingLastPathComponent()
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw StoreError.unwritable(path: folder.path, reason: "the folder can't be made")
        }
        try DurableFile.write(Array(text.utf8), to: file)
    }
}

/// A run that failed for a reason outside it.
package struct FailureRecord: Codable, Sendable, Equatable {
    package var id: String
    package var label: String
    /// As a person would say it: `killed by signal 9 (SIGKILL)`.
    package var reason: String
    /// The last lines it printed.
    package var output: String
    /// Why each try failed, the last included; nil in records of earlier programs.
    package var tries: [String]?
    /// Bytes of memory that were too few; nil if it failed for another reason.
    package var memory: Int?
    /// The scheduler's task that it failed in; nil outside of one.
    package var task: String?

    package init(id: String, label: String, reason: String, output: String, tries: [String]? = nil)
    {
        self.id = id
        self.label = label
        self.reason = reason
        self.output = output
        self.tries = tries
    }
}
