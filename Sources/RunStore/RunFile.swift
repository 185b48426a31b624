import Foundation
import HDF5
import Recipes
import Tensors
import Training

/// `runs/<id>.h5`: one completed run. The layout is described in docs/format.md.
public enum RunFile {
    static let format = "viseme-run"

    /// Publishes a completed run: whole, or not at all.
    public static func write(_ record: RunRecord, to file: URL) throws {
        let image = try HDF5File.image { try write(record, $0) }
        try DurableFile.write(Trailer.sealed(image), to: file)
    }

    /// Reads a run after its digest was verified.
    public static func read(_ file: URL) throws -> RunRecord {
        let image = try Trailer.opened(DurableFile.read(file), path: file.path)
        do {
            let record = try read(try HDF5File.open(image).root(), path: file.path)
            return record
        } catch let error as HDF5Error {
            throw StoreError.unreadable(path: file.path, reason: error.description)
        }
    }

    private static func write(_ record: RunRecord, _ root: HDF5Group) throws {
        let result = record.result
        try root.setAttribute("format", format)
        try root.setAttribute("format_version", formatVersion)
        try root.setAttribute("title", "one run of viseme")
        try root.setAttribute("run_id", record.identity.id)
        try root.setAttribute("content_digest", record.contentDigest)
        try root.setAttribute("NX_class", "NXroot")
        try root.setAttribute("default", "history")
        try root.write("identity", [record.identity.json], shape: [])
        try root.write("class_names", record.classes, shape: [record.classes.count])

        let configuration = try root.makeGroup("configuration")
        let complete = Configuration(record.configuration)
        try configuration.write("json", [complete.json], shape: [])
        try configuration.write("yaml", [complete.yaml], shape: [])

        let outcome = try root.makeGroup("result")
        try outcome.setAttribute("outcome", result.outcome.rawValue)
        try outcome.setAttribute("stopped_early", result.stoppedEarly ? 1 : 0)
        try outcome.setAttribute("metric", record.metric.name)
        try outcome.setAttribute("goal", record.metric.goal.rawValue)
        // Epochs count from 1; 0 says that no epoch gave a number.
        try outcome.setAttribute("best_epoch", result.best?.epoch ?? 0)
        try outcome.setAttribute("best_value", result.best?.value ?? .nan)

        try writeHistory(record, root)
        if let test = result.test { try writeTest(test, record.classes.count, root) }
        let weights = try root.makeGroup("weights")
        for tensor in result.weights { try weights.write(tensor.name, tensor.values, shape: tensor.shape) }

        let provenance = try root.makeGroup("provenance")
        try provenance.write("json", [try RunFile.json(record.provenance)], shape: [])
        try provenance.write("seconds", result.seconds, shape: [result.seconds.count])
    }

    private static func writeHistory(_ record: RunRecord, _ root: HDF5Group) throws {
        let group = try root.makeGroup("history")
        let epochs = record.result.histories.first?.values.count ?? 0
        try group.setAttribute("NX_class", "NXdata")
        try group.setAttribute("signal", record.metric.name)
        try group.setAttribute("axes", "epoch")
        let scale = try group.write("epoch", Array(1...max(epochs, 1)).prefix(epochs).map { $0 }, shape: [epochs])
        try scale.makeScale("epoch")
        try scale.setAttribute("long_name", "epoch")
        for history in record.result.histories {
            let dataset = try group.write(history.name, history.values, shape: [history.values.count])
            try dataset.attach(scale, dimension: 0)
            try dataset.setAttribute("units", "1")
            try dataset.setAttribute("long_name", history.name.replacing("_", with: " "))
        }
    }

    private static func writeTest(_ test: TestResult, _ classes: Int, _ root: HDF5Group) throws {
        let group = try root.makeGroup("test")
        try group.write("loss", [test.loss], shape: [])
        try group.write("accuracy", [test.accuracy], shape: [])
        let confusion = try group.write("confusion", test.confusion.flatMap { $0 }, shape: [classes, classes])
        try confusion.setAttribute("long_name", "clips by true class (rows) and predicted class (columns)")
    }

    private static func read(_ root: HDF5Group, path: String) throws -> RunRecord {
        let found = "\(try root.text("format")) \(try root.integer("format_version"))"
        guard found == "\(format) \(formatVersion)" else { throw StoreError.otherFormat(path: path, found: found) }
        let outcome = try root.group("result")
        let history = try root.group("history")
        let epochs = try history.dataset("epoch").integers().count
        let histories = try TrainingRun.metricNames.map { History(name: $0, values: try history.dataset($0).doubles()) }
        let metricName = try outcome.text("metric")
        let bestEpoch = try outcome.integer("best_epoch")
        guard let kind = Outcome(rawValue: try outcome.text("outcome")),
            let goal = Metric.Goal(rawValue: try outcome.text("goal")),
            histories.allSatisfy({ $0.values.count == epochs }), (0...epochs).contains(bestEpoch)
        else { throw StoreError.unreadable(path: path, reason: "its parts contradict each other") }
        let judged = histories.first { $0.name == metricName }?.values
        let weights = try root.group("weights")
        let names = try weights.names()
        let classes = try root.dataset("class_names").texts()
        let tensors = try names.map { name in
            let dataset = try weights.dataset(name)
            return Tensor(name: name, shape: try dataset.shape(), values: try dataset.floats())
        }
        let record = RunRecord(
            identity: RunIdentity(json: try root.dataset("identity").texts().first ?? ""),
            configuration: try decode(
                [String: Value].self, try root.group("configuration").dataset("json").texts(), path),
            metric: Metric(name: metricName, goal: goal), classes: classes,
            result: TrainingResult(
                outcome: kind, histories: histories, seconds: try root.group("provenance").dataset("seconds").doubles(),
                best: bestEpoch == 0 ? nil : judged.map { BestEpoch(epoch: bestEpoch, value: $0[bestEpoch - 1]) },
                stoppedEarly: try outcome.integer("stopped_early") == 1, weights: tensors,
                test: root.has("test") ? try readTest(root.group("test"), classes.count) : nil),
            provenance: try decode(Provenance.self, try root.group("provenance").dataset("json").texts(), path))
        guard record.contentDigest == (try root.text("content_digest")) else {
            throw StoreError.unreadable(path: path, reason: "its contents do not have the content digest it states")
        }
        return record
    }

    private static func readTest(_ group: HDF5Group, _ classes: Int) throws -> TestResult {
        let counts = try group.dataset("confusion").integers()
        guard counts.count == classes * classes, let loss = try group.dataset("loss").doubles().first,
            let accuracy = try group.dataset("accuracy").doubles().first
        else { throw HDF5Error(action: "read /test", reason: "its parts contradict each other") }
        return TestResult(
            loss: loss, accuracy: accuracy,
            confusion: (0..<classes).map { Array(counts[$0 * classes..<($0 + 1) * classes]) })
    }

    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private static func decode<Decoded: Decodable>(_ type: Decoded.Type, _ texts: [String], _ path: String) throws
        -> Decoded
    {
        do { return try JSONDecoder().decode(type, from: Data((texts.first ?? "").utf8)) } catch {
            throw StoreError.unreadable(path: path, reason: "a text in it is not the JSON it has to be")
        }
    }
}
