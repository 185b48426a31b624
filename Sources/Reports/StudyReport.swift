import Files
import Foundation
import RunStore
import Studies

/// The notebook of a study, from what is stored alone: the plan, the finished runs, the records of
/// failures. The same store gives the same bytes, whatever the time zone, the language or the order
/// of files.
package struct StudyReport {
    let facts: StudyFacts
    var plan: Plan { facts.plan }
    var metric: String { facts.metric }

    /// More trials than this are not drawn: so many lines can't be distinguished.
    static let drawnTrials = 12
    /// More rows than this are not printed; the rest is in a table beside the report.
    static let rowLimit = 60

    package init(
        plan: Plan, stored: StudyResults, failures: [FailureRecord], inputs: StaleRuns = .none,
        notes: StudyNotes = StudyNotes(), readRun: (String) -> RunFileContents? = { _ in nil },
        readArtifact: (String, Artifact) -> Data = { _, _ in Data() }
    ) {
        facts = StudyFacts(
            plan, stored, failures: failures, inputs: inputs, notes: notes,
            readRun: readRun, readArtifact: readArtifact)
    }

    /// - Parameter inputs: which runs are stale; nil: look.
    package init(
        _ folder: StudyFolder, _ plan: Plan, _ stored: StudyResults, inputs: StaleRuns? = nil
    ) {
        self.init(
            plan: plan, stored: stored,
            failures: plan.runs.compactMap { run in
                stored.runs[run.id] == nil ? folder.readFailure(run.id) : nil
            },
            inputs: inputs ?? StaleRuns(folder, plan, stored),
            // A file that can't be read is reported by the commands that change it.
            notes: (try? StudyNotes.read(folder)) ?? StudyNotes(),
            // The best run's file was verified when it was taken in; if it is gone since, its
            // section is left out.
            readRun: { try? RunFile.read(folder.runFile($0)) },
            // A picture that is gone is named by its path.
            readArtifact: { id, artifact in
                (try? DurableFile.read(folder.artifacts(id).appending(path: artifact.path))).map {
                    Data($0)
                } ?? Data()
            })
    }

    package var notebook: Notebook {
        Notebook(
            title: plan.name, subtitle: plan.question,
            sections: plan.report.sections.compactMap(section), setup: NotebookCode.setup(self))
    }

    /// - Parameter name: one of `ReportSettings.sectionNames`.
    package func section(_ name: String) -> Notebook.Section? {
        switch name {
        case "answer": answer
        case "trials": trialTable
        case "figures": figures
        case "runs": runTable
        case "seeds": seeds
        case "clips": clips
        case "failures": failureTable
        case "provenance": provenance
        case "repeat": repeating
        case "definitions": definitions
        default: nil
        }
    }

    /// Tables that are too long for the report, by name: they lie beside it.
    package var tables: [(name: String, text: String)] {
        guard facts.trials.count > StudyReport.rowLimit || facts.runs.count > StudyReport.rowLimit
        else { return [] }
        return [("trials.csv", trialsCSV), ("runs.csv", CSV.runs(plan, facts.stored))]
    }

    /// Metrics with a column of their own: those that the recipe names, or the losses.
    var columnMetrics: [String] {
        let wanted = plan.report.metrics.isEmpty ? ["train_loss", "val_loss"] : plan.report.metrics
        return wanted.filter { $0 != metric && facts.isKnown($0) }
    }

    // MARK: Words

    func command(_ verb: String, _ more: String..., of place: String? = nil) -> String {
        (["viseme", verb, shellQuoted(place ?? study)] + more).joined(separator: " ")
    }

    /// The study's folder.
    var study: String { "\(plan.results)/\(plan.name)" }

    /// With the recipe, as it was swept.
    func recipeCommand(_ verb: String) -> String {
        let options = plan.results == "results" ? [] : ["--results", plan.results]
        return "viseme \(verb) "
            + ([plan.recipe] + plan.overrides + options).map(shellQuoted).joined(separator: " ")
    }

    private func shellQuoted(_ text: String) -> String {
        let plain = text.allSatisfy { $0.isLetter || $0.isNumber || "=._/-:,".contains($0) }
        return plain && !text.isEmpty ? text : "'" + text.replacing("'", with: "'\\''") + "'"
    }

    /// Of the judged metric.
    func value(_ number: Double) -> String { facts.digits.text(number) }

    /// Of any number: with four decimals, or four digits where those would say nothing.
    static func value(_ number: Double) -> String {
        if number == 0 || !number.isFinite || (0.001..<1e6).contains(abs(number)) {
            return fixed(number, 4)
        }
        return String(format: abs(number) < 1 ? "%.3e" : "%.6g", number)
    }

    /// The mean, and the standard deviation after `±`.
    func meanAndSpread(_ values: [Double], _ digits: Digits) -> Words {
        guard let mean = Statistics.mean(values) else { return "–" }
        return Words(
            digits.text(mean)
                + (Statistics.standardDeviation(values).map { " ± \(digits.spread($0))" } ?? ""))
    }

    /// In a table: the interval, or what there is instead.
    func words(_ estimate: Estimate) -> String {
        switch estimate {
        case .unknown: "–"
        case .range(let low, let high): "range \(value(low)) … \(value(high))"
        case .equal: "all equal"
        case .interval(let low, let high): "\(value(low)) … \(value(high))"
        }
    }

    func probability(_ p: Double) -> String { p < 0.0001 ? "< 0.0001" : fixed(p, 4) }

    /// The swept keys but the seed.
    var sweptKeys: [String] { plan.axes.filter { $0 != "seed" } }

    /// A run's or a trial's values of some keys, for the columns of a table; `–` where an axis does
    /// not exist.
    func cells(_ setting: Setting, _ keys: [String]) -> [Words] {
        keys.map { key in
            setting[key].map { Words(SweptKey.short($0, digits: facts.keyDigits[key] ?? 6)) }
                ?? "–"
        }
    }

    /// Which of some keys have nothing but numbers.
    func areNumbers(_ keys: [String], from first: Int) -> Set<Int> {
        let all = plan.runs.map(\.setting)
        return Set(
            keys.indices.filter { place in
                all.allSatisfy { ($0[keys[place]] ?? .integer(0)).double != nil }
            }.map { $0 + first })
    }

    /// What a trial is called in a figure.
    func figureName(_ trial: TrialSummary) -> TrialName {
        TrialName(
            label: name(trial),
            values: sweptKeys.map { key in
                trial.setting[key].map { SweptKey.short($0, digits: 3) } ?? "–"
            }.joined(separator: " · "), number: trial.number)
    }

    /// What `TrialName.values` are values of.
    var keyNames: String { sweptKeys.joined(separator: " · ") }

    /// What a trial is called.
    func name(_ trial: TrialSummary) -> String { trial.name }
}
