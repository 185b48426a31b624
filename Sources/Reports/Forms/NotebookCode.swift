import Foundation
import RunStore
import Studies

/// The Python of the notebook form, and what it prints: computed here from the store, so that the
/// notebook is read without running it, and running it gives the same.
enum NotebookCode {
    // MARK: Setup

    /// The first cell: imports, the study's folder, and what all other cells use.
    static func setup(_ report: StudyReport) -> String {
        let plan = report.plan
        let range = report.facts.range
        let bound = { (end: Double?) in end.map { shortest($0) } ?? "None" }
        let planned = Dictionary(grouping: plan.runs, by: \.trial).mapValues(\.count)
        let usual = planned.values.max() ?? 1
        let others = planned.filter { $0.value != usual }.sorted { $0.key < $1.key }
        let fewer = others.map { "\($0.key + 1): \($0.value)" }.joined(separator: ", ")
        return """
            %config InlineBackend.figure_formats = ["svg"]
            import pathlib
            import warnings

            import h5py
            import matplotlib.pyplot as plt
            import numpy
            import pandas
            import scipy.stats
            import xarray

            # The study's folder: where this notebook lies, or the first of these that has sweep.h5. Add yours in front.
            places = [pathlib.Path("."), *(p / \(quoted(report.study)) for p in [pathlib.Path.cwd(), *pathlib.Path.cwd().parents])]
            study = next((place for place in places if (place / "sweep.h5").exists()), None)
            if study is None:
                raise FileNotFoundError("sweep.h5: write the study's folder into the list places above")

            warnings.simplefilter("ignore")  # means over epochs that no seed reached, letters that no font has
            pandas.set_option("display.width", 10000, "display.max_columns", None, "display.max_colwidth", None, "display.max_rows", 100)
            sweep = xarray.open_dataset(study / "sweep.h5", engine="h5netcdf").load()
            goal = sweep.attrs["goal"]
            metric_range = (\(bound(range?.lower)), \(bound(range?.upper)))  # where the metric can be, as far as that is known
            planned_seeds = \(usual)
            fewer_seeds = {\(fewer)}  # trials with another number of seeds


            def history(metric):
                \"\"\"\(report.plan.axis == .step ? "All rows of all runs, [run, point]; NaN where a step has no value" : "All epochs of all runs, [run, epoch]; NaN after the end of a run").\"\"\"
                return next(v.values for v in sweep.variables.values() if v.attrs.get("metric_name") == metric)


            def tied(values):
                return values.max() - values.min() <= 4 * numpy.finfo(float).eps * abs(values).max()


            def mean(values):
                total = numpy.cumsum(values)[-1]  # added up in order, as the report does
                if numpy.isfinite(total):
                    return total / len(values)
                return min(values.max(), max(values.min(), numpy.cumsum(values / len(values))[-1]))


            def deviation(values):
                if tied(values):
                    return 0.0  # equal up to rounding
                squares = numpy.cumsum((values - mean(values)) ** 2)[-1]
                if numpy.isfinite(squares) and squares > 0:
                    return numpy.sqrt(squares / (len(values) - 1))
                unit = abs(values).max()
                return deviation(values / unit) * unit


            def interval(values):
                \"\"\"The 95 % interval of the mean, on the scale of the metric's range; NaN for fewer than three values.\"\"\"
                if len(values) < 3 or tied(values):
                    return numpy.nan, numpy.nan
                middle = mean(values)
                half = scipy.stats.t.ppf(0.975, len(values) - 1) * deviation(values) / numpy.sqrt(len(values))
                low, high = metric_range
                if low is not None and values.min() < low or high is not None and values.max() > high:
                    low = high = None
                if low is not None and high is not None and low < middle < high:
                    share = (middle - low) / (high - low)
                    centre, reach = numpy.log(share / (1 - share)), half / (high - low) / (share * (1 - share))
                    return tuple(low + (high - low) / (1 + numpy.exp(-x)) for x in (centre - reach, centre + reach))
                if low is not None and high is None and low < middle:
                    factor = numpy.exp(half / (middle - low))
                    return low + (middle - low) / factor, low + (middle - low) * factor
                if high is not None and low is None and middle < high:
                    factor = numpy.exp(half / (high - middle))
                    return high - (high - middle) * factor, high - (high - middle) / factor
                return middle - half, middle + half


            def number(value):
                \"\"\"With as many digits as the spread between seeds leaves.\"\"\"
                return "–" if value is None or numpy.isnan(value) else format(float(format(value, ".12g")), "\(report.facts.digits.pythonFormat)")


            key_digits = {\(keyDigits(report))}


            def cell(value, key=None):
                \"\"\"A value of a swept key.\"\"\"
                return format(value, f".{key_digits.get(key, 6)}g") if isinstance(value, float) else str(value)


            def plain(value):
                \"\"\"Any number.\"\"\"
                if value == 0 or not numpy.isfinite(value) or 0.001 <= abs(value) < 1e6:
                    return format(value, ".4f")
                return format(value, ".3e" if abs(value) < 1 else ".6g")


            rows = {}  # trial → the places of its runs
            for place, trial in enumerate(sweep.trial.values.tolist()):
                rows.setdefault(trial, []).append(place)
            label = dict(zip(sweep.trial.values.tolist(), sweep.trial_label.values.tolist()))
            values = {trial: sweep.best_value.values[places] for trial, places in rows.items()}
            values = {trial: v[numpy.isfinite(v)] for trial, v in values.items()}
            keys = [key for key in \(quoted(coordinates(report))) if key != \(quoted(seedName(report)))]


            def best_first():
                sign = -1 if goal == "maximize" else 1
                means = {trial: sign * mean(v) if len(v) else numpy.inf for trial, v in values.items()}
                order, equal = [], []
                for trial in sorted(means, key=means.get):  # equal means, up to rounding, in the order of the plan
                    if equal and not (means[trial] == means[equal[-1]] or numpy.isfinite(means[trial]) and tied(numpy.array([means[trial], means[equal[-1]]]))):
                        order, equal = order + sorted(equal), []
                    equal.append(trial)
                return order + sorted(equal)


            def has_all_seeds(trial):
                return len(values[trial]) == fewer_seeds.get(trial, planned_seeds)


            order = best_first()


            def against_best(trials):
                \"\"\"p of the paired t-test of each trial against the best, after Holm's correction.\"\"\"
                most = max(map(len, values.values()), default=0)
                leader = next((t for t in trials if has_all_seeds(t) and len(values[t])), None) or next((t for t in trials if len(values[t]) == most > 0), None)
                if leader is None or not has_all_seeds(leader):
                    return {}
                seeds, best = sweep[\(quoted(seedName(report)))].values, sweep.best_value.values
                found = {}
                for trial in trials:
                    other = {seeds[r]: best[r] for r in rows[trial] if numpy.isfinite(best[r])}
                    pairs = [(best[r], other[seeds[r]]) for r in rows[leader] if numpy.isfinite(best[r]) and seeds[r] in other]
                    differences = numpy.array([a - b for a, b in pairs])
                    if trial == leader or not has_all_seeds(trial) or len(pairs) < 2:
                        continue
                    if not numpy.isfinite(differences).all() or differences.max() - differences.min() <= 4 * numpy.finfo(float).eps * abs(numpy.array(pairs)).max():
                        continue
                    t = mean(differences) / (deviation(differences) / numpy.sqrt(len(pairs)))
                    found[trial] = 2 * scipy.stats.t.sf(abs(t), len(pairs) - 1)
                adjusted, greatest = {}, 0.0
                for rank, trial in enumerate(sorted(found, key=found.get)):
                    greatest = max(greatest, min(1.0, (len(found) - rank) * found[trial]))
                    adjusted[trial] = greatest
                return adjusted


            def column(key):
                \"\"\"The name of a key's column in the table.\"\"\"
                return "set_" + key if key in ("trial", "mean", "sd", "low_95", "high_95", "p", "seeds") else key


            p = against_best(order)
            table = pandas.DataFrame([
                {"trial": trial, **{column(key): sweep[key].values[rows[trial][0]].item() for key in keys},
                 "mean": mean(v) if len(v) else numpy.nan, "sd": deviation(v) if len(v) > 1 else numpy.nan,
                 "low_95": interval(v)[0], "high_95": interval(v)[1], "p": p.get(trial, numpy.nan), "seeds": len(v)}
                for trial in order for v in [values[trial]]])
            """
    }

