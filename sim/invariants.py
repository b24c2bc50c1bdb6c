"""What must hold after every month: energy closes, people are conserved, no stock is negative or infinite
(design 1.6).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import literal_unroll
from numba.extending import register_jitable

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
    zone_off, worst, scale = _energy_gap(
        demand_mw, zone, result.gen_mw, result.flow_mw, result.shed_mw, result.interrupted_mw, result.over_mw
    )
    if not worst <= ENERGY_TOLERANCE * scale:
        raise InvariantError(f"{label}: energy of zone {zone_off} is off by {worst:.3g} MW")


@register_jitable
def larger(worst: float, gap: float) -> float:
    """The larger of two gaps; nan if one of them is nan."""
    return worst if worst != worst or gap <= worst else gap


@kernel
def _energy_gap(demand, zone, gen, flow, shed, interrupted, over):  # type: ignore[no-untyped-def]
    """Zone with the largest gap of an hour, that gap in MW (nan where one is nan), and the largest demand
    (from 1 MW).
    """
    zones, hours = demand.shape
    off, worst, scale = 0, 0.0, 1.0
    for z in range(zones):
        for h in range(hours):
            scale = max(scale, demand[z, h])
            gap = shed[z, h] + interrupted[z, h] - over[z, h] - demand[z, h]
            if zones > 1:
                gap -= flow[h] if z == 0 else -flow[h]
            for p in range(gen.shape[0]):
                if zone[p] == z:
                    gap += gen[p, h]
            if worst == worst and not abs(gap) <= worst:
                off, worst = z, abs(gap)
    return off, worst, scale


@register_jitable
def is_sound(amount: float) -> bool:
    """Whether a stock is finite and, but for rounding, not negative."""
    return (amount >= -SMALLEST_STOCK) & (amount < np.inf)


def stock_search(kind: str) -> Callable[[np.ndarray], int]:
    """Make the search through records of a kind for the first with a stock that is not sound: its place, or
    -1 if there is none. Names of stocks are constants in it, which makes it four times faster.
    """
    fields: Any = record_dtype(KINDS[kind]).fields
    arrays = tuple(name for name in STOCKS[kind] if fields[name][0].shape)
    numbers = tuple(name for name in STOCKS[kind] if name not in arrays)

    @register_jitable
    def sound_arrays(record):  # type: ignore[no-untyped-def]
        sound = True
        for name in literal_unroll(arrays):
            for amount in record[name]:
                sound = sound & is_sound(amount)
        return sound

    all_arrays = sound_arrays if arrays else no_arrays

    @register_jitable
    def first_bad(records):  # type: ignore[no-untyped-def]
        for i in range(len(records)):
            sound = all_arrays(records[i])
            for name in literal_unroll(numbers):
                sound = sound & is_sound(records[i][name])
            if not sound:
                return i
        return -1

    return first_bad


@register_jitable
def no_arrays(record: Any) -> bool:
    """What ``stock_search`` finds in arrays of a kind whose stocks are all numbers."""
    return True


bad_miner, bad_ai_firm = stock_search("miners"), stock_search("ai_firms")
bad_pool, bad_consumer = stock_search("skills"), stock_search("consumers")
bad_operator = stock_search("operator")


@kernel
def _first_bad(miners, world_miners, ai_firms, pools, consumers, operators):  # type: ignore[no-untyped-def]
    """Place of the first record with a stock that is not sound, by kind in order of ``STOCKS``; -1: none."""
    return (
        bad_miner(miners), bad_miner(world_miners), bad_ai_firm(ai_firms), bad_pool(pools),
        bad_consumer(consumers), bad_operator(operators),
    )  # fmt: skip


def check_stocks(label: str, state: State) -> None:
    """No stock is negative or not finite."""
    found = _first_bad(
        state.miners, state.world_miners, state.ai_firms, state.skills, state.consumers, state.operator
    )
    if max(found) < 0:
        return
    kind, agent = next((kind, agent) for kind, agent in zip(STOCKS, found, strict=True) if agent >= 0)
    for name in STOCKS[kind]:
        for amount in np.atleast_1d(state.agents(kind)[name][agent]).tolist():
            if not is_sound(amount):
                raise InvariantError(f"{label}: {name} of {kind} is {amount:.6g} (agent {agent})")


@register_jitable
def people(pools):  # type: ignore[no-untyped-def]
    """Everybody in each skill: in training, looking for work, at work here or elsewhere."""
    heads = np.zeros(len(pools))
    for skill in range(len(pools)):
        for term in range(len(pools[skill].training)):
            heads[skill] += pools[skill].training[term]
        heads[skill] += pools[skill].available + pools[skill].employed + pools[skill].elsewhere
    return heads


@register_jitable
def people_gaps(pools, before, now, jobs):  # type: ignore[no-untyped-def]
    """Largest number of people who appeared or vanished in a skill, and of jobs that firms and pools count
    differently (nan where one is nan); the largest pool (from 1).
    """
    lost, miscounted, scale = 0.0, 0.0, 1.0
    for skill in range(len(pools)):
        pool, employed = pools[skill], 0.0
        for group in range(jobs.shape[0]):
            employed += jobs[group, skill]
        gone = pool.entered - pool.emigrated - pool.left_field
        lost = larger(lost, abs(now[skill] - before[skill] - gone))
        miscounted = larger(miscounted, abs(pool.employed - employed))
        scale = max(scale, now[skill])
    return lost, miscounted, scale


def check_people(label: str, lost: float, miscounted: float, scale: float) -> None:
    """People in each skill change only by entry, emigration and leaving the field, and those employed here
    are those whom firms count; gaps as ``people_gaps`` finds them.
    """
    if not lost <= PEOPLE_TOLERANCE * scale:
        raise InvariantError(f"{label}: {lost:.3g} people appeared or vanished")
    if not miscounted <= PEOPLE_TOLERANCE * scale:
        raise InvariantError(f"{label}: firms and labour market differ by {miscounted:.3g} jobs")


def check_hardware(label: str, total_before: float, total_after: float, arrived: float, gone: float) -> None:
    """TH/s in fleets, orders and dealers' stock change only by orders from makers and scrapping."""
    gap = abs(total_after - total_before - arrived + gone)
    if not gap <= 1e-9 * max(1.0, total_after):
        raise InvariantError(f"{label}: {gap:.6g} TH/s of machines appeared or vanished")
