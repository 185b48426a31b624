import Foundation
import Recipes
import RunStore
import Training

/// The notebook of a study, from what is stored alone: the plan, the finished runs, the records of failures. The same
/// store gives the same bytes.
public struct MarkdownReport {
    private let plan: StoredPlan
    private let stored: Stored
    private let failures: [FailureRecord]
    private let trials: [TrialSummary]

    public init(plan: StoredPlan, stored: Stored, failures: [FailureRecord]) {
        self.plan = plan
        self.stored = stored
        self.failures = failures
        trials = TrialSummary.all(plan, stored)
    }

    /// Writes the report and its figures into the study's folder.
    public static func write(_ folder: StudyFolder, _ plan: StoredPlan, _ stored: Stored) throws {
        let failures = plan.runs.compactMap { run in stored.runs[run.id] == nil ? folder.readFailure(run.id) : nil }
        let report = MarkdownReport(plan: plan, stored: stored, failures: failures)
        for (name, svg) in report.figures { try folder.write(svg, to: folder.figures.appending(path: name)) }
        try folder.write(report.markdown, to: folder.report)
    }

    // MARK: Parts

    package var markdown: String {
        var parts = ["# \(plan.name)", ""]
        if let question = plan.question { parts += ["> \(cell(question))", ""] }
        parts += answer
        parts += trialTable
        parts += curves
        parts += runTable
        parts += failureTable
        parts += provenance
        parts += repeating
        parts += definitions
        return parts.joined(separator: "\n") + "\n"
    }

    private var metricName: String { plan.metric.name }

    private var answer: [String] {
        let done = plan.runs.count { stored.runs[$0.id] != nil }
        var sentences: [String] = []
        if done < plan.runs.count {
            sentences.append(
                "**Partial: \(done) of \(plan.runs.count) runs are stored**; what follows speaks of those alone.")
        }
        guard let best = trials.first, let mean = best.mean else {
            sentences.append("No stored run has a value of `\(metricName)` yet.")
            return [sentences.joined(separator: " "), ""]
        }
        let spread = Statistics.standardDeviation(best.values).map { " ± \(value($0))" } ?? ""
        let count = best.values.count
        sentences.append(
            "Best by mean `\(metricName)` (\(plan.metric.goal.rawValue)): **\(code(best.label))** with **\(value(mean))\(spread)** "
                + "over \(count) seed\(count == 1 ? "" : "s").")
        if trials.count > 1, let second = trials.dropFirst().first, let secondMean = second.mean {
            sentences.append(
                "The next, \(code(second.label)), reaches \(value(secondMean)): \(value(abs(mean - secondMean))) away.")
            sentences.append(verdict(best, second, abs(mean - secondMean)))
        }
        return [sentences.joined(separator: " "), ""]
    }

    /// What the seeds allow to be said, without a test of significance.
    private func verdict(_ best: TrialSummary, _ second: TrialSummary, _ gap: Double) -> String {
        guard let a = Statistics.standardDeviation(best.values), let b = Statistics.standardDeviation(second.values)
        else {
            return "With one seed each, nothing says whether another seed would turn this round."
        }
        return gap <= max(a, b)
            ? "That is within the spread of the seeds: the data do not set these two apart."
            : "That is more than the spread of the seeds; with \(min(best.values.count, second.values.count)) seeds it is an indication, not a proof."
    }

    private var trialTable: [String] {
        let hasTest = trials.contains { !$0.testAccuracies.isEmpty }
        var lines = ["## Trials", "", "```sh", command("report", study: true), "```", ""]
        lines.append(
            "| | trial | \(metricName) | lowest | highest |" + (hasTest ? " test_accuracy |" : "")
                + " best epoch | seeds |")
        lines.append("|--:|---|--:|--:|--:|" + (hasTest ? "--:|" : "") + "--:|--:|")
        for (rank, trial) in trials.enumerated() {
            let missing = trial.planned - trial.runs.count
            var seeds = missing == 0 ? "\(trial.runs.count)" : "\(trial.runs.count) of \(trial.planned)"
            if trial.diverged > 0 { seeds += ", \(trial.diverged) diverged" }
            lines.append(
                "| \(trial.mean == nil ? "–" : "\(rank + 1)") | \(code(trial.label)) | \(meanAndSpread(trial.values)) | "
                    + "\(trial.values.min().map { value($0) } ?? "–") | \(trial.values.max().map { value($0) } ?? "–") | "
                    + (hasTest ? "\(meanAndSpread(trial.testAccuracies)) | " : "")
                    + "\(Statistics.median(trial.bestEpochs).map { shortest($0) } ?? "–") | \(seeds) |")
        }
        return lines + [""]
    }

