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
STOCKS = {
    "miners": ("cash_usd", "debt_usd", "site_mw", "building_mw", "coins_btc", "order_ths", "fleet_ths"),
    "world_miners": ("cash_usd", "debt_usd", "site_mw", "building_mw", "coins_btc", "order_ths", "fleet_ths"),
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
def stock_spans(kind: str) -> npt.NDArray[np.int64]:
    """Where a kind's stocks lie in a record: first word of eight bytes and the one after the last, a row per
    stock of ``STOCKS``.
    """
    fields: Any = record_dtype(KINDS[kind]).fields
    ends = [(offset, offset + form.itemsize) for form, offset in (fields[name][:2] for name in STOCKS[kind])]
    return np.array(ends, np.int64) // 8


@kernel
def _first_bad(tables, spans):  # type: ignore[no-untyped-def]
    """Table, row, span and word of the first stock that is negative or not finite; -1 if there is none."""
    for kind in range(len(tables)):
        table, places = tables[kind], spans[kind]
        for i in range(table.shape[0]):
            for k in range(places.shape[0]):
                good = True
                for word in range(places[k, 0], places[k, 1]):
                    good = good & (table[i, word] >= -SMALLEST_STOCK) & (table[i, word] < np.inf)
                if not good:
                    for word in range(places[k, 0], places[k, 1]):
                        if not -SMALLEST_STOCK <= table[i, word] < np.inf:
                            return kind, i, k, word
    return -1, -1, -1, -1


@functools.cache
def _all_spans() -> tuple[npt.NDArray[np.int64], ...]:
    return tuple(stock_spans(kind) for kind in STOCKS)


def check_stocks(label: str, state: State) -> None:
    """No stock is negative or not finite."""
    number, agent, k, word = _first_bad(tuple(state.words[kind] for kind in STOCKS), _all_spans())
    if number >= 0:
        kind = list(STOCKS)[number]
        amount = state.words[kind][agent, word]
        raise InvariantError(f"{label}: {STOCKS[kind][k]} of {kind} is {amount:.6g} (agent {agent})")


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
