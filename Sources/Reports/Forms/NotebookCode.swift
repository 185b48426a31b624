import Foundation
import RunStore
import Studies

/// The Python of the notebook form, and what it prints: worked out here from the store, so that the
/// notebook is read without running it, and running it gives the same.
enum NotebookCode {
    static let setup = """
        %config InlineBackend.figure_formats = ["svg"]
        import re
        import warnings

        import h5py
        import matplotlib.pyplot as plt
        import numpy
        import xarray

        warnings.simplefilter("ignore")  # means over epochs that no seed reached, letters that no font has
        sweep = xarray.open_dataset("sweep.h5", engine="h5netcdf").load()


        def history(metric):
            \"\"\"All epochs of all runs, [run, epoch]; NaN after the end of a run.\"\"\"
            return next(v.values for v in sweep.variables.values() if v.attrs.get("metric_name") == metric)


        def trial(run):
            \"\"\"The label of a run without its seed.\"\"\"
            return re.sub(r",?seed=[^,]*$", "", run) or "all runs"


        def by_trial(values):
            \"\"\"Values by setting; runs that gave no number are left out.\"\"\"
            trials = {}
            for run, value in zip(sweep.run.values, values):
                trials.setdefault(trial(run), []).append(value)
            return {label: numpy.array([v for v in row if v == v]) for label, row in trials.items()}


        def mean(values):
            total = numpy.cumsum(values)[-1]  # added up in order, as the report does
            if numpy.isfinite(total):
                return total / len(values)
            return min(values.max(), max(values.min(), numpy.cumsum(values / len(values))[-1]))


        def deviation(values):
            if values.max() - values.min() <= 4 * numpy.finfo(float).eps * abs(values).max():
                return 0.0  # equal up to rounding
            squares = numpy.cumsum((values - mean(values)) ** 2)[-1]
            if numpy.isfinite(squares) and squares > 0:
                return numpy.sqrt(squares / (len(values) - 1))
            unit = abs(values).max()
            return deviation(values / unit) * unit


        def best_first(trials):
            sign = -1 if sweep.attrs["goal"] == "maximize" else 1
            means = {label: sign * mean(v) if len(v) else numpy.inf for label, v in trials.items()}
            order, tied = [], []
            for label in sorted(means, key=means.get):  # equal means, up to rounding, in the order of the plan
                if tied and not abs(means[label] - means[tied[-1]]) <= 4 * numpy.finfo(float).eps * max(abs(means[label]), abs(means[tied[-1]])):
                    order, tied = order + sorted(tied, key=list(trials).index), []
                tied.append(label)
            return order + sorted(tied, key=list(trials).index)


        trials = by_trial(sweep.best_value.values)
        """

    // MARK: Trials

    static func trials(_ plan: Plan) -> String {
        """
        for label in best_first(trials)[:\(StudyReport.rowLimit)]:
            values = trials[label]
            spread = deviation(values) if len(values) > 1 else numpy.inf
            spread = f" ± {spread:.4f}" if numpy.isfinite(spread) else ""
            print(f"{mean(values):.4f}{spread}  {len(values)} seeds  {label}" if len(values) else f"no value  {label}")
        """
    }

    static func trialsOutput(_ facts: StudyFacts) -> String {
        facts.trials.filter { !$0.runs.isEmpty }.prefix(StudyReport.rowLimit).map { trial in
            guard let mean = trial.mean else { return "no value  \(trial.name)\n" }
            let spread = Statistics.standardDeviation(trial.values).map { " ± \(number($0))" } ?? ""
            return "\(number(mean))\(spread)  \(trial.values.count) seeds  \(trial.name)\n"
        }.joined()
    }

    // MARK: Runs

    static func runs(_ plan: Plan) -> String {
        """
        for run in range(min(sweep.sizes["run"], \(StudyReport.rowLimit))):
            print(f"{int(sweep.number[run]):4d}  epoch {int(sweep.best_epoch[run]):4d}  "
                  f"{float(sweep.best_value[run]):.4f}  {sweep.run.values[run]}")
        """
    }

    static func runsOutput(_ facts: StudyFacts) -> String {
        facts.runs.prefix(StudyReport.rowLimit).map { run, summary in
            let epoch = String(format: "%4d", summary.best?.epoch ?? 0)
            return
                "\(String(format: "%4d", run.number))  epoch \(epoch)  \(number(summary.best?.value ?? .nan))  \(run.label)\n"
        }.joined()
    }

    // MARK: Figures

    static func curves(_ plan: Plan, _ metric: String, _ count: Int) -> String {
        """
        metric = \(quoted(metric))
        for label in best_first(trials)[:\(count)]:
            rows = history(metric)[[trial(run) == label for run in sweep.run.values]]
            plt.plot(sweep.epoch, numpy.nanmean(rows, axis=0), label=label)
            plt.fill_between(sweep.epoch, numpy.nanmin(rows, axis=0), numpy.nanmax(rows, axis=0), alpha=0.14)
        plt.xlabel("epoch")
        plt.ylabel(metric)
        plt.legend(fontsize="small")
        plt.show()
        """
    }

    static func axis(_ effect: AxisEffect, _ plan: Plan) -> String {
        let names = SweepFile.coordinates(plan.axes, metrics: metrics(plan))
        let variable = zip(plan.axes, names).first { $0.0 == effect.key }?.1 ?? effect.key
        let isText = effect.levels.contains { $0.value.double == nil }
        let values =
            isText ? "sweep[\(quoted(variable))].values.astype(str)" : "sweep[\(quoted(variable))]"
        let isLogarithmic =
            !isText && LevelScale(effect.levels.map(\.value)).isLogarithmic
        return """
            plt.scatter(\(values), sweep.best_value, color="grey", alpha=0.5)
            plt.xlabel(\(quoted(effect.key)))
            plt.ylabel(sweep.attrs["metric"])\(isLogarithmic ? "\nplt.xscale(\"log\")" : "")
            plt.show()
            """
    }

    static func seeds(_ count: Int) -> String {
        """
        shown = [label for label in best_first(trials) if len(trials[label])][:\(count)]
        for row, label in enumerate(shown):
            plt.plot(trials[label], [row] * len(trials[label]), "o")
            plt.plot(mean(trials[label]), row, "k|", markersize=14)
        plt.yticks(range(len(shown)), shown)
        plt.gca().invert_yaxis()
        plt.xlabel(sweep.attrs["metric"])
        plt.show()
        """
    }

    static func confusion(_ run: RunFileContents) -> String {
        """
        with h5py.File("runs/\(run.identity.id).h5") as run:
            classes, counts = run["class_names"].asstr()[()], run["test/confusion"][()]
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

    static func confusionOutput(_ run: RunFileContents) -> String {
        zip(run.classes, run.test?.confusion ?? []).map { name, row in
            "\(name): \(row.map(String.init).joined(separator: " "))\n"
        }.joined()
    }

    // MARK: Words

    private static func metrics(_ plan: Plan) -> [String] {
        plan.trainer.metrics.isOpen ? [plan.metric.name] : plan.trainer.metrics.names
    }

    /// As Python's `f"{value:.4f}"`.
    private static func number(_ value: Double) -> String {
        value.isNaN
            ? "nan"
            : value.isInfinite ? (value > 0 ? "inf" : "-inf") : String(format: "%.4f", value)
    }

    /// A text as Python writes it: JSON's texts are Python's.
    private static func quoted(_ text: String) -> String { jsonString(text) }
}
