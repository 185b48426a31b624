import ArgumentParser
import Execution
import Foundation
import Recipes
import RunStore
import Studies
import Training

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Compare two runs, or two studies.",
        discussion: "The exit status is 3 if anything that a content digest covers differs.")

    @Argument(help: ArgumentHelp("A run, or a study's folder. \(RunArgument.help)", valueName: "a"))
    var first: String
    @Argument(help: ArgumentHelp("Another.", valueName: "b"))
    var second: String

    func run() throws {
        let isSame =
            try StudyArgument.isStudy(first) && StudyArgument.isStudy(second)
            ? compareStudies(StudyFolder(named: first), StudyFolder(named: second))
            : compareRuns(
                TrainerCatalog.read(RunName.file(first)), TrainerCatalog.read(RunName.file(second)))
        if !isSame { throw ExitStatus.difference }
    }

    // MARK: Runs

    private func compareRuns(_ a: RunFileContents, _ b: RunFileContents) -> Bool {
        let comparison = RunComparison(a, b)
        print(
            aligned([
                ["a", "\(a.provenance.label)  \(a.identity.id)"],
                ["b", "\(b.provenance.label)  \(b.identity.id)"],
            ]))
        if comparison.hasSameContent {
            print("\nthe same content, to the bit: \(a.contentDigest)")
            return true
        }
        let settings = comparison.settings.map { setting in
            ["  " + setting.key, setting.first?.label ?? "–", setting.second?.label ?? "–"]
        }
        let metrics = comparison.metrics.map { metric in
            [
                "  " + metric.name, short(metric.first), short(metric.second),
                short(metric.second - metric.first),
                metric.place.map { "differ from \($0) on" } ?? "",
            ]
        }
        // What differs comes first.
        if !settings.isEmpty { print("\nsettings\n" + table(["", "a", "b"], settings)) }
        if !metrics.isEmpty {
            print(
                "\nmetrics, at the best \(a.axis.rawValue) of each\n"
                    + table(["", "a", "b", "b − a", ""], metrics))
        }
        let isNone = !comparison.hasWeights.first && !comparison.hasWeights.second
        if !comparison.hasSameWeights, !isNone { print("\nweights\n" + weights(comparison)) }
        print("")
        if settings.isEmpty { print("settings: the same") }
        if metrics.isEmpty { print("metrics: the same histories, to the bit") }
        if comparison.hasSameWeights { print("weights: the same, to the bit") }
        if isNone { print("weights: none stored by either") }
        return false
    }

    private func weights(_ comparison: RunComparison) -> String {
        switch comparison.hasWeights {
        case (true, false): return "  stored by a alone"
        case (false, true): return "  stored by b alone"
        default: break
        }
        guard let differences = comparison.weights else {
            return "  differ; not kept by both, so not compared further"
        }
        let shown = 20
        let rows = differences.prefix(shown).map { difference -> [String] in
            switch difference {
            case .values(let name, let largest, let mean):
                ["  " + name, "largest \(short(largest))", "rms \(short(mean))"]
            case .shapes(let name, let a, let b): ["  " + name, "\(a)", "\(b)"]
            case .onlyFirst(let name): ["  " + name, "only in a", ""]
            case .onlySecond(let name): ["  " + name, "only in b", ""]
            }
        }
        return aligned(rows)
            + (differences.count > shown ? "\n  … and \(differences.count - shown) more" : "")
    }

    // MARK: Studies

    private func compareStudies(_ a: StudyFolder, _ b: StudyFolder) throws -> Bool {
        let (plans, stored) = try plansAndRuns(a, b)
        let settings = Set(plans.0.settings.keys).union(plans.1.settings.keys).sorted().filter {
            $0 != "init_from" && plans.0.settings[$0] != plans.1.settings[$0]
        }
        if plans.0.initialWeights != plans.1.initialWeights { print("init_from: other weights") }
        for key in settings {
            print(
                "\(key): \(plans.0.settings[key]?.label ?? "–") in a, \(plans.1.settings[key]?.label ?? "–") in b"
            )
        }
        let others = Dictionary(plans.1.runs.map { ($0.label, $0) }) { first, _ in first }
        var (same, onlyA, rows) = (0, 0, [[String]]())
        for run in plans.0.runs {
            guard let one = stored.0.runs[run.id] else { continue }
            guard let twin = others[run.label], let other = stored.1.runs[twin.id] else {
                onlyA += 1
                continue
            }
            if one.contentDigest == other.contentDigest {
                same += 1
                continue
            }
            let (x, y) = (one.best?.value ?? .nan, other.best?.value ?? .nan)
            rows.append([
                run.label, short(x), short(y), short(y - x),
                run.id == twin.id ? "same identity" : "",
            ])
        }
        let labels = Set(plans.0.runs.filter { stored.0.runs[$0.id] != nil }.map(\.label))
        let onlyB = plans.1.runs.count { stored.1.runs[$0.id] != nil && !labels.contains($0.label) }
        if !rows.isEmpty {
            print(table(["run", "best \(plans.0.metric.name), a", "b", "b − a", ""], rows))
        }
        print(
            "\(same) runs are the same to the bit, \(rows.count) differ, \(onlyA) are stored in a alone, \(onlyB) in b alone"
        )
        return rows.isEmpty && onlyA == 0 && onlyB == 0
    }

    private func plansAndRuns(_ a: StudyFolder, _ b: StudyFolder) throws -> (
        (Plan, Plan), (StudyResults, StudyResults)
    ) {
        let plans = (try a.readPlan(), try b.readPlan())
        return (plans, (StudyResults(a, plans.0), StudyResults(b, plans.1)))
    }
}
