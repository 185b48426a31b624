import Execution
import Foundation
import Studies
import Testing

/// A metrics file as a command would write it.
private final class Scratch {
    let file = FileManager.default.temporaryDirectory.appending(
        path: "viseme-test-\(UUID().uuidString).jsonl")

    deinit { try? FileManager.default.removeItem(at: file) }

    func write(_ text: String) throws {
        let handle = try FileHandle(forWritingTo: file)
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(text.utf8))
        try handle.close()
    }
}

private func histories(_ text: String) throws -> [History] {
    let scratch = Scratch()
    var metrics = try MetricsFile(scratch.file, isContinued: false)
    try scratch.write(text)
    _ = try metrics.finish()
    return metrics.reported(judgedBy: .valAccuracy).histories
}

private func same(_ a: [Double], _ b: [Double]) -> Bool {
    a.elementsEqual(b) { $0 == $1 || ($0.isNaN && $1.isNaN) }
}

@Test func metricsAreReadAsTheyGrowAndOnlyWholeLines() throws {
    let scratch = Scratch()
    var metrics = try MetricsFile(scratch.file, isContinued: false)
    try scratch.write("{\"epoch\": 1, \"loss\": 0.5}\n{\"epo")
    #expect(try metrics.poll() == [.init(epoch: 1, values: ["loss": 0.5])])
    #expect(try metrics.poll() == [])
    try scratch.write("ch\": 2, \"loss\": 0.25}\n\n{\"epoch\": 3, \"loss\": 1e-3}")
    #expect(try metrics.poll() == [.init(epoch: 2, values: ["loss": 0.25])])
    #expect(try metrics.finish() == [.init(epoch: 3, values: ["loss": 0.001])])
    #expect(
        metrics.reported(judgedBy: .valAccuracy).histories == [
            History(name: "loss", values: [0.5, 0.25, 0.001])
        ])
}

@Test func epochsWithoutAWordAreNaNAndLinesOfOneEpochComeTogether() throws {
    let read = try histories(
        "{\"epoch\":1,\"b\":1}\n{\"epoch\":1,\"a\":2}\n{\"epoch\":4,\"b\":NaN}\n{\"epoch\":5,\"a\":null,\"c\":-Infinity}\n"
    )
    #expect(read.map(\.name) == ["a", "b", "c"])
    #expect(same(read[0].values, [2, .nan, .nan, .nan, .nan]))
    #expect(same(read[1].values, [1, .nan, .nan, .nan, .nan]))
    #expect(same(read[2].values, [.nan, .nan, .nan, .nan, -.infinity]))
}

@Test(arguments: [
    ("garbage\n", "line 1: is not a JSON object of numbers: garbage"),
    ("{\"epoch\":1}\n[1]\n", "line 2: is not a JSON object of numbers: [1]"),
    ("{\"loss\":1}\n", "line 1: epoch has to be a whole number, 1…10000"),
    ("{\"epoch\":0,\"loss\":1}\n", "line 1: epoch has to be a whole number"),
    ("{\"epoch\":1.5}\n", "line 1: epoch has to be a whole number"),
    ("{\"epoch\":1e9}\n", "line 1: epoch has to be a whole number"),
    ("{\"epoch\":1,\"loss\":\"low\"}\n", "line 1: loss is not a number"),
    ("{\"epoch\":1,\"ok\":true}\n", "line 1: ok is not a number"),
    ("{\"epoch\":1,\"a\":1}\n{\"epoch\":1,\"a\":2}\n", "line 2: epoch 1 reports a twice"),
    ("{\"epoch\":2,\"a\":1}\n{\"epoch\":1,\"a\":2}\n", "line 2: epoch 1 comes after epoch 2"),
    ("{\"epoch\":1,\"\":1}\n", "line 1: a metric's name is empty"),
    ("{\"epoch\":1,\"a\\u001b[2J\":1}\n", "line 1: a metric's name is empty, too long or not text"),
    ("{\"epoch\":1,\"a\":1,\"a\":2}\n", "line 1: names a twice"),
    ("{\"epoch\":1,\"epoch\":2}\n", "line 1: names epoch twice"),
    ("{epoch:1,a:1,'\\u0061':2}\n", "line 1: names a twice"),
    ("{\"epoch\":1,\"\u{E9}\":1,\"e\u{301}\":2}\n", "twice"),
    (
        "{\"epoch\":1,\"\u{E9}\":1}\n{\"epoch\":2,\"e\u{301}\":2}\n",
        "line 2: e\u{301} differs from a metric before only in its Unicode form"
    ),
    ("\u{0}\u{1}\n{", "line 2: is not a JSON object"),
])
func metricsThatBreakARuleAreToldWithTheirLine(text: String, message: String) {
    let problem = #expect(throws: MetricsFile.Problem.self) { try histories(text) }
    #expect(problem?.description.contains(message) == true, "\(problem?.description ?? "")")
}

@Test func whatWasWrongOnceStaysWrong() throws {
    let scratch = Scratch()
    var metrics = try MetricsFile(scratch.file, isContinued: false)
    try scratch.write("garbage\n")
    #expect(throws: MetricsFile.Problem.self) { try metrics.poll() }
    #expect(throws: MetricsFile.Problem.self) { try metrics.finish() }
}