    private var curves: [String] {
        guard !stored.runs.isEmpty else { return [] }
        let shown = min(trials.count, MarkdownReport.drawnTrials)
        let note = shown < trials.count ? " The best \(shown) of \(trials.count) trials are drawn." : ""
        return [
            "## Learning curves", "",
            "Line: mean over seeds; band: lowest to highest seed.\(note)", "",
        ] + drawnMetrics.flatMap { ["![\(cell($0)) over the epochs](figures/\(MarkdownReport.figure($0)))", ""] }
    }

    /// More lines than this nobody tells apart.
    private static let drawnTrials = 12

    /// The metrics that are drawn: the one that judges, and the training loss where there is one.
    private var drawnMetrics: [String] {
        [metricName] + (metricName != "train_loss" && known("train_loss") ? ["train_loss"] : [])
    }

    private func known(_ metric: String) -> Bool {
        stored.runs.values.contains { run in run.histories.contains { $0.name == metric } }
    }

    package var figures: [(name: String, svg: String)] {
        guard !stored.runs.isEmpty else { return [] }
        let drawn = trials.prefix(MarkdownReport.drawnTrials).filter { !$0.runs.isEmpty }
        return drawnMetrics.map { metric in
            let curves = drawn.map { trial in
                LearningCurves.Curve(label: trial.label, histories: trial.runs.map { $0.summary.history(metric) })
            }
            return (MarkdownReport.figure(metric), LearningCurves(title: "\(metric) by epoch", curves: curves).svg)
        }
    }

    /// The name of a metric's figure: a metric may be called `val/loss`.
    private static func figure(_ metric: String) -> String {
        String(metric.map { $0.isASCII && ($0.isLetter || $0.isNumber) || "-_.".contains($0) ? $0 : "_" }.prefix(80))
            + ".svg"
    }

    private var runTable: [String] {
        let runs = stored.inOrder(plan)
        guard !runs.isEmpty else { return [] }
        let others = ["train_loss", "val_loss"].filter { $0 != metricName && known($0) }
        let hasTest = runs.contains { $0.1.test != nil }
        let columns = ["best epoch", metricName] + others + (hasTest ? ["test_accuracy"] : []) + ["epochs"]
        var lines = [
            "## Best epoch of each run", "",
            "| # | run | \(columns.map(cell).joined(separator: " | ")) | ended |",
            "|--:|---|\(columns.map { _ in "--:" }.joined(separator: "|"))|---|",
        ]
        for (run, summary) in runs {
            func there(_ metric: String) -> String {
                let values = summary.history(metric)
                guard let best = summary.best, values.indices.contains(best.epoch - 1) else { return "–" }
                return value(values[best.epoch - 1])
            }
            let ended =
                summary.outcome == .diverged
                ? "**diverged** in epoch \(summary.epochs)" : summary.stoppedEarly ? "stopped early" : "all epochs"
            var cells = [summary.best.map { "\($0.epoch)" } ?? "–", summary.best.map { value($0.value) } ?? "–"]
            cells += others.map(there)
            if hasTest { cells.append(summary.test.map { value($0.accuracy) } ?? "–") }
            cells.append("\(summary.epochs)")
            lines.append(
                "| \(run.number) | \(code(run.label)) | \(cells.joined(separator: " | ")) | \(ended) |")
        }
        return lines + [""]
    }

