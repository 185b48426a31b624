#!/usr/bin/env python3
"""How often 95 % intervals of a mean accuracy over n seeds cover the true mean, and how wide they are.

    pip install numpy scipy
    python scripts/coverage.py

Seeds' accuracies are drawn from beta distributions and rounded to shares of 40 clips. Compared are mean ± t·s/√n,
the same cut off at 0 and 1 (its coverage is the same), and t on the logit scale (delta method):
logit⁻¹(logit m ± t·s/√n / (m·(1 − m))).
"""
import numpy
from scipy import stats
from scipy.special import expit, logit

generator = numpy.random.default_rng(0)
draws = 100_000
print("| true mean | s | n | coverage: t | t on the logit scale | width: t, cut off | t on the logit scale |")
print("|--:|--:|--:|--:|--:|--:|--:|")
for mean, deviation in [(0.5, 0.05), (0.9, 0.02), (0.9, 0.06), (0.97, 0.02)]:
    total = mean * (1 - mean) / deviation**2 - 1
    for n in [3, 5, 10]:
        values = generator.beta(mean * total, (1 - mean) * total, (draws, n))
        values = numpy.round(values * 40) / 40
        true = numpy.round(generator.beta(mean * total, (1 - mean) * total, 2_000_000) * 40).mean() / 40
        m, s = values.mean(axis=1), values.std(axis=1, ddof=1)
        half = stats.t.ppf(0.975, n - 1) * s / numpy.sqrt(n)
        low, high = m - half, m + half
        inside = (m > 0) & (m < 1)
        safe = numpy.where(inside, m, 0.5)
        half_logit = numpy.where(inside, half / (safe * (1 - safe)), 0)
        a = numpy.where(inside, expit(logit(safe) - half_logit), m)
        b = numpy.where(inside, expit(logit(safe) + half_logit), m)
        cut = numpy.clip(high, 0, 1) - numpy.clip(low, 0, 1)
        print(f"| {mean} | {deviation} | {n} | {((low <= true) & (true <= high)).mean():.3f} "
              f"| {((a <= true) & (true <= b)).mean():.3f} | {cut.mean():.3f} | {(b - a).mean():.3f} |")
