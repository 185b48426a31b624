import Foundation
import RunStore
import Studies

/// The cells that draw the figures of a report, with matplotlib.
extension NotebookCode {
    static func curves(_ metric: String, _ count: Int, hasBands: Bool, axis: MetricAxis) -> String {
        guard axis == .epoch else { return stepCurves(metric, count, hasBands: hasBands) }
        let band =
            hasBands
            ? "\n    plt.fill_between(sweep.epoch, numpy.nanmin(seeds, axis=0), numpy.nanmax(seeds, axis=0), alpha=0.14)"
            : ""
        return """
            for trial in order[:\(count)]:
                seeds = history(\(quoted(metric)))[rows[trial]]
                plt.plot(sweep.epoch, numpy.nanmean(seeds, axis=0), label=label[trial])\(band)
            plt.xlabel("epoch")
            plt.ylabel(\(quoted(metric)))
            plt.legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
            plt.show()
            """
    }

    /// Each step that a seed has reported: the mean, and the band, of those that have it.
    private static func stepCurves(_ metric: String, _ count: Int, hasBands: Bool) -> String {
        let band =
            hasBands
            ? "\n    plt.fill_between(at.mean().index, at.min(), at.max(), alpha=0.14)" : ""
        return """
            for trial in order[:\(count)]:
                steps, seeds = sweep.step.values[rows[trial]].ravel(), history(\(quoted(metric)))[rows[trial]].ravel()
                at = pandas.Series(seeds, steps)[numpy.isfinite(seeds)].groupby(level=0)
                plt.plot(at.mean(), label=label[trial])\(band)
            plt.xlabel("step")
            plt.ylabel(\(quoted(metric)))
            plt.legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
            plt.show()
            """
    }

    static func seedCurves(_ metric: String, _ count: Int, _ axis: MetricAxis) -> String {
        let lines =
            axis == .epoch
            ? "    axis.plot(sweep.epoch, history(\(quoted(metric)))[rows[trial]].T, linewidth=1)"
            : """
                for run in rows[trial]:
                    known = numpy.isfinite(history(\(quoted(metric)))[run])
                    axis.plot(sweep.step.values[run][known], history(\(quoted(metric)))[run][known], linewidth=1)
            """
        return """
            panels = order[:\(count)]
            figure, axes = plt.subplots(-(-len(panels) // 3), 3, sharex=True, sharey=True, squeeze=False, figsize=(9, 2 * -(-len(panels) // 3)))
            for axis, trial in zip(axes.flat, panels):
            \(lines)
                axis.set_title(label[trial], fontsize="small")
            figure.supxlabel("\(axis.rawValue)")
            plt.show()
            """
    }

    /// The metric against one key.
    static func axis(_ effect: AxisEffect, _ report: StudyReport) -> String {
        let key = effect.key
        let name = quoted(variable(of: key, report))
        let scale = LevelScale(key.values)
        let end = """
            plt.xlabel(\(quoted(key.name)))
            plt.ylabel(sweep.attrs["metric"])\(scale.isLogarithmic ? "\nplt.xscale(\"log\")" : "")
            plt.show()
            """
        guard key.kind != .continuous else {
            return """
                x, y = sweep[\(name)].values, sweep.best_value.values
                points = sorted((a, b) for a, b in zip(x, y) if numpy.isfinite(b))
                window = min(len(points), max(5, len(points) // 5))
                near = [numpy.array(points[start:start + window]) for start in range(len(points) - window + 1)]
                plt.plot(x, y, "o", color="0.6", markersize=4)
                plt.plot([numpy.median(n[:, 0]) for n in near], [numpy.median(n[:, 1]) for n in near], linewidth=3)
                \(end)
                """
        }
        // Means over the settings that all levels have, where there are any.
        let line = key.kind == .levels ? "\"o-\"" : "\"o\""
        let x = scale.isNumeric ? "at" : "[str(level) for level in at]"
        let dots = scale.isNumeric ? "x" : "[str(level) for level in x]"
        return """
            x, y = sweep[\(name)].values, sweep.best_value.values
            others = ["\u{1F}".join(cell(sweep[k].values[r].item()) for k in keys if k != \(name)) for r in range(len(y))]
            seeds = sweep[\(quoted(variable("seed", report)))].values.tolist()
            cells = {}
            for level, other, seed, value in zip(x.tolist(), others, seeds, y):
                if numpy.isfinite(value):
                    cells.setdefault(level, {})[other, seed] = value
            everywhere = set.intersection(*(set(c) for c in cells.values())) or None
            at = sorted(cells) if \(scale.isNumeric ? "True" : "False") else list(cells)
            means = [mean(numpy.array([v for c, v in cells[level].items() if everywhere is None or c in everywhere])) for level in at]
            plt.plot(\(dots), y, "o", color="0.6", markersize=4)
            for level, place in zip(at, \(x)):
                settings = len({c[0] for c in everywhere or []})
                by_seed = {}
                for c in everywhere or []:
                    by_seed.setdefault(c[1], []).append(cells[level][c])
                low, high = interval(numpy.array([mean(numpy.array(v)) for v in by_seed.values() if len(v) == settings]))
                plt.plot([place, place], [low, high], color="C0")
            plt.plot(\(x), means, \(line), color="C0")
            \(end)
            """
    }

