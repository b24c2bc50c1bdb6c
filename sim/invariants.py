"""What must hold after every month: energy closes, people are conserved, no stock is negative or infinite
(design 1.6).
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.base import record_dtype
from sim.compiled import kernel
from sim.dispatch import DispatchResult
from sim.errors import ModelError
from sim.state import KINDS, State

FloatArray = npt.NDArray[np.float64]
ENERGY_TOLERANCE = 1e-9
PEOPLE_TOLERANCE = 1e-9
SMALLEST_STOCK = 1e-6
MINER_STOCKS = (
    "cash_usd", "debt_usd", "site_mw", "building_mw", "coins_btc", "order_ths", "used_order_ths", "fleet_ths",
)  # fmt: skip
STOCKS = {
    "miners": MINER_STOCKS,
    "world_miners": MINER_STOCKS,
    "ai_firms": (
        "cash_usd",
        "debt_usd",
        "site_mw",
        "building_mw",
        "it_mw",
        "gpu_mw_it",
        "filling_mw_it",
        "anchored_mw_it",
    ),
    "skills": ("training", "available", "employed", "elsewhere", "vacancies", "released", "matches"),
    "consumers": ("solar_mw", "energy_mwh"),
    "operator": ("arrears_usd",),
}


class InvariantError(ModelError):
    """A month broke a conservation law."""


def check_energy(
    label: str, demand_mw: FloatArray, zone: npt.NDArray[np.int64], result: DispatchResult
) -> None:
    """Generation + imports = served + losses + curtailed, per zone and hour, to 1e-9 of the zone's demand."""
    gaps_mw, scale = _energy_gaps(
        demand_mw, zone, result.gen_mw, result.flow_mw, result.shed_mw, result.interrupted_mw, result.over_mw
    )
    for z, worst in enumerate(gaps_mw.tolist()):
        if not worst <= ENERGY_TOLERANCE * scale:
            raise InvariantError(f"{label}: energy of zone {z} is off by {worst:.3g} MW")


@kernel
def _energy_gaps(demand, zone, gen, flow, shed, interrupted, over):  # type: ignore[no-untyped-def]
    """Largest gap of an hour by zone, MW (nan where one is nan), and the largest demand (from 1 MW)."""
    zones, hours = demand.shape
    gaps = np.zeros(zones)
    scale = 1.0
    for z in range(zones):
        for h in range(hours):
            scale = max(scale, demand[z, h])
            gap = shed[z, h] + interrupted[z, h] - over[z, h] - demand[z, h]
            if zones > 1:
                gap -= flow[h] if z == 0 else -flow[h]
            for p in range(gen.shape[0]):
                if zone[p] == z:
                    gap += gen[p, h]
            if not abs(gap) <= gaps[z]:
                gaps[z] = abs(gap)
    return gaps, scale


@functools.cache
def stock_words(kind: str) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Places of a kind's stocks in a record, counted in words of eight bytes, and the stock of each place."""
    fields: Any = record_dtype(KINDS[kind]).fields
    place: dict[int, str] = {}
    for name in STOCKS[kind]:
        form, offset = fields[name][:2]
        place |= dict.fromkeys(range(offset // 8, (offset + form.itemsize) // 8), name)
    return np.array(list(place), np.int64), tuple(place.values())


@kernel
def _first_bad(tables, places):  # type: ignore[no-untyped-def]
    """Table, row and number of the first place that is negative or not finite; -1 thrice if there is none."""
    for kind in range(len(tables)):
        table, here = tables[kind], places[kind]
        for i in range(table.shape[0]):
            good = True
            for k in range(len(here)):
                good = good & (table[i, here[k]] >= -SMALLEST_STOCK) & (table[i, here[k]] < np.inf)
            if good:
                continue
            for k in range(len(here)):
                if not -SMALLEST_STOCK <= table[i, here[k]] < np.inf:
                    return kind, i, k
    return -1, -1, -1


@functools.cache
def _all_stock_places() -> tuple[npt.NDArray[np.int64], ...]:
    return tuple(stock_words(kind)[0] for kind in STOCKS)


def check_stocks(label: str, state: State) -> None:
    """No stock is negative or not finite."""
    number, agent, k = _first_bad(tuple(state.words[kind] for kind in STOCKS), _all_stock_places())
    if number >= 0:
        kind = list(STOCKS)[number]
        places, names = stock_words(kind)
        amount = state.words[kind][agent, places[k]]
        raise InvariantError(f"{label}: {names[k]} of {kind} is {amount:.6g} (agent {agent})")


@kernel
def people(pools):  # type: ignore[no-untyped-def]
    """Everybody in each skill: in training, looking for work, at work here or elsewhere."""
    heads = np.zeros(len(pools))
    for skill in range(len(pools)):
        for term in range(len(pools[skill].training)):
            heads[skill] += pools[skill].training[term]
        heads[skill] += pools[skill].available + pools[skill].employed + pools[skill].elsewhere
    return heads


@kernel
def _people_gaps(pools, before, now, jobs):  # type: ignore[no-untyped-def]
    """Largest number of people who appeared or vanished in a skill, and of jobs that firms and pools count
    differently (nan where one is nan); the largest pool (from 1).
    """
    lost, miscounted, scale = 0.0, 0.0, 1.0
    for skill in range(len(pools)):
        pool, employed = pools[skill], 0.0
        for group in range(jobs.shape[0]):
            employed += jobs[group, skill]
        gap = abs(now[skill] - before[skill] - (pool.entered - pool.emigrated - pool.left_field))
        if not gap <= lost:
            lost = gap
        gap = abs(pool.employed - employed)
        if not gap <= miscounted:
            miscounted = gap
        scale = max(scale, now[skill])
    return lost, miscounted, scale


def check_people(label: str, state: State, before: FloatArray, jobs: FloatArray) -> None:
    """People in each skill change only by entry, emigration and leaving the field, and those employed here
    are those whom firms count (``jobs``, by phase and skill).
    """
    pools = state.skills
    lost, miscounted, scale = _people_gaps(pools, before, people(pools), jobs)
    if not lost <= PEOPLE_TOLERANCE * scale:
        raise InvariantError(f"{label}: {lost:.3g} people appeared or vanished")
    if not miscounted <= PEOPLE_TOLERANCE * scale:
        raise InvariantError(f"{label}: firms and labour market differ by {miscounted:.3g} jobs")


def check_hardware(label: str, total_before: float, total_after: float, arrived: float, gone: float) -> None:
    """TH/s in fleets, orders and dealers' stock change only by orders from makers and scrapping."""
    gap = abs(total_after - total_before - arrived + gone)
    if not gap <= 1e-9 * max(1.0, total_after):
        raise InvariantError(f"{label}: {gap:.6g} TH/s of machines appeared or vanished")
