import Foundation
import Recipes
import RunStore
import Training

/// One run and where it stands.
struct RunState: Encodable {
    enum State: String, Encodable, CaseIterable {
        case planned, running, completed, failed
    }

    let id: String
    let number: Int
    let label: String
    let state: State
    let metric: String
    /// Of a completed run: `trained` or `diverged`.
    var outcome: Outcome?
    var bestEpoch: Int?
    var bestValue: Double?
    /// Why it failed, and the last it printed.
    var reason: String?
    var output: String?
    var tries: Int?
    /// How far an unfinished run has come: the last epoch, of at most so many, and the metric there.
    var epoch: Int?
    var epochs: Int?
    var value: Double?
    var seconds: Double?
    var secondsLeft: Double?

    private enum CodingKeys: String, CodingKey {
        case id, number, label, state, metric, outcome, reason, output, tries, epoch, epochs, value, seconds
        case bestEpoch = "best_epoch"
        case bestValue = "best_value"
        case secondsLeft = "seconds_left"
    }

    /// All runs of a plan, in its order.
    static func all(_ plan: StoredPlan, _ stored: Stored, _ folder: StudyFolder) -> [RunState] {
        func ids(_ url: URL, _ ending: String) -> Set<String> {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
            return Set(names.filter { $0.hasSuffix(ending) }.map { String($0.dropLast(ending.count)) })
        }
        let journals = ids(folder.running, ".journal")
        let failures = ids(folder.failed, ".json")
        let damaged = Dictionary(stored.problems.map { ($0.id, $0.reason) }) { first, _ in first }
        return plan.runs.map { run in
            if let summary = stored.runs[run.id] { return completed(run, summary, plan.metric) }
            func state(_ state: State) -> RunState {
                RunState(id: run.id, number: run.number, label: run.label, state: state, metric: plan.metric.name)
            }
            if let reason = damaged[run.id] {
                var failed = state(.failed)
                failed.reason = "its file is damaged: \(reason)"
                return failed
            }
            let journal = folder.journalFile(run.id)
            let isKnown = journals.contains(run.id)
            if isKnown, Journal.isClaimed(journal) {
                var running = state(.running)
                running.take(RunProgress(Journal.read(journal)), metric: plan.metric.name, isRunning: true)
                return running
            }
            if failures.contains(run.id), let failure = folder.readFailure(run.id) {
                var failed = state(.failed)
                (failed.reason, failed.output, failed.tries) = (failure.reason, failure.output, failure.tries?.count)
                return failed
            }
            var planned = state(.planned)
            if isKnown { planned.take(RunProgress(Journal.read(journal)), metric: plan.metric.name, isRunning: false) }
            return planned
        }
    }

    private static func completed(_ run: StoredPlan.Run, _ summary: RunSummary, _ metric: Metric) -> RunState {
        RunState(
            id: run.id, number: run.number, label: run.label, state: .completed, metric: metric.name,
            outcome: summary.outcome, bestEpoch: summary.best?.epoch, bestValue: summary.best?.value,
            epochs: summary.epochs, seconds: summary.seconds)
    }

    private mutating func take(_ progress: RunProgress, metric: String, isRunning: Bool) {
        epoch = progress.epoch
        epochs = progress.epochs
        tries = progress.tries
        value = progress.values[progress.epoch]?[metric].flatMap { $0.isFinite ? $0 : nil }
        guard isRunning, let started = try? Date(progress.started, strategy: .iso8601) else { return }
        let elapsed = max(0, Date().timeIntervalSince(started))
        seconds = elapsed
        guard let epochs, progress.epochsOfTry > 0 else { return }
        let perEpoch = progress.seconds / Double(progress.epochsOfTry)
        let sinceLast = max(0, elapsed - progress.seconds)
        secondsLeft = max(0, perEpoch * Double(epochs - progress.epoch) - sinceLast)
    }

    // MARK: Words

    /// The last column of a table.
    var words: String {
        switch state {
        case .completed:
            guard let bestValue else {
                return outcome == .diverged ? "diverged in epoch \(epochs ?? 0)" : "no value of \(metric)"
            }
            return "\(metric) \(decimals(bestValue, 4)) at epoch \(bestEpoch ?? 0)"
                + (outcome == .diverged ? ", diverged in epoch \(epochs ?? 0)" : "")
        case .running:
            var parts = ["epoch \(epoch ?? 0)" + (epochs.map { " of \($0)" } ?? "")]
            if let value { parts.append("\(metric) \(decimals(value, 4))") }
            if let seconds { parts.append(clock(seconds)) }
            if let secondsLeft { parts.append("about \(clock(secondsLeft)) left") }
            if let tries, tries > 1 { parts.append("try \(tries)") }
            return parts.joined(separator: ", ")
        case .failed: return (reason ?? "") + (tries.map { $0 > 1 ? " (\($0) tries)" : "" } ?? "")
        case .planned: return epoch.map { $0 > 0 ? "stopped after epoch \($0)" : "stopped" } ?? ""
        }
    }

    static func table(_ states: [RunState]) -> String {
        viseme.table(
            ["#", "run", "label", "state", ""],
            states.map { ["\($0.number)", $0.id, $0.label, $0.state.rawValue, $0.words] })
    }

    /// `3 completed, 1 failed`.
    static func counts(_ states: [RunState]) -> String {
        let counts = State.allCases.map { state in (state, states.count { $0.state == state }) }
        return counts.filter { $0.1 > 0 }.map { "\($0.1) \($0.0.rawValue)" }.joined(separator: ", ")
    }

    static func json(_ plan: StoredPlan, _ states: [RunState]) throws -> String {
        struct Listing: Encodable {
            let recipe: String
            let runs: [RunState]
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(Listing(recipe: plan.name, runs: states)), as: UTF8.self)
    }
}

/// Columns as wide as their widest cell, two spaces apart.
func table(_ header: [String], _ rows: [[String]]) -> String {
    let counts = ([header] + rows).map { $0.map(\.count) }
    let widths = header.indices.map { column in counts.map { $0[column] }.max() ?? 0 }
    return zip([header] + rows, counts).map { row, counts in
        var line = ""
        for column in row.indices {
            line += row[column]
            if column < row.count - 1 { line += String(repeating: " ", count: widths[column] - counts[column] + 2) }
        }
        while line.last == " " { line.removeLast() }
        return line
    }.joined(separator: "\n")
}
