import Foundation
import Reports
import RunStore
import Studies
import Testing

/// Ten settings of two drawn keys and one of three levels; two speakers' clips.
private func drawn() throws -> StudyReport {
    var plan = Plan(
        name: "drawn", recipe: "r.yaml",
        metric: Metric(name: "val_accuracy", goal: .maximize), trainer: .choosing, numerics: 4,
        axes: ["lr", "norm", "seed"], runs: [])
    plan.report.group = "^(s[0-9])_"
    var stored = StudyResults(StudyFolder(URL(filePath: "/nowhere")), plan)
    var files: [String: RunFileContents] = [:]
    for trial in 0..<20 {
        for seed in 1...2 {
            let number = plan.runs.count
            var provenance = Provenance()
            provenance.started = "2026-01-01T00:00:0\(number % 4)Z"
            provenance.seconds = 2
            // The higher the rate, the better; the norm does nothing.
            let value = 0.4 + 0.02 * Double(trial) + 0.001 * Double(seed)
            var predictions = ClipPredictions(
                split: .val, names: ["a/s1_1", "a/s2_1", "b/s1_1", "b/s2_1"],
                labels: [0, 0, 1, 1], predicted: [0, 1, 1, seed - 1],
                probabilities: [1, 1, 1, 1])
            predictions.logits = []
            let contents = RunFileContents(
                identity: Identity(json: "drawn \(number)"), configuration: [:],
                metric: plan.metric, trainer: "visual_speech", bestEpochRule: .whileTraining,
                outcome: .trained, histories: [History(name: "val_accuracy", values: [value])],
                best: BestEpoch(epoch: 1, value: value), classes: ["a", "b"],
                predictions: [predictions], provenance: provenance)
            let id = contents.identity.id
            files[id] = contents
            plan.runs.append(
                Run(
                    id: id, number: number + 1, trial: trial,
                    setting: [
                        Assignment(key: "lr", value: .number(0.001 * Double(trial + 1) + 1e-9)),
                        Assignment(key: "norm", value: .text(["x", "y", "z"][trial * 7 % 3])),
                        Assignment(key: "seed", value: .integer(seed)),
                    ]))
            stored.add(RunResult(contents, file: FileFacts(size: 1, modified: 1)))
        }
    }
    return StudyReport(plan: plan, stored: stored, failures: [], readRun: { files[$0] })
}

@Test func drawnKeysAreComparedByQuarters() throws {
    let report = try drawn()
    let text = MarkdownForm().text(try #require(report.section("trials")))
    // Five settings of two seeds in each quarter; 0.44150 is the mean of the first.
    #expect(text.contains("| `lr` | 0.001 … 0.005 | 0.44150 |"), "\(text)")
    #expect(text.contains("| 5 | 10 |\n"))
    #expect(text.contains("`lr` has an effect") && text.contains("`norm` has no significant"))
    // Of the best quarter (five of twenty) nothing is known but the rate.
    let importance = try #require(text.firstMatch(of: /\| `lr` \| ([0-9.]+) % \|/))
    #expect(try #require(Double(importance.1)) > 80)
    #expect(text.contains("| seed (within the settings) |"))
    // A drawn key and one of levels: a scatter, with the drawn one below, and no heat map.
    let figures = report.notebook.figures
    #expect(figures.map(\.name).contains("pair"))
    #expect(figures.first { $0.name == "pair" }?.svg.contains(">lr<") ?? false)
    #expect(figures.allSatisfy { $0.svg != $0.narrowSVG && $0.narrowSVG.contains("width=\"360\"") })
}

@Test func clipsAreJudgedOverAllSeedsAndByGroup() throws {
    let text = MarkdownForm().text(try #require(drawn().section("clips")))
    // Two seeds: s1 always right; of s2, `a` always wrong, `b` right with one seed of two.
    #expect(text.contains("over 2 seeds: **62.5** % right"), "\(text)")
    #expect(text.contains("| `a` | 0.500 | 0.500 … 0.500 | 2 |"))
    #expect(text.contains("| `b` | 0.750 | 0.500 … 1.000 | 2 |"))
    #expect(text.contains("| `a` | `b` | 2 | 50.0 % | a/s2\\_1 |"))
    #expect(text.contains("| `s1` | 1.000 | 2 |") && text.contains("| `s2` | 0.250 | 2 |"))
    #expect(text.contains("(range 0.250 … 1.000)"), "two groups")
}

@Test func timesAreThoseOfAllRuns() throws {
    let text = MarkdownForm().text(try #require(drawn().section("provenance")))
    // Forty runs of 2 s, ten at each of four seconds: at most twenty at once, 5 s in all.
    #expect(text.contains("| first start | `2026-01-01T00:00:00Z` |"), "\(text)")
    #expect(text.contains("| last end | `2026-01-01T00:00:05Z` |"))
    #expect(text.contains("5.0 s with a run at work, at most 20 at once"))
    #expect(text.contains("1 min 20 s, summed over 40 runs"))
}

@Test func digestsAreListedInTheOrderOfThePlan() throws {
    let report = try drawn()
    let text = MarkdownForm().text(try #require(report.section("repeat")))
    let labels = text.split(separator: "\n").filter { $0.contains("  lr=") }
    #expect(labels.count == 40 && labels[0].hasSuffix("seed=1") && labels[1].hasSuffix("seed=2"))
    #expect(labels[20].contains("lr=0.011000000999999999"), "\(labels[20])")
}

@Test func aPageHasContentsFoldedSectionsAndAlignedNumbers() throws {
    let page = HTMLForm().text(try drawn().notebook)
    #expect(page.contains("<nav aria-label=\"Contents\"><a href=\"#trials\">Trials</a>"))
    #expect(page.contains("<details open>\n<summary><h2>Trials</h2></summary>"))
    #expect(!page.contains("<script"))
    // 0.001 beside 0.0105: spaces as wide as digits.
    #expect(page.contains("\u{2007}"))
}
