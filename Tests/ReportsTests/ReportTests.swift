import Foundation
import Reports
import RunStore
import Studies
import Testing

@Test func statisticsAgreeWithScipy() {
    // numpy.mean, numpy.std(ddof=1), numpy.median of these values.
    let values = [0.91, 0.875, 0.9333, 0.9, 0.8417]
    #expect(abs((Statistics.mean(values) ?? 0) - 0.892) < 1e-15)
    #expect(abs((Statistics.standardDeviation(values) ?? 0) - 0.03504561313488467) < 1e-15)
    #expect(Statistics.median(values) == 0.9)
    #expect(Statistics.median([1, 2, 3, 10]) == 2.5)
    #expect(
        Statistics.mean([]) == nil && Statistics.standardDeviation([1]) == nil
            && Statistics.median([]) == nil)
}

@Test(
    arguments: [[[Double]]](
        arrayLiteral: [], [[]], [[0.5]], [[.nan, .nan]], [[0.5, 0.5, 0.5]], [[1, 2], [2, .nan]],
        [[1e-12, 1e12]]))
func figuresHoldNothingButNumbers(histories: [[Double]]) throws {
    let svg = LearningCurves(
        title: "a < b & \"c\"",
        curves: [
            .init(name: TrialName(label: "lr=<script>", number: 1), histories: histories)
        ]
    ).svg(.wide)
    #expect(!svg.contains("nan") && !svg.contains("inf") && !svg.contains("<script"))
    #expect(svg.contains("a &lt; b &amp; &quot;c&quot;"))
    #expect(try XMLStructure(svg).isBalanced)
}

/// Just enough of XML to see that every element ends.
private struct XMLStructure {
    let isBalanced: Bool

    init(_ text: String) throws {
        let opened = text.matches(of: /<[a-zA-Z][^>]*[^\/]>/).count
        let closed = text.matches(of: /<\/[a-zA-Z]+>/).count
        isBalanced = opened == closed
    }
}

/// Studies that pictures and tables easily stumble over: one run, one epoch, no number, all equal,
/// hundreds of runs, long and foreign names, huge and tiny values.
@Test(arguments: [
    "one", "one epoch", "no number", "equal", "many", "names", "huge", "largest", "tiny", "uneven",
    "rounding",
])
func awkwardStudiesGiveWholeReports(kind: String) throws {
    let names =
        kind == "names"
        ? [
            "<script>alert(1)</script>", "a|b`c``d", "唇読み \u{1F444}\u{1}",
            String(repeating: "x", count: 300),
        ]
        : ["a", "b"]
    let levels = kind == "many" ? 120 : kind == "one" ? 1 : 3
    let seeds = kind == "one" ? 1 : 5
    var plan = Plan(
        name: "a *study* <b>", recipe: "r.yaml",
        question: kind == "names" ? names.joined(separator: "\n") : nil,
        metric: .valAccuracy, trainer: .choosing, numerics: 4,
        axes: ["name", "lr", "depth", "seed"], runs: [])
    plan.report.introduction = "First <i>&\n\n# second"
    var stored = StudyResults(StudyFolder(URL(filePath: "/nowhere")), plan)
    var trial = 0
    for name in kind == "one" ? ["a"] : names {
        for level in 1...levels {
            for seed in 1...seeds {
                let number = plan.runs.count
                let value =
                    switch kind {
                    case "no number": Double.nan
                    case "equal": 0.5
                    case "huge": 1e300 * Double(number + 1) / 1000
                    case "largest":
                        Double.greatestFiniteMagnitude * [1, -1, 0.5, 0][number % 4]
                    case "rounding": (Double(number % 5) + 22) / 40 + (trial > 2 ? 0.075 : 0)
                    case "tiny": -1e-300 * Double(number)
                    default: Double((number * 7919) % 101) / 101
                    }
                let id = Identity(json: "\(number)").id
                plan.runs.append(
                    Run(
                        id: id, number: number + 1, trial: trial,
                        setting: [
                            Assignment(key: "name", value: .text(name)),
                            Assignment(
                                key: "lr", value: .number(1e-5 * Double(level * level * level))),
                            Assignment(key: "depth", value: .integer(level % 2)),
                            Assignment(key: "seed", value: .integer(seed)),
                        ]))
                if kind == "uneven", number % 3 == 0 { continue }
                var run = summary("\(number)", best: value.isNaN ? nil : value)
                if kind == "one epoch" {
                    run.histories = run.histories.map {
                        History(name: $0.name, values: [$0.values[1]])
                    }
                }
                stored.add(run)
            }
            trial += 1
        }
    }
    let notebook = StudyReport(plan: plan, stored: stored, failures: []).notebook
    #expect(notebook.figures.count >= 2)
    for figure in notebook.figures {
        #expect(
            !figure.svg.contains("NaN") && !figure.svg.contains("∞")
                && !figure.svg.contains("<script"),
            "\(figure.name)")
        #expect(try XMLStructure(figure.svg).isBalanced, "\(figure.name)")
    }
    for form in ReportSettings.Form.allCases {
        let text = try ReportFiles.text(notebook, form, plan.report)
        #expect(form != .html || !text.contains("<script"))
        #expect(text.utf8.count < 3_000_000, "\(form)")
        #expect(try ReportFiles.text(notebook, form, plan.report) == text)
    }
    let markdown = MarkdownForm().text(notebook)
    #expect(markdown.hasPrefix("# a \\*study\\* &lt;b&gt;\n"))
    #expect(markdown.contains("First &lt;i&gt;&amp;\n\n\\# second"))
    #expect(markdown.utf8.count < 60_000)
}

