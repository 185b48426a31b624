import RunStore
import Studies

extension StudyReport {
    /// What failed, is damaged, or has not run yet.
    var failureTable: Notebook.Section {
        let missing = plan.runs.filter { facts.stored.runs[$0.id] == nil }
        let diverged = facts.runs.count { $0.summary.outcome == .diverged }
        var blocks: [Notebook.Block] = [.command([command("status")])]
        blocks += skippedClips
        let silent = facts.runs.count { $0.summary.histories.isEmpty }
        if silent > 0 {
            blocks.append(
                .paragraph("\(strong: counted(silent, "run")) reported no metrics at all."))
        }
        guard !missing.isEmpty else {
            let text: Words =
                "None: every planned run is stored\(diverged > 0 ? "; \(diverged) of them diverged, which is a result" : "")."
            return Notebook.Section(
                name: "failures", heading: "Failures", blocks: blocks + [.paragraph(text)])
        }
        let byID = Dictionary(facts.failures.map { ($0.id, $0) }) { first, _ in first }
        let problems = Dictionary(facts.stored.problems.map { ($0.id, $0) }) { first, _ in first }
        // What failed says more than what has not run yet.
        let ordered =
            missing.filter { byID[$0.id] != nil || problems[$0.id] != nil }
            + missing.filter {
                byID[$0.id] == nil && problems[$0.id] == nil
            }
        let rows = ordered.prefix(StudyReport.rowLimit).map { run -> [Words] in
            let state: Words =
                byID[run.id].map { "\(strong: "failed"): \($0.reason)" }
                ?? problems[run.id].map { "\(strong: "damaged"): \($0.reason)" } ?? "not run yet"
            return ["\(run.number)", "\(code: run.label)", state]
        }
        blocks.append(.table(Notebook.Table(["#", "run", "state"], numbers: [0], rows: rows)))
        if ordered.count > rows.count {
            blocks.append(.paragraph("And \(ordered.count - rows.count) more."))
        }
        for failure in facts.failures.prefix(10) where !failure.output.isEmpty {
            blocks.append(.paragraph("Last output of \(code: failure.label):"))
            blocks.append(.listing(failure.output))
        }
        return Notebook.Section(
            name: "failures", heading: "Failures and missing runs", blocks: blocks)
    }

    /// What of the data could not be read.
    private var skippedClips: [Notebook.Block] {
        plan.dataSets.compactMap { data in
            guard let count = data.skippedCount, let clips = data.skipped else { return nil }
            let shown = clips.prefix(10).map { "\(code: $0.name) (\($0.reason))" as Words }.joined(
                by: ", ")
            return .paragraph(
                "\(strong: "\(counted(count, "clip"))") of the data could not be read and were left out (\(code: "on_error: skip")): "
                    + shown + (count > 10 ? " and \(count - 10) more" : "") + ".")
        }
    }
}
