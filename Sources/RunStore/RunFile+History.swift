import Files
import Foundation
import Studies

/// The histories of a run file: each metric over the epochs, or over the steps of its rows.
extension RunFile {
    static func writeHistory(_ record: RunFileContents, _ root: HDF5Group) throws {
        let group = try root.makeGroup("history")
        // The steps are the scale of the others.
        let axis = record.axis.rawValue
        let histories = record.histories.filter {
            record.axis == .epoch || $0.name != MetricAxis.steps
        }
        let names = histories.map(\.name)
        let variables = VariableNames(names, taken: [axis]).variables
        if record.axis != .epoch { try group.setAttribute("axis", axis) }
        try group.setAttribute("metrics", try json(names))
        try group.setAttribute("excluded_metrics", try json(record.excludedMetrics))
        try group.setAttribute("NX_class", "NXdata")
        try group.setAttribute(
            "signal",
            zip(names, variables).first { $0.0 == record.metric.name }?.1 ?? variables.first
                ?? axis)
        try group.setAttribute("axes", axis)
        // The same quantity of the other split is drawn with it.
        let partners = names.filter {
            $0 != record.metric.name && quantity($0) == quantity(record.metric.name)
        }
        try group.setAttribute(
            "auxiliary_signals", zip(names, variables).filter { partners.contains($0.0) }.map(\.1))
        let scale = try writeScale(record, record.epochs, group)
        try scale.setAttribute("long_name", axis)
        for (history, name) in zip(histories, variables) {
            let dataset = try group.write(name, history.values, shape: [history.values.count])
            try dataset.setAttribute("metric_name", history.name)
            try dataset.attach(scale, dimension: 0)
            // The unit of other trainers' metrics is not known.
            if record.bestEpochRule == .whileTraining { try dataset.setAttribute("units", "1") }
            try dataset.setAttribute("long_name", history.name.replacing("_", with: " "))
        }
    }

    /// The epochs from 1, or the steps of the rows, as a dimension scale.
    static func writeScale(_ record: RunFileContents, _ count: Int, _ group: HDF5Group)
        throws -> HDF5Dataset
    {
        let numbers = record.steps ?? Array(1...max(count, 1))
        let name = record.axis.rawValue
        let scale = try group.write(name, Array(numbers.prefix(count)), shape: [count])
        try scale.makeScale(name)
        return scale
    }

    /// `accuracy` of `val_accuracy`.
    private static func quantity(_ metric: String) -> Substring {
        metric.split(separator: "_", maxSplits: 1).last ?? ""
    }

    /// What the rows are counted by, their numbers, and the histories; the steps are one of them.
    static func readHistory(_ group: HDF5Group, _ path: String) throws -> (
        axis: MetricAxis, rows: [Int], histories: [History]
    ) {
        let name = try group.hasAttribute("axis") ? group.text("axis") : "epoch"
        guard let axis = MetricAxis(rawValue: name) else {
            throw StoreError.unreadable(path: path, reason: "its rows are counted by \(name)")
        }
        let rows = try group.dataset(name).integers()
        let names = try decode([String].self, try group.text("metrics"), path)
        var histories = try zip(names, VariableNames(names, taken: [name]).variables).map {
            History(name: $0, values: try group.dataset($1).doubles())
        }
        if axis == .step, !rows.isEmpty {
            let steps = History(name: MetricAxis.steps, values: rows.map(Double.init))
            let place = histories.firstIndex {
                steps.name.utf8.lexicographicallyPrecedes($0.name.utf8)
            }
            histories.insert(steps, at: place ?? histories.count)
        }
        return (axis, rows, histories)
    }
}
