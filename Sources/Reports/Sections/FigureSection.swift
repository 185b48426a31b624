import Foundation
import RunStore
import Studies

extension StudyReport {
    /// Everything that is drawn but the seeds.
    var figures: Notebook.Section? {
        guard !facts.runs.isEmpty else { return nil }
        var blocks: [Notebook.Block] = [.command([command("report", "--section figures")])]
        blocks += curves
        blocks += axisPlots
        if let heatMap { blocks.append(.figure(heatMap)) }
        if let parallel { blocks.append(.figure(parallel)) }
        blocks += confusion
        if let clips { blocks.append(.figure(clips)) }
        return Notebook.Section(name: "figures", heading: "Figures", blocks: blocks)
    }

    /// The metrics that are drawn: the one that judges, and the training loss where there is one.
    private var drawnMetrics: [String] {
        [metric] + (metric != "train_loss" && facts.isKnown("train_loss") ? ["train_loss"] : [])
    }

    private var curves: [Notebook.Block] {
        let drawn = facts.trials.filter { !$0.runs.isEmpty }.prefix(StudyReport.drawnTrials)
        let cut =
            drawn.count < facts.trials.count
            ? ", the best \(drawn.count) of \(facts.trials.count) trials" : ""
        // Figures are files: a metric may have the name of another figure.
        let names = CSV.columns(
            drawnMetrics.map(StudyReport.fileName), "metric_",
            besides: ["heat_map", "parallel", "confusion", "clips", "seeds"]
                + facts.effects.map { "by_" + StudyReport.fileName($0.key) })
        return zip(drawnMetrics, names).map { metric, name in
            let curves = LearningCurves(
                title: "\(metric) by epoch",
                curves: drawn.map { trial in
                    LearningCurves.Curve(
                        label: self.name(trial),
                        histories: trial.runs.map { $0.summary.history(metric) }
                    )
                })
            let figure = Notebook.Figure(
                name: name,
                caption:
                    "\(metric) by epoch\(cut). Line: mean over seeds; band: lowest to highest seed.",
                svg: curves.svg)
            return .computed(
                .figure(figure), python: NotebookCode.curves(plan, metric, drawn.count), output: "")
        }
    }

    /// A metric, or a key, may be called `val/loss`.
    static func fileName(_ name: String) -> String {
        String(
            name.map { $0.isASCII && ($0.isLetter || $0.isNumber) || "-_.".contains($0) ? $0 : "_" }
                .prefix(80))
    }

    private var axisPlots: [Notebook.Block] {
        // Only a few are readable: those that change the metric most.
        let largest = facts.effects.sorted { $0.range > $1.range }.prefix(6).map(\.key)
        return facts.effects.filter { largest.contains($0.key) }.map { effect in
            let runs = facts.trials.flatMap { trial -> [(level: Value, value: Double)] in
                guard let level = trial.setting[effect.key] else { return [] }
                return trial.values.map { (level, $0) }
            }
            let plot = AxisPlot(effect: effect, metric: metric, runs: runs)
            let figure = Notebook.Figure(
                name: "by_" + StudyReport.fileName(effect.key),
                caption:
                    "\(metric) by \(effect.key). Grey: runs; blue: level means over the same settings of the other keys, with 95 % intervals over the seeds.",
                svg: plot.svg)
            return .computed(.figure(figure), python: NotebookCode.axis(effect, plan), output: "")
        }
    }

    /// The two keys that move the metric most.
    private var heatMap: Notebook.Figure? {
        let pair = facts.effects.sorted { $0.range > $1.range }.prefix(2)
        guard pair.count == 2, pair.allSatisfy({ $0.levels.count <= 60 }) else { return nil }
        let (rowKey, columnKey) = (pair[0].key, pair[1].key)
        let rows = LevelScale(pair[0].levels.map(\.value)).levels
        let columns = LevelScale(pair[1].levels.map(\.value)).levels
        var means: [[Value]: [Double]] = [:]
        for trial in facts.trials {
            guard let mean = trial.mean, let row = trial.setting[rowKey],
                let column = trial.setting[columnKey]
            else { continue }
            means[[row, column], default: []].append(mean)
        }
        let others = facts.effects.count > 2 ? ", mean over all other keys" : ""
        let map = HeatMap(
            title: "\(metric) by \(rowKey) and \(columnKey)", rowKey: rowKey, columnKey: columnKey,
            rows: rows,
            columns: columns,
            cells: rows.map { row in columns.map { Statistics.mean(means[[row, $0]] ?? []) } },
            maximize: plan.metric.goal == .maximize)
        return Notebook.Figure(
            name: "heat_map",
            caption: "Mean \(metric) by \(rowKey) and \(columnKey)\(others); bright is good.",
            svg: map.svg)
    }

    private var parallel: Notebook.Figure? {
        guard facts.effects.count > 2 else { return nil }
        let keys = facts.effects.prefix(10).map(\.key)
        let lineLimit = 300
        let complete = facts.trials.filter { $0.mean != nil }
        let trials = complete.prefix(lineLimit).compactMap {
            trial -> (label: String, values: [Value], mean: Double)? in
            let values = keys.compactMap { key in trial.setting[key] }
            guard let mean = trial.mean, values.count == keys.count else { return nil }
            return (trial.label, values, mean)
        }
        let picture = ParallelCoordinates(
            metric: metric,
            axes: keys.map { key in
                (key, facts.effects.first { $0.key == key }?.levels.map(\.value) ?? [])
            },
            trials: trials, maximize: plan.metric.goal == .maximize)
        let cut =
            complete.count > lineLimit ? " The best \(lineLimit) of \(complete.count) trials." : ""
        return Notebook.Figure(
            name: "parallel",
            caption:
                "Each line is a trial, its colour the mean \(metric) (bright is good); the best is thick.\(cut)",
            svg: picture.svg)
    }

    private var confusion: [Notebook.Block] {
        guard let run = facts.bestRun, let test = run.test, !run.classes.isEmpty else { return [] }
        let label = run.provenance.label
        let figure = Notebook.Figure(
            name: "confusion",
            caption:
                "Test clips of the best run, \(code: label): blue is right, orange is wrong; a stronger colour is a larger share of its row.",
            svg: ConfusionPicture(
                title: "test clips of \(label)", classes: run.classes, counts: test.confusion
            ).svg)
        return [
            .computed(
                .figure(figure), python: NotebookCode.confusion(run),
                output: NotebookCode.confusionOutput(run))
        ]
    }

    private var clips: Notebook.Figure? {
        guard let run = facts.bestRun, let strip = ClipStrip(run) else { return nil }
        return Notebook.Figure(
            name: "clips",
            caption:
                "Clips of the \(strip.splitName) split that the best run classifies correctly and wrongly, by falling probability. Frames from first to last, as the network sees them.",
            svg: strip.svg)
    }
}