    private static func coordinates(_ report: StudyReport) -> [String] {
        SweepFile.coordinates(
            report.plan.axes, metrics: metrics(report.plan), axis: report.plan.axis)
    }

    private static func seedName(_ report: StudyReport) -> String {
        zip(report.plan.axes, coordinates(report)).first { $0.0 == "seed" }?.1 ?? "seed"
    }

    /// The variable of a key.
    static func variable(_ key: String, _ report: StudyReport) -> String {
        zip(report.plan.axes, coordinates(report)).first { $0.0 == key }?.1 ?? key
    }

    // MARK: Trials

    static func trials(_ report: StudyReport) -> String {
        """
        shown = table.head(\(StudyReport.rowLimit)).copy()
        for key in keys:
            shown[column(key)] = [cell(value, key) for value in table[column(key)].head(\(StudyReport.rowLimit)).tolist()]
        for name in ["mean", "sd", "low_95", "high_95"]:
            shown[name] = [number(value) for value in shown[name]]
        shown["p"] = ["–" if numpy.isnan(value) else "< 0.0001" if value < 0.0001 else format(value, ".4f") for value in shown["p"]]
        shown.index = range(1, len(shown) + 1)
        shown
        """
    }

    static func trialsOutput(_ report: StudyReport) -> TextTable {
        let facts = report.facts
        let number = { (value: Double?) in value.map { facts.digits.text($0) } ?? "–" }
        let keys = report.sweptKeys
        let kinds = columnKinds(report, keys)
        let names = keys.map { tableColumn(variable($0, report)) }
        let stored = facts.trials.filter { !$0.runs.isEmpty }
        let rows = stored.prefix(StudyReport.rowLimit).map { trial -> [String] in
            var ends: (low: Double, high: Double)?
            if case .interval(let low, let high) = Estimate(trial.values, in: facts.range) {
                ends = (low, high)
            }
            let setting = zip(keys, kinds).map { key, kind in
                kind(trial.setting[key] ?? report.plan.settings[key])
            }
            return ["\(trial.number)"] + setting + [
                number(trial.mean), number(Statistics.standardDeviation(trial.values)),
                number(ends?.low), number(ends?.high),
                facts.contrasts[trial.trial].map { report.probability($0.p) } ?? "–",
                "\(trial.values.count)",
            ]
        }
        return TextTable(
            columns: ["trial"] + names + ["mean", "sd", "low_95", "high_95", "p", "seeds"],
            numbers: ["trial", "seeds"],
            rows: Array(rows))
    }

