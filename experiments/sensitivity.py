"""Which uncertain factor drives an outcome: Sobol, Morris and PAWN indices of stored runs, by SALib.

All functions work on the unit cube of the design (``Results.points``), one regime at a time, on the mean over
the seeds of a point. A missing run or a value that is not finite is refused: SALib would return zeros for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from experiments.errors import StoreError
from experiments.sampling import MORRIS_LEVELS, salib

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from experiments.results import Results

CONFIDENCE = 0.95
RESAMPLES = 1_000
PAWN_RESAMPLES = 20
NORMAL_95 = 1.959964
SEED = 20_250_525
UNIT = "u_"


@dataclass(frozen=True)
class Sample:
    """A design and what came out of it: names of the factors, unit cube (points x factors), outcome."""

    names: tuple[str, ...]
    units: NDArray[np.float64]
    values: NDArray[np.float64]

    @property
    def problem(self) -> dict[str, Any]:
        """The unit cube in the form that SALib wants."""
        return {
            "num_vars": len(self.names),
            "names": list(self.names),
            "bounds": [[0.0, 1.0]] * len(self.names),
        }

    @property
    def varies(self) -> bool:
        """True unless the outcome is the same at every point."""
        return bool(np.ptp(self.values) > 0.0)


def sample_of(results: Results, output: str, regime: str) -> Sample:
    """Take the design and an outcome from stored runs; StoreError if any run is missing or not finite."""
    results.require_complete()
    columns = [name for name in results.points.columns if name.startswith(UNIT)]
    if not columns:
        raise StoreError(f"{results.store.root}: the design of {results.study['name']} has no factors")
    runs = results.runs[results.runs["regime"] == regime]
    means = runs.groupby("point")[output].mean().reindex(results.points["point"])
    unusable = int((~np.isfinite(means.to_numpy(dtype=float))).sum())
    if unusable:
        raise StoreError(
            f"{results.store.root}: {output} of {regime} is missing or not finite at {unusable} of "
            f"{len(means)} points; indices need every point"
        )
    names = tuple(name.removeprefix(UNIT) for name in columns)
    return Sample(names, results.points[columns].to_numpy(dtype=float), means.to_numpy(dtype=float))


def sobol_indices(sample: Sample, resamples: int = RESAMPLES) -> pd.DataFrame:
    """First-order, total and Shapley share of each factor with 95 % intervals; NaN if constant.

    Columns ``first``, ``total``, ``shapley``, each with ``_low`` and ``_high`` (bootstrap). The Shapley share
    lies between first and total (Owen 2014, SIAM/ASA J. UQ 2); their mean, scaled to a sum of one, is it
    unless more than two factors interact at once.
    """
    names = ["first", "total", "shapley"]
    columns = [f"{name}{end}" for name in names for end in ("", "_low", "_high")]
    frame = pd.DataFrame(np.nan, index=pd.Index(sample.names, name="factor"), columns=columns)
    if not sample.varies:
        return frame.reset_index()
    analyse = salib("analyze.sobol").analyze
    found = analyse(
        sample.problem,
        sample.values,
        calc_second_order=True,
        num_resamples=resamples,
        conf_level=CONFIDENCE,
        keep_resamples=True,
        seed=SEED,
    )
    first, total = np.asarray(found["S1"]), np.asarray(found["ST"])
    drawn_first, drawn_total = np.asarray(found["S1_conf_all"]), np.asarray(found["ST_conf_all"])
    drawn = {"first": drawn_first, "total": drawn_total, "shapley": shapley_shares(drawn_first, drawn_total)}
    points = {"first": first, "total": total, "shapley": shapley_shares(first, total)}
    tail = (1.0 - CONFIDENCE) / 2.0
    for name in names:
        frame[name] = points[name]
        frame[f"{name}_low"], frame[f"{name}_high"] = np.quantile(drawn[name], [tail, 1.0 - tail], axis=0)
    return frame.reset_index()


def shapley_shares(first: NDArray[np.float64], total: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share the variance out: mean of first and total index, scaled to a sum of one over the last axis."""
    middle = (np.asarray(first) + np.asarray(total)) / 2.0
    return middle / middle.sum(axis=-1, keepdims=True)