private func summary(_ id: String, best: Double?, outcome: Outcome = .trained) -> RunResult {
    let values = [0.1, best ?? .nan]
    return RunResult(
        RunFileContents(
            identity: Identity(json: id), configuration: [:], metric: .valAccuracy,
            trainer: TrainerRecord.choosing.name, bestEpochRule: .whileTraining, outcome: outcome,
            histories: TrainerRecord.choosing.metrics.names.map {
                History(name: $0, values: values)
            },
            best: best.map { BestEpoch(epoch: 2, value: $0) }),
        file: FileFacts(size: 1, modified: 2))
}

@Test func aReportRanksByMeanSaysWhatIsMissingAndKeepsTextAsText() throws {
    let url = FileManager.default.temporaryDirectory.appending(
        path: "viseme-test-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: url) }
    let folder = StudyFolder(url)
    try folder.create()
    let points: [(String, Int, Int)] = [
        ("a|b", 1, 0), ("a|b", 2, 0), ("c", 1, 1), ("c", 2, 1), ("d", 1, 2),
    ]
    let runs = points.enumerated().map { index, point in
        let parts = [
            Assignment(key: "name", value: .text(point.0)),
            Assignment(key: "seed", value: .integer(point.1)),
        ]
        return Run(
            id: Identity(json: "\(index)").id, number: index + 1, trial: point.2,
            setting: Setting(parts))
    }
    let plan = Plan(
        name: "study", recipe: "recipes/study.yaml", overrides: ["lr=[1, 2]"], recipeText: "",
        question: "Is 1 < 2 & *sure*?\n| or not", metric: .valAccuracy, trainer: .choosing,
        numerics: 4,
        axes: ["name", "seed"], runs: runs)
    var stored = StudyResults(folder, plan)
    stored.add(summary("0", best: 0.5))
    stored.add(summary("1", best: 0.7))
    stored.add(summary("2", best: 0.9))
    stored.add(summary("4", best: nil, outcome: .diverged))
    let failure = FailureRecord(
        id: runs[3].id, label: runs[3].label, reason: "killed by signal 9", output: "last\n```words"
    )
    let report = StudyReport(plan: plan, stored: stored, failures: [failure])
    let text = MarkdownForm().text(report.notebook)
    #expect(text.contains("> Is 1 &lt; 2 &amp; \\*sure\\*? \\| or not"))
    #expect(text.contains("**Partial: 4 of 5 runs are stored**"))
    // No rank hides missing seeds.
    #expect(text.contains("| – | 2 | c | 0.90 | – | – | 2 | 1 of 2 |"), "\(text)")
    #expect(
        text.contains("| 1 | 1 | a\\|b | 0.60 | 0.14 | range 0.50 … 0.70 | 2 | 2 |"))
    #expect(text.contains("| – | 3 | d | – | – | – | – | 0 of 1, 1 diverged |"))
    #expect(
        text.contains("Best by mean `val\\_accuracy`") == false
            && text.contains("**`name=a|b`** with **0.60 ± 0.14**"))
    #expect(
        text.contains(
            "Not ranked, because seeds are missing or have no value: `name=c` with 0.90 over 1 of 2 seeds"
        )
    )
    #expect(text.contains("**failed**: killed by signal 9"))
    #expect(text.contains("**diverged** in epoch 2"))
    #expect(text.contains("````text\nlast\n```words\n````"))
    #expect(text.contains("viseme sweep recipes/study.yaml 'lr=[1, 2]'"))
    #expect(
        report.notebook.figures.map(\.name) == ["val_accuracy", "train_loss", "by_name", "seeds"])
}

/// By docs/report.md: only settings with all their seeds are compared, and counted by Holm.
@Test func settingsWithoutAllSeedsAreNotCompared() throws {
    var plan = Plan(
        name: "s", recipe: "r.yaml", metric: .valAccuracy, trainer: .choosing, numerics: 4,
        axes: ["lr", "seed"], runs: [])
    var stored = StudyResults(StudyFolder(URL(filePath: "/nowhere")), plan)
    let values: [[Double?]] = [
        [0.9, 0.91, 0.93], [0.8, 0.83, 0.82], [0.5, 0.52, nil], [0.4, nil, 0.44], [0.3, 0.31, nil],
    ]
    for (trial, row) in values.enumerated() {
        for (seed, value) in row.enumerated() {
            let number = plan.runs.count
            let id = Identity(json: "\(number)").id
            plan.runs.append(
                Run(
                    id: id, number: number + 1, trial: trial,
                    setting: [
                        Assignment(key: "lr", value: .integer(trial)),
                        Assignment(key: "seed", value: .integer(seed)),
                    ]))
            if let value { stored.add(summary("\(number)", best: value)) }
        }
    }
    let report = StudyReport(plan: plan, stored: stored, failures: [])
    let table = MarkdownForm().text(try #require(report.section("trials")))
    let rows = table.split(separator: "\n").filter { $0.contains(/^\| [0-9–]+ \| [0-9]/) }
    try #require(rows.count == 5)
    let p = try #require(Statistics.pairedTest([0.9, 0.91, 0.93], [0.8, 0.83, 0.82])).p
    // One comparison: Holm multiplies by one.
    #expect(rows[1].contains(String(format: "%.4f", p)), "\(rows[1]) \(p)")
    for row in rows.dropFirst(2).prefix(3) { #expect(row.contains("| – | – |"), "\(row)") }
}