    static func heatMap(_ row: String, _ column: String, _ report: StudyReport) -> String {
        """
        trials = table.dropna(subset=["mean"])
        cells = trials.pivot_table("mean", \(quoted(tableColumn(variable(row, report)))), \(quoted(tableColumn(variable(column, report)))))
        plt.imshow(cells, aspect="auto", cmap=\(colours(report)))
        plt.xticks(range(len(cells.columns)), [cell(v) for v in cells.columns])
        plt.yticks(range(len(cells.index)), [cell(v) for v in cells.index])
        plt.xlabel(\(quoted(column)))
        plt.ylabel(\(quoted(row)))
        plt.colorbar(label=sweep.attrs["metric"])
        plt.show()
        """
    }

    static func scatter(_ x: SweptKey, _ y: SweptKey, _ report: StudyReport) -> String {
        let scales = [("x", x), ("y", y)].filter { LevelScale($0.1.values).isLogarithmic }.map {
            "\nplt.\($0.0)scale(\"log\")"
        }.joined()
        return """
            trials = table.dropna(subset=["mean"]).iloc[::-1]
            plt.scatter(trials[\(quoted(tableColumn(variable(of: x, report))))], trials[\(quoted(tableColumn(variable(of: y, report))))], c=trials["mean"], cmap=\(colours(report)))\(scales)
            plt.xlabel(\(quoted(x.name)))
            plt.ylabel(\(quoted(y.name)))
            plt.colorbar(label=sweep.attrs["metric"])
            plt.show()
            """
    }

    static func parallel(_ keys: [SweptKey], _ report: StudyReport) -> String {
        let names = keys.map { quoted(tableColumn(variable(of: $0, report))) }.joined(
            separator: ", ")
        let logarithmic = keys.filter { LevelScale($0.values).isLogarithmic }
            .map { quoted(tableColumn(variable(of: $0, report))) }.joined(separator: ", ")
        return """
            trials = table.dropna(subset=["mean"]).head(300).iloc[::-1]
            columns = [\(names), "mean"]
            share = {}
            for column in columns:
                v = trials[column]
                v = v if pandas.api.types.is_numeric_dtype(v) else pandas.Series(pandas.factorize(v)[0], v.index)
                v = numpy.log(v) if column in [\(logarithmic)] else v
                share[column] = (v - v.min()) / ((v.max() - v.min()) or 1)
            colour = plt.get_cmap(\(colours(report)))
            for place in trials.index:
                plt.plot(range(len(columns)), [share[c][place] for c in columns], color=colour(share["mean"][place]), alpha=0.6)
            plt.xticks(range(len(columns)), columns, rotation=30, ha="right")
            plt.yticks([])
            plt.show()
            """
    }

    /// Bright is good.
    private static func colours(_ report: StudyReport) -> String {
        report.plan.metric.goal == .maximize ? "\"viridis\"" : "\"viridis_r\""
    }

    static func seeds(_ count: Int) -> String {
        """
        drawn = [trial for trial in order if len(values[trial])][:\(count)]
        for row, trial in enumerate(drawn):
            low, high = interval(values[trial]) if len(values[trial]) > 2 else (values[trial].min(), values[trial].max())
            plt.plot([low, high], [row, row], "k-", linewidth=1)
            plt.plot(values[trial], [row] * len(values[trial]), "o")
            plt.plot(mean(values[trial]), row, "k|", markersize=14)
        plt.yticks(range(len(drawn)), [label[trial] for trial in drawn])
        plt.gca().invert_yaxis()
        plt.xlabel(sweep.attrs["metric"])
        plt.show()
        """
    }

    // MARK: Clips

    static func confusion(_ clips: ClipFacts, _ trial: TrialSummary) -> String {
        let runs = trial.runs.map { quoted($0.run.id) }.joined(separator: ", ")
        return """
            counts = 0
            for run in [\(runs)]:  # the seeds of the best trial
                with h5py.File(study / "runs" / f"{run}.h5") as file:
                    classes = file["class_names"].asstr()[()]
                    clips = file["predictions/\(clips.split.rawValue)"]
                    one = numpy.zeros((len(classes), len(classes)), int)
                    numpy.add.at(one, (clips["label"][()], clips["predicted"][()]), 1)
                    counts = counts + one
            for name, row in zip(classes, counts):
                print(f"{name}: {' '.join(str(count) for count in row)}")
            plt.imshow(counts / numpy.maximum(counts.sum(axis=1, keepdims=True), 1), cmap="Blues")
            plt.xticks(range(len(classes)), classes, rotation=45, ha="right")
            plt.yticks(range(len(classes)), classes)
            plt.xlabel("predicted")
            plt.ylabel("true")
            plt.show()
            """
    }

    static func confusionOutput(_ clips: ClipFacts) -> String {
        zip(clips.classes, clips.counts).map { name, row in
            "\(name): \(row.map(String.init).joined(separator: " "))\n"
        }.joined()
    }

    /// The small pictures of a run's clips.
    static func clips(_ run: RunFileContents, _ split: Split) -> String {
        """
        with h5py.File(study / "runs" / "\(run.identity.id).h5") as file:
            places, pixels = file["thumbnails/clip"][()], file["thumbnails/pixels"][()]
            clips = file["predictions/\(split.rawValue)"]
            words = [f"{classes[clips['label'][c]]} as {classes[clips['predicted'][c]]}, {clips['probability'][c]:.2f}" for c in places]
        figure, axes = plt.subplots(len(places), 1, squeeze=False, figsize=(5, 1.2 * len(places)))
        for axis, clip, text in zip(axes.flat, pixels, words):
            axis.imshow(numpy.concatenate(list(clip), axis=1).squeeze(), cmap="gray")
            axis.set_title(text, fontsize="small")
            axis.axis("off")
        plt.show()
        """
    }
}