def morris_effects(sample: Sample, resamples: int = RESAMPLES) -> pd.DataFrame:
    """Elementary effects of each factor, in the unit of the outcome for a move through the whole range.

    Columns ``mu_star`` (mean size), ``mu_star_low`` and ``_high`` (95 % bootstrap), ``mu`` (mean with its
    sign) and ``sigma`` (spread: interaction or curvature).
    """
    found = salib("analyze.morris").analyze(
        sample.problem,
        sample.units,
        sample.values,
        num_levels=MORRIS_LEVELS,
        num_resamples=resamples,
        conf_level=CONFIDENCE,
        seed=SEED,
    )
    half = np.asarray(found["mu_star_conf"], dtype=float)
    middle = np.asarray(found["mu_star"], dtype=float)
    return pd.DataFrame(
        {
            "factor": sample.names,
            "mu_star": middle,
            "mu_star_low": np.maximum(middle - half, 0.0),
            "mu_star_high": middle + half,
            "mu": np.asarray(found["mu"], dtype=float),
            "sigma": np.asarray(found["sigma"], dtype=float),
        }
    )


def pawn_indices(sample: Sample, resamples: int = PAWN_RESAMPLES) -> pd.DataFrame:
    """PAWN index of each factor: how far it shifts the whole distribution (Pianosi & Wagener 2015).

    Median Kolmogorov-Smirnov distance over slices of the factor, in [0, 1], with a 95 % interval by
    bootstrap. For skewed outcomes, of which the variance says little; above zero for the dummy too, so
    compare with it. The sample must be independent between points.
    """
    frame = pd.DataFrame({"factor": sample.names})
    if not sample.varies:
        return frame.assign(pawn=np.nan, pawn_low=np.nan, pawn_high=np.nan)
    analyse = salib("analyze.pawn").analyze

    def medians(rows: NDArray[np.int64] | slice) -> NDArray[np.float64]:
        return np.asarray(
            analyse(sample.problem, sample.units[rows], sample.values[rows], seed=SEED)["median"]
        )

    generator, size = np.random.default_rng(SEED), len(sample.values)
    middle = medians(slice(None))
    drawn = np.array([medians(generator.integers(size, size=size)) for _ in range(resamples)])
    half = NORMAL_95 * drawn.std(axis=0, ddof=1)
    return frame.assign(pawn=middle, pawn_low=np.maximum(middle - half, 0.0), pawn_high=middle + half)


def independent_part(sample: Sample, kind: str) -> Sample:
    """Take the points of a design that are independent draws: of a Sobol design its two base samples."""
    if kind != "sobol":
        return sample
    block = 2 * len(sample.names) + 2
    place = np.arange(len(sample.values)) % block
    keep = (place == 0) | (place == block - 1)
    return Sample(sample.names, sample.units[keep], sample.values[keep])


def indices_of(results: Results, outputs: Sequence[str] | None = None) -> pd.DataFrame:
    """Compute the indices that the design of a study allows, for every regime and output.

    Sobol designs give Sobol and PAWN indices, Morris designs elementary effects, other samples PAWN.
    """
    kind = results.study["design"]["kind"]
    parts = []
    for regime in results.regimes:
        for output in outputs or results.study["outputs"]:
            sample = sample_of(results, output, regime)
            if kind == "morris":
                part = morris_effects(sample)
            else:
                part = pawn_indices(independent_part(sample, kind))
                if kind == "sobol":
                    part = sobol_indices(sample).merge(part, on="factor")
            part.insert(0, "output", output)
            part.insert(0, "regime", regime)
            parts.append(part)
    return pd.concat(parts, ignore_index=True)