@Test func aLossThatEndsAsNoNumberHasDiverged() throws {
    func outcome(_ text: String) throws -> Outcome {
        let scratch = Scratch()
        var metrics = try MetricsFile(scratch.file, isContinued: false)
        try scratch.write(text)
        _ = try metrics.finish()
        return metrics.reported(judgedBy: .valAccuracy).outcome
    }
    #expect(try outcome("{\"epoch\":1,\"train_loss\":NaN}\n") == .diverged)
    #expect(try outcome("{\"epoch\":1,\"val/Loss\":Infinity}\n") == .diverged)
    #expect(try outcome("{\"epoch\":1,\"val_accuracy\":NaN}\n") == .diverged)
    #expect(try outcome("{\"epoch\":1,\"loss\":NaN}\n{\"epoch\":2,\"loss\":1}\n") == .trained)
    #expect(try outcome("{\"epoch\":1,\"other\":NaN}\n") == .trained)
    #expect(try outcome("{\"epoch\":1,\"loss\":1}\n{\"epoch\":2,\"val_accuracy\":1}\n") == .trained)
}

@Test func aCommandThatGoesOnTellsAgainWhatItToldTooEarly() throws {
    let scratch = Scratch()
    _ = try MetricsFile(scratch.file, isContinued: false)
    try scratch.write("{\"epoch\":1,\"a\":1}\n{\"epoch\":2,\"a\":2}\n{\"epoch\":3,\"a\":3}\n{\"epo")
    var metrics = try MetricsFile(scratch.file, isContinued: true)
    try scratch.write("{\"epoch\":3,\"a\":30}\n{\"epoch\":4,\"a\":40}\n")
    _ = try metrics.finish()
    #expect(
        metrics.reported(judgedBy: .valAccuracy).histories == [
            History(name: "a", values: [1, 2, 30, 40])
        ])
    var fresh = try MetricsFile(scratch.file, isContinued: true)
    try scratch.write("{\"epoch\":1,\"b\":7}\n")
    _ = try fresh.finish()
    #expect(
        fresh.reported(judgedBy: .valAccuracy).histories.last == History(name: "b", values: [7]))
}

@Test func aCommandMayGoOnAnyNumberOfTimes() throws {
    let scratch = Scratch()
    _ = try MetricsFile(scratch.file, isContinued: false)
    try scratch.write("{\"epoch\":1,\"a\":1}\n\n{\"epoch\":2,\"a\":2}\n{\"epoch\":3,\"a\":3}\n")
    for told in [
        "{\"epoch\":3,\"a\":30}\n{\"epoch\":4,\"a\":4}\n",
        "{\"epoch\":4,\"a\":40}\n{\"epoch\":5,\"a\":5}\n",
    ] {
        var metrics = try MetricsFile(scratch.file, isContinued: true)
        try scratch.write(told)
        _ = try metrics.finish()
    }
    var last = try MetricsFile(scratch.file, isContinued: true)
    try scratch.write("{\"epoch\":6,\"a\":6}\n")
    _ = try last.finish()
    #expect(
        last.reported(judgedBy: .valAccuracy).histories == [
            History(name: "a", values: [1, 2, 30, 40, 5, 6])
        ])
}

@Test func soundLinesBeforeAnUnsoundOneAreKept() throws {
    let scratch = Scratch()
    _ = try MetricsFile(scratch.file, isContinued: false)
    try scratch.write("{\"epoch\":1,\"a\":1}\n{\"epoch\":2,\"a\":2}\noops\n{\"epoch\":3,\"a\":3}\n")
    var metrics = try MetricsFile(scratch.file, isContinued: true)
    try scratch.write("{\"epoch\":3,\"a\":30}\n")
    _ = try metrics.finish()
    #expect(
        metrics.reported(judgedBy: .valAccuracy).histories == [
            History(name: "a", values: [1, 2, 30])
        ])
}

@Test(arguments: [
    "", "{\"epoch\":1,\"a\":9}\n",
    "{\"epoch\":1,\"a\":9}\n{\"epoch\":2,\"a\":8}\n{\"epoch\":3,\"a\":7}\n",
])
func whatIsWrittenOverIsNoticed(text: String) throws {
    let scratch = Scratch()
    var metrics = try MetricsFile(scratch.file, isContinued: false)
    try scratch.write("{\"epoch\":1,\"a\":1}\n{\"epoch\":2,\"a\":2}\n")
    #expect(try metrics.poll().count == 2)
    let handle = try FileHandle(forWritingTo: scratch.file)
    try handle.truncate(atOffset: 0)
    try handle.write(contentsOf: Data(text.utf8))
    let problem = #expect(throws: MetricsFile.Problem.self) { try metrics.finish() }
    #expect(problem?.description.contains("has changed") == true)
}

@Test func aFileThatIsReplacedIsReadAndOneThatIsRemovedIsAFailure() throws {
    let scratch = Scratch()
    var metrics = try MetricsFile(scratch.file, isContinued: false)
    try scratch.write("{\"epoch\":1,\"a\":1}\n")
    #expect(try metrics.poll().count == 1)
    try FileManager.default.removeItem(at: scratch.file)
    let removed = #expect(throws: MetricsFile.Problem.self) { try metrics.finish() }
    #expect(removed?.description.contains("the file was removed") == true)
    try Data("{\"epoch\":1,\"a\":1}\n{\"epoch\":2,\"a\":3}\n".utf8).write(to: scratch.file)
    #expect(try metrics.finish().count == 2)
    #expect(
        metrics.reported(judgedBy: .valAccuracy).histories == [History(name: "a", values: [1, 3])])
    // Another file in its place has to begin with what was told.
    try FileManager.default.removeItem(at: scratch.file)
    try Data("{\"epoch\":1,\"a\":9}\n{\"epoch\":2,\"a\":3}\n".utf8).write(to: scratch.file)
    #expect(throws: MetricsFile.Problem.self) { try metrics.finish() }
}
