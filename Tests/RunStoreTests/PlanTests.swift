import Files
import Foundation
import RunStore
import Studies
import Tensors
import Testing

private func study() throws -> StudyFolder {
    let folder = StudyFolder(
        FileManager.default.temporaryDirectory.appending(path: "viseme-test-\(UUID().uuidString)"))
    try folder.create()
    return folder
}

@Test func aPlanIsReadAsItWasWritten() throws {
    let folder = try study()
    defer { try? FileManager.default.removeItem(at: folder.url) }
    let values: [[Value]] = [
        [
            .integer(1), .number(0.1), .text("ä \"b\" \\ /\n"), .bool(true),
            .list([.integer(1), .text("x")]),
        ],
        [.integer(-7), .number(1e-300), .text(""), .bool(false), .list([])],
    ]
    let axes = ["whole", "number", "text.nested", "flag", "list"]
    var plan = Plan(
        name: "n", recipe: "r.yaml", overrides: ["a=1"], recipeText: "x: \"y\"\n",
        metric: .valAccuracy,
        trainer: .command(
            TrainerCommand(
                folder: "/f", command: ["sh", "{whole}"], environment: ["A": "b"], gpus: 2)),
        keep: [.best, .last], recordedEnvironment: ["HOME"], numerics: 4,
        settings: ["seed": .integer(42), "z": .number(0.5)],
        axes: axes,
        runs: values.enumerated().map { index, row in
            Run(
                id: "id\(index)", number: index + 1, trial: index,
                setting: Setting(zip(axes, row).map { Assignment(key: $0, value: $1) }),
                data: RunData(digest: "d\(index)", file: index == 0 ? nil : "/file"))
        })
    try folder.write(plan)
    #expect(try folder.readPlan() == plan)
    #expect(try folder.holds(plan))
    plan.overrides = []
    #expect(try !folder.holds(plan))
    for broken in ["", "{}", "{\"format\":2}", "[1]"] {
        try Data(broken.utf8).write(to: folder.plan)
        #expect(throws: StoreError.self) { try folder.readPlan() }
    }
}

@Test func valuesKeepTheirTypes() throws {
    let folder = try study()
    defer { try? FileManager.default.removeItem(at: folder.url) }
    // JSON does not tell these apart, and a command receives them as they were written.
    let values: [Value] = [
        .integer(7), .number(7), .number(0.5), .integer(9_007_199_254_740_993), .number(1e15),
        .text("7"),
        .list([.integer(1), .number(1), .list([.number(2), .text("x")])]), .bool(true),
    ]
    func types(_ value: Value) -> String {
        if case .list(let values) = value {
            return "[" + values.map(types).joined(separator: ",") + "]"
        }
        return "\(value)"
    }
    let plan = Plan(
        name: "n", recipe: "r.yaml", metric: .valAccuracy, trainer: .choosing, numerics: 4,
        settings: Dictionary(uniqueKeysWithValues: values.enumerated().map { ("k\($0)", $1) }),
        axes: ["x", "y", "seed"],
        runs: values.enumerated().map { index, value in
            // The second axis is all numbers; one run has none of it.
            let y = index == 3 ? [] : [Assignment(key: "y", value: .number(Double(index)))]
            return Run(
                id: "id\(index)", number: index + 1, trial: index,
                setting: [Assignment(key: "x", value: value)] + y + [
                    Assignment(key: "seed", value: .integer(1))
                ])
        })
    try folder.write(plan)
    let read = try folder.readPlan()
    #expect(read == plan)
    #expect(
        read.runs.map { $0.setting.map { types($0.value) } }
            == plan.runs.map { $0.setting.map { types($0.value) } })
    #expect(read.settings.mapValues(types) == plan.settings.mapValues(types))
    #expect(read.runs.map(\.label) == plan.runs.map(\.label))
}

/// As earlier programs wrote it, shortened.
@Test func aPlanOfFormat2IsRead() throws {
    let folder = try study()
    defer { try? FileManager.default.removeItem(at: folder.url) }
    let head =
        #"{"axes":["lr","seed"],"data":[{"digest":"d"}],"format":2,"keep":1,"metric":{"goal":"maximize","name":"val_accuracy"},"name":"tiny","numerics":4,"overrides":[],"recipe":"recipes/tiny.yaml","recipeText":"x","recordedEnvironment":[],"results":"results","settings":{"epoch":6}"#
    let runs = #""runs":{"id":["a","b"],"trial":[0,0],"point":{"lr":[0.1,0.1],"seed":[1,2]}}}"#
    try Data("\(head),\(runs)".utf8).write(to: folder.plan)
    let plan = try folder.readPlan()
    #expect(plan.trainer == .choosing)
    #expect(
        plan.runs.map(\.label) == ["lr=0.1,seed=1", "lr=0.1,seed=2"]
            && plan.runs[1].data.digest == "d")
    let command =
        #","command":{"command":["sh"],"environment":{},"excludedMetrics":["t"],"files":[],"folder":"/","gpus":0,"threads":1}"#
    try Data("\(head)\(command),\(runs)".utf8).write(to: folder.plan)
    let other = try folder.readPlan()
    #expect(
        other.trainer.bestEpoch == .fromHistories && other.trainer.metrics.isOpen
            && other.excludedMetrics == ["t"])
}

