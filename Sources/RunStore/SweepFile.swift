import Clips
import Crypto
import Foundation
import HDF5
import Recipes
import Training

/// One run as the sweep file holds it: all but the weights.
public struct RunSummary: Sendable, Equatable {
    public var id: String
    public var outcome: Outcome
    public var stoppedEarly: Bool
    public var best: BestEpoch?
    public var histories: [History]
    public var seconds: Double
    public var test: (loss: Double, accuracy: Double)?
    public var contentDigest: String
    public var provenance: Provenance
    /// Of the run file, when it was taken in.
    public var file: FileFacts

    public static func == (a: RunSummary, b: RunSummary) -> Bool {
        a.id == b.id && a.contentDigest == b.contentDigest && a.file == b.file
    }

    public func history(_ name: String) -> [Double] {
        histories.first { $0.name == name }?.values ?? []
    }

    public var epochs: Int { histories.first?.values.count ?? 0 }
}

/// Size and time of change of a file that was verified: while both stay, it is not read again.
public struct FileFacts: Sendable, Equatable {
    public var size: Int
    /// Nanoseconds since 1970.
    public var modified: Int

    public init?(_ file: URL) {
        guard let facts = try? FileManager.default.attributesOfItem(atPath: file.path),
            let size = (facts[.size] as? NSNumber)?.intValue, let date = facts[.modificationDate] as? Date
        else { return nil }
        self.size = size
        self.modified = Int((date.timeIntervalSince1970 * 1e9).rounded())
    }

    public init(size: Int, modified: Int) {
        self.size = size
        self.modified = modified
    }
}

extension RunSummary {
    public init(_ record: RunRecord, file: FileFacts) {
        self.init(
            id: record.identity.id, outcome: record.result.outcome, stoppedEarly: record.result.stoppedEarly,
            best: record.result.best, histories: record.result.histories, seconds: record.provenance.seconds,
            test: record.result.test.map { ($0.loss, $0.accuracy) }, contentDigest: record.contentDigest,
            provenance: record.provenance, file: file)
    }
}

/// `sweep.h5`: all finished runs side by side, with the dimensions run and epoch. Derived: it can be rebuilt from the run
/// files at any time. The layout is described in docs/format.md.
public enum SweepFile {
    static let format = "viseme-sweep"

    /// Names that a swept key may not take over.
    static let reserved: Set<String> = Set(
        TrainingRun.metricNames.filter { $0 != "lr" } + [
            "run", "epoch", "epochs", "trial", "number", "run_id", "best_epoch", "best_value", "test_loss",
            "test_accuracy", "outcome", "stopped_early", "seconds", "content_digest", "provenance", "file_size",
            "file_modified", "lr_per_epoch",
        ])

    /// The name of a swept key's coordinate.
    public static func coordinate(_ key: String) -> String {
        let name = key.replacing(".", with: "_")
        return reserved.contains(name) ? "set_" + name : name
    }

    /// The history of the learning rate gives way to the swept key of that name.
    static func variable(_ metric: String) -> String {
        metric == "lr" ? "lr_per_epoch" : metric
    }

    /// - Parameter runs: the plan's runs that are stored, in the order of the plan.
    public static func write(_ plan: StoredPlan, _ runs: [(StoredPlan.Run, RunSummary)], to file: URL) throws {
        let image = try HDF5File.image { try write(plan, runs, $0) }
        try DurableFile.write(Trailer.sealed(image), to: file)
    }

