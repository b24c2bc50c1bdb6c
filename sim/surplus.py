"""Power that is really left: what idle plants could deliver into a zone by hour after the reserve, at what
cost.

New load is judged at this margin (Eq. B11): energy counts for a zone if its plants, or those behind the link,
could make it at or below a cost, within the hourly limit of imported gas. Stored water is not counted, nor is
gas of a month whose cargoes are used up: it would only be moved from another hour.
"""

from __future__ import annotations

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
    """Surplus of a month: ``free_mw`` by limit of cost (cheap, dear, any), zone and hour, MW at the
    generation end; ``probe_usd_per_mwh`` is the mean cost of serving ``PROBE_MW`` more, zone x hour.
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


def surplus_case(system: PowerSystem, month: MonthOfPower, t: int) -> tuple[Any, ...]:
    """Arguments of ``measure`` for month ``t``; gas plants count only if gas of the month is left."""
    result, values = month.result, system.values
    gas_is_left = sum(result.group_value_usd_per_mwh.tolist()) <= 0.0
    delivery = 1.0 - values["transmission_loss_share"]
    limits = (values["cheap_power_usd_per_kwh"], values["dear_power_usd_per_kwh"], np.inf)
    return (
        result.gen_mw, month.maximum_mw, month.cost_usd_per_mwh, system.zone,
        system.limited if gas_is_left else system.limited | (system.group >= 0),
        system.group, system.gas_cap_mw(t), result.flow_mw, values["link_mw"] * system.drivers.link_factor[t],
        result.over_mw, tuple(limit * 1000.0 * delivery for limit in limits),
        values["reserve_margin_mw"],
        values["value_of_lost_load_usd_per_mwh"], PROBE_MW,
    )  # fmt: skip


def surplus_of(system: PowerSystem, month: MonthOfPower, t: int) -> Surplus:
    """Measure what month ``t`` leaves."""
    return Surplus(*measure(*surplus_case(system, month, t)))