private func commandRecord(_ names: [String], excluded: [String] = []) -> RunFileContents {
    RunFileContents(
        identity: Identity(json: "{\"configuration\":{\"x\":1}}"),
        configuration: ["x": .integer(1)],
        metric: Metric(name: "f1", goal: .maximize), trainer: "command",
        bestEpochRule: .fromHistories,
        outcome: .trained,
        histories: names.enumerated().map { History(name: $1, values: [Double($0), 3, .nan]) },
        epochSeconds: [1, 2, 3], best: nil, excludedMetrics: excluded, output: "bye")
}

@Test func metricsOfAnyNameAreStoredAndReadBack() throws {
    let folder = try study()
    defer { try? FileManager.default.removeItem(at: folder.url) }
    let names = ["a_b", "a/b", "f1", "précision", "run", "seconds", "x", "1st", "lr"]
    let record = commandRecord(names)
    let run = Run(
        id: record.identity.id, number: 1, trial: 0,
        setting: [Assignment(key: "x", value: .integer(1))])
    let plan = Plan(
        name: "n", recipe: "r", metric: record.metric,
        trainer: .command(TrainerCommand(folder: "", command: ["x"])),
        numerics: 4, axes: ["x"], runs: [run])
    try RunFile.write(record, to: folder.runFile(run.id))
    #expect(try RunFile.read(folder.runFile(run.id)).histories.map(\.name) == names)
    let stored = StudyResults(folder, plan)
    #expect(stored.runs[run.id]?.best == BestEpoch(epoch: 2, value: 3), "read off the history")
    try SweepFile.write(plan, stored.inOrder(plan), to: folder.sweepFile)
    let again = StudyResults(folder, plan)
    #expect(again.runs == stored.runs)
    #expect(again.runs[run.id]?.history("a/b").prefix(2) == [1, 3])
    #expect(again.runs[run.id]?.history("seconds").prefix(2) == [5, 3])
    #expect(again.runs[run.id]?.best == BestEpoch(epoch: 2, value: 3))
    #expect(SweepFile.coordinates(["x", "lr"], metrics: names) == ["set_x", "lr"])
}

@Test func excludedMetricsAreNoPartOfTheDigestAndCanBeChosenLater() throws {
    var one = commandRecord(["f1", "seconds"], excluded: ["seconds"])
    var other = one
    other.histories[1].values = [9, 9, 9]
    #expect(one.contentDigest == other.contentDigest)
    one.excludedMetrics = []
    other.excludedMetrics = []
    #expect(one.contentDigest != other.contentDigest)
}

@Test(arguments: [KeptWeights.best, .last, [.best, .last], []])
func weightsThatAreNotKeptLeaveTheirDigest(keep: KeptWeights) throws {
    let folder = try study()
    defer { try? FileManager.default.removeItem(at: folder.url) }
    func record(_ keep: KeptWeights) -> RunFileContents {
        var contents = RunFileContents(
            identity: Identity(json: "{}"), configuration: [:], metric: .valAccuracy,
            trainer: "visual_speech",
            bestEpochRule: .whileTraining, outcome: .trained,
            histories: [History(name: "val_accuracy", values: [1])], epochSeconds: [1],
            best: BestEpoch(epoch: 1, value: 1),
            weights: [Tensor(name: "w", shape: [2], values: [1, 2])],
            lastWeights: [Tensor(name: "w", shape: [2], values: [3, 4])])
        contents.keep(only: keep)
        return contents
    }
    let whole = record([.best, .last])
    let file = folder.runFile("x")
    try RunFile.write(record(keep), to: file)
    let read = try RunFile.read(file)
    #expect(read.contentDigest == whole.contentDigest)
    #expect(read.weights.isEmpty == !keep.contains(.best))
    #expect(read.lastWeights.isEmpty == !keep.contains(.last))
    #expect(read.weightsDigest == whole.weightsDigest)
}
