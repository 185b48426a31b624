import ArgumentParser
import Execution
import Foundation
import Recipes
import Reports
import RunStore
import Studies

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "List the runs and what is stored; nothing is decoded, written or trained.")

    @OptionGroup var options: StudyOptions
    @OptionGroup var workers: WorkerOptions
    @Flag(help: "As JSON.")
    var json = false

    @Flag(help: "Show every key with its value and the line that sets it.")
    var resolved = false

    func run() async throws {
        let recipe = try options.read()
        if resolved { return print(try recipe.resolved(), terminator: "") }
        guard let study = try ResolvedStudy.known(recipe, in: .named(results: options.results))
        else {
            return try listUnprepared(recipe)
        }
        for duplicate in study.duplicates.prefix(10) { complain(duplicate) }
        let results = StudyResults(study.folder, study.plan)
        var reader = StudyStatusReader(study.folder, study.plan)
        var status = reader.status(results)
        status.stale = StaleRuns(study.folder, study.plan, results).stale
        if json { return print(try status.json()) }
        print(size(study.plan.runs.map { ($0.trial, $0.setting) }))
        Terminal.print(StatusTable(status: status).table())
        let left = status.runs.filter {
            $0.state.kind != .completed || status.stale[$0.run.id] != nil
        }.map(\.run)
        let stale = left.count { status.stale[$0.id] != nil }
        print(
            "\(status.runs.count) runs, \(status.runs.count - left.count) stored, \(left.count) to train"
                + (stale > 0 ? " (\(stale) of them stale)" : "")
                + (try estimate(left, study, results)))
    }

    /// A run's id contains the digest of its data.
    private func listUnprepared(_ recipe: Recipe) throws {
        let runs = try recipe.expand()
        if json {
            struct Listing: Encodable {
                struct Row: Encodable {
                    let number: Int
                    let label: String
                    let state = "unknown"
                }
                let recipe: String
                let runs: [Row]
            }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            let rows = runs.map { Listing.Row(number: $0.number, label: $0.label) }
            let data = try encoder.encode(Listing(recipe: recipe.name, runs: rows))
            return print(String(decoding: data, as: UTF8.self))
        }
        print(size(runs.map { ($0.trial, $0.setting) }))
        print(table(["#", "label"], runs.map { ["\($0.number)", $0.label] }))
        print(
            "\(runs.count) runs; stored: unknown until the data is prepared (`viseme sweep` or `viseme data info` does)"
        )
    }

    /// `18 runs: 6 trials × 3 seeds; lr 3 values, batch_size 2 values`.
    private func size(_ runs: [(trial: Int, setting: Setting)]) -> String {
        let seeds = Dictionary(grouping: runs, by: \.trial).mapValues(\.count)
        let each = Set(seeds.values)
        let trials = "\(seeds.count) trial\(seeds.count == 1 ? "" : "s")"
        let product =
            each.count == 1
            ? "\(trials) × \(each.first ?? 0) seed\(each.first == 1 ? "" : "s")"
            : "\(trials) with \(each.min() ?? 0) to \(each.max() ?? 0) seeds"
        var values: [(key: String, values: Set<Value>)] = []
        for assignment in runs.flatMap(\.setting) where assignment.key != "seed" {
            if let place = values.firstIndex(where: { $0.key == assignment.key }) {
                values[place].values.insert(assignment.value)
            } else {
                values.append((assignment.key, [assignment.value]))
            }
        }
        let keys = values.map {
            "\($0.key) \($0.values.count) value\($0.values.count == 1 ? "" : "s")"
        }.joined(separator: ", ")
        let line =
            "\(runs.count) run\(runs.count == 1 ? "" : "s"): \(product)"
            + (keys.isEmpty ? "" : "; \(keys)")
        return Terminal.columns.map { wrapped(line, to: $0) } ?? line
    }

    /// By the time that stored runs took: those of the same setting, if there are any.
    private func estimate(_ left: [Run], _ study: ResolvedStudy, _ results: StudyResults) throws
        -> String
    {
        guard !left.isEmpty, !results.runs.isEmpty else { return "" }
        var ofTrials: [Int: [RunResult]] = [:]
        for (run, result) in results.inOrder(study.plan) {
            ofTrials[run.trial, default: []].append(result)
        }
        let all = Array(results.runs.values)
        func mean(_ runs: [RunResult], _ number: (RunResult) -> Double) -> Double {
            runs.reduce(0) { $0 + number($1) } / Double(max(runs.count, 1))
        }
        var (seconds, bytes) = (0.0, 0.0)
        for run in left {
            let like = ofTrials[run.trial] ?? all
            seconds += mean(like) { $0.seconds }
            bytes += mean(like) { Double($0.file.size) }
        }
        let jobs: Double
        do { jobs = Double(try workers.allotment(study).jobs(for: left.count)) } catch let error
            as ValidationError
        {
            // A plan may be listed on a machine that can't run it.
            return "; no estimate: \(error.message)"
        }
        return
            ", about \(clock(seconds / jobs)) and \(byteCount(Int(bytes))), judging by the runs stored so far"
    }
}
