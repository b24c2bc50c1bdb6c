"""Power that is really left: what idle plants could deliver into a zone by hour after the reserve, at what
cost.

New load is judged at this margin (Eq. B11): energy counts for a zone if its plants, or those behind the link,
could make it at or below a cost, within the hourly limit of imported gas. Stored water is not counted, nor is
gas of a month whose cargoes are used up: it would only be moved from another hour.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba.extending import register_jitable

from sim.compiled import kernel
from sim.power import MonthOfPower, PowerSystem

FloatArray = npt.NDArray[np.float64]
# Load whose cost is asked for, and the block that was offered, MW
PROBE_MW, OFFER_MW = 1000.0, 2000.0
LIMITS = 3
CHEAP, DEAR, ANY = range(LIMITS)


class Surplus(NamedTuple):
    """Surplus of months: ``free_mw`` by month, limit of cost (cheap, dear, any), zone and hour, MW at the
    generation end; ``probe_usd_per_mwh`` is the mean cost of serving ``PROBE_MW`` more, month x zone x hour.
    """

    free_mw: FloatArray
    probe_usd_per_mwh: FloatArray


@register_jitable
def fill_idle(idle: Any, gen: Any, maximum: Any, limited: Any, group: Any, gas_cap: float) -> None:
    """Fill idle MW by plant and hour; what gas plants could add stays within the hourly limit of their
    fuel.
    """
    plants, hours = idle.shape
    burnt, gas = np.zeros(hours), np.zeros(hours)
    for p in range(plants):
        for h in range(hours):
            idle[p, h] = 0.0 if limited[p] else max(0.0, maximum[p, h] - gen[p, h])
        if group[p] >= 0:
            for h in range(hours):
                burnt[h] += gen[p, h]
                gas[h] += idle[p, h]
    for h in range(hours):
        # What is burnt may exceed the limit by rounding: no gas is left then, and nothing has to be scaled.
        room = max(0.0, gas_cap - burnt[h])
        if gas[h] > room:
            for p in range(plants):
                if group[p] >= 0:
                    idle[p, h] *= room / gas[h]


@register_jitable
def fill_free(  # type: ignore[no-untyped-def]
    free, idle, cost, zone, room, over, spilt, limits, reserve
):
    """Fill free MW by limit of cost, zone and hour. The reserve is held by the dearest."""
    zones, hours = over.shape
    total = np.zeros(hours)
    for p in range(idle.shape[0]):
        for h in range(hours):
            total[h] += idle[p, h]
    for k in range(len(limits)):
        below, everywhere = np.zeros((zones, hours)), np.zeros(hours)
        for p in range(idle.shape[0]):
            if cost[p] <= limits[k]:
                for h in range(hours):
                    below[zone[p], h] += idle[p, h]
        for z in range(zones):
            for h in range(hours):
                everywhere[h] += below[z, h]
        for z in range(zones):
            for h in range(hours):
                here = over[z, h] + below[z, h]
                there = spilt[h] - over[z, h] + everywhere[h] - below[z, h]
                most = total[h] + spilt[h] - reserve
                free[k, z, h] = max(0.0, min(here + min(room[z, h], there), most))


@register_jitable
def fill_price(  # type: ignore[no-untyped-def]
    price, idle, cost, zone, room, over, spilt, lost, probe
):
    """Fill the mean cost of ``probe`` MW more by zone and hour, in order of cost, USD per MWh."""
    order = np.argsort(cost, kind="mergesort")
    for z in range(over.shape[0]):
        for h in range(over.shape[1]):
            need, room_left = probe, room[z, h]
            need -= min(need, over[z, h])
            taken = min(need, room_left, spilt[h] - over[z, h])
            need -= taken
            room_left -= taken
            paid = 0.0
            for p in order:
                if need <= 0.0:
                    break
                take = min(need, idle[p, h])
                if zone[p] != z:
                    take = min(take, room_left)
                    room_left -= take
                paid += take * cost[p]
                need -= take
            price[z, h] = (paid + need * lost) / probe


@kernel
def measure(  # type: ignore[no-untyped-def]
    gen, maximum, cost, zone, limited, group, gas_cap, flow, link, over, limits, reserve, lost, probe
):
    """Free MW by limit, zone and hour, and the mean cost of ``probe`` MW more by zone and hour.

    ``flow`` is positive from zone 0 to zone 1; energy that nothing could use (``over``) is free; beyond all
    plants a MWh costs ``lost``.
    """
    plants, hours = gen.shape
    zones = over.shape[0]
    idle, room, spilt = np.zeros((plants, hours)), np.zeros((zones, hours)), np.zeros(hours)
    fill_idle(idle, gen, maximum, limited, group, gas_cap)
    for z in range(zones):
        for h in range(hours):
            spilt[h] += over[z, h]
            if zones == 2:
                room[z, h] = max(0.0, link - flow[h] if z == 1 else link + flow[h])
    free, price = np.zeros((len(limits), zones, hours)), np.zeros((zones, hours))
    fill_free(free, idle, cost, zone, room, over, spilt, limits, reserve)
    fill_price(price, idle, cost, zone, room, over, spilt, lost, probe)
    return free, price


@kernel
def measure_months(pars, case):  # type: ignore[no-untyped-def]
    """Measure months: returns the arrays of ``Surplus``. ``pars`` has the parameters of every month, ``case``
    is that of ``surplus_case``. Gas plants count only if gas of the month is left.
    """
    gen, maximum, cost, flow, over, gas_cap, gas_is_left, link, zone, limited, group = case
    months, zones, hours = over.shape
    free, price = np.zeros((months, LIMITS, zones, hours)), np.zeros((months, zones, hours))
    without_gas = limited | (group >= 0)
    for t in range(months):
        par = pars[t]
        delivery = 1.0 - par.transmission_loss_share
        limits = (
            par.cheap_power_usd_per_kwh * 1000.0 * delivery, par.dear_power_usd_per_kwh * 1000.0 * delivery,
            np.inf,
        )  # fmt: skip
        free[t], price[t] = measure(
            gen[t], maximum[t], cost[t], zone, limited if gas_is_left[t] else without_gas, group, gas_cap[t],
            flow[t], link[t], over[t], limits, par.reserve_margin_mw,
            par.value_of_lost_load_usd_per_mwh, PROBE_MW,
        )  # fmt: skip
    return free, price


def surplus_case(system: PowerSystem, months: Sequence[MonthOfPower]) -> tuple[Any, ...]:
    """What ``measure_months`` needs of the dispatch of months."""
    results, cases = [month.result for month in months], [month.case for month in months]
    return (
        np.array([result.gen_mw for result in results]),
        np.array([case.max_mw for case in cases]),
        np.array([case.cost_usd_per_mwh for case in cases]),
        np.array([result.flow_mw for result in results]),
        np.array([result.over_mw for result in results]),
        np.array([case.group_cap_mw[0] for case in cases]),
        np.array([sum(result.group_value_usd_per_mwh.tolist()) <= 0.0 for result in results]),
        np.array([case.link_north_mw for case in cases]),
        system.zone, system.limited, system.group,
    )  # fmt: skip


def surplus_of(system: PowerSystem, months: Sequence[MonthOfPower], pars: np.ndarray) -> Surplus:
    """Measure what months leave; ``pars`` has the parameters of every month."""
    return Surplus(*measure_months(pars, surplus_case(system, months)))
