"""What must hold after every month: energy closes, people are conserved, no stock is negative or infinite
(design 1.6).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sim.dispatch import DispatchResult
from sim.state import State

FloatArray = npt.NDArray[np.float64]
ENERGY_TOLERANCE = 1e-9
PEOPLE_TOLERANCE = 1e-9
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
    scale = max(1.0, float(demand_mw.max()))
    for z in range(len(demand_mw)):
        export = result.flow_mw if z == 0 else -result.flow_mw
        supply = result.gen_mw[zone == z].sum(axis=0) + result.shed_mw[z] + result.interrupted_mw[z]
        gap = supply - result.over_mw[z] - demand_mw[z] - (export if len(demand_mw) > 1 else 0.0)
        worst = float(np.abs(gap).max())
        if not worst <= ENERGY_TOLERANCE * scale:
            raise InvariantError(f"{label}: energy of zone {z} is off by {worst:.3g} MW")


def check_stocks(label: str, state: State) -> None:
    """No stock is negative or not finite."""
    for kind, names in STOCKS.items():
        records = state.agents(kind)
        for name in names:
            lowest = records[name].min() if records[name].size else 0.0
            if not lowest >= -1e-6:
                raise InvariantError(f"{label}: {name} of {kind} is {lowest:.6g}")


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
