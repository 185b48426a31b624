import Digests
import Files
import Foundation
import Studies

/// `sweep.h5`: all finished runs side by side, with the dimensions run and epoch; of a study by steps
/// run and point, where each run has its own steps. Derived: it can be rebuilt from the run files at
/// any time. The layout is described in docs/format.md.
package enum SweepFile {
    static let format = "viseme-sweep"

    /// Names that neither a swept key nor a metric may take over.
    static let reserved: Set<String> = [
        "run", "epoch", "epochs", "trial", "number", "run_id", "best_epoch", "best_value",
        "test_loss",
        "test_accuracy", "outcome", "stopped_early", "seconds", "content_digest", "provenance",
        "file_size",
        "file_modified", "weight_bytes", "reported_metrics", "lr_per_epoch", "trial_label", "files",
        "label",
    ]
    /// Further names of a study by steps.
    private static let reservedOfSteps: Set<String> = [
        "point", "points", "best_point", "best_step", "elapsed",
    ]

    private static func reserved(_ axis: MetricAxis) -> Set<String> {
        axis == .step ? reserved.union(reservedOfSteps) : reserved
    }

    /// The names of the swept keys' coordinates, in the order of the keys.
    /// - Parameter metrics: of the runs; the learning rate's gives way.
    package static func coordinates(_ keys: [String], metrics: [String], axis: MetricAxis = .epoch)
        -> [String]
    {
        let taken = metrics.filter { $0 != "lr" }.map(VariableNames.plain)
        return VariableNames.ofKeys(keys, taken: reserved(axis).union(taken))
    }

    /// The names of metrics' variables.
    package static func variables(
        _ metrics: [String], coordinates: [String], axis: MetricAxis = .epoch
    ) -> [String] {
        let names = metrics.map { $0 == "lr" ? "lr_per_epoch" : $0 }
        return VariableNames(
            names, taken: reserved(axis).subtracting(["lr_per_epoch"]).union(coordinates)
        ).variables
    }

    /// All metrics of the runs: declared ones in their order, others sorted.
    package static func metrics(_ runs: [(Run, RunResult)], _ plan: Plan) -> [String] {
        plan.trainer.metrics.ordered(
            runs.reduce(into: Set<String>()) { names, run in
                names.formUnion(run.1.histories.map(\.name))
            })
    }

    /// - Parameters:
    ///   - runs: the plan's runs that are stored, in the order of the plan.
    ///   - meanings: of keys, where they are known.
    package static func write(
        _ plan: Plan, _ runs: [(Run, RunResult)], to file: URL, meanings: [String: String] = [:]
    ) throws {
        try SealedFile.write(image(plan, runs, meanings: meanings), to: file)
    }

    /// The file's bytes without the trailer: HDF5 and netCDF-4 alike.
    package static func image(
        _ plan: Plan, _ runs: [(Run, RunResult)], meanings: [String: String] = [:]
    ) throws -> [UInt8] {
        try HDF5File.image { try write(plan, runs, meanings, $0) }
    }

    private static func write(
        _ plan: Plan, _ runs: [(Run, RunResult)], _ meanings: [String: String], _ root: HDF5Group
    ) throws {
        let count = runs.count
        let axis = plan.axis
        let epochs = runs.map { $0.1.epochs }.max() ?? 0
        let metrics = metrics(runs, plan)
        let coordinates = coordinates(plan.axes, metrics: metrics, axis: axis)
        let variables = variables(metrics, coordinates: coordinates, axis: axis)
        try root.setAttribute("metrics", try RunFile.json(metrics))
        try root.setAttribute("variables", try RunFile.json(variables))
        try root.setAttribute("excluded_metrics", try RunFile.json(plan.excludedMetrics))
        try root.setAttribute("format", format)
        try root.setAttribute("format_version", formatVersion)
        try root.setAttribute("Conventions", "CF-1.8")
        try root.setAttribute("title", plan.question ?? plan.name)
        try root.setAttribute("recipe", plan.name)
        try root.setAttribute("metric", plan.metric.name)
        try root.setAttribute("goal", plan.metric.goal.rawValue)
        try root.setAttribute(
            "coordinates",
            (coordinates + ["trial", "trial_label", "number", "run_id"]
                + (axis == .step
                    ? zip(metrics, variables).filter { $0.0 == MetricAxis.steps }
                        .map(\.1) + ["elapsed"] : []))
                .joined(separator: " "))

        let runScale = try root.write("run", runs.map { $0.0.label }, shape: [count])
        try runScale.makeScale("run")
        try runScale.setAttribute("long_name", "run, by its swept values")
        let rows = rows(axis)
        let epochScale = try root.write(rows, epochs == 0 ? [] : Array(1...epochs), shape: [epochs])
        try epochScale.makeScale(rows)
        try epochScale.setAttribute(
            "long_name", axis == .step ? "number of the row, which has a step of its own" : "epoch")
        let writer = SweepWriter(
            root: root, runScale: runScale, epochScale: epochScale, count: count, epochs: epochs)

        for (axis, name) in zip(plan.axes, coordinates) {
            // Where an axis does not exist, its key has the value of all runs, if there is one.
            let values = runs.map { run, _ in run.setting[axis] ?? plan.settings[axis] }
            try writer.values(name, values, meanings[axis] ?? axis)
        }
        try writer.integers(
            "trial", runs.map { $0.0.trial + 1 }, "number of the setting, without the seed")
        try writer.texts(
            "trial_label", runs.map { $0.0.trialLabel }, "the setting, without the seed")
        try writer.integers("number", runs.map { $0.0.number }, "number of the run in the plan")
        try writer.texts("run_id", runs.map { $0.1.id }, "identity of the run, first 12 digits")
        for (metric, variable) in zip(metrics, variables) {
            try writer.histories(
                variable, runs.map { $0.1.history(metric) }, metric,
                metric.replacing("_", with: " "), units: plan.trainer.metrics.unit)
        }
        if axis == .step {
            try writer.histories(
                "elapsed", runs.map { $0.1.elapsed }, nil, "time since the run began", units: "s")
            try writer.integers(
                "points", runs.map { $0.1.reportedRows },
                "rows that the run has reported, and its file has")
            try writer.integers(
                "best_point", runs.map { $0.1.best?.epoch ?? 0 },
                "row of the best \(plan.metric.name); 0: none")
            try writer.integers(
                "best_step", runs.map { $0.1.best?.step ?? -1 },
                "step of the best \(plan.metric.name); -1: none")
        } else {
            try writer.integers("epochs", runs.map { $0.1.epochs }, "epochs trained")
            try writer.integers(
                "best_epoch", runs.map { $0.1.best?.epoch ?? 0 },
                "epoch of the best \(plan.metric.name); 0: none")
        }
        try writer.doubles(
            "best_value", runs.map { $0.1.best?.value ?? .nan }, "best \(plan.metric.name)",
            units: "1")
        if runs.contains(where: { $0.1.test != nil }) {
            try writer.doubles(
                "test_loss", runs.map { $0.1.test?.loss ?? .nan },
                "loss on the test clips at the best epoch", units: "1")
            try writer.doubles(
                "test_accuracy", runs.map { $0.1.test?.accuracy ?? .nan },
                "accuracy on the test clips at the best epoch",
                units: "1")
        }
        try writer.texts("outcome", runs.map { $0.1.outcome.rawValue }, "trained or diverged")
        try writer.flags(
            "stopped_early", runs.map { $0.1.stoppedEarly }, "stopped before the last epoch")
        try writer.doubles("seconds", runs.map { $0.1.seconds }, "time taken", units: "s")
        try writeFiles(runs, plan, writer)
    }

    /// The dimension of the rows.
    static func rows(_ axis: MetricAxis) -> String { axis == .step ? "point" : "epoch" }

    /// What is known of the run files, in a group of its own: who looks at results does not need it.
    private static func writeFiles(
        _ runs: [(Run, RunResult)], _ plan: Plan, _ sweep: SweepWriter
    ) throws {
        let writer = SweepWriter(
            root: try sweep.root.makeGroup("files"), runScale: sweep.runScale,
            epochScale: sweep.epochScale, count: sweep.count, epochs: sweep.epochs)
        try writer.texts(
            "content_digest", runs.map { $0.1.contentDigest }, "SHA-256 of the reproducible content"
        )
        if plan.trainer.metrics.isOpen {
            let reported = try runs.map { try RunFile.json($0.1.histories.map(\.name)) }
            try writer.texts("reported_metrics", reported, "metrics that the run reported, as JSON")
        }
        try writer.texts(
            "provenance", runs.map { $0.1.provenanceText }, "who made the run, as JSON")
        try writer.integers(
            "weight_bytes", runs.map { $0.1.weightBytes }, "bytes of weights in the run file")
        try writer.integers(
            "file_size", runs.map { $0.1.file.size }, "bytes of the run file when it was verified")
        try writer.integers(
            "file_modified", runs.map { $0.1.file.modified }, "its modification time, ns since 1970"
        )
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

    /// Numbers as numbers, truth values as 0 and 1, anything else as text; so are numbers that no
    /// type holds together exactly.
    func values(_ name: String, _ all: [Value?], _ key: String) throws {
        let values = all.compactMap { $0 }
        guard values.count == all.count else {
            // A value that is not there is NaN among numbers, and empty among texts.
            let numbers = all.map { value -> Double? in
                if case .bool(let flag)? = value { return flag ? 1 : 0 }
                return value.map { $0.double ?? .infinity } ?? .nan
            }
            return numbers.contains(.infinity)
                ? try texts(name, all.map { $0?.label ?? "" }, key)
                : try doubles(name, numbers.map { $0 ?? .nan }, key, units: nil)
        }
        let whole = values.compactMap { if case .integer(let whole) = $0 { whole } else { nil } }
        let natural = values.compactMap { value -> UInt64? in
            switch value {
            case .integer(let whole): UInt64(exactly: whole)
            case .unsigned(let whole): whole
            default: nil
            }
        }
        if whole.count == values.count {
            try integers(name, whole, key)
        } else if natural.count == values.count {
            try finish(try root.write(name, natural, shape: [count]), key, units: nil)
        } else if values.allSatisfy({ $0.double.map { .number($0) } == $0 }) {
            try doubles(name, values.map { $0.double ?? .nan }, key, units: nil)
        } else if values.allSatisfy({ if case .bool = $0 { true } else { false } }) {
            try flags(name, values.map { $0 == .bool(true) }, key)
        } else {
            try texts(name, values.map(\.label), key)
        }
    }

    /// `[run][epoch]`, NaN after the end of a run.
    /// - Parameter metric: the reported name, where it is a metric.
    func histories(
        _ name: String, _ rows: [[Double]], _ metric: String?, _ longName: String, units: String?
    ) throws {
        let padded = rows.flatMap { $0 + [Double](repeating: .nan, count: epochs - $0.count) }
        let dataset = try root.write(name, padded, shape: [count, epochs])
        try dataset.attach(epochScale, dimension: 1)
        if let metric { try dataset.setAttribute("metric_name", metric) }
        try finish(dataset, longName, units: units)
    }

    private func finish(_ dataset: HDF5Dataset, _ longName: String, units: String?) throws {
        try dataset.attach(runScale, dimension: 0)
        try dataset.setAttribute("long_name", longName)
        if let units { try dataset.setAttribute("units", units) }
    }
}