    /// How the values of each key read in Python, by the type of their variable; nil where an axis
    /// does not exist.
    private static func columnKinds(
        _ report: StudyReport, _ keys: [String]
    ) -> [(Value?) -> String] {
        keys.map { key in
            let all = report.facts.runs.map { $0.run.setting[key] ?? report.plan.settings[key] }
            let values = all.compactMap { $0 }
            let areFlags = values.allSatisfy { if case .bool = $0 { true } else { false } }
            let digits = report.facts.keyDigits[key] ?? 6
            if values.count == all.count {
                if values.allSatisfy(\.isWhole) { return { $0?.label ?? "" } }
                if areFlags { return { $0 == .bool(true) ? "1" : "0" } }
            }
            if areFlags || values.allSatisfy({ $0.double.map { .number($0) } == $0 }) {
                return { value in
                    guard let value else { return "nan" }
                    if case .bool(let flag) = value { return flag ? "1" : "0" }
                    return String(format: "%.\(digits)g", value.double ?? .nan)
                }
            }
            return { $0?.label ?? "" }
        }
    }

    /// The name of a key's column in the table of trials.
    static func tableColumn(_ variable: String) -> String {
        let taken = ["trial", "mean", "sd", "low_95", "high_95", "p", "seeds"]
        return taken.contains(variable) ? "set_" + variable : variable
    }

    /// Columns of the swept keys but the seed: the names of the sweep file's variables, apart from
    /// others of the table.
    static func tableColumns(_ report: StudyReport, besides others: [String]) -> [String] {
        CSV.columns(
            report.sweptKeys.map { variable($0, report) }, "set_", besides: ["trial"] + others)
    }

    /// `"lr": 6`, of the keys that need another number of digits than six.
    private static func keyDigits(_ report: StudyReport) -> String {
        zip(report.plan.axes, coordinates(report)).compactMap { key, name in
            report.facts.keyDigits[key].flatMap { $0 == 6 ? nil : "\(quoted(name)): \($0)" }
        }.joined(separator: ", ")
    }

    // MARK: Runs

    /// The variable of the best epoch, or step.
    private static func best(_ report: StudyReport) -> String {
        "best_" + report.plan.axis.rawValue
    }

    static func runs(_ report: StudyReport) -> String {
        let best = best(report)
        return """
            first = slice(0, \(StudyReport.rowLimit))
            runs = pandas.DataFrame({
                "run": sweep.number.values[first],
                **{key: [cell(value, key) for value in sweep[key].values[first].tolist()] for key in \(quoted(coordinates(report)))},
                "\(best)": sweep.\(best).values[first],
                "best_value": [plain(value) for value in sweep.best_value.values[first]],
                "outcome": sweep.outcome.values[first]})
            runs.index = range(1, len(runs) + 1)
            runs
            """
    }

    static func runsOutput(_ report: StudyReport) -> TextTable {
        let axes = report.plan.axes
        let kinds = columnKinds(report, axes)
        let rows = report.facts.runs.prefix(StudyReport.rowLimit).map { run, summary in
            let value = summary.best?.value ?? .nan
            return ["\(run.number)"]
                + zip(axes, kinds).map { key, kind in
                    kind(run.setting[key] ?? report.plan.settings[key])
                } + [
                    "\(summary.best?.number ?? (report.plan.axis == .step ? -1 : 0))",
                    value.isFinite ? StudyReport.value(value) : "nan", summary.outcome.rawValue,
                ]
        }
        return TextTable(
            columns: ["run"] + coordinates(report) + [best(report), "best_value", "outcome"],
            numbers: ["run", best(report)],
            rows: Array(rows))
    }

    // MARK: Words

    static func metrics(_ plan: Plan) -> [String] {
        plan.trainer.metrics.isOpen ? [plan.metric.name] : plan.trainer.metrics.names
    }

    /// A text as Python writes it: JSON's texts are Python's.
    static func quoted(_ text: String) -> String { jsonString(text) }

    static func quoted(_ texts: [String]) -> String {
        "[" + texts.map(jsonString).joined(separator: ", ") + "]"
    }

    static func variable(of key: SweptKey, _ report: StudyReport) -> String {
        variable(key.name, report)
    }
}