    private static func write(
        _ plan: StoredPlan, _ runs: [(StoredPlan.Run, RunSummary)], _ root: HDF5Group
    ) throws {
        let count = runs.count
        let epochs = runs.map { $0.1.epochs }.max() ?? 0
        let coordinates = plan.axes.map(coordinate)
        try root.setAttribute("format", format)
        try root.setAttribute("format_version", formatVersion)
        try root.setAttribute("Conventions", "CF-1.8")
        try root.setAttribute("title", plan.question ?? plan.name)
        try root.setAttribute("recipe", plan.name)
        try root.setAttribute("metric", plan.metric.name)
        try root.setAttribute("goal", plan.metric.goal.rawValue)
        try root.setAttribute("coordinates", (coordinates + ["trial", "number", "run_id"]).joined(separator: " "))

        let runScale = try root.write("run", runs.map { $0.0.label }, shape: [count])
        try runScale.makeScale("run")
        try runScale.setAttribute("long_name", "run, by its swept values")
        let epochScale = try root.write("epoch", epochs == 0 ? [] : Array(1...epochs), shape: [epochs])
        try epochScale.makeScale("epoch")
        try epochScale.setAttribute("long_name", "epoch")
        let writer = SweepWriter(root: root, runScale: runScale, epochScale: epochScale, count: count, epochs: epochs)

        for (axis, name) in zip(plan.axes, coordinates) {
            try writer.values(name, runs.map { run, _ in run.configuration[axis] ?? .text("") }, axis)
        }
        try writer.integers("trial", runs.map { $0.0.trial }, "setting of the hyperparameters, without the seed")
        try writer.integers("number", runs.map { $0.0.number }, "number of the run in the plan")
        try writer.texts("run_id", runs.map { $0.1.id }, "identity of the run, first 12 digits")
        for metric in TrainingRun.metricNames {
            try writer.histories(variable(metric), runs.map { $0.1.history(metric) }, metric.replacing("_", with: " "))
        }
        try writer.integers("epochs", runs.map { $0.1.epochs }, "epochs trained")
        try writer.integers(
            "best_epoch", runs.map { $0.1.best?.epoch ?? 0 }, "epoch of the best \(plan.metric.name); 0: none")
        try writer.doubles("best_value", runs.map { $0.1.best?.value ?? .nan }, "best \(plan.metric.name)", units: "1")
        try writer.doubles(
            "test_loss", runs.map { $0.1.test?.loss ?? .nan }, "loss on the test clips at the best epoch", units: "1")
        try writer.doubles(
            "test_accuracy", runs.map { $0.1.test?.accuracy ?? .nan }, "accuracy on the test clips at the best epoch",
            units: "1")
        try writer.texts("outcome", runs.map { $0.1.outcome.rawValue }, "trained or diverged")
        try writer.flags("stopped_early", runs.map { $0.1.stoppedEarly }, "stopped before the last epoch")
        try writer.doubles("seconds", runs.map { $0.1.seconds }, "time taken", units: "s")
        try writer.texts("content_digest", runs.map { $0.1.contentDigest }, "SHA-256 of what is reproduced")
        try writer.texts("provenance", try runs.map { try RunFile.json($0.1.provenance) }, "who made the run, as JSON")
        try writer.integers("file_size", runs.map { $0.1.file.size }, "bytes of the run file when it was verified")
        try writer.integers("file_modified", runs.map { $0.1.file.modified }, "its time of change, ns since 1970")
    }

    /// All runs of a sweep file, by id.
    /// - Throws: `StoreError` where it is damaged or of another format; it can be rebuilt then.
    public static func read(_ file: URL) throws -> [String: RunSummary] {
        let image = try Trailer.opened(DurableFile.read(file), path: file.path)
        do { return try read(try HDF5File.open(image).root(), path: file.path) } catch let error as HDF5Error {
            throw StoreError.unreadable(path: file.path, reason: error.description)
        }
    }

