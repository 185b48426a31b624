import Foundation
import Studies

/// Tables as comma-separated values (RFC 4180), numbers as shortest decimals that read back as the
/// same numbers.
package enum CSV {
    /// One row a run: number, id, label, swept keys, outcome, best epoch, test results. Columns have
    /// the names of the sweep file's variables.
    package static func runs(_ plan: Plan, _ stored: StudyResults) -> String {
        let runs = stored.inOrder(plan)
        let isByStep = plan.axis == .step
        let keys = SweepFile.coordinates(
            plan.axes, metrics: SweepFile.metrics(runs, plan), axis: plan.axis)
        let header =
            ["number", "run_id", "label", "trial"] + keys + [
                "outcome", isByStep ? "points" : "epochs", "stopped_early",
                isByStep ? "best_step" : "best_epoch", "best_value", "test_loss",
                "test_accuracy", "seconds", "content_digest",
            ]
        let rows = runs.map { run, summary -> [String] in
            let point = plan.axes.map { key in
                // Where an axis does not exist, its key has the value of all runs.
                (run.setting[key] ?? plan.settings[key])?.label ?? ""
            }
            return [String(run.number), run.id, run.label, String(run.trial + 1)] + point + [
                summary.outcome.rawValue, String(summary.reportedRows),
                summary.stoppedEarly ? "true" : "false",
                summary.best.map { String($0.number) } ?? "", number(summary.best?.value),
                number(summary.test?.loss),
                number(summary.test?.accuracy), number(summary.seconds), summary.contentDigest,
            ]
        }
        return text([header] + rows)
    }

    /// One row an epoch of each run, or a step that the sweep file holds: number, id, label, swept
    /// keys, epoch (or step and elapsed seconds), metrics. Columns have the names of the sweep file's
    /// variables.
    package static func histories(_ plan: Plan, _ stored: StudyResults) -> String {
        let runs = stored.inOrder(plan)
        let isByStep = plan.axis == .step
        let metrics = SweepFile.metrics(runs, plan).filter {
            !isByStep || $0 != MetricAxis.steps
        }
        let keys = SweepFile.coordinates(plan.axes, metrics: metrics, axis: plan.axis)
        var rows = [
            ["number", "run_id", "label"] + keys + (isByStep ? ["step", "elapsed"] : ["epoch"])
                + SweepFile.variables(metrics, coordinates: keys, axis: plan.axis)
        ]
        for (run, summary) in runs {
            let point = plan.axes.map { key in
                // Where an axis does not exist, its key has the value of all runs.
                (run.setting[key] ?? plan.settings[key])?.label ?? ""
            }
            let histories = metrics.map { summary.history($0) }
            let steps = summary.steps
            for epoch in 0..<summary.epochs {
                let place =
                    steps.map { [String($0[epoch]), number(summary.elapsed[epoch])] }
                    ?? [String(epoch + 1)]
                rows.append(
                    [String(run.number), run.id, run.label] + point + place
                        + histories.map { number($0.indices.contains(epoch) ? $0[epoch] : nil) })
            }
        }
        return text(rows)
    }

    /// One row an epoch of one run, or a step.
    package static func history(_ record: RunFileContents) -> String {
        let axis = record.axis.rawValue
        let (steps, elapsed) = (record.steps, record.elapsed)
        let histories = record.histories.filter { steps == nil || $0.name != MetricAxis.steps }
        let rows = (0..<record.epochs).map { row in
            (steps.map { [String($0[row]), number(elapsed[row])] } ?? [String(row + 1)])
                + histories.map { number($0.values[row]) }
        }
        let places = steps == nil ? [axis] : [axis, "elapsed"]
        return text(
            [places + VariableNames(histories.map(\.name), taken: Set(places)).variables] + rows)
    }

    /// Names of columns that are distinct among themselves and from others: a name that is taken
    /// gets a prefix, and a number if that is taken too.
    package static func columns(_ names: [String], _ prefix: String, besides others: [String])
        -> [String]
    {
        let own = Set(names)
        var used = Set(others)
        return names.map { name in
            guard !used.insert(name).inserted else { return name }
            var free = prefix + name
            var number = 1
            while own.contains(free) || used.contains(free) {
                number += 1
                free = "\(prefix)\(name)_\(number)"
            }
            used.insert(free)
            return free
        }
    }

    package static func number(_ value: Double?) -> String {
        guard let value else { return "" }
        return value.isNaN
            ? "nan" : value.isInfinite ? (value > 0 ? "inf" : "-inf") : shortest(value)
    }

    package static func text(_ rows: [[String]]) -> String {
        rows.map { row in row.map(cell).joined(separator: ",") + "\n" }.joined()
    }

    private static func cell(_ text: String) -> String {
        let needsQuotes =
            text.contains { ",\"\n\r".contains($0) } || text.unicodeScalars.contains("\r")
        return needsQuotes ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
    }
}
