import ArgumentParser
import Foundation
import Recipes
import RunStore
import Execution

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "List the runs and what is stored; nothing runs.")

    @OptionGroup var options: StudyOptions
    @OptionGroup var workers: WorkerOptions
    @Flag(help: "As JSON.")
    var json = false

    @Flag(help: "Every key with its value, and where it was written.")
    var resolved = false

    func run() async throws {
        if resolved {
            return print(try Recipe(path: options.recipe, overrides: options.overrides).resolved, terminator: "")
        }
        let study = try await options.study()
        let stored = Stored(study.folder, study.plan)
        let states = RunState.all(study.plan, stored, study.folder)
        if json { return print(try RunState.json(study.plan, states)) }
        print(RunState.table(states))
        let left = states.filter { $0.state != .completed }
        print(
            "\(states.count) runs, \(states.count - left.count) stored, \(left.count) to train"
                + estimate(left.map(\.id), study.plan, stored))
    }

    /// What the stored runs took says what the others will: runs of the same setting, where there are any.
    private func estimate(_ left: [String], _ plan: StoredPlan, _ stored: Stored) -> String {
        guard !left.isEmpty, !stored.runs.isEmpty else { return "" }
        let wanted = Set(left)
        var ofTrials: [Int: [RunSummary]] = [:]
        for run in plan.runs {
            if let summary = stored.runs[run.id] { ofTrials[run.trial, default: []].append(summary) }
        }
        let all = Array(stored.runs.values)
        func mean(_ runs: [RunSummary], _ number: (RunSummary) -> Double) -> Double {
            runs.reduce(0) { $0 + number($1) } / Double(max(runs.count, 1))
        }
        var (seconds, bytes) = (0.0, 0.0)
        for run in plan.runs where wanted.contains(run.id) {
            let like = ofTrials[run.trial] ?? all
            seconds += mean(like) { $0.seconds }
            bytes += mean(like) { Double($0.file.size) }
        }
        let jobs = Double(workers.jobs(for: left.count, plan))
        return ", about \(clock(seconds / jobs)) and \(byteCount(Int(bytes))), by the runs stored so far"
    }
}