    private static func read(_ root: HDF5Group, path: String) throws -> [String: RunSummary] {
        let found = "\(try root.text("format")) \(try root.integer("format_version"))"
        guard found == "\(format) \(formatVersion)" else { throw StoreError.otherFormat(path: path, found: found) }
        let ids = try root.dataset("run_id").texts()
        let width = try root.dataset("epoch").shape().first ?? 0
        let epochs = try root.dataset("epochs").integers()
        let metrics = try TrainingRun.metricNames.map { ($0, try root.dataset(variable($0)).doubles()) }
        let bestEpochs = try root.dataset("best_epoch").integers()
        let bestValues = try root.dataset("best_value").doubles()
        let losses = try root.dataset("test_loss").doubles()
        let accuracies = try root.dataset("test_accuracy").doubles()
        let outcomes = try root.dataset("outcome").texts()
        let early = try root.dataset("stopped_early").integers()
        let seconds = try root.dataset("seconds").doubles()
        let digests = try root.dataset("content_digest").texts()
        let provenances = try root.dataset("provenance").texts()
        let sizes = try root.dataset("file_size").integers()
        let times = try root.dataset("file_modified").integers()
        let counts = [
            epochs.count, bestEpochs.count, bestValues.count, losses.count, accuracies.count, outcomes.count,
            early.count,
            seconds.count, digests.count, provenances.count, sizes.count, times.count,
        ]
        guard counts.allSatisfy({ $0 == ids.count }), metrics.allSatisfy({ $0.1.count == ids.count * width }),
            epochs.allSatisfy({ (0...width).contains($0) })
        else { throw StoreError.unreadable(path: path, reason: "its parts contradict each other") }
        var runs: [String: RunSummary] = [:]
        for (index, id) in ids.enumerated() {
            guard let provenance = try? JSONDecoder().decode(Provenance.self, from: Data(provenances[index].utf8)),
                let outcome = Outcome(rawValue: outcomes[index])
            else { throw StoreError.unreadable(path: path, reason: "its parts contradict each other") }
            runs[id] = RunSummary(
                id: id, outcome: outcome, stoppedEarly: early[index] == 1,
                best: bestEpochs[index] == 0 ? nil : BestEpoch(epoch: bestEpochs[index], value: bestValues[index]),
                histories: metrics.map { name, values in
                    History(name: name, values: Array(values[index * width..<index * width + epochs[index]]))
                },
                seconds: seconds[index], test: accuracies[index].isNaN ? nil : (losses[index], accuracies[index]),
                contentDigest: digests[index], provenance: provenance,
                file: FileFacts(size: sizes[index], modified: times[index]))
        }
        return runs
    }
}

/// Writes variables over the dimension run, with the names and attributes that other tools expect.
private struct SweepWriter {
    let root: HDF5Group
    let runScale, epochScale: HDF5Dataset
    let count, epochs: Int

    func integers(_ name: String, _ values: [Int], _ longName: String) throws {
        try finish(try root.write(name, values, shape: [count]), longName, units: nil)
    }

    func doubles(_ name: String, _ values: [Double], _ longName: String, units: String?) throws {
        try finish(try root.write(name, values, shape: [count]), longName, units: units)
    }

    func texts(_ name: String, _ values: [String], _ longName: String) throws {
        try finish(try root.write(name, values, shape: [count]), longName, units: nil)
    }

    func flags(_ name: String, _ values: [Bool], _ longName: String) throws {
        let dataset = try root.write(name, values.map { $0 ? 1 : 0 }, shape: [count], small: true)
        try dataset.setAttribute("flag_meanings", "false true")
        try finish(dataset, longName, units: nil)
    }

    /// Numbers as numbers, truth values as 0 and 1, anything else as text.
    func values(_ name: String, _ values: [Value], _ key: String) throws {
        if values.allSatisfy({ if case .integer = $0 { true } else { false } }) {
            try integers(name, values.map { Int($0.double ?? 0) }, key)
        } else if values.allSatisfy({ $0.double != nil }) {
            try doubles(name, values.map { $0.double ?? .nan }, key, units: nil)
        } else if values.allSatisfy({ if case .bool = $0 { true } else { false } }) {
            try flags(name, values.map { $0 == .bool(true) }, key)
        } else {
            try texts(name, values.map(\.label), key)
        }
    }

    /// `[run][epoch]`, NaN after the end of a run.
    func histories(_ name: String, _ rows: [[Double]], _ longName: String) throws {
        let padded = rows.flatMap { $0 + [Double](repeating: .nan, count: epochs - $0.count) }
        let dataset = try root.write(name, padded, shape: [count, epochs])
        try dataset.attach(epochScale, dimension: 1)
        try finish(dataset, longName, units: "1")
    }

    private func finish(_ dataset: HDF5Dataset, _ longName: String, units: String?) throws {
        try dataset.attach(runScale, dimension: 0)
        try dataset.setAttribute("long_name", longName)
        if let units { try dataset.setAttribute("units", units) }
    }
}
