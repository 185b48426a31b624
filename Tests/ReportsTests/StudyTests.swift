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

/// A study of one metric by trial and seed; nil: the run is not stored, NaN: it gave no number.
private func report(
    _ values: [[Double?]], key: [Value], extra: [Double] = [], metrics: [String] = []
) throws -> StudyReport {
    var plan = Plan(
        name: "s", recipe: "r.yaml", metric: .valAccuracy, trainer: .choosing, numerics: 4,
        axes: ["k", "seed"], runs: [])
    plan.report.metrics = metrics
    var stored = StudyResults(StudyFolder(URL(filePath: "/nowhere")), plan)
    for (trial, row) in values.enumerated() {
        for (seed, value) in row.enumerated() {
            let number = plan.runs.count
            let identity = Identity(json: "s \(number)")
            plan.runs.append(
                Run(
                    id: identity.id, number: number + 1, trial: trial,
                    setting: [
                        Assignment(key: "k", value: key[trial]),
                        Assignment(key: "seed", value: .integer(seed)),
                    ]))
            guard let value else { continue }
            var histories = [History(name: "val_accuracy", values: [value])]
            if extra.indices.contains(number) {
                histories.append(History(name: "extra", values: [extra[number]]))
            }
            stored.add(
                RunResult(
                    RunFileContents(
                        identity: identity, configuration: [:], metric: plan.metric,
                        trainer: "visual_speech", bestEpochRule: .whileTraining,
                        outcome: .trained, histories: histories,
                        best: value.isFinite ? BestEpoch(epoch: 1, value: value) : nil),
                    file: FileFacts(size: 1, modified: 1)))
        }
    }
    return StudyReport(plan: plan, stored: stored, failures: [])
}

private func markdown(_ report: StudyReport, _ section: String) throws -> String {
    MarkdownForm().text(try #require(report.section(section)))
}

@Test func aColumnOfAnotherMetricLeavesOutWhatIsNotFinite() throws {
    for extra in [[3, 5, 10, Double.nan], [.nan, 3, 5, 10]] {
        let text = try markdown(
            report([[0.1, 0.2, 0.3, 0.4]], key: [.integer(1)], extra: extra, metrics: ["extra"]),
            "trials")
        #expect(text.contains("6.0000 ± 3.6056 (3 of 4)"), "\(text)")
    }
}

@Test func theAnswerNamesTiesAndWhatCouldNotBeTested() throws {
    let equal = try markdown(
        report(
            [[0.5, 0.6], [0.5, 0.6], [0.5, 0.6]], key: [.integer(1), .integer(2), .integer(3)]),
        "answer")
    #expect(equal.contains("2 others have the same mean: `k=2`, `k=3`"), "\(equal)")
    let seeds = try markdown(
        report(
            [[0.5, 0.6], [0.5, 0.6], [0.1, 0.2]], key: [.integer(1), .integer(2), .integer(3)]),
        "seeds")
    #expect(
        seeds.contains("Each seed alone gives the same best setting, or one that is equal to it"))
    // The second is worse by the same in all seeds; the third by about as much, with spread.
    let untested = try markdown(
        report(
            [[0.5, 0.625, 0.75], [0.25, 0.375, 0.5], [0.1, 0.21, 0.29]],
            key: [.integer(1), .integer(2), .integer(3)]), "answer")
    #expect(untested.contains("the difference to `k=2` could not be tested"), "\(untested)")
    #expect(untested.contains("significantly better than 1 of the 2 others"))
}

@Test func valuesThatDifferReadDifferently() throws {
    let text = try markdown(
        report(
            [[0.1], [0.2], [0.3]],
            key: [.number(0.1234561), .number(0.1234562), .number(0.3)]), "trials")
    #expect(text.contains("| 0.1234561 |") && text.contains("| 0.1234562 |"), "\(text)")
    let missing = try markdown(
        report(
            [[0.1, 0.2], [.nan, .nan], [0.3, 0.4]], key: [.text("a"), .text(""), .text("c")]),
        "trials")
    #expect(missing.contains("not in this table: `k=`"), "\(missing)")
    #expect(missing.contains("| \"\" |"))
}

/// The sum of squares of 0, 1, 1, 3 is 4.75; main effects of 1.5 each explain 4.5 of it.
@Test func whatKeysExplainTogetherIsCountedOnce() throws {
    let factors = [[0, 0, 1, 1], [0, 1, 0, 1]]
    #expect(abs(try #require(VarianceAnalysis.explained([0, 1, 1, 3], factors)) - 18 / 19) < 1e-12)
    // A key that is the other again adds nothing.
    let twice = try #require(VarianceAnalysis.explained([0, 1, 1, 3], factors + [factors[0]]))
    #expect(abs(twice - 18 / 19) < 1e-12)
    #expect(VarianceAnalysis.explained([1, 1], [[0, 1]]) == nil)
}

@Test func timesHaveFractionsOfASecond() throws {
    let start = try #require(Date(timestamp: "2026-01-01T00:00:00.250Z"))
    let whole = try #require(Date(timestamp: "2026-01-01T00:00:00Z"))
    #expect(abs(start.timeIntervalSince(whole) - 0.25) < 1e-6)
    #expect(Date(timestamp: "yesterday") == nil)
}
