"""Several regimes at once: simultaneous intervals, comparison with the best, when to stop.

Acceptance tests P4 and P5 of the publication bar. All intervals resample whole replicates, so that the common
luck of the regimes is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, nan
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.analysis import BOOTSTRAP_SEED, CONFIDENCE, FEWEST_PAIRS, PairedDifference

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

RESAMPLES = 4_999
# A contrast is precise enough at this share of its own size (P5); a mean has settled within this change (P4).
RELATIVE_HALF_WIDTH = 0.05
SETTLED_CHANGE, SETTLED_PART = 0.01, 0.2


@dataclass(frozen=True)
class _Resampled:
    """Means and standard errors of columns of paired values, and their bootstrap t statistics."""

    mean: NDArray[np.float64]
    error: NDArray[np.float64]
    t: NDArray[np.float64]


def _resampled(values: NDArray[np.float64]) -> _Resampled:
    """Bootstrap the mean of each column with the same replicates in all of them; t is 0 without variance."""
    n = len(values)
    mean = values.mean(axis=0)
    error = values.std(axis=0, ddof=1) / np.sqrt(n)
    generator = np.random.default_rng(BOOTSTRAP_SEED)
    weights = generator.multinomial(n, np.full(n, 1.0 / n), size=RESAMPLES) / n
    centred = values - mean
    drawn = weights @ centred
    spread = np.sqrt(np.maximum(weights @ centred**2 - drawn**2, 0.0) / (n - 1))
    t = np.divide(drawn, spread, out=np.zeros_like(drawn), where=spread > 1e-12 * (np.abs(mean) + error))
    return _Resampled(mean, error, t)


def simultaneous_intervals(matrix: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """Intervals of all paired differences to the baseline that hold together with 95 % confidence.

    ``matrix`` is replicate x regime; incomplete replicates are left out. The critical value is the quantile
    of the largest bootstrap t over the contrasts (the paired analogue of Dunnett). Columns ``low``, ``high``.
    """
    complete = matrix.dropna()
    others = [name for name in complete.columns if name != baseline]
    frame = pd.DataFrame(nan, index=others, columns=["low", "high"])
    if len(complete) < FEWEST_PAIRS or not others:
        return frame
    found = _resampled(complete[others].to_numpy(dtype=float) - complete[[baseline]].to_numpy(dtype=float))
    critical = np.quantile(np.abs(found.t).max(axis=1), CONFIDENCE)
    frame["low"], frame["high"] = (found.mean - critical * found.error, found.mean + critical * found.error)
    return frame


def best_intervals(matrix: pd.DataFrame, *, minimise: bool = False) -> pd.DataFrame:
    """Intervals of each regime minus the best of the others, all together with 95 % confidence (Hsu 1984).

    Columns ``low`` <= 0 <= ``high`` in the unit of the output, more being better: a regime whose ``high`` is
    0 is not the best; one whose ``low`` is 0 is. Multiple comparison with the best, bootstrap critical
    values.
    """
    complete = -matrix.dropna() if minimise else matrix.dropna()
    regimes = list(complete.columns)
    frame = pd.DataFrame(nan, index=regimes, columns=["low", "high"])
    if len(complete) < FEWEST_PAIRS or len(regimes) < 2:
        return frame
    values = complete.to_numpy(dtype=float)
    lower, upper = np.full((2, len(regimes), len(regimes)), inf)
    for i in range(len(regimes)):
        others = [j for j in range(len(regimes)) if j != i]
        found = _resampled(values[:, [i]] - values[:, others])
        critical = np.quantile(found.t.max(axis=1), CONFIDENCE)
        lower[i, others] = found.mean - critical * found.error
        upper[i, others] = found.mean + critical * found.error
    high = np.maximum(upper.min(axis=1), 0.0)
    candidates = np.flatnonzero(high > 0.0)
    for i, regime in enumerate(regimes):
        rivals = [j for j in candidates if j != i]
        frame.loc[regime, "low"] = min((min(lower[i, j], 0.0) for j in rivals), default=0.0)
    frame["high"] = high
    return frame


def precise_enough(found: PairedDifference, smallest_effect: float) -> bool:
    """Decide whether a sequential study may stop (P5): the half-width of the 95 % interval is at most 5 %
    of the effect or half of the smallest effect of interest (same unit).
    """
    half_width = (found.high - found.low) / 2.0
    limit = max(RELATIVE_HALF_WIDTH * abs(found.mean), smallest_effect / 2.0)
    return isfinite(half_width) and half_width <= limit


def running_moments(values: ArrayLike) -> pd.DataFrame:
    """Mean and coefficient of variation of the first n replicates, for every n >= 2: columns ``n``,
    ``mean``, ``variation`` (P4).
    """
    sample = np.asarray(values, dtype=float)
    n = np.arange(1, sample.size + 1)
    mean = np.cumsum(sample) / n
    centred = sample - sample.mean()
    square = np.cumsum(centred**2) - n * (np.cumsum(centred) / n) ** 2
    spread = np.sqrt(np.maximum(square, 0.0) / np.maximum(n - 1, 1))
    variation = np.divide(spread, np.abs(mean), out=np.full(sample.size, nan), where=mean != 0.0)
    return pd.DataFrame({"n": n, "mean": mean, "variation": variation}).iloc[1:].reset_index(drop=True)


def settled(values: ArrayLike) -> bool:
    """Tell whether mean and variation change by less than 1 % over the last fifth of the replicates (P4)."""
    moments = running_moments(values)
    last = moments.iloc[int(len(moments) * (1.0 - SETTLED_PART)) :]
    if last.empty:
        return False
    for name in ("mean", "variation"):
        final = abs(float(last[name].iloc[-1]))
        change = float(last[name].max() - last[name].min())
        if not change <= SETTLED_CHANGE * final:
            return False
    return True
