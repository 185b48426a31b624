import ArgumentParser
import Execution
import Files
import Foundation
import RunStore
import Studies

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "List the runs of a study: stored, running, failed or left, and why.")

    @Argument(help: "The study: its folder, results/<name>, or its recipe.")
    var study: String
    @Flag(help: "As JSON.")
    var json = false
    @Flag(help: "Show it again every second while a sweep is running.")
    var watch = false

    func run() async throws {
        let folder = StudyFolder(named: study)
        let plan = try folder.readPlan()
        if watch, !json { return try await watch(folder, plan) }
        var reader = StudyStatusReader(folder, plan)
        let stored = StudyResults(folder, plan)
        var status = reader.status(stored)
        status.places = await places(folder, plan, status)
        status.stale = StaleRuns(folder, plan, stored).stale
        status.notes = try StudyNotes.read(folder)
        if json { return print(try status.json()) }
        deriveIfLate(folder, plan, stored)
        let words = StatusTable(status: status)
        Terminal.print(words.table())
        // Equal failures are shown once.
        let failures = status.runs.compactMap { run -> (Run, FailureRecord)? in
            if case .failed(.recorded(let failure)) = run.state { (run.run, failure) } else { nil }
        }
        let groups = Dictionary(grouping: failures, by: \.1.reason)
        var shown: Set<String> = []
        for (run, failure) in failures where shown.insert(failure.reason).inserted {
            let others = (groups[failure.reason]?.count ?? 1) - 1
            if others > 0 { print("\n\(others + 1) runs failed alike: \(failure.reason)") }
            guard !failure.output.isEmpty else { continue }
            print("\nlast output of \(run.label):")
            print(
                failure.output.split(whereSeparator: \.isNewline).suffix(25).map { "    \($0)" }
                    .joined(
                        separator: "\n"))
        }
        print("\n" + words.summary)
    }

    /// Where runs wait in Slurm's queue; one question, and none for other studies.
    private func places(_ folder: StudyFolder, _ plan: Plan, _ status: StudyStatus) async
        -> [String: String]
    {
        let jobs = SlurmJobs(folder, plan)
        guard !jobs.isEmpty, status.count(.completed) < status.runs.count else { return [:] }
        do {
            return try await jobs.queued().mapValues { task in
                let reason = ["", "None"].contains(task.reason) ? "" : " (\(task.reason))"
                let node = task.node.isEmpty ? "" : " on \(task.node)"
                return "job \(task.job)_\(task.task) \(task.state)\(node)\(reason)"
            }
        } catch {
            complain("\(error)")
            return [:]
        }
    }

    /// Workers that were killed after the last result have not written the report.
    private func deriveIfLate(_ folder: StudyFolder, _ plan: Plan, _ stored: StudyResults) {
        guard !FileManager.default.names(in: folder.slurm).isEmpty,
            plan.runs.allSatisfy({ stored.runs[$0.id] != nil })
        else { return }
        let written = FileFacts(folder.digests)?.modified ?? 0
        let newest = stored.runs.values.map(\.file.modified).max() ?? 0
        guard written < newest else { return }
        do {
            let claim = try Claim(folder)
            try writeDerived(folder, plan, stored)
            withExtendedLifetime(claim) {}
        } catch is Claim.Taken {
            // Whoever has the folder writes it.
        } catch { complain("\(error)") }
    }

    private func watch(_ folder: StudyFolder, _ plan: Plan) async throws {
        let display = ProgressDisplay()
        var reader = StudyStatusReader(folder, plan)
        var results = StudyResults(folder, plan)
        while true {
            results = StudyResults(folder, plan, after: results)
            let status = reader.status(results)
            let words = StatusTable(status: status)
            guard status.isWorking, display.isTerminal else {
                display.clear()
                Terminal.print(words.table([.running, .completed, .failed]))
                return print(words.summary)
            }
            display.show { lines, columns in
                words.live(lines: lines - 1, columns: columns) + [words.summary]
            }
            try await Task.sleep(for: .seconds(1))
        }
    }
}
