import ArgumentParser
import Foundation
import Recipes
import RunStore
import Sweeps

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "List the runs and what is stored; nothing runs.")

    @OptionGroup var options: StudyOptions
    @OptionGroup var workers: WorkerOptions
    @Flag(help: "As JSON.")
    var json = false

    func run() async throws {
        let study = try await options.study()
        let stored = Stored(study.folder, study.plan)
        let states = RunState.all(study.plan, stored, study.folder)
        if json { return try RunState.printJSON(study.plan, states) }
        RunState.printTable(states)
        let left = states.filter { $0.state != .completed && $0.state != .diverged }
        print(
            "\(states.count) runs, \(states.count - left.count) stored, \(left.count) to train\(estimate(left.count, stored))"
        )
    }

    /// What the stored runs took says what the others will.
    private func estimate(_ left: Int, _ stored: Stored) -> String {
        let seconds = stored.runs.values.map(\.seconds)
        guard left > 0, !seconds.isEmpty else { return "" }
        let mean = seconds.reduce(0, +) / Double(seconds.count)
        return ", about \(clock(mean * Double(left) / Double(workers.jobs(for: left)))) by the runs stored so far"
    }
}

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "What of a study is done, failed or missing, and why.")

    @Argument(help: "The study's folder, results/<name>.")
    var study: String
    @Flag(help: "As JSON.")
    var json = false

    func run() throws {
        let folder = StudyFolder(URL(filePath: study))
        let plan = try folder.readPlan()
        let states = RunState.all(plan, Stored(folder, plan), folder)
        if json { return try RunState.printJSON(plan, states) }
        RunState.printTable(states)
        let counts = RunState.State.allCases.map { state in (state, states.count { $0.state == state }) }
        print(counts.filter { $0.1 > 0 }.map { "\($0.1) \($0.0.rawValue)" }.joined(separator: ", "))
    }
}

/// One run and where it stands.
struct RunState: Encodable {
    enum State: String, Encodable, CaseIterable {
        case planned, completed, diverged, failed, damaged
    }

    let id: String
    let number: Int
    let label: String
    let state: State
    let metric: String
    let bestEpoch: Int?
    let bestValue: Double?
    let reason: String?

    /// `lr=0.01`, as it stands in labels.
    static func term(_ point: Axis.Point) -> String { "\(point.key)=\(point.value.label)" }

    private enum CodingKeys: String, CodingKey {
        case id, number, label, state, metric, reason
        case bestEpoch = "best_epoch"
        case bestValue = "best_value"
    }

    static func all(_ plan: StoredPlan, _ stored: Stored, _ folder: StudyFolder) -> [RunState] {
        plan.runs.map { run in
            let summary = stored.runs[run.id]
            let damage = stored.problems.first { $0.id == run.id }?.reason
            let failure = summary == nil && damage == nil ? folder.readFailure(run.id)?.reason : nil
            let state: State =
                summary.map { $0.outcome == .diverged ? .diverged : .completed }
                ?? (damage != nil ? .damaged : failure != nil ? .failed : .planned)
            return RunState(
                id: run.id, number: run.number, label: run.label, state: state, metric: plan.metric.name,
                bestEpoch: summary?.best?.epoch, bestValue: summary?.best?.value, reason: damage ?? failure)
        }
    }

    static func printTable(_ states: [RunState]) {
        let rows = states.map { state in
            [
                "\(state.number)", state.id, state.label, state.state.rawValue,
                state.reason ?? state.bestValue.map {
                    "\(state.metric) \(decimals($0, 4)) at epoch \(state.bestEpoch ?? 0)"
                } ?? "",
            ]
        }
        print(table(["#", "run", "label", "state", ""], rows))
    }

    static func printJSON(_ plan: StoredPlan, _ states: [RunState]) throws {
        struct Listing: Encodable {
            let recipe: String
            let runs: [RunState]
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(Listing(recipe: plan.name, runs: states)), as: UTF8.self))
    }
}

/// Columns as wide as their widest cell, two spaces apart.
func table(_ header: [String], _ rows: [[String]]) -> String {
    let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
    return ([header] + rows).map { row in
        let cells = row.indices.map { row[$0] + String(repeating: " ", count: widths[$0] - row[$0].count) }
        let line = cells.joined(separator: "  ")
        return String(line.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
}
