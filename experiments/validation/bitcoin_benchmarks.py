"""What needs no miners: four naive models of log world hash, and the Diebold-Mariano test against them.

Each is fitted on 2017-2020 and then runs freely on the same coin price, issuance and fees as the model, from
the hash rate observed in December 2020 (the model gets no such correction).
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from experiments.validation.bitcoin_run import FITTED_MONTHS, hindcast_world, observed_hash_ehs
from sim.bitcoin import TARGET_BLOCKS_PER_DAY, mean_subsidy_btc

FloatArray = npt.NDArray[np.float64]
# From (log10 hash now, months ahead, first month predicted) to log10 hash of the months ahead
Path = Callable[[float, int, int], FloatArray]


@functools.cache
def log_reward() -> FloatArray:
    """Log10 of what the network earns a day at nominal issuance, USD, by month."""
    drivers = hindcast_world().drivers
    blocks = TARGET_BLOCKS_PER_DAY * drivers.days
    subsidy = [mean_subsidy_btc(height, n) for height, n in zip(drivers.height, blocks, strict=True)]
    daily = TARGET_BLOCKS_PER_DAY * np.array(subsidy) / (1.0 - drivers.fee_share)
    return np.log10(daily * drivers.btc_price_usd)


def _random_walk(known: FloatArray) -> Path:
    drift = float((known[-1] - known[0]) / (len(known) - 1))
    return lambda now, months, first: np.asarray(now + drift * np.arange(1, months + 1), np.float64)


def _partial_adjustment(known: FloatArray, unit_elasticity: bool) -> Path:
    """Monthly change of log hash regressed on reward and last hash, or on the gap between them."""
    reward, before = log_reward()[1 : len(known)], known[:-1]
    columns = [np.ones_like(before)]
    columns += [reward - before] if unit_elasticity else [reward, -before]
    found, *_ = np.linalg.lstsq(np.column_stack(columns), np.diff(known), rcond=None)
    pull, keep = (found[1], found[1]) if unit_elasticity else (found[1], found[2])

    def path(now: float, months: int, first: int) -> FloatArray:
        steps = np.empty(months)
        for k in range(months):
            now = now + found[0] + pull * log_reward()[first + k] - keep * now
            steps[k] = now
        return steps

    return path


def _free_entry(known: FloatArray) -> Path:
    cost = float(np.mean(log_reward()[: len(known)] - known))
    return lambda now, months, first: log_reward()[first : first + months] - cost


@functools.cache
def benchmarks() -> dict[str, Path]:
    """The naive models by name, fitted on 2017-2020."""
    known = np.log10(observed_hash_ehs()[:FITTED_MONTHS])
    return {
        "random_walk": _random_walk(known),
        "partial_adjustment": _partial_adjustment(known, unit_elasticity=False),
        "partial_adjustment_unit": _partial_adjustment(known, unit_elasticity=True),
        "free_entry": _free_entry(known),
    }


def benchmark_errors() -> dict[str, FloatArray]:
    """Errors of log10 hash of each naive model, running freely from January 2021."""
    seen = np.log10(observed_hash_ehs())
    months = len(seen) - FITTED_MONTHS
    return {
        name: path(seen[FITTED_MONTHS - 1], months, FITTED_MONTHS) - seen[FITTED_MONTHS:]
        for name, path in benchmarks().items()
    }


def ahead_errors(path: Path, months: int) -> FloatArray:
    """Errors of log10 hash a number of months ahead, from every origin since December 2020."""
    seen = np.log10(observed_hash_ehs())
    origins = range(FITTED_MONTHS - 1, len(seen) - months)
    return np.array([path(seen[t], months, t + 1)[-1] - seen[t + months] for t in origins])


def diebold_mariano(errors: FloatArray, other: FloatArray, lags: int) -> tuple[float, float]:
    """Statistic and one-sided p-value that ``errors`` have the smaller mean square; negative is better.

    The variance of the mean of the loss differential is that of Newey & West (1987) with ``lags`` lags.
    Source: Diebold & Mariano 1995.
    """
    gap = np.square(errors) - np.square(other)
    n, centred = len(gap), gap - gap.mean()
    variance = float(centred @ centred) / n
    for lag in range(1, lags + 1):
        weight = 1.0 - lag / (lags + 1.0)
        variance += 2.0 * weight * float(centred[lag:] @ centred[:-lag]) / n
    statistic = float(gap.mean() / np.sqrt(variance / n))
    return statistic, float(norm.cdf(statistic))
