import RunStore
import Studies

extension StudyReport {
    /// The best epoch, or step, run by run.
    var runTable: Notebook.Section? {
        guard !facts.runs.isEmpty else { return nil }
        let isCut = facts.runs.count > StudyReport.rowLimit
        // Of many, those of the best trials.
        let shown =
            isCut
            ? Array(facts.trials.flatMap(\.runs).prefix(StudyReport.rowLimit))
            : facts.runs.map { ($0.run, $0.summary) }
        let titles: [Words] =
            ["run"] + plan.axes.map { "\(code: $0)" } + [
                "best \(plan.axis.rawValue)", "\(code: metric)",
            ]
            + columnMetrics.map { "\(code: $0)" }
            + (facts.hasTest ? ["\(code: "test_accuracy")"] : []) + [
                plan.axis == .step ? "last step" : "epochs", "ended",
            ]
        let texts = Set(plan.axes.indices.map { $0 + 1 })
            .subtracting(areNumbers(plan.axes, from: 1))
        let rows = shown.map(row)
        var blocks: [Notebook.Block] = [
            .command([command("report", "--section runs")]),
            .computed(
                .table(
                    Notebook.Table(
                        titles,
                        numbers: Set(titles.indices).subtracting(texts + [titles.count - 1]),
                        dropped: (plan.axes.count + 3..<titles.count).reversed(),
                        rows: rows)),
                python: NotebookCode.runs(self), output: .table(NotebookCode.runsOutput(self))),
        ]
        if isCut {
            blocks.append(
                .paragraph(
                    "The runs of the best trials, \(shown.count) of \(facts.runs.count); all are in \(link: "runs.csv", to: "runs.csv")."
                ))
        }
        if let table = noteTable { blocks.append(table) }
        blocks += artifactBlocks
        return Notebook.Section(
            name: "runs", heading: "Best \(plan.axis.rawValue) of each run", blocks: blocks)
    }

    /// The files that the best run has left, and its pictures.
    private var artifactBlocks: [Notebook.Block] {
        guard let run = facts.bestRun, !facts.artifacts.isEmpty else { return [] }
        func path(_ artifact: Artifact) -> String {
            "artifacts/\(run.identity.id)/\(artifact.path)"
        }
        let shown = facts.artifacts.prefix(StudyReport.rowLimit)
        let files = Notebook.Table(
            ["file of the best run", "bytes", "SHA-256"], numbers: [1],
            rows: shown.map {
                [
                    "\(link: $0.artifact.path, to: path($0.artifact))", "\($0.artifact.size)",
                    "\(code: String($0.artifact.digest.prefix(16)))",
                ]
            })
        let pictures = shown.filter(\.artifact.isPicture).map { artifact, data in
            Notebook.Block.picture(
                Notebook.Picture(
                    path: path(artifact),
                    caption: "\(artifact.path) of \(code: run.provenance.label)",
                    data: data))
        }
        return [.table(files)] + pictures
    }

    /// What people noted of runs, stored or not.
    private var noteTable: Notebook.Block? {
        let noted = plan.runs.filter { !facts.notes[$0.id].words.isEmpty }
        guard !noted.isEmpty else { return nil }
        return .table(
            Notebook.Table(
                ["run", "label", "tags and note"], numbers: [0],
                rows: noted.prefix(StudyReport.rowLimit).map {
                    ["\($0.number)", "\(code: $0.label)", "\(facts.notes[$0.id].words)"]
                }))
    }

    private func row(_ run: Run, _ summary: RunResult) -> [Words] {
        let ended: Words =
            summary.outcome == .diverged
            ? "\(strong: "diverged") in \(summary.end)"
            : summary.stoppedEarly ? "stopped early" : "all \(summary.axis.plural)"
        var row: [Words] = ["\(run.number)"] + cells(run.setting, plan.axes)
        row += [
            "\(summary.best.map { "\($0.number)" } ?? "–")",
            "\(summary.best.map { StudyReport.value($0.value) } ?? "–")",
        ]
        row += columnMetrics.map {
            "\(StudyReport.atBestEpoch($0, summary).map { StudyReport.value($0) } ?? "–")"
        }
        if facts.hasTest {
            row.append("\(summary.test.map { StudyReport.value($0.accuracy) } ?? "–")")
        }
        return row + ["\(summary.last)", ended]
    }
}
