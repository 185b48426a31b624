import Files
import Foundation
import RunStore

/// Brings the runs of one study's folder into another: two machines that shared the work become one result. Runs are known
/// by identity; every file is verified before it is taken.
package struct Merge: Sendable {
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
    package private(set) var plan: StoredPlan
    /// Labels of runs that were taken over.
    package private(set) var taken: [String] = []
    /// How many were there already, with the same content.
    package private(set) var same = 0
    package private(set) var conflicts: [Conflict] = []
    /// Files that can't be read, in words.
    package private(set) var damaged: [String] = []
    /// Labels of runs whose settings are none of this study's.
    package private(set) var foreign: [String] = []

    /// - Throws: `StoreError` where one of them holds no study, or nothing can be written.
    package init(from source: StudyFolder, into target: StudyFolder) throws {
        let theirs = try source.readPlan()
        let ours = try? target.readPlan()
        plan = ours ?? theirs
        let planned = Set(plan.runs.map(\.id))
        for run in theirs.runs {
            let isPlanned = planned.contains(run.id)
            guard isPlanned || plan.identity(of: run).id == run.id else {
                foreign.append(run.label)
                continue
            }
            if !isPlanned { add(run) }
            try take(run, source, target)
        }
        try target.write(plan)
    }

    private mutating func add(_ run: StoredPlan.Run) {
        var run = run
        let setting = run.point.filter { $0.key != "seed" }
        let like = plan.runs.first { $0.point.filter { $0.key != "seed" } == setting }
        run.trial = like?.trial ?? (plan.runs.map(\.trial).max() ?? -1) + 1
        run.number = plan.runs.count + 1
        plan.runs.append(run)
    }

    private mutating func take(_ run: StoredPlan.Run, _ source: StudyFolder, _ target: StudyFolder) throws {
        let (from, to) = (source.runFile(run.id), target.runFile(run.id))
        guard FileManager.default.fileExists(atPath: from.path) else { return takeFailure(run, source, target) }
        let theirs: RunRecord
        do { theirs = try RunFile.read(from) } catch {
            damaged.append("\(error)")
            return
        }
        guard theirs.identity.id == run.id else {
            damaged.append("\(from.path): is another run's")
            return
        }
        if FileManager.default.fileExists(atPath: to.path) {
            do {
                let ours = try RunFile.read(to)
                if ours.contentDigest == theirs.contentDigest {
                    same += 1
                } else {
                    conflicts.append(
                        Conflict(
                            label: run.label, id: run.id, ours: (ours.contentDigest, ours.provenance.host),
                            theirs: (theirs.contentDigest, theirs.provenance.host)))
                }
                return
            } catch {
                let place = try target.setAside(to)
                damaged.append("\(error): set aside as \(place.path), theirs is taken")
            }
        }
        try DurableFile.write(DurableFile.read(from), to: to)
        target.removeFailure(run.id)
        taken.append(run.label)
    }

    private func takeFailure(_ run: StoredPlan.Run, _ source: StudyFolder, _ target: StudyFolder) {
        guard let failure = source.readFailure(run.id), target.readFailure(run.id) == nil,
            !FileManager.default.fileExists(atPath: target.runFile(run.id).path)
        else { return }
        try? target.write(failure)
    }
}
