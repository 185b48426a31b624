import Files
import Foundation
import Recipes
import RunStore
import Tensors
import Testing
import Training

private func study() throws -> StudyFolder {
    let folder = StudyFolder(FileManager.default.temporaryDirectory.appending(path: "viseme-test-\(UUID().uuidString)"))
    try folder.create()
    return folder
}

@Test func aPlanIsReadAsItWasWritten() throws {
    let folder = try study()
    defer { try? FileManager.default.removeItem(at: folder.url) }
    let values: [[Value]] = [
        [.integer(1), .number(0.1), .text("ä \"b\" \\ /\n"), .bool(true), .list([.integer(1), .text("x")])],
        [.integer(-7), .number(1e-300), .text(""), .bool(false), .list([])],
    ]
    let axes = ["whole", "number", "text.nested", "flag", "list"]
    var plan = StoredPlan(
        name: "n", recipe: "r.yaml", overrides: ["a=1"], recipeText: "x: \"y\"\n", metric: .valAccuracy,
        trainer: .command(CommandTrainer(folder: "/f", command: ["sh", "{whole}"], environment: ["A": "b"], gpus: 2)),
        keep: [.best, .last], recordedEnvironment: ["HOME"], settings: ["seed": .integer(42), "z": .number(0.5)],
        axes: axes,
        runs: values.enumerated().map { index, row in
            StoredPlan.Run(
                id: "id\(index)", number: index + 1, trial: index,
                point: zip(axes, row).map { Axis.Point(key: $0, value: $1) },
                data: PlannedData(digest: "d\(index)", file: index == 0 ? nil : "/file"))
        })
    try folder.write(plan)
    #expect(try folder.readPlan() == plan)
    #expect(try folder.holds(plan))
    plan.overrides = []
    #expect(try !folder.holds(plan))
    let ids = try folder.readPlan().runs.map { try folder.readPlan().identity(of: $0).id }
    #expect(Set(ids).count == 2)
    for broken in ["", "{}", "{\"format\":2}", "[1]"] {
        try Data(broken.utf8).write(to: folder.plan)
        #expect(throws: StoreError.self) { try folder.readPlan() }
    }
}

private func commandRecord(_ names: [String], excluded: [String] = []) -> RunRecord {
    RunRecord(
        identity: RunIdentity(json: "{\"x\":1}"), configuration: Configuration(["x": .integer(1)]),
        metric: Metric(name: "f1", goal: .maximize), classes: [],
        result: TrainingResult(
            outcome: .trained,
            histories: names.enumerated().map { History(name: $1, values: [Double($0), 3, .nan]) }, seconds: [1, 2, 3],
            best: nil, stoppedEarly: false, weights: [], test: nil),
        choosesBestEpoch: false, excludedMetrics: excluded, output: "bye", provenance: Provenance())
}

@Test func metricsOfAnyNameAreStoredAndReadBack() throws {
    let folder = try study()
    defer { try? FileManager.default.removeItem(at: folder.url) }
    let names = ["a_b", "a/b", "f1", "précision", "run", "seconds", "x", "1st", "lr"]
    let record = commandRecord(names)
    let run = StoredPlan.Run(
        id: record.identity.id, number: 1, trial: 0, point: [Axis.Point(key: "x", value: .integer(1))])
    let plan = StoredPlan(
        name: "n", recipe: "r", metric: record.metric, trainer: .command(CommandTrainer(folder: "", command: ["x"])),
        axes: ["x"], runs: [run])
    try RunFile.write(record, to: folder.runFile(run.id))
    #expect(try RunFile.read(folder.runFile(run.id)).result.histories.map(\.name) == names)
    let stored = Stored(folder, plan)
    #expect(stored.runs[run.id]?.best == BestEpoch(epoch: 2, value: 3), "read off the history")
    try SweepFile.write(plan, stored.inOrder(plan), to: folder.sweepFile)
    let again = Stored(folder, plan)
    #expect(again.runs == stored.runs)
    #expect(again.runs[run.id]?.history("a/b").prefix(2) == [1, 3])
    #expect(again.runs[run.id]?.history("seconds").prefix(2) == [5, 3])
    #expect(again.runs[run.id]?.best == BestEpoch(epoch: 2, value: 3))
    #expect(SweepFile.coordinate("x", metrics: names) == "set_x" && SweepFile.coordinate("lr", metrics: names) == "lr")
}

@Test func excludedMetricsAreNoPartOfTheDigestAndCanBeChosenLater() throws {
    var one = commandRecord(["f1", "seconds"], excluded: ["seconds"])
    var other = one
    other.result.histories[1].values = [9, 9, 9]
    #expect(one.contentDigest == other.contentDigest)
    one.excludedMetrics = []
    other.excludedMetrics = []
    #expect(one.contentDigest != other.contentDigest)
}

@Test(arguments: [KeptWeights.best, .last, [.best, .last], []])
func weightsThatAreNotKeptLeaveTheirDigest(keep: KeptWeights) throws {
    let folder = try study()
    defer { try? FileManager.default.removeItem(at: folder.url) }
    func record(_ keep: KeptWeights) -> RunRecord {
        RunRecord(
            identity: RunIdentity(json: "{}"), configuration: Configuration([:]), metric: .valAccuracy, classes: [],
            result: TrainingResult(
                outcome: .trained, histories: [History(name: "val_accuracy", values: [1])], seconds: [1],
                best: BestEpoch(epoch: 1, value: 1), stoppedEarly: false,
                weights: [Tensor(name: "w", shape: [2], values: [1, 2])],
                lastWeights: [Tensor(name: "w", shape: [2], values: [3, 4])], test: nil), keep: keep,
            provenance: Provenance())
    }
    let whole = record([.best, .last])
    let file = folder.runFile("x")
    try RunFile.write(record(keep), to: file)
    let read = try RunFile.read(file)
    #expect(read.contentDigest == whole.contentDigest)
    #expect(read.result.weights.isEmpty == !keep.contains(.best))
    #expect(read.result.lastWeights.isEmpty == !keep.contains(.last))
    #expect(read.weightsDigest == whole.weightsDigest)
}