    private var failureTable: [String] {
        let missing = plan.runs.filter { stored.runs[$0.id] == nil }
        guard !missing.isEmpty || !stored.problems.isEmpty else {
            return ["## Failures", "", "None: every planned run is stored.", ""]
        }
        var lines = ["## Failures and missing runs", ""]
        let byID = Dictionary(failures.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        lines += ["| # | run | state |", "|--:|---|---|"]
        for run in missing {
            let damaged = stored.problems.first { $0.id == run.id }
            let state =
                byID[run.id].map { "**failed**: \(cell($0.reason))" } ?? damaged.map {
                    "**damaged**: \(cell($0.reason))"
                } ?? "not run yet"
            lines.append("| \(run.number) | \(code(run.label)) | \(state) |")
        }
        for failure in failures where !failure.output.isEmpty {
            lines += [
                "", "Last output of \(code(failure.label)):", "", "```text",
                failure.output.replacing("```", with: "'''"), "```",
            ]
        }
        return lines + [""]
    }

    private var provenance: [String] {
        let runs = stored.inOrder(plan).map(\.1)
        guard !runs.isEmpty else { return [] }
        let all = runs.map(\.provenance)
        func distinct(_ text: (Provenance) -> String) -> String {
            var seen: [String] = []
            for item in all.map(text) where !item.isEmpty && !seen.contains(item) { seen.append(item) }
            return seen.isEmpty ? "–" : seen.map { code($0) }.joined(separator: ", ")
        }
        let seconds = runs.reduce(0) { $0 + $1.seconds }
        var rows = [
            ("program", distinct { $0.program }),
            ("built with", "\(distinct { $0.compiler }), HDF5 \(distinct { $0.hdf5 })"),
            (
                "commit",
                distinct {
                    $0.commit.isEmpty ? "" : $0.commit + ($0.dirty ? " (dirty: with uncommitted changes)" : " (clean)")
                }
            ),
        ]
        if case .command(let trainer) = plan.trainer {
            rows.append(("trainer", code(trainer.command.joined(separator: " "))))
            for file in trainer.files.prefix(20) {
                rows.append(("", code("\(file.path)  sha256 \(file.digest.prefix(16))…")))
            }
            rows.append(("threads", distinct { "\($0.threads) a run" }))
        } else {
            rows += [
                ("numerics revision", distinct { String($0.numericsRevision) }), ("data", distinct { $0.data }),
                ("data digest", distinct { $0.dataDigest }),
                ("vectors, threads", distinct { "\($0.vectorWidth), \($0.threads) a run" }),
            ]
        }
        rows += [
            ("processor", distinct { $0.processor }), ("system", distinct { $0.system }),
            ("training time", "\(fixed(seconds, 1)) s in \(runs.count) runs, one after the other"),
            ("tries", tries(all)),
            ("started", "\(code(all.map(\.started).min() ?? "")) … \(code(all.map(\.started).max() ?? ""))"),
        ]
        return ["## How it was made", "", "| | |", "|---|---|"] + rows.map { "| \($0.0) | \($0.1) |" } + [""]
    }

    /// Which runs needed more than one, and why.
    private func tries(_ all: [Provenance]) -> String {
        let several = all.filter { !$0.failures.isEmpty }
        guard !several.isEmpty else { return "one for each run" }
        return several.prefix(10).map { run in
            "\(code(run.label)): \(run.tries) (\(run.failures.map(cell).joined(separator: "; ")))"
        }.joined(separator: ", ") + (several.count > 10 ? " and \(several.count - 10) more" : "")
    }

    private var repeating: [String] {
        var lines = [
            "## How to repeat it", "",
            "```sh", command("sweep", study: false), command("verify", study: false), command("report", study: true),
            "```", "",
            "`verify` trains again and compares these content digests (SHA-256 over identity, best weights, histories, test results):",
            "",
            "```text",
        ]
        lines += DigestList(stored, plan).lines.map { "\($0.digest)  \($0.id)  \($0.label)" }
        return lines + ["```", ""]
    }

    private var definitions: [String] {
        let hasTest = stored.runs.values.contains { $0.test != nil }
        return [
            "---", "",
            "**\(metricName)**: its best over the epochs of a run, ties to the earlier epoch; a trial's is the mean ± the sample "
                + "standard deviation (n − 1) over its seeds. Accuracies are shares of 1. "
                + (hasTest
                    ? "**test_accuracy**: with the weights of the best epoch, on clips that neither trained nor chose. "
                    : "")
                + "**best epoch** of a trial: the median over its seeds. A run that "
                + "diverges counts with its best epoch before that, if it has one.",
        ]
    }

    // MARK: Words

    private func command(_ verb: String, study: Bool) -> String {
        if study { return "viseme \(verb) " + shellQuoted("\(plan.results)/\(plan.name)") }
        let options = plan.results == "results" ? [] : ["--results", plan.results]
        return "viseme \(verb) " + ([plan.recipe] + plan.overrides + options).map(shellQuoted).joined(separator: " ")
    }

    private func shellQuoted(_ text: String) -> String {
        let plain = text.allSatisfy { $0.isLetter || $0.isNumber || "=._/-:,".contains($0) }
        return plain ? text : "'" + text.replacing("'", with: "'\\''") + "'"
    }

    private func value(_ number: Double) -> String { fixed(number, 4) }

    private func meanAndSpread(_ values: [Double]) -> String {
        guard let mean = Statistics.mean(values) else { return "–" }
        return value(mean) + (Statistics.standardDeviation(values).map { " ± \(value($0))" } ?? "")
    }

    /// Text as code in a table: bars would end the cell, backticks the code.
    private func code(_ text: String) -> String {
        "`" + text.replacing("`", with: "'").replacing("|", with: "\\|").replacing("\n", with: " ") + "`"
    }

    /// Free text in a table or paragraph, as text.
    private func cell(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\n", "\r\n", "\r": result += " "
            case "\\", "`", "*", "_", "[", "]", "|", "#", "~", "$": result += "\\\(character)"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            default: result.append(character)
            }
        }
        return result
    }
}
