import Foundation
import RunStore
import Studies

extension StudyReport {
    /// Everything that is drawn but the seeds and the clips.
    var figures: Notebook.Section? {
        guard !facts.runs.isEmpty else { return nil }
        var blocks: [Notebook.Block] = [.command([command("report", "--section figures")])]
        blocks += curves
        blocks += axisPlots
        if let pair { blocks.append(pair) }
        if let parallel { blocks.append(parallel) }
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
            besides: ["pair", "parallel", "confusion", "clips", "seeds", "seed_curves"]
                + facts.effects.map { "by_" + StudyReport.fileName($0.key.name) })
        return zip(drawnMetrics, names).flatMap { metric, name -> [Notebook.Block] in
            let range = facts.range(metric)
            let curves = drawn.map { trial in
                LearningCurves.Curve(
                    name: figureName(trial),
                    histories: trial.runs.map { $0.summary.history(metric) },
                    steps: plan.axis == .step ? trial.runs.map { $0.summary.steps ?? [] } : nil)
            }
            let title = "\(metric) by \(plan.axis.rawValue)"
            let hasSeeds = curves.contains { $0.histories.count > 1 }
            let hasBands = hasSeeds && curves.count <= LearningCurves.bandLimit
            let figure = Notebook.Figure(
                name: name,
                caption:
                    "\(title)\(cut). \(hasSeeds ? "Line: mean over seeds\(hasBands ? "; band: lowest to highest seed" : "")." : "")",
                draw: LearningCurves(
                    title: title, curves: curves, keys: keyNames, range: range, axis: plan.axis
                ).svg)
            let block = Notebook.Block.computed(
                .figure(figure),
                python: NotebookCode.curves(
                    metric, drawn.count, hasBands: hasBands, axis: plan.axis), output: .none)
            guard hasSeeds, !hasBands, metric == self.metric else { return [block] }
            let each = Notebook.Figure(
                name: "seed_curves",
                caption: "\(title), a line for each seed\(cut).",
                draw: SeedCurves(
                    title: title + ", by trial", curves: curves, keys: keyNames, range: range,
                    axis: plan.axis
                ).svg)
            return [
                block,
                .folded(
                    "Each seed of these trials",
                    [
                        .computed(
                            .figure(each),
                            python: NotebookCode.seedCurves(metric, drawn.count, plan.axis),
                            output: .none)
                    ]),
            ]
        }
    }

    /// A metric, or a key, may be called `val/loss`.
    static func fileName(_ name: String) -> String {
        String(
            name.map { $0.isASCII && ($0.isLetter || $0.isNumber) || "-_.".contains($0) ? $0 : "_" }
                .prefix(80))
    }

    /// Those that move the metric most, in the order of importance where that is known.
    private var leadingEffects: [AxisEffect] {
        let order = facts.importance?.rows.map(\.key) ?? []
        return facts.effects.sorted { $0.range > $1.range }.sorted {
            (order.firstIndex(of: $0.key.name) ?? 0) < (order.firstIndex(of: $1.key.name) ?? 0)
        }
    }

    private var axisPlots: [Notebook.Block] {
        // Only a few are readable.
        let largest = leadingEffects.prefix(6).map(\.key.name)
        return facts.effects.filter { largest.contains($0.key.name) }.map { effect in
            let key = effect.key
            let runs = facts.trials.flatMap { trial -> [(level: Value, value: Double)] in
                guard let level = trial.setting[key.name] else { return [] }
                return trial.values.map { (level, $0) }
            }
            let plot = AxisPlot(effect: effect, metric: metric, range: facts.range, runs: runs)
            let intervals = effect.groups.contains {
                if case .interval = $0.estimate { true } else { false }
            }
            let ranges = effect.groups.contains {
                if case .range = $0.estimate { true } else { false }
            }
            let over =
                effect.isMatched
                ? "means over the same settings of the other keys"
                : "means, which compare different settings of the other keys"
            let blue =
                key.kind == .continuous
                ? "running median of a fifth of the runs"
                : over
                    + (intervals
                        ? ", with 95 % intervals over the seeds"
                        : ranges ? ", with the range of two seeds" : "")
            let figure = Notebook.Figure(
                name: "by_" + StudyReport.fileName(key.name),
                caption: "\(metric) by \(key.name). Grey: runs; blue: \(blue).", draw: plot.svg)
            return .computed(
                .figure(figure), python: NotebookCode.axis(effect, self), output: .none)
        }
    }

    private func bar(_ values: [Double]) -> ColourBar {
        ColourBar(metric, values, maximize: plan.metric.goal == .maximize, text: value)
    }

    /// The two keys that move the metric most: a map of cells, or of points where one is
    /// continuous.
    private var pair: Notebook.Block? {
        let keys = leadingEffects.map(\.key)
        for place in keys.indices {
            for other in keys.indices where other > place {
                let pair = (keys[place], keys[other])
                if pair.0.kind == .continuous || pair.1.kind == .continuous {
                    // The continuous one lies below.
                    return pair.0.kind == .continuous
                        ? scatter(pair.0, pair.1) : scatter(pair.1, pair.0)
                }
                if let map = heatMap(pair.0, pair.1) { return map }
            }
        }
        return nil
    }

    /// - Returns: nil where most cells would be empty, or the cells too small.
    private func heatMap(_ first: SweptKey, _ second: SweptKey) -> Notebook.Block? {
        let rows = LevelScale(first.values).levels
        let columns = LevelScale(second.values).levels
        guard rows.count <= 40, columns.count <= 40 else { return nil }
        var means: [[Value]: [Double]] = [:]
        for trial in facts.trials {
            guard let mean = trial.mean, let row = trial.setting[first.name],
                let column = trial.setting[second.name]
            else { continue }
            means[[row, column], default: []].append(mean)
        }
        guard means.count * 2 > rows.count * columns.count else { return nil }
        let cells = rows.map { row in columns.map { Statistics.mean(means[[row, $0]] ?? []) } }
        let others = facts.effects.count > 2 ? ", mean over all other keys" : ""
        let (rowKey, columnKey) = (first.name, second.name)
        let map = HeatMap(
            title: "\(metric) by \(rowKey) and \(columnKey)", rowKey: rowKey,
            columnKey: columnKey, rows: rows, columns: columns, cells: cells,
            bar: bar(cells.flatMap { $0.compactMap { $0 } }))
        let figure = Notebook.Figure(
            name: "pair",
            caption: "Mean \(metric) by \(rowKey) and \(columnKey)\(others); bright is good.",
            draw: map.svg)
        return .computed(
            .figure(figure), python: NotebookCode.heatMap(rowKey, columnKey, self), output: .none)
    }

    private func scatter(_ x: SweptKey, _ y: SweptKey) -> Notebook.Block {
        let limit = 1000
        let trials = facts.trials.compactMap {
            trial -> (x: Value, y: Value, mean: Double, label: String)? in
            guard let mean = trial.mean, let own = trial.setting[x.name],
                let other = trial.setting[y.name]
            else { return nil }
            return (own, other, mean, name(trial))
        }
        let drawn = Array(trials.prefix(limit).reversed())
        let cut = trials.count > limit ? " The best \(limit) of \(trials.count) trials." : ""
        let figure = Notebook.Figure(
            name: "pair",
            caption:
                "Trials by \(x.name) and \(y.name); the colour is the mean \(metric), bright is good.\(cut)",
            draw: PairScatter(
                title: "\(metric) by \(x.name) and \(y.name)", xKey: x, yKey: y, trials: drawn,
                bar: bar(drawn.map(\.mean))
            ).svg)
        return .computed(
            .figure(figure), python: NotebookCode.scatter(x, y, self), output: .none)
    }

    private var parallel: Notebook.Block? {
        let keys = Array(leadingEffects.prefix(8).map(\.key))
        guard keys.count > 2 else { return nil }
        let lineLimit = 300
        let complete = facts.trials.filter { $0.mean != nil }
        let trials = complete.prefix(lineLimit).compactMap {
            trial -> (label: String, values: [Value], mean: Double)? in
            let values = keys.compactMap { key in trial.setting[key.name] }
            guard let mean = trial.mean, values.count == keys.count else { return nil }
            return (trial.label, values, mean)
        }
        guard !trials.isEmpty else { return nil }
        let picture = ParallelCoordinates(
            keys: keys, trials: trials, bar: bar(trials.map(\.mean)))
        let cut =
            complete.count > lineLimit ? " The best \(lineLimit) of \(complete.count) trials." : ""
        let partial =
            complete.prefix(lineLimit).count > trials.count
            ? " Trials that have all these keys." : ""
        let figure = Notebook.Figure(
            name: "parallel",
            caption:
                "Each line is a trial, its colour the mean \(metric) (bright is good); the best is thick.\(cut)\(partial)",
            draw: picture.svg)
        return .computed(
            .figure(figure), python: NotebookCode.parallel(keys, self), output: .none)
    }
}
