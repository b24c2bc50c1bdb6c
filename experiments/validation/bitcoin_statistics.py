"""What the fit of the world's miners looks at: seventeen facts of 2017-2020, and how far each may be missed.

World hash by half-year, network efficiency by year, machine markups at three dates, and growth in the three
months after the halving of May 2020. A difference between model and record has three sources: the record is
an estimate (``Statistic.observation_sd``), another seed gives another run, and the model is not the world.
The last, the discrepancy, is correlated in time: what is wrong with half a year is mostly wrong with the
next.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from experiments.validate import load_targets
from experiments.validation.bitcoin_run import (
    MARKUPS,
    PLACE,
    START,
    growth_since,
    observed_efficiency,
    observed_hash_ehs,
)
from sim.drivers import month_labels

FloatArray = npt.NDArray[np.float64]
# Standard deviations of the records. hash: 26,000 blocks found at random in half a year are 0.003, sources
# differ by 1 %. efficiency: estimated from a list of machines, assumed 10 %. markup: assumed 10 % between a
# maker's margin and the price of a machine over its cost. halving: 4,400 blocks a month, two months
OBSERVATION_SD = {"hash": 0.005, "efficiency": 0.04, "markup": 0.04, "halving": 0.02}
# Targets of sim/data/targets/bitcoin.csv whose upper end is the tolerance of a group
TOLERANCE_OF = {
    "hash": "bitcoin.hash.fitted.rmse",
    "efficiency": "bitcoin.efficiency.fitted.rmse",
    "markup": "bitcoin.markup.fitted.rmse",
}
# Months in which the correlation of the discrepancy falls to 1/e: delivery, building and the sale of machines
# that no longer pay take about a year together
MEMORY_MONTHS = 12.0
# Draws whose median predicts a year that was left out
NEAREST = 100


@dataclass(frozen=True)
class Statistic:
    """One fact: first and last month after the start that it covers, and its group."""

    id: str
    group: str
    first: int
    last: int

    @property
    def middle(self) -> float:
        """Middle of the months it covers."""
        return (self.first + self.last) / 2.0

    @property
    def year(self) -> int:
        """Calendar year of its middle."""
        return int(START[:4]) + int(self.middle) // 12

    @property
    def observation_sd(self) -> float:
        """Standard deviation of the record."""
        return OBSERVATION_SD[self.group]


@functools.cache
def statistics() -> tuple[Statistic, ...]:
    """All facts in the order of every vector of this module."""
    found = [
        Statistic(f"hash.{2017 + half // 2}h{1 + half % 2}", "hash", 6 * half, 6 * half + 5)
        for half in range(8)
    ]
    found += [
        Statistic(f"efficiency.{2017 + year}", "efficiency", 12 * year, 12 * year + 11) for year in (1, 2, 3)
    ]
    found += [Statistic(f"markup.{first}", "markup", PLACE[first], PLACE[last]) for first, last, _ in MARKUPS]
    halving = PLACE["2020-05"]
    found += [
        Statistic(f"halving.month{month}", "halving", halving + month, halving + month) for month in (1, 2, 3)
    ]
    return tuple(found)


def _anchors(fact: Statistic) -> list[str]:
    months = month_labels(START, fact.last + 1)[fact.first :]
    return [month for month in months if month in observed_efficiency()]


def simulated_statistics(run: Mapping[str, FloatArray]) -> FloatArray:
    """Facts of a run: mean log10 of hash (EH/s) and of J/TH at the anchors, log10 of the mean markup, growth
    since May 2020 as a share; not finite where no machine ran.
    """
    found = []
    with np.errstate(divide="ignore", invalid="ignore"):
        for fact in statistics():
            span = slice(fact.first, fact.last + 1)
            if fact.group == "hash":
                found.append(np.log10(run["hash_ehs"][span]).mean())
            elif fact.group == "efficiency":
                found.append(np.mean([np.log10(run["j_per_th"][PLACE[month]]) for month in _anchors(fact)]))
            elif fact.group == "markup":
                found.append(np.log10(run["markup"][span].mean()))
            else:
                found.append(growth_since(run["hash_ehs"], "2020-05", 3)[fact.first - PLACE["2020-06"]])
    return np.array(found)


@functools.cache
def observed_statistics() -> FloatArray:
    """The same facts as published."""
    markup = np.ones(PLACE["2020-12"] + 1)
    for first, last, value in MARKUPS:
        markup[PLACE[first] : PLACE[last] + 1] = value
    j_per_th = np.ones(len(markup))
    for month, value in observed_efficiency().items():
        if PLACE[month] < len(j_per_th):
            j_per_th[PLACE[month]] = value
    return simulated_statistics({"hash_ehs": observed_hash_ehs(), "j_per_th": j_per_th, "markup": markup})


@functools.cache
def tolerances() -> FloatArray:
    """What ``wattlab validate`` allows each fact to be missed by: the bar of its group."""
    bars = {target.id: target for target in load_targets("bitcoin")}
    halving = bars["bitcoin.halving.2020.month1"]
    of_group = {group: bars[name].high for group, name in TOLERANCE_OF.items()}
    of_group["halving"] = (halving.high - halving.low) / 200.0
    return np.array([of_group[fact.group] for fact in statistics()])


def left_out_errors(simulated: FloatArray) -> FloatArray:
    """Error of each fact when its year is predicted: by the median of the draws that are nearest to the facts
    of the other years, in units of their tolerances. ``simulated``: (draws, facts).
    """
    seen, years = observed_statistics(), np.array([fact.year for fact in statistics()])
    misses = np.where(np.isfinite(simulated), (simulated - seen) / tolerances(), np.inf)
    found = np.zeros(len(seen))
    for year in np.unique(years):
        others = np.square(misses[:, years != year]).mean(axis=1)
        near = simulated[np.argsort(others, kind="stable")[:NEAREST]]
        found[years == year] = np.median(near[:, years == year], axis=0) - seen[years == year]
    return found


def discrepancy_sd(simulated: FloatArray) -> FloatArray:
    """Standard deviation of the discrepancy by fact, the same within a group: the root mean square of the
    errors of left-out years, but not less than half of the tolerance, for there are few of them.
    """
    errors, groups = left_out_errors(simulated), [fact.group for fact in statistics()]
    found = tolerances() / 2.0
    for group in set(groups):
        mine = np.array([other == group for other in groups])
        found[mine] = np.maximum(found[mine], np.sqrt(np.mean(np.square(errors[mine]))))
    return found


def error_covariance(simulated: FloatArray) -> FloatArray:
    """Covariance of record minus model without the seeds, (facts, facts): discrepancy, correlated within a
    group by the months between, and the error of the record.
    """
    facts, sd = statistics(), discrepancy_sd(simulated)
    middle = np.array([fact.middle for fact in facts])
    together = np.array([[a.group == b.group for b in facts] for a in facts])
    correlation = together * np.exp(-np.abs(middle[:, None] - middle) / MEMORY_MONTHS)
    return correlation * np.outer(sd, sd) + np.diag([fact.observation_sd**2 for fact in facts])
