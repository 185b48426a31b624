import Foundation
import Studies

/// Tables as comma-separated values (RFC 4180), numbers as shortest decimals that read back as the
/// same numbers.
package enum CSV {
    /// One row a run: number, id, swept keys, outcome, best epoch, test results.
    package static func runs(_ plan: Plan, _ stored: StudyResults) -> String {
        let first = ["number", "run_id"]
        let last = [
            "outcome", "epochs", "stopped_early", "best_epoch", "best_\(plan.metric.name)",
            "test_loss", "test_accuracy", "seconds", "content_digest",
        ]
        let header = first + columns(plan.axes, "set_", besides: first + last) + last
        let rows = stored.inOrder(plan).map { run, summary -> [String] in
            let point = plan.axes.map { key in
                // Where an axis does not exist, its key has the value of all runs.
                (run.setting[key] ?? plan.settings[key])?.label ?? ""
            }
            return [String(run.number), run.id] + point + [
                summary.outcome.rawValue, String(summary.epochs),
                summary.stoppedEarly ? "true" : "false",
                summary.best.map { String($0.epoch) } ?? "", number(summary.best?.value),
                number(summary.test?.loss),
                number(summary.test?.accuracy), number(summary.seconds), summary.contentDigest,
            ]
        }
        return text([header] + rows)
    }

    /// One row an epoch of each run: number, swept keys, epoch, metrics.
    package static func histories(_ plan: Plan, _ stored: StudyResults) -> String {
        let runs = stored.inOrder(plan)
        var metrics: [String] = []
        for history in runs.flatMap({ $0.1.histories }) where !metrics.contains(history.name) {
            metrics.append(history.name)
        }
        let taken =
            ["number"] + columns(plan.axes, "set_", besides: ["number", "epoch"]) + ["epoch"]
        var rows = [taken + columns(metrics, "metric_", besides: taken)]
        for (run, summary) in runs {
            let point = plan.axes.map { key in
                // Where an axis does not exist, its key has the value of all runs.
                (run.setting[key] ?? plan.settings[key])?.label ?? ""
            }
            let histories = metrics.map { summary.history($0) }
            for epoch in 0..<summary.epochs {
                rows.append(
                    [String(run.number)] + point + [String(epoch + 1)]
                        + histories.map { number($0.indices.contains(epoch) ? $0[epoch] : nil) })
            }
        }
        return text(rows)
    }

    /// One row an epoch of one run.
    package static func history(_ record: RunFileContents) -> String {
        let histories = record.histories
        let epochs = histories.first?.values.count ?? 0
        let rows = (0..<epochs).map { epoch in
            [String(epoch + 1)] + histories.map { number($0.values[epoch]) }
        }
        return text([["epoch"] + histories.map(\.name)] + rows)
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
