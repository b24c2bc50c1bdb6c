"""Paired inference on common random numbers (acceptance tests P2, P3 and P5 of the publication bar).

A world is one seed at one design point; two regimes meet the same worlds. A replicate is what is independent
of all others: a world where every point has seeds of its own, else a seed, averaged over the points that
share it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, nan, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from experiments.results import Results

WORLD = ["point", "seed"]
# What the months of a run become, in words, by the aggregation of the registry.
PERIOD_OF = {"sum": "total", "mean": "monthly mean", "last": "last month", "max": "highest month"}
CONFIDENCE = 0.95
RESAMPLES = 9_999
BOOTSTRAP_SEED = 20_250_525
# Below this many pairs no interval is reported: three points say nothing about their own distribution.
FEWEST_PAIRS = 4
# Size and power of the replicate advice (P3).
ALPHA, POWER = 0.01, 0.95


def period_of(entry: Mapping[str, Any]) -> str:
    """Say in words what the months of a run become; money of ten years is added up without a discount."""
    words = PERIOD_OF[entry["aggregation"]]
    return f"undiscounted {words}" if entry["unit"] == "USD" and entry["aggregation"] == "sum" else words


@dataclass(frozen=True)
class PairedDifference:
    """Mean difference of pairs with its interval; ``resolvable``: the smallest effect n pairs can show."""

    n: int
    mean: float
    low: float
    high: float
    correlation: float
    resolvable: float


def outcome_matrix(runs: pd.DataFrame, output: str, regimes: Sequence[str]) -> pd.DataFrame:
    """Arrange one output as a table world x regime; a run that is missing is NaN."""
    table = runs.pivot(index=WORLD, columns="regime", values=output)
    return table.reindex(columns=list(regimes))


def points_per_replicate(results: Results) -> int:
    """Count the design points that are averaged within a seed; 1 where every point has its own seeds."""
    return 1 if results.study["design"]["seeds"] == "own" else int(results.runs["point"].nunique())


def replicates(worlds: pd.DataFrame, results: Results) -> pd.DataFrame:
    """Turn a table with one row per world (index ``point``, ``seed``) into one with one row per replicate.

    Points that share a seed meet the same luck, so that each of them is no new evidence on it: they are
    averaged. A seed is NaN in the columns in which one of its points is missing, because the mean over the
    others would be about something else.
    """
    points, seeds = (worlds.index.unique(name) for name in WORLD)
    if results.study["design"]["seeds"] == "own" or len(points) == 1:
        return worlds
    if results.study["design"]["seeds"] == "shared":
        worlds = worlds.reindex(pd.MultiIndex.from_product([points, seeds], names=WORLD))
    by_seed = worlds.groupby(level="seed", sort=True)
    return by_seed.mean().where(by_seed.count().eq(by_seed.size(), axis=0))


def replicate_matrix(results: Results, output: str) -> pd.DataFrame:
    """Arrange one output of a study as a table replicate x regime, on which all inference rests."""
    return replicates(outcome_matrix(results.runs, output, results.regimes), results)


def bca_interval(
    differences: ArrayLike, confidence: float = CONFIDENCE, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """Bootstrap the mean: bias-corrected and accelerated interval, seeded (Efron 1987, by SciPy).

    Equal values give that value twice; fewer than four give no interval (NaN).
    """
    from scipy.stats import bootstrap

    values = np.asarray(differences, dtype=float)
    if values.size < FEWEST_PAIRS:
        return nan, nan
    if np.ptp(values) == 0.0:
        return float(values[0]), float(values[0])

    def interval(method: str) -> tuple[float, float]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Degenerate acceleration: answered below, not announced.
            found = bootstrap(
                (values,),
                np.mean,
                confidence_level=confidence,
                n_resamples=resamples,
                method=method,
                rng=np.random.default_rng(BOOTSTRAP_SEED),
            ).confidence_interval
        return float(found.low), float(found.high)

    low, high = interval("BCa")
    return (low, high) if np.isfinite([low, high]).all() else interval("percentile")


def paired_difference(treated: ArrayLike, baseline: ArrayLike) -> PairedDifference:
    """Compare two columns of paired outcomes: treated minus baseline, pairs with a missing run left out."""
    a, b = np.asarray(treated, dtype=float), np.asarray(baseline, dtype=float)
    both = np.isfinite(a) & np.isfinite(b)
    a, b = a[both], b[both]
    if a.size == 0:
        return PairedDifference(0, nan, nan, nan, nan, nan)
    difference = a - b
    low, high = bca_interval(difference)
    spread = float(difference.std(ddof=1)) if a.size > 1 else nan
    return PairedDifference(
        n=int(a.size),
        mean=float(difference.mean()),
        low=low,
        high=high,
        correlation=correlation(a, b),
        resolvable=spread * _resolvable_standardised(a.size) if a.size >= FEWEST_PAIRS else nan,
    )


def correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Return the correlation over replicates that pairing achieved (P2); NaN when one side does not vary."""
    if a.size < 2 or np.ptp(a) == 0.0 or np.ptp(b) == 0.0:
        return nan
    return float(np.corrcoef(a, b)[0, 1])


def power_of_t(noncentrality: float, degrees: float, alpha: float = ALPHA) -> float:
    """Power of a two-sided t test of size ``alpha`` at a noncentrality; exact, from the noncentral t."""
    from scipy.stats import nct, t

    critical = t.ppf(1.0 - alpha / 2.0, degrees)
    # The far tail is below 1e-9 for a noncentrality above 6, where SciPy may return NaN for it.
    far_tail = nct.cdf(-critical, degrees, noncentrality) if noncentrality < 6.0 else 0.0
    return float(nct.sf(critical, degrees, noncentrality) + far_tail)


