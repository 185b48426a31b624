import Files
import Foundation
import RunStore
import Studies

/// Brings the runs of one study's folder into another: two machines that shared the work become one
/// result. Runs are known by identity; every file is verified before it is taken.
package struct StudyMerger: Sendable {
    /// One identity, two results.
    package struct Conflict: Sendable, Equatable {
        package var label: String
        package var id: String
        /// Content digests and hosts.
        package var ours, theirs: (digest: String, host: String)

        package static func == (a: Conflict, b: Conflict) -> Bool {
            a.id == b.id && a.ours == b.ours && a.theirs == b.theirs
        }
    }

    /// The plan of all.
    package private(set) var plan: Plan
    /// Labels of runs that were taken over.
    package private(set) var taken: [String] = []
    /// How many were there already, with the same content.
    package private(set) var same = 0
    package private(set) var conflicts: [Conflict] = []
    /// Labels of runs that both have, and trained from different files: ours stay.
    package private(set) var otherInputs: [String] = []
    /// Files that can't be read, in words.
    package private(set) var damaged: [String] = []
    /// Labels of runs whose settings are none of this study's.
    package private(set) var foreign: [String] = []

    private let source, target: StudyFolder

    /// - Throws: `StoreError` if the source holds no study, or the target's plan can't be read.
    package init(from source: StudyFolder, into target: StudyFolder) throws {
        (self.source, self.target) = (source, target)
        theirs = try source.readPlan()
        let isNew = !FileManager.default.fileExists(atPath: target.plan.path)
        plan = isNew ? theirs : try target.readPlan()
    }

    private let theirs: Plan
    /// Trials of the plan by setting, and the first free number.
    private var trials: [Setting: Int] = [:]
    private var nextTrial = 0

    /// Brings the runs over.
    /// - Throws: `StoreError` if nothing can be written.
    package mutating func merge() throws {
        let trainer = TrainerCatalog.trainer(plan.trainer)
        let planned = Set(plan.runs.map(\.id))
        for run in theirs.runs {
            let isPlanned = planned.contains(run.id)
            guard isPlanned || trainer.identity(of: run, in: plan).id == run.id else {
                foreign.append(run.label)
                continue
            }
            if !isPlanned { add(run) }
            try take(run)
        }
        try takeCode()
        try takeNotes()
        try target.write(plan)
    }

    /// The code of their runs, as far as it is not here.
    private func takeCode() throws {
        let names =
            FileManager.default.names(in: source.code).filter { $0.hasSuffix(".json") }
            + FileManager.default.names(in: source.code.appending(path: "objects")).map {
                "objects/" + $0
            }
        for name in names where !name.contains("/.") {
            let file = target.code.appending(path: name)
            guard !FileManager.default.fileExists(atPath: file.path) else { continue }
            FileManager.default.ensureFolder(file.deletingLastPathComponent())
            try DurableFile.write(
                DurableFile.read(source.code.appending(path: name)), to: file)
        }
    }

    /// Notes on runs that have none here.
    private func takeNotes() throws {
        var notes = try StudyNotes.read(target)
        let own = notes
        notes.take(try StudyNotes.read(source))
        if notes != own { try notes.write(target) }
    }

    private mutating func add(_ run: Run) {
        var run = run
        let setting = run.setting.withoutSeed
        if trials.isEmpty {
            for run in plan.runs { trials[run.setting.withoutSeed] = run.trial }
            nextTrial = (plan.runs.map(\.trial).max() ?? -1) + 1
        }
        if let like = trials[setting] {
            run.trial = like
        } else {
            run.trial = nextTrial
            trials[setting] = nextTrial
            nextTrial += 1
        }
        run.number = plan.runs.count + 1
        plan.runs.append(run)
    }

    private mutating func take(_ run: Run) throws {
        let (from, to) = (source.runFile(run.id), target.runFile(run.id))
        guard FileManager.default.fileExists(atPath: from.path) else { return try takeFailure(run) }
        let theirs: RunFileContents
        do { theirs = try TrainerCatalog.read(from) } catch {
            damaged.append("\(error)")
            return
        }
        guard theirs.identity.id == run.id else {
            damaged.append("\(from.path): is another run's")
            return
        }
        if FileManager.default.fileExists(atPath: to.path) {
            do {
                let ours = try TrainerCatalog.read(to)
                if ours.contentDigest == theirs.contentDigest {
                    same += 1
                } else if ours.provenance.trace?.digest != theirs.provenance.trace?.digest {
                    otherInputs.append(run.label)
                } else {
                    conflicts.append(
                        Conflict(
                            label: run.label, id: run.id,
                            ours: (ours.contentDigest, ours.provenance.host),
                            theirs: (theirs.contentDigest, theirs.provenance.host)))
                }
                return
            } catch {
                let place = try target.setAside(to)
                damaged.append("\(error): set aside as \(place.path), and replaced by theirs")
            }
        }
        try DurableFile.write(DurableFile.read(from), to: to)
        target.removeFailure(run.id)
        taken.append(run.label)
    }

    private func takeFailure(_ run: Run) throws {
        guard let failure = source.readFailure(run.id), target.readFailure(run.id) == nil,
            !FileManager.default.fileExists(atPath: target.runFile(run.id).path)
        else { return }
        try target.write(failure)
    }
}
