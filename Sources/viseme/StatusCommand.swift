import ArgumentParser
import Foundation
import RunStore
import Execution

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "What of a study is done, running, failed or left, and why.")

    @Argument(help: "The study's folder, results/<name>.")
    var study: String
    @Flag(help: "As JSON.")
    var json = false
    @Flag(help: "Show it again every second, as long as a sweep works.")
    var watch = false

    func run() async throws {
        let folder = StudyFolder(URL(filePath: study))
        let plan = try folder.readPlan()
        if watch, !json { return try await watch(folder, plan) }
        let stored = Stored(folder, plan)
        let states = RunState.all(plan, stored, folder)
        if json { return print(try RunState.json(plan, states)) }
        print(RunState.table(states))
        for state in states where state.state == .failed {
            guard let output = state.output, !output.isEmpty else { continue }
            print("\nlast output of \(state.label):")
            print(output.split(separator: "\n").suffix(25).map { "    \($0)" }.joined(separator: "\n"))
        }
        print("\n" + summary(states, folder))
    }

    private func watch(_ folder: StudyFolder, _ plan: StoredPlan) async throws {
        let display = ProgressDisplay()
        var stored = Stored(folder, plan)
        while true {
            stored = Stored(folder, plan, after: stored)
            let states = RunState.all(plan, stored, folder)
            let working = states.filter { $0.state == .running }
            let isWorking = StudyLock.isTaken(folder)
            guard isWorking, display.isTerminal else {
                display.clear()
                print(RunState.table(states.filter { $0.state != .planned }))
                return print(summary(states, folder))
            }
            display.show { room in
                working.prefix(max(0, room - 2)).map { "  \($0.label)  \($0.words)" } + [summary(states, folder)]
            }
            try await Task.sleep(for: .seconds(1))
        }
    }

    private func summary(_ states: [RunState], _ folder: StudyFolder) -> String {
        let running = states.filter { $0.state == .running }
        guard StudyLock.isTaken(folder) else { return RunState.counts(states) + "; no sweep works on it now" }
        let took = states.filter { $0.state == .completed }.compactMap(\.seconds)
        let planned = Double(states.count { $0.state == .planned })
        var left = ""
        if !took.isEmpty, !running.isEmpty {
            let mean = took.reduce(0, +) / Double(took.count)
            let started = running.reduce(0) { $0 + ($1.secondsLeft ?? max(0, mean - ($1.seconds ?? 0))) }
            left = ", about \(clock((planned * mean + started) / Double(running.count))) left"
        }
        return RunState.counts(states) + "; a sweep works on it\(left)"
    }
}