def pairs_needed(effect: float, rho: float, alpha: float = ALPHA, power: float = POWER) -> int:
    """Replicates for a paired contrast (P3, t-exact); ``effect`` in standard deviations of one arm."""
    shift = effect / sqrt(2.0 * (1.0 - rho))
    return _smallest_n(lambda n: power_of_t(shift * sqrt(n), n - 1, alpha) >= power)


def runs_needed_per_arm(effect: float, alpha: float = ALPHA, power: float = POWER) -> int:
    """Replicates per arm for an unpaired contrast (P3, t-exact); ``effect`` in standard deviations."""
    return _smallest_n(lambda n: power_of_t(effect * sqrt(n / 2.0), 2 * n - 2, alpha) >= power)


def resolvable_effect(n: int, rho: float) -> float:
    """Smallest effect (standard deviations of one arm) that ``n`` pairs at correlation ``rho`` show (P3)."""
    return _resolvable_standardised(n) * sqrt(2.0 * (1.0 - rho))


def _resolvable_standardised(n: int) -> float:
    """Smallest mean difference that n pairs show, in standard deviations of the difference."""
    from scipy.optimize import brentq

    if n < 2:
        return inf
    high = 1.0
    while power_of_t(high, n - 1) < POWER:
        high *= 2.0
    noncentrality = brentq(lambda shift: power_of_t(shift, n - 1) - POWER, 0.0, high, xtol=1e-10)
    return float(noncentrality) / sqrt(n)


def _smallest_n(enough: Callable[[int], bool]) -> int:
    """Find the smallest n >= 2 with enough power, which grows with n: double, then bisect."""
    high = 2
    while not enough(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def quantiles(values: ArrayLike) -> tuple[float, float, float]:
    """Return the 5, 50 and 95 % quantiles over replicates (linear interpolation), without missing runs."""
    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite)]
    if finite.size == 0:
        return nan, nan, nan
    low, middle, high = np.quantile(finite, [0.05, 0.5, 0.95])
    return float(low), float(middle), float(high)


def probability_best(matrix: pd.DataFrame, *, minimise: bool = False) -> pd.Series:
    """Share of complete replicates in which each regime is best; a tie is shared equally."""
    values = _oriented(matrix, minimise)
    best = values.eq(values.max(axis=1), axis=0)
    return best.div(best.sum(axis=1), axis=0).mean()


def expected_regret(matrix: pd.DataFrame, *, minimise: bool = False) -> pd.Series:
    """Mean over complete replicates of what a regime falls short of the best, in the unit of the output."""
    values = _oriented(matrix, minimise)
    return (-values).add(values.max(axis=1), axis=0).mean()


def _oriented(matrix: pd.DataFrame, minimise: bool) -> pd.DataFrame:
    complete = matrix.dropna()
    return -complete if minimise else complete


def compare(results: Results, outputs: Sequence[str] | None = None) -> pd.DataFrame:
    """Compare all regimes with the baseline: one row per output and regime; units in column ``unit``.

    Levels (``mean``, ``p05``, ...) are over all runs; contrasts, best and regret over replicates, each of
    which averages ``points`` design points.
    """
    from experiments.inference import best_intervals, simultaneous_intervals

    rows = []
    regimes, points = results.regimes, points_per_replicate(results)
    for output in outputs or results.study["outputs"]:
        worlds = outcome_matrix(results.runs, output, regimes)
        matrix = replicates(worlds, results)
        minimise = output in results.minimise
        best, regret = (
            probability_best(matrix, minimise=minimise),
            expected_regret(matrix, minimise=minimise),
        )
        together = simultaneous_intervals(matrix, results.baseline)
        ranked = best_intervals(matrix, minimise=minimise)
        for regime in regimes:
            low, middle, high = quantiles(worlds[regime])
            row = {
                "output": output,
                "label": results.output_label(output),
                "unit": results.unit(output),
                "period": period_of(results.outputs[output]),
                "regime": regime,
                "regime_label": results.label(regime),
                "n": int(worlds[regime].notna().sum()),
                "mean": float(worlds[regime].mean()),
                "p05": low,
                "p50": middle,
                "p95": high,
                "points": points,
                **difference_columns(matrix, regime, results.baseline),
                "p_best": float(best[regime]),
                "regret": float(regret[regime]),
                "simultaneous_low": float(together["low"].get(regime, nan)),
                "simultaneous_high": float(together["high"].get(regime, nan)),
                "best_low": float(ranked.loc[regime, "low"]),
                "best_high": float(ranked.loc[regime, "high"]),
            }
            rows.append(row)
    return pd.DataFrame(rows)


def difference_columns(matrix: pd.DataFrame, regime: str, baseline: str) -> dict[str, float]:
    """Compare one column of a table replicate x regime with the baseline; NaN for the baseline itself."""
    names = ("pairs", "difference", "difference_low", "difference_high", "correlation", "resolvable")
    if regime == baseline or baseline not in matrix.columns:
        return dict.fromkeys(names, nan)
    found = paired_difference(matrix[regime], matrix[baseline])
    values = (found.n, found.mean, found.low, found.high, found.correlation, found.resolvable)
    return dict(zip(names, values, strict=True))
