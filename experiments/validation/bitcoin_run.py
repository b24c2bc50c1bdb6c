"""The world's miners from January 2017 to June 2025, run freely, and what was observed in the same months.

Nothing observed enters after the first month but the coin price, the fee share, the protocol's issuance, the
facts of the machines, and dated events.
"""

from __future__ import annotations

import csv
import dataclasses
import functools
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from sim import load_scenario
from sim.drivers import month_labels, observed
from sim.mining_world import MiningWorld, build_mining_world
from sim.parameters import data_text
from sim.scenario import Scenario

FloatArray = npt.NDArray[np.float64]
START, MONTHS = "2017-01", 102
FITTED_MONTHS = 48  # 2017-2020; everything later is predicted
FIRMS = 60
# December 2016: observed hash rate, a fleet between the best machine of 2015 and that of 2016, owners who can
# pay for what doubles the network in a year
OPENING = {
    "network_hash_start_ehs": 2.257, "world_fleet_median_j_per_th": 150.0, "world_funds_share": 1.0,
}  # fmt: skip
LABELS = month_labels(START, MONTHS)
PLACE = {label: t for t, label in enumerate(LABELS)}
# Price over production cost of the largest maker: 48.2 % gross margin in 2017, 36.2 % in the first half of
# 2018; launch price of the S19 Pro in May 2020 (21.8 USD/TH at 29.5 J/TH)
MARKUPS = (("2017-01", "2017-12", 1.93), ("2018-01", "2018-06", 1.57), ("2020-05", "2020-05", 1.48))


def rms(values: FloatArray) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(values))))


@functools.cache
def observed_hash_ehs() -> FloatArray:
    """Published monthly world hash rate, EH/s, from 2017-01 to 2025-06."""
    known = observed("bitcoin_monthly.csv", "hashrate_ehs")
    return np.array([known[label] for label in LABELS])


@functools.cache
def observed_efficiency() -> dict[str, float]:
    """Published efficiency of the network by month, J/TH: the anchors that are shipped."""
    rows = csv.DictReader(data_text("targets", "network_efficiency_anchors.csv").splitlines())
    return {row["month"]: float(row["j_per_th"]) for row in rows}


@functools.cache
def _scenario() -> Scenario:
    population = {"world_miners": FIRMS, "miners": 1, "ai_firms": 1}
    return load_scenario(start=START, months=MONTHS, population=population, overrides=OPENING)


def hindcast_world(overrides: Mapping[str, float] | None = None, seed: int = 0) -> MiningWorld:
    """The world's miners at the start of 2017 under changed parameters."""
    scenario = _scenario()
    merged = {**scenario.overrides, **(overrides or {})}
    return build_mining_world(dataclasses.replace(scenario, overrides=merged), seed)


def free_run(overrides: Mapping[str, float] | None = None, seed: int = 0) -> dict[str, FloatArray]:
    """Run freely to the last month; series by name (see ``sim.mining_world``)."""
    return hindcast_world(overrides, seed).run(MONTHS)


def hash_error(run: Mapping[str, FloatArray]) -> FloatArray:
    """Error of log10 of world hash by month."""
    return np.log10(run["hash_ehs"]) - np.log10(observed_hash_ehs()[: len(run["hash_ehs"])])


def efficiency_error(run: Mapping[str, FloatArray], first: str, last: str) -> dict[str, float]:
    """Error of log10 of network efficiency at the published anchors from ``first`` to ``last``."""
    return {
        month: float(np.log10(run["j_per_th"][PLACE[month]] / value))
        for month, value in observed_efficiency().items()
        if first <= month <= last
    }


def growth_since(series: FloatArray, base: str, months: int) -> FloatArray:
    """Change of a series in the months after ``base``, relative to it."""
    t = PLACE[base]
    return series[t + 1 : t + 1 + months] / series[t] - 1.0


def fitted_errors(run: Mapping[str, FloatArray]) -> dict[str, float]:
    """Root mean square errors on 2017-2020: log10 hash, log10 efficiency, log10 machine markup, months 1-3
    after the halving of May 2020.
    """
    markups = [
        np.log10(run["markup"][PLACE[first] : PLACE[last] + 1].mean() / value)
        for first, last, value in MARKUPS
    ]
    halving = growth_since(run["hash_ehs"], "2020-05", 3) - growth_since(observed_hash_ehs(), "2020-05", 3)
    return {
        "hash": rms(hash_error(run)[:FITTED_MONTHS]),
        "efficiency": rms(np.array(list(efficiency_error(run, "2018-06", "2020-12").values()))),
        "markup": rms(np.array(markups)),
        "halving": rms(halving),
    }
