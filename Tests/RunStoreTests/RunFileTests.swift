import Files
import Foundation
import RunStore
import Studies
import Tensors
import Testing

private final class Scratch {
    let url = FileManager.default.temporaryDirectory.appending(
        path: "viseme-test-\(UUID().uuidString)")

    init() throws {
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }
}

private func record(lr: Double = 0.1, seed: Int = 1, epochs: Int = 3, outcome: Outcome = .trained)
    -> RunFileContents
{
    let values = (0..<epochs).map { Double($0) * lr }
    let histories = TrainerRecord.choosing.metrics.names.map {
        History(name: $0, values: $0 == "val_loss" ? values.map { _ in .nan } : values)
    }
    var provenance = Provenance()
    (provenance.label, provenance.host, provenance.seconds) = (
        "lr=\(lr),seed=\(seed)", "häuschen", 1.5
    )
    return RunFileContents(
        identity: Identity(json: "{\"lr\":\(lr),\"seed\":\(seed)}"),
        configuration: [
            "lr": .number(lr), "seed": .integer(seed), "path_to_dataset": .text("builtin:visemes"),
        ],
        metric: .valAccuracy, trainer: TrainerRecord.choosing.name, bestEpochRule: .whileTraining,
        outcome: outcome,
        histories: histories, epochSeconds: values,
        best: BestEpoch(epoch: epochs, value: values[epochs - 1]),
        stoppedEarly: true, classes: ["ноль", "one|two", ""],
        weights: [
            Tensor(
                name: "b.weight", shape: [2, 1, 1, 3], values: [1, 2, 3, .nan, .infinity, -0.0]),
            Tensor(name: "a.bias", shape: [2], values: [4, 5]),
        ],
        test: TestResult(
            loss: 0.25, accuracy: 0.5, confusion: [[1, 0, 2], [0, 3, 0], [1, 1, 0]]),
        predictions: [
            ClipPredictions(
                split: .val, names: ["ä/1.mp4"], labels: [2], predicted: [0], probabilities: [0.75])
        ], provenance: provenance)
}

@Test func aRunFileGivesBackWhatWasWritten() throws {
    let file = try Scratch().url.appendingPathExtension("h5")
    defer { try? FileManager.default.removeItem(at: file) }
    let written = record()
    try RunFile.write(written, to: file)
    let read = try RunFile.read(file)
    #expect(read.contentDigest == written.contentDigest)
    #expect(
        read.identity == written.identity && read.classes == written.classes
            && read.provenance == written.provenance)
    #expect(read.test == written.test && read.best == written.best)
    #expect(read.predictions == written.predictions)
    #expect(read.weights.map(\.name).sorted() == ["a.bias", "b.weight"])
    #expect(read.configuration["lr"] == .number(0.1))
}

@Test func equalRunsGiveEqualBytes() throws {
    let scratch = try Scratch()
    let files = ["x.h5", "y.h5"].map { scratch.url.appending(path: $0) }
    for file in files { try RunFile.write(record(), to: file) }
    #expect(try Data(contentsOf: files[0]) == Data(contentsOf: files[1]))
}

@Test func theContentDigestCoversResultsAndNothingElse() {
    let digest = record().contentDigest
    var other = record()
    other.provenance.host = "elsewhere"
    other.epochSeconds = [9]
    other.weights.reverse()
    #expect(other.contentDigest == digest)
    var nan = record()
    nan.weights[0].values[3] = Float(bitPattern: 0xFFC1_2345)
    #expect(nan.contentDigest == digest)
    let changes: [(inout RunFileContents) -> Void] = [
        { $0.weights[0].values[5] = 0.0 }, { $0.histories[0].values[0] = 1e-300 },
        { $0.test?.loss = 0.5 },
        { $0.best?.epoch = 1 }, { $0.outcome = .diverged },
        { $0.weights[0].shape = [6, 1, 1, 1] }, { $0.weights[0].dtype = "BF16" },
        { $0.identity = Identity(json: "{}") }, { $0.test?.confusion[0][0] = 7 },
        { $0.stoppedEarly = false },
    ]
    for (index, change) in changes.enumerated() {
        var changed = record()
        change(&changed)
        #expect(changed.contentDigest != digest, "change \(index)")
    }
}

@Test func noDamagedFileIsEverRead() throws {
    let scratch = try Scratch()
    let file = scratch.url.appending(path: "run.h5")
    try RunFile.write(record(), to: file)
    let whole = [UInt8](try Data(contentsOf: file))
    var stream = RandomStream(seed: 1, purpose: .order)
    // `make soak` does 5,000.
    let count = Int(ProcessInfo.processInfo.environment["VISEME_MUTATIONS"] ?? "") ?? 300
    for number in 0..<count {
        var bytes = whole
        switch number % 3 {
        case 0: bytes[Int(stream.below(UInt32(bytes.count)))] ^= UInt8(1 << stream.below(8))
        case 1: bytes.removeLast(1 + Int(stream.below(UInt32(bytes.count - 1))))
        default: bytes.replaceSubrange(0..<100, with: bytes.suffix(100))
        }
        try Data(bytes).write(to: file)
        #expect(throws: StoreError.self, "damage \(number)") { try RunFile.read(file) }
    }
}

