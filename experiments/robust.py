"""Robust decisions: which regime is good enough in how many worlds, and how much it can be regretted (E3).

A world is one point of the design and one seed, the same for every regime.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import nan, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from experiments.analysis import outcome_matrix
from experiments.errors import StudyError
from experiments.sampling import LISTED

if TYPE_CHECKING:
    from experiments.results import Results

# A regime is called best only if it is so in this share of the worlds.
BEST_SHARE = 0.8
# 97.5 % quantile of the standard normal.
Z_95 = 1.959963984540054


def regrets(results: Results, output: str) -> pd.DataFrame:
    """Regret of every regime in every world: how far it falls short of the best one there, in the unit."""
    matrix = outcome_matrix(results.runs, output, results.regimes).dropna()
    gain = -matrix if output in results.minimise else matrix
    return -gain.sub(gain.max(axis=1), axis=0)


def regret_table(results: Results, outputs: Sequence[str] | None = None) -> pd.DataFrame:
    """Summarise regret by output and regime: mean, 95 % quantile, largest, share of worlds where best.

    ``minimax`` marks the regime whose largest regret is smallest; ``best`` the one, if any, that is best in
    at least 80 % of the worlds.
    """
    rows = []
    for output in outputs or results.study["outputs"]:
        table = regrets(results, output)
        largest = table.max()
        best = table.eq(0.0)
        share = best.div(best.sum(axis=1), axis=0).mean()
        for regime in results.regimes:
            rows.append(
                {
                    "output": output,
                    "unit": results.unit(output),
                    "regime": regime,
                    "worlds": len(table),
                    "mean_regret": float(table[regime].mean()),
                    "p95_regret": float(table[regime].quantile(0.95)),
                    "largest_regret": float(largest[regime]),
                    "minimax": bool(largest[regime] == largest.min()),
                    "best_share": float(share[regime]),
                    "best": bool(share[regime] >= BEST_SHARE),
                }
            )
    return pd.DataFrame(rows)


def goals_of(results: Results) -> dict[str, dict[str, Any]]:
    """Return the goals of the study; StudyError if it has none."""
    goals = results.study["goals"]
    if not goals:
        raise StudyError(f"study {results.study['name']} has no [goals], so nothing can satisfy them")
    return goals


def satisfied(results: Results, goals: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Tell for every world and regime whether all goals are kept; worlds with a missing run are left out."""
    kept = []
    for output, goal in goals.items():
        matrix = outcome_matrix(results.runs, output, results.regimes).dropna()
        if goal["difference"]:
            matrix = matrix.sub(matrix[results.baseline], axis=0)
        low = -np.inf if goal["at_least"] is None else goal["at_least"]
        high = np.inf if goal["at_most"] is None else goal["at_most"]
        kept.append((matrix >= low) & (matrix <= high))
    together = kept[0]
    for table in kept[1:]:
        together = together & table.reindex_like(together)
    return together


def satisficing_table(results: Results) -> pd.DataFrame:
    """Share of worlds in which each regime keeps each goal and all of them, with a 95 % Wilson interval.

    The interval counts ``independent`` worlds only: with shared seeds those are the points of a sample, at
    the luck that they share, or the seeds where the points are listed.
    """
    goals = goals_of(results)
    rows = []
    for name, chosen in [*((key, {key: goal}) for key, goal in goals.items()), ("all goals", goals)]:
        table = satisfied(results, chosen)
        for regime in results.regimes:
            share, independent = float(table[regime].mean()), _independent(table, results)
            low, high = wilson_interval(share, independent)
            rows.append(
                {
                    "goal": name,
                    "regime": regime,
                    "worlds": len(table),
                    "independent": independent,
                    "share": share,
                    "low": low,
                    "high": high,
                }
            )
    return pd.DataFrame(rows)


def _independent(worlds: pd.DataFrame, results: Results) -> int:
    design = results.study["design"]
    if design["seeds"] == "own":
        return len(worlds)
    return int(worlds.index.unique("seed" if design["kind"] in LISTED else "point").size)


def wilson_interval(share: float, n: int) -> tuple[float, float]:
    """Return the 95 % score interval of a share of n independent trials (Wilson 1927); NaN for none."""
    if n == 0:
        return nan, nan
    z2 = Z_95**2
    middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n)
    half = Z_95 / (1.0 + z2 / n) * sqrt(share * (1.0 - share) / n + z2 / (4.0 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)
