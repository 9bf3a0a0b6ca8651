"""Writes the expected values of benchmarks/statistics/expected with scipy and statsmodels.

    python -m venv /tmp/v && /tmp/v/bin/pip install scipy statsmodels
    /tmp/v/bin/python benchmarks/peer/statistics.py benchmarks/statistics/expected
"""

import pathlib
import sys

import numpy
import scipy
import scipy.stats
import statsmodels
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint


def write(folder, name, body):
    modules = (scipy, statsmodels, numpy)
    made = ", ".join(f"{module.__name__} {module.__version__}" for module in modules)
    head = f"// Made by benchmarks/peer/statistics.py: {made}."
    (folder / name).write_text(f"{{\n{head}\n{body}\n}}\n")


def number(x):
    return repr(float(x))


def main(folder):
    rows = []
    counts = [(417, 541), (431, 541), (0, 10), (10, 10), (1, 3), (338, 499), (1, 1), (7, 1000)]
    for correct, total in counts:
        low, high = proportion_confint(correct, total, method="wilson")
        rows.append(f"({correct}u64, {total}u64, {number(low)}f64, {number(high)}f64)")
    write(folder, "wilson.in", "[\n" + ",\n".join(rows) + "\n]")

    rows = []
    pairs = [(1, 0), (5, 5), (3, 9), (9, 3), (20, 41), (41, 20), (0, 30), (400, 310), (1, 25)]
    for won, lost in pairs:
        p = mcnemar([[10, won], [lost, 10]], exact=True).pvalue
        rows.append(f"({won}u64, {lost}u64, {number(p)}f64)")
    write(folder, "mcnemar.in", "[\n" + ",\n".join(rows) + "\n]")

    ps = [0.01, 0.04, 0.03, 0.005, 0.8, 0.03, 1.0, 0.0002]
    holm = multipletests(ps, method="holm")[1]
    bh = multipletests(ps, method="fdr_bh")[1]
    lists = [", ".join(number(p) for p in column) for column in (ps, holm, bh)]
    write(folder, "multiplicity.in", "([" + "],\n[".join(lists) + "])")

    draw = numpy.random.default_rng(5)
    gains = draw.choice([-1, 0, 1], size=60, p=[0.1, 0.7, 0.2])
    error = scipy.stats.sem(gains)
    smallest = (scipy.stats.norm.ppf(0.975) + scipy.stats.norm.ppf(0.8)) * error
    text = ", ".join(str(g) for g in gains)
    write(folder, "power.in", f"([{text}],\n{number(error)}f64,\n{number(smallest)}f64)")

    size = draw.integers(1, 4, size=300)
    gain = draw.binomial(size, 0.7)
    ratio = lambda g, s, axis=-1: g.sum(axis=axis) / s.sum(axis=axis)
    got = scipy.stats.bootstrap(
        (gain, size), ratio, paired=True, vectorized=True, n_resamples=100_000, method="percentile",
        batch=10_000, random_state=numpy.random.default_rng(1),
    ).confidence_interval
    pairs = ", ".join(f"({g}, {s})" for g, s in zip(gain, size))
    write(folder, "bootstrap.in", f"([{pairs}],\n{number(got.low)}f64,\n{number(got.high)}f64)")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
