import ArgumentParser
import Execution
import Foundation
import Recipes
import Reports
import RunStore
import Studies
import Training

struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print one stored run: results, histories, configuration, where it comes from.")

    @Argument(help: ArgumentHelp(RunArgument.help, valueName: "run"))
    var what: String

    func run() throws {
        let file = try RunName.file(what)
        let record = try TrainerCatalog.read(file)
        print(facts(record, file))
        if !record.histories.isEmpty { print("\n" + histories(record)) }
        if let test = record.test { print("\n" + confusion(test, record.classes)) }
        print("\n" + settings(record))
        print("\n" + provenance(record.provenance))
        if let artifacts = record.provenance.artifacts, !artifacts.isEmpty {
            print("\nartifacts")
            print(
                aligned(
                    artifacts.map {
                        ["  " + $0.path, byteCount($0.size), String($0.digest.prefix(16)) + "…"]
                    }))
        }
        if !record.output.isEmpty {
            print("\nlast output")
            print(
                record.output.split(whereSeparator: \.isNewline).suffix(10).map { "  \($0)" }
                    .joined(
                        separator: "\n"))
        }
    }

    private func facts(_ record: RunFileContents, _ file: URL) -> String {
        let length =
            record.axis == .step ? "\(record.epochs) reported steps" : "\(record.epochs) epochs"
        var rows = [
            ["run", "\(record.provenance.label)  \(record.identity.id)"],
            ["file", file.relativePath],
            ["content digest", record.contentDigest],
            [
                "outcome",
                "\(record.outcome.rawValue), \(length)\(record.stoppedEarly ? ", stopped early" : "")",
            ],
            [
                "best",
                record.best.map {
                    "\(record.metric.name) \(short($0.value)) at \($0.place)"
                }
                    ?? (record.histories.isEmpty
                        ? "no metrics reported" : "no value of \(record.metric.name)"),
            ],
        ]
        if let test = record.test {
            rows.append([
                "test", "accuracy \(decimals(test.accuracy, 4)), loss \(decimals(test.loss, 4))",
            ])
        }
        let held = record.anyWeights
        let numbers = held.reduce(0) { $0 + $1.elements.count }
        let epoch = record.weights.isEmpty ? " of the last epoch" : ""
        let weights =
            held.isEmpty
            ? (record.removedWeights == nil ? "none" : "not kept")
            : "\(held.count) tensors\(epoch), \(numbers) numbers"
        rows.append(["weights", weights])
        return aligned(rows)
    }

    private func histories(_ record: RunFileContents) -> String {
        let shown = record.histories.filter {
            record.axis == .epoch || $0.name != MetricAxis.steps
        }
        let rows = shown.map { history in
            let finite = history.values.filter(\.isFinite)
            let range =
                finite.min().map { "\(short($0)) … \(short(finite.max() ?? $0))" } ?? "no number"
            return [
                history.name, Sparkline.text(history.values, width: 48),
                "last \(short(history.values.last ?? .nan))",
                range,
            ]
        }
        return aligned(rows)
    }

    private func confusion(_ test: TestResult, _ classes: [String]) -> String {
        "test clips by true class (rows) and predicted class\n"
            + table(
                [""] + classes,
                zip(classes, test.confusion).map { [$0] + $1.map { $0 == 0 ? "·" : "\($0)" } })
    }

    /// The keys that differ from their default, and those that were swept.
    private func settings(_ record: RunFileContents) -> String {
        let label = ",\(record.provenance.label),"
        let swept = record.configuration.filter { key, value in
            label.contains(",\(Assignment(key: key, value: value).label),")
        }
        let shown = record.identity.settings.merging(swept) { own, _ in own }
        let rows = shown.sorted { $0.key < $1.key }.map { key, value in
            ["  " + key, value.label, swept[key] == nil ? "" : "swept"]
        }
        let title =
            record.bestEpochRule == .whileTraining
            ? "settings that differ from the defaults, or were swept" : "settings"
        return rows.isEmpty ? "all settings are the defaults" : title + "\n" + aligned(rows)
    }

    /// What a command was seen to read.
    private func inputs(_ trace: InputTrace) -> String {
        let files = counted(trace.files, "file")
        let digest = trace.digest.isEmpty ? "" : ", digest \(trace.digest.prefix(16))…"
        return switch trace.extent {
        case .complete: files + digest
        case .partial: "\(files)\(digest); \(trace.reason)"
        case .named, .off: "only those that the recipe names: \(files)\(digest)"
        }
    }

    private func provenance(_ provenance: Provenance) -> String {
        let commit =
            provenance.commit.isEmpty
            ? "" : provenance.commit + (provenance.dirty ? ", dirty" : ", clean")
        let rows = [
            ["recipe", provenance.recipe], ["program", provenance.program], ["commit", commit],
            ["command", provenance.command.joined(separator: " ")],
            ["inputs", provenance.trace.map(inputs) ?? ""], ["data", provenance.data],
            [
                "machine",
                [provenance.processor, provenance.system, provenance.host].joined(separator: ", "),
            ],
            ["job", provenance.job ?? ""],
            ["started", provenance.started], ["time", "\(decimals(provenance.seconds, 1)) s"],
            [
                "tries",
                provenance.failures.isEmpty
                    ? "" : "\(provenance.tries): " + provenance.failures.joined(separator: "; "),
            ],
        ]
        return aligned(rows.filter { !$0[1].isEmpty })
    }
}

/// Rows of cells, each column as wide as its widest.
func aligned(_ rows: [[String]]) -> String {
    guard let first = rows.first else { return "" }
    return String(table([String](repeating: "", count: first.count), rows).drop { $0 == "\n" })
}

/// A number in as few characters as identify it.
func short(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "nan" : "\(value)" }
    let size = abs(value)
    return size != 0 && (size < 1e-3 || size >= 1e6)
        ? String(format: "%.3g", value) : decimals(value, 4)
}
