#!/usr/bin/env python3
"""Makes the values that the report's statistics are tested against, with scipy and statsmodels, into statistics.json
beside this file.

    pip install scipy numpy statsmodels pandas
    python Tests/Golden/make_statistics.py
"""
import json
import pathlib

import numpy
import optuna
import pandas
import scipy
import statsmodels.api
import statsmodels.formula.api
from scipy import stats
from scipy.special import expit, logit

generator = numpy.random.default_rng(1)
samples = []
for count in [2, 3, 5, 8, 30]:
    a = generator.uniform(0.5, 1, count)
    b = a - generator.normal(0.02, 0.03, count)
    test = stats.ttest_rel(a, b)
    interval = stats.t.interval(0.95, count - 1, a.mean(), stats.sem(a))
    difference = test.confidence_interval(0.95)
    samples.append({
        "a": a.tolist(), "b": b.tolist(), "mean": a.mean(), "deviation": a.std(ddof=1), "median": float(numpy.median(a)),
        "low": interval[0], "high": interval[1], "t": test.statistic, "p": test.pvalue,
        "difference_low": difference.low, "difference_high": difference.high})
tails = [[n, t, stats.t.sf(t, n)] for n in [1, 2, 3, 4, 7, 29, 200] for t in [0.0, 0.1, 0.5, 1, 2, 3.5, 10, 60, 1e6]]
quantiles = [[n, p, stats.t.ppf(p, n)] for n in [1, 2, 3, 4, 7, 29, 200] for p in [0.5, 0.6, 0.9, 0.975, 0.9999]]


def holm(ps):
    """Holm 1979, after statsmodels.stats.multitest.multipletests(method="holm")."""
    ps = numpy.array(ps)
    order = numpy.argsort(ps, kind="stable")
    adjusted = numpy.minimum(1, numpy.maximum.accumulate(ps[order] * numpy.arange(len(ps), 0, -1)))
    result = numpy.empty(len(ps))
    result[order] = adjusted
    return result.tolist()


ps = generator.uniform(0, 0.2, 9).tolist() + [0.9, 0.01, 0.01]

# How often the first has the best mean over five paired seeds, by 200,000 bootstrap samples.
candidates = numpy.round(generator.normal([[0.90], [0.89], [0.87]], 0.02, (3, 5)), 4)
draws = candidates[:, generator.integers(0, 5, (200_000, 5))].mean(axis=2)
best = draws.max(axis=0)
wins = numpy.isclose(draws[0], best, atol=1e-12) / numpy.isclose(draws, best, atol=1e-12).sum(axis=0)
# Intervals of means of a metric in 0…1 and of one above 0: t on the logit and on the logarithmic scale.
intervals = []
generator = numpy.random.default_rng(2)
for count in [3, 5, 10]:
    x = generator.beta(18, 2, count)
    m, half = x.mean(), stats.t.ppf(0.975, count - 1) * stats.sem(x)
    intervals.append({
        "values": x.tolist(), "share": expit(logit(m) + numpy.array([-1, 1]) * half / (m * (1 - m))).tolist(),
        "positive": numpy.exp(numpy.log(m) + numpy.array([-1, 1]) * half / m).tolist()})

# Main effects, type II, of an unbalanced design: two keys and the seed; a third key that is the first again.
analyses = []
for noise in [0.03, 0.3]:
    rows = [(a, b, s, 0.5 + 0.1 * a - 0.02 * b + 0.01 * s + generator.normal(0, noise))
            for a in range(3) for b in range(2) for s in range(3)]
    table = pandas.DataFrame([row for index, row in enumerate(rows) if index not in (4, 11)], columns=["a", "b", "s", "y"])
    model = statsmodels.formula.api.ols("y ~ C(a) + C(b) + C(s)", table).fit()
    tests = statsmodels.api.stats.anova_lm(model, typ=2).iloc[:3]
    analyses.append({
        "y": table.y.tolist(), "factors": [table[name].tolist() for name in "abs"], "f": tests["F"].tolist(),
        "p": tests["PR(>F)"].tolist()})

# Importances of keys by Optuna's PED-ANOVA: numbers, logarithmic numbers, categories, a key that only some trials have.
optuna.logging.set_verbosity(optuna.logging.ERROR)
importances = []
for count, quantile in [(12, 5 / 12), (60, 0.1), (400, 0.1)]:
    generator = numpy.random.default_rng(count)
    lr, dropout = 10 ** generator.uniform(-4, -1, count), generator.uniform(0, 0.6, count)
    kind, width = generator.integers(0, 3, count), [2 ** int(k) for k in generator.integers(0, 4, count)]
    momentum = [float(generator.uniform(0, 1)) if k == 1 else None for k in kind]
    loss = (numpy.log10(lr) + 2.5) ** 2 + dropout + 0.5 * (kind == 2) + generator.normal(0, 0.1, count)
    space = {
        "lr": optuna.distributions.FloatDistribution(1e-4, 1e-1, log=True), "dropout": optuna.distributions.FloatDistribution(0, 0.6),
        "kind": optuna.distributions.CategoricalDistribution([0, 1, 2]), "width": optuna.distributions.CategoricalDistribution([1, 2, 4, 8]),
        "momentum": optuna.distributions.FloatDistribution(0, 1)}
    study = optuna.create_study()
    for row in range(count):
        values = {"lr": lr[row], "dropout": dropout[row], "kind": int(kind[row]), "width": width[row], "momentum": momentum[row]}
        values = {name: value for name, value in values.items() if value is not None}
        study.add_trial(optuna.trial.create_trial(
            params=values, distributions={name: space[name] for name in values}, value=float(loss[row])))
    found = optuna.importance.get_param_importances(
        study, evaluator=optuna.importance.PedAnovaImportanceEvaluator(target_quantile=quantile))
    importances.append({
        "loss": loss.tolist(), "quantile": quantile, "lr": lr.tolist(), "dropout": dropout.tolist(), "kind": kind.tolist(),
        "width": [[1, 2, 4, 8].index(w) for w in width], "momentum": momentum,
        "importances": [found[name] for name in ["lr", "dropout", "kind", "width", "momentum"]]})
f_tails = [[a, b, f, stats.f.sf(f, a, b)] for a in [1, 2, 7] for b in [1, 4, 60] for f in [0.0, 0.3, 1, 5, 80, 1e5]]
out = {"importances": importances, "optuna": optuna.__version__, "intervals": intervals, "analyses": analyses, "f_tails": f_tails, "scipy": scipy.__version__, "samples": samples, "tails": tails, "quantiles": quantiles, "ps": ps, "holm": holm(ps),
       "candidates": candidates.tolist(), "share_of_best": wins.mean()}
(pathlib.Path(__file__).parent / "statistics.json").write_text(json.dumps(out) + "\n")
