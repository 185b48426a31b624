#!/usr/bin/env python3
"""Makes the values that the report's statistics are tested against, with scipy, into statistics.json beside this file.

    pip install scipy numpy
    python Tests/Golden/make_statistics.py
"""
import json
import pathlib

import numpy
import scipy
from scipy import stats

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
out = {"scipy": scipy.__version__, "samples": samples, "tails": tails, "quantiles": quantiles, "ps": ps, "holm": holm(ps),
       "candidates": candidates.tolist(), "share_of_best": wins.mean()}
(pathlib.Path(__file__).parent / "statistics.json").write_text(json.dumps(out) + "\n")