private func plan(_ records: [RunFileContents]) -> Plan {
    Plan(
        name: "study", recipe: "recipes/study.yaml", question: "Why?", metric: .valAccuracy,
        trainer: .choosing,
        numerics: 4,
        axes: ["lr", "seed"],
        runs: records.enumerated().map { index, record in
            let assignments = ["lr", "seed"].compactMap { key in
                record.configuration[key].map { Assignment(key: key, value: $0) }
            }
            return Run(
                id: record.identity.id, number: index + 1, trial: 0, setting: Setting(assignments))
        })
}

@Test func theSweepFileGivesBackItsRunsAndIsTrustedOnlyWhileTheRunFilesStay() throws {
    let scratch = try Scratch()
    let folder = StudyFolder(scratch.url)
    try folder.create()
    let records = [record(), record(seed: 2, epochs: 5, outcome: .diverged)]
    for record in records { try RunFile.write(record, to: folder.runFile(record.identity.id)) }
    let plan = plan(records)
    try folder.write(plan)
    #expect(try folder.readPlan() == plan)
    let stored = StudyResults(folder, plan)
    try SweepFile.write(plan, stored.inOrder(plan), to: folder.sweepFile)
    let read = try SweepFile.read(folder.sweepFile)
    for record in records {
        let summary = try #require(read[record.identity.id])
        #expect(summary == stored.runs[record.identity.id])
        #expect(summary.history("train_loss") == record.histories[0].values)
        #expect(summary.history("lr") == record.histories[4].values)
        #expect(summary.outcome == record.outcome && summary.best == record.best)
    }
    // A run file that changes afterwards is read again, and found out.
    let victim = folder.runFile(records[0].identity.id)
    var bytes = [UInt8](try Data(contentsOf: victim))
    bytes[100] ^= 1
    try Data(bytes).write(to: victim)
    let after = StudyResults(folder, plan)
    #expect(after.runs.count == 1 && after.problems.map(\.id) == [records[0].identity.id])
    // Another run's file under this name is no result either.
    try FileManager.default.removeItem(at: victim)
    try FileManager.default.copyItem(at: folder.runFile(records[1].identity.id), to: victim)
    #expect(StudyResults(folder, plan).problems.count == 1)
}

@Test func whatIsSetAsideReplacesNothing() throws {
    let folder = StudyFolder(try Scratch().url)
    try folder.create()
    defer { try? FileManager.default.removeItem(at: folder.url) }
    let names = try (1...3).map { number in
        let file = folder.runFile("bad")
        try Data("\(number)".utf8).write(to: file)
        return try folder.setAside(file).lastPathComponent
    }
    #expect(names == ["bad.h5", "bad.h5.2", "bad.h5.3"])
}

@Test func coordinatesThatCollideGetAPrefix() {
    let metrics = TrainerRecord.choosing.metrics.names
    #expect(
        SweepFile.coordinates(["lr", "epoch", "size_lips.width", "seed"], metrics: metrics)
            == ["lr", "set_epoch", "size_lips_width", "seed"])
    #expect(SweepFile.coordinates(["a.b", "a_b"], metrics: []) == ["set_a_b", "a_b"])
    #expect(
        SweepFile.coordinates(["a-b", "a.b", "a_b"], metrics: []) == [
            "set_a_b", "set_a_b_2", "a_b",
        ])
    #expect(
        SweepFile.coordinates(["epoch", "set_epoch"], metrics: []) == ["set_epoch_2", "set_epoch"])
    #expect(
        SweepFile.coordinates(["acc", "set_acc"], metrics: ["acc"]) == ["set_acc_2", "set_acc"])
    #expect(SweepFile.coordinates(["val_loss"], metrics: ["val/loss"]) == ["set_val_loss"])
}

@Test func columnsHaveNamesOfTheirOwn() {
    #expect(
        CSV.columns(["a", "mean", "set_mean"], "set_", besides: ["mean"]) == [
            "a", "set_mean_2", "set_mean",
        ])
    #expect(CSV.columns(["lr"], "set_", besides: ["number"]) == ["lr"])
}

@Test func digestListsAreReadAsWritten() throws {
    let file = try Scratch().url.appendingPathExtension("digests")
    defer { try? FileManager.default.removeItem(at: file) }
    let digest = String(repeating: "a", count: 64)
    let list = DigestList([
        .init(digest: digest, id: "2", label: "b=x y,seed=1"),
        .init(digest: digest, id: "1", label: "a=1"),
    ])
    #expect(list.text == "\(digest)  1  a=1\n\(digest)  2  b=x y,seed=1\n")
    try Data(list.text.utf8).write(to: file)
    #expect(try DigestList(file: file) == list)
    // Editors and git change line ends, and people add comments.
    let edited = "\u{FEFF}# golden\r\n\r\n" + list.text.replacing("\n", with: "  \r\n") + "# end"
    try Data(edited.utf8).write(to: file)
    #expect(try DigestList(file: file) == list)
    try Data("nonsense\n".utf8).write(to: file)
    #expect(throws: StoreError.self) { try DigestList(file: file) }
}

/// `Tests/Golden/run_format_2.h5` was written by the last program that wrote format 2.
@Test func runFilesOfFormatTwoAreRead() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../Golden/run_format_2.h5")
    let run = try RunFile.read(file)
    #expect(run.histories == [History(name: "val_accuracy", values: [0.1, 0.2, 0.3])])
    #expect(run.best == BestEpoch(epoch: 3, value: 0.3))
    #expect(run.contentDigest.hasPrefix("c5e2194d06edc421"))
}
