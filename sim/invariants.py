"""What must hold after every month: energy closes, people are conserved, no stock is negative or infinite
(design 1.6).
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.compiled import kernel
from sim.dispatch import DispatchResult
from sim.state import State, word_view

FloatArray = npt.NDArray[np.float64]
ENERGY_TOLERANCE = 1e-9
PEOPLE_TOLERANCE = 1e-9
SMALLEST_STOCK = 1e-6
STOCKS = {
    "miners": ("cash_usd", "debt_usd", "site_mw", "building_mw", "coins_btc", "order_ths", "fleet_ths"),
    "world_miners": ("cash_usd", "debt_usd", "site_mw", "building_mw", "coins_btc", "order_ths", "fleet_ths"),
    "ai_firms": ("cash_usd", "debt_usd", "site_mw", "building_mw", "it_mw"),
    "skills": ("training", "available", "employed"),
    "consumers": ("solar_mw", "energy_mwh"),
    "operator": ("arrears_usd",),
}


class InvariantError(ArithmeticError):
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
def stock_words(kind: str, dtype: np.dtype) -> npt.NDArray[np.int64]:
    """Places of a kind's stocks in a record, counted in words of eight bytes."""
    fields: Any = dtype.fields
    words = [(int(fields[name][1]) // 8, fields[name][0].itemsize // 8) for name in STOCKS[kind]]
    return np.concatenate([np.arange(first, first + count) for first, count in words])


@kernel
def _first_bad(table, words):  # type: ignore[no-untyped-def]
    """Row and column of the first word that is negative or not finite; (-1, -1) if there is none."""
    for i in range(table.shape[0]):
        for word in words:
            if not -SMALLEST_STOCK <= table[i, word] < np.inf:
                return i, word
    return -1, -1


def check_stocks(label: str, state: State) -> None:
    """No stock is negative or not finite."""
    for kind in STOCKS:
        records = state.agents(kind)
        table = word_view(records)
        row, word = _first_bad(table, stock_words(kind, records.dtype))
        if row >= 0:
            fields: Any = records.dtype.fields
            name = max(
                (name for name in STOCKS[kind] if fields[name][1] // 8 <= word),
                key=lambda name: fields[name][1],
            )
            raise InvariantError(f"{label}: {name} of {kind} is {table[row, word]:.6g} (agent {row})")


def check_people(label: str, state: State, before: FloatArray) -> None:
    """People in each skill change only by entry, emigration and leaving the field."""
    pools = state.skills
    after = pools["training"] + pools["available"] + pools["employed"]
    moved = pools["entered"] - pools["emigrated"] - pools["left_field"]
    worst = float(np.abs(after - before - moved).max())
    if not worst <= PEOPLE_TOLERANCE * max(1.0, float(after.max())):
        raise InvariantError(f"{label}: {worst:.3g} people appeared or vanished")


def check_hardware(label: str, total_before: float, total_after: float, arrived: float, gone: float) -> None:
    """TH/s in fleets, orders and dealers' stock change only by orders from makers and scrapping."""
    gap = abs(total_after - total_before - arrived + gone)
    if not gap <= 1e-9 * max(1.0, total_after):
        raise InvariantError(f"{label}: {gap:.6g} TH/s of machines appeared or vanished")
