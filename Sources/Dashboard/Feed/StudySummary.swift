import Foundation
import Reports
import RunStore
import Studies

/// A study in one line: of the list of studies.
package struct StudySummary: Sendable {
    package let id: String
    package let folder: StudyFolder
    package private(set) var name: String
    package private(set) var question: String?
    package private(set) var metric: Metric?
    package private(set) var counts: [RunStatus.Kind: Int] = [:]
    package private(set) var isWorking = false
    package private(set) var best: BestSetting?
    /// When a run was stored last, in seconds since 1970; nil: none is.
    package private(set) var changed: Double?
    /// Why the study can't be read; empty if it can.
    package private(set) var problem = ""

    package init(_ entry: StudyCatalogue.Entry) {
        id = entry.id
        folder = entry.folder
        name = entry.folder.url.lastPathComponent
        do {
            let plan = try folder.readPlan()
            (name, question, metric) = (plan.name, plan.question, plan.metric)
            let results = StudyResults(folder, plan)
            var reader = StudyStatusReader(folder, plan)
            let status = reader.status(results)
            take(results, status, BestSetting(plan, results))
        } catch { problem = "\(error)" }
    }

    /// Of what is read already.
    init(
        _ entry: StudyCatalogue.Entry, _ plan: Plan, _ results: StudyResults,
        _ status: StudyStatus, _ best: BestSetting?
    ) {
        (id, folder) = (entry.id, entry.folder)
        (name, question, metric) = (plan.name, plan.question, plan.metric)
        take(results, status, best)
    }

    private mutating func take(
        _ results: StudyResults, _ status: StudyStatus, _ best: BestSetting?
    ) {
        for kind in RunStatus.Kind.allCases { counts[kind] = status.count(kind) }
        isWorking = status.isWorking
        self.best = best
        changed = results.runs.values.map(\.file.modified).max().map { Double($0) / 1e9 }
    }

    package var runs: Int { counts.values.reduce(0, +) }

    func write(_ text: inout JSONText) {
        text.object { members in
            members.string("id", id)
            members.string("name", name)
            members.string("question", question)
            members.string("problem", problem.isEmpty ? nil : problem)
            members.string("metric", metric?.name)
            members.bool("isWorking", isWorking)
            for kind in RunStatus.Kind.allCases { members.number(kind.rawValue, counts[kind] ?? 0) }
            members.string("best", best?.label)
            members.number("mean", best?.mean)
            members.number("changed", changed)
        }
    }

    /// What the list shows of it.
    var line: [UInt8] {
        var text = JSONText()
        write(&text)
        return text.bytes
    }

    /// A list of studies for scripts.
    package static func json(_ all: [StudySummary]) -> String {
        var text = JSONText()
        text.list(all) { $1.write(&$0) }
        return String(decoding: text.bytes, as: UTF8.self)
    }
}
