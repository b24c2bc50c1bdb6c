"""How much of the spread of an outcome is luck and how much is ignorance (acceptance test P6).

*Epistemic* variance is that between design points (what we do not know), *aleatory* variance that between
seeds (prices, weather, luck); their *joint* part is luck that matters differently at different points. The
shares add to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.sampling import LUCK
from experiments.sensitivity import CONFIDENCE, SEED, sample_of, sobol_indices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from experiments.results import Results

RESAMPLES = 1_000
PARTS = ("epistemic", "aleatory", "joint")


def crossed_shares(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Split the variance of a table points x seeds: shares epistemic, aleatory, joint (two random effects).

    Method of moments of the two-way layout with one run in each cell; a negative estimate is taken as zero.
    Leading axes are kept, so that many tables are split at once.
    """
    points, seeds = values.shape[-2:]
    grand = values.mean(axis=(-2, -1), keepdims=True)
    by_point, by_seed = values.mean(axis=-1, keepdims=True), values.mean(axis=-2, keepdims=True)
    between_points = seeds * ((by_point - grand) ** 2).sum(axis=(-2, -1)) / (points - 1)
    between_seeds = points * ((by_seed - grand) ** 2).sum(axis=(-2, -1)) / (seeds - 1)
    rest = ((values - by_point - by_seed + grand) ** 2).sum(axis=(-2, -1)) / ((points - 1) * (seeds - 1))
    parts = np.stack([(between_points - rest) / seeds, (between_seeds - rest) / points, rest], axis=-1)
    return _shares(parts)


def nested_shares(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Split the variance of a table points x own seeds: epistemic and aleatory (one random effect), joint 0.

    With seeds of its own for every point, luck that matters differently is part of the aleatory share.
    """
    seeds = values.shape[-1]
    within = values.var(axis=-1, ddof=1).mean(axis=-1)
    between = values.mean(axis=-1).var(axis=-1, ddof=1) - within / seeds
    return _shares(np.stack([between, within, np.zeros_like(within)], axis=-1))


def _shares(parts: NDArray[np.float64]) -> NDArray[np.float64]:
    parts = np.maximum(parts, 0.0)
    total = parts.sum(axis=-1, keepdims=True)
    return np.divide(parts, total, out=np.full_like(parts, np.nan), where=total > 0.0)


def variance_split(results: Results, outputs: Sequence[str] | None = None) -> pd.DataFrame:
    """Split the variance of every output under every regime, with 95 % intervals; empty if there is one seed.

    Columns ``standard_deviation`` and, for each part, its share with ``_low`` and ``_high``.
    """
    rows = []
    for regime in results.regimes:
        for output in outputs or results.study["outputs"]:
            found = _split(results, output, regime)
            if found is not None:
                rows.append({"regime": regime, "output": output, **found})
    return pd.DataFrame(rows)


def _split(results: Results, output: str, regime: str) -> dict[str, float] | None:
    seeds = results.study["design"]["seeds"]
    if seeds == "factor":
        return _split_by_index(results, output, regime)
    runs = results.runs[results.runs["regime"] == regime]
    table = runs.assign(replicate=runs.groupby("point").cumcount()).pivot(
        index="point", columns="replicate" if seeds == "own" else "seed", values=output
    )
    if table.shape[0] < 2 or table.shape[1] < 2 or table.isna().to_numpy().any():
        return None
    values = table.to_numpy(dtype=float)
    own = seeds == "own"
    split = nested_shares if own else crossed_shares
    drawn = split(_resampled(values, also_seeds=not own))
    return _row(float(runs[output].std(ddof=1)), split(values), drawn)


def _resampled(values: NDArray[np.float64], *, also_seeds: bool) -> NDArray[np.float64]:
    """Draw points and, if they are shared, seeds with replacement (pigeonhole bootstrap, Owen 2007)."""
    generator = np.random.default_rng(SEED)
    points, seeds = values.shape
    row = generator.integers(points, size=(RESAMPLES, points, 1))
    if not also_seeds:
        return values[row[..., 0]]
    return values[row, generator.integers(seeds, size=(RESAMPLES, 1, seeds))]


def _row(spread: float, shares: NDArray[np.float64], drawn: NDArray[np.float64]) -> dict[str, float]:
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.nanquantile(drawn, [tail, 1.0 - tail], axis=0)
    row = {"standard_deviation": spread}
    for place, part in enumerate(PARTS):
        row |= {part: shares[place], f"{part}_low": low[place], f"{part}_high": high[place]}
    return {name: float(value) for name, value in row.items()}


def _split_by_index(results: Results, output: str, regime: str) -> dict[str, float] | None:
    """Where the seed is a factor of a Sobol design, its indices are the split."""
    if results.study["design"]["kind"] != "sobol":
        return None
    sample = sample_of(results, output, regime)
    luck = sobol_indices(sample).set_index("factor").loc[LUCK]
    spread = float(np.std(sample.values, ddof=1))
    shares = {
        "epistemic": (1.0 - luck["total"], 1.0 - luck["total_high"], 1.0 - luck["total_low"]),
        "aleatory": (luck["first"], luck["first_low"], luck["first_high"]),
        # The interval of a difference of two indices is not known from theirs.
        "joint": (luck["total"] - luck["first"], np.nan, np.nan),
    }
    row = {"standard_deviation": spread}
    for part, (middle, low, high) in shares.items():
        row |= {part: middle, f"{part}_low": low, f"{part}_high": high}
    return {name: float(value) for name, value in row.items()}
