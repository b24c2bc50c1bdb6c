"""Loads, service and value of a month of dispatch, added up over agents, plants and hours."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba.extending import register_jitable

from sim.compiled import kernel

# Hourly maximum of a storage station as a share of capacity: a part that low water always leaves, and head
# and turbine hours that come with the month's water (assumed; the monthly energy itself is data).
STORAGE_FLOOR_SHARE, STORAGE_SHARE_PER_AVAILABILITY = 0.25, 1.1
# Rooftop solar replaces at most this share of a class's load in an hour, batteries leave at least that
# (assumed)
LARGEST_SOLAR_SHARE, SMALLEST_LOAD_SHARE = 0.8, 0.05
FloatArray = npt.NDArray[np.float64]


# Loads of a month, each zones x 24 in MW. At the generation end: ordinary consumers, what rooftop solar
# replaced of that, all load, and what is cut first; at the meter: licensed mining, other mining, AI.
LOADS = 7
BASE, SOLAR, DEMAND, CUT_FIRST, LICENSED, INFORMAL, AI = range(LOADS)


class Plants(NamedTuple):
    """What does not change of plants in a run, by plant: zone (number), capacity (MW), whether its water is
    stored, must-run share, whether it burns contract gas, output under take-or-pay (MW); by plant and
    calendar month, capacity factor; by calendar month, plant and hour, maximum without outages (MW); by
    month and plant, availability factor and whether it stands (1, 0).
    """

    zone: npt.NDArray[np.int64]
    capacity_mw: FloatArray
    limited: npt.NDArray[np.bool_]
    must_run: FloatArray
    contract_gas: npt.NDArray[np.bool_]
    contracted_mw: FloatArray
    availability: FloatArray
    usual_mw: FloatArray
    factor: FloatArray
    online: FloatArray


@kernel
def set_loads(  # type: ignore[no-untyped-def]
    loads, consumers, miners, ai_firms, mean_mw, shape, sun, battery, delivery, interruptible
):
    """Set every class's net load by hour and add up the ``LOADS``, which are zero so far. Without new solar
    consumers take ``mean_mw`` in the ``shape`` of the season; of new load licensed mining is cut first if
    ``interruptible``.
    """
    base, demand, cut_first = loads[BASE], loads[DEMAND], loads[CUT_FIRST]
    licensed, informal, ai = loads[LICENSED], loads[INFORMAL], loads[AI]
    consumer_loads(consumers, mean_mw, shape, sun, battery, base, loads[SOLAR])
    add_firm_loads(miners, ai_firms, licensed, informal, ai)
    for zone in range(base.shape[0]):
        for hour in range(24):
            firms = licensed[zone, hour] + informal[zone, hour] + ai[zone, hour]
            demand[zone, hour] = base[zone, hour] + firms / delivery
            if interruptible:
                cut_first[zone, hour] = licensed[zone, hour] / delivery


@register_jitable
def add_firm_loads(miners: Any, ai_firms: Any, licensed: Any, informal: Any, ai: Any) -> None:
    """Add hourly load of licensed mining, other mining and AI by zone, MW at the meter."""
    zones = licensed.shape[0]
    for i in range(len(miners)):
        firm = miners[i]
        if firm.energised_mw <= 0.0:
            continue
        zone = min(firm.zone, zones - 1)
        for hour in range(24):
            if firm.compliance == 0:
                licensed[zone, hour] += firm.load_mw[hour]
            else:
                informal[zone, hour] += firm.load_mw[hour]
    for i in range(len(ai_firms)):
        other = ai_firms[i]
        if other.active == 1:
            zone = min(other.zone, zones - 1)
            for hour in range(24):
                ai[zone, hour] += other.load_mw[hour]


@register_jitable
def consumer_loads(consumers, mean_mw, shape, sun, battery, base, shade):  # type: ignore[no-untyped-def]
    """Set every class's net load by hour and add to net load and to load that new solar replaced, each
    zones x 24 in MW. ``sun`` is the load replaced by one MW of solar in each hour, ``battery`` the load
    added (by day) and taken away (in the evening) by one MWh of batteries.
    """
    for i in range(len(consumers)):
        group = consumers[i]
        share = group.base_share * group.demand_index
        added = group.solar_mw - group.solar_start_mw
        for hour in range(24):
            wanted = share * (mean_mw * shape[hour])
            solar = min(added * sun[hour], LARGEST_SOLAR_SHARE * wanted)
            load = wanted - solar + group.battery_mwh * battery[hour]
            group.load_mw[hour] = max(load, SMALLEST_LOAD_SHARE * wanted)
            base[group.zone, hour] += group.load_mw[hour]
            shade[group.zone, hour] += solar


@register_jitable
def publish_service(world, operator, days, demand, cut_first, interrupted, shed):  # type: ignore[no-untyped-def]
    """Publish the served share of interruptible and firm load in each hour; count interrupted hours."""
    hours_cut = 0.0
    firm_mean, cut_mean = 0.0, 0.0
    for hour in range(24):
        wanted, total, lost, cut = 0.0, 0.0, 0.0, 0.0
        for zone in range(demand.shape[0]):
            wanted += cut_first[zone, hour]
            total += demand[zone, hour]
            lost += shed[zone, hour]
            cut += interrupted[zone, hour]
        hours_cut += cut > 0.0
        firm_share = 1.0 - lost / max(total - wanted, 1e-9)
        cut_share = 1.0 - cut / wanted if wanted > 0.0 else firm_share
        world.firm_served_share[hour] = firm_share
        world.interruptible_served_share[hour] = cut_share
        firm_mean += firm_share / 24.0
        cut_mean += cut_share / 24.0
    world.firm_served_mean = firm_mean
    world.interruptible_served_mean = cut_mean
    operator.interrupted_hours += days * hours_cut


@kernel
def use_dispatch(  # type: ignore[no-untyped-def]
    worlds, operators, loads, gen, price, interrupted, shed, cost, fuel, imported, emission, days
):
    """Publish who was served and add up the month: ``publish_service``, then ``value_dispatch``, whose
    results are returned. ``loads`` are ``LOADS``.
    """
    demand = loads[DEMAND]
    publish_service(worlds[0], operators[0], days, demand, loads[CUT_FIRST], interrupted, shed)
    return value_dispatch(
        gen, price, demand, loads[LICENSED], loads[INFORMAL], loads[AI], cost, fuel, imported, emission, days
    )


@register_jitable
def value_dispatch(  # type: ignore[no-untyped-def]
    gen, price, demand, licensed, informal, ai, cost, fuel, imported, emission, days
):
    """Turn dispatch into the month's totals: returns (price by hour weighted by zonal demand and at most
    the dearest plant's cost, the same as one number for new load, energy cost, imported fuel in USD,
    generation in MWh, emissions in t).
    """
    plants, hours = gen.shape
    ceiling = cost.max()
    weighted, paid, new = np.zeros(hours), 0.0, 0.0
    for hour in range(hours):
        total = 0.0
        for zone in range(demand.shape[0]):
            total += demand[zone, hour]
        for zone in range(demand.shape[0]):
            weight = demand[zone, hour] / max(total, 1e-9)
            weighted[hour] += min(price[zone, hour], ceiling) * weight
            load = licensed[zone, hour] + informal[zone, hour] + ai[zone, hour]
            paid += min(price[zone, hour], ceiling) * load
            new += load
    cost_usd, fuel_usd, generation, emissions = 0.0, 0.0, 0.0, 0.0
    for p in range(plants):
        energy = 0.0
        for hour in range(hours):
            energy += gen[p, hour]
        energy *= days
        cost_usd += energy * cost[p]
        fuel_usd += energy * fuel[p] if imported[p] else 0.0
        generation += energy
        emissions += energy * emission[p]
    return weighted, paid / max(new, 1e-9), cost_usd, fuel_usd, generation, emissions


@register_jitable
def least_output(maximum, base, capacity, must_run, contract_gas, zone, load_share):  # type: ignore[no-untyped-def]
    """Must-run output by plant, MW: a share of the least available in the day; contract gas of a zone runs
    at ``load_share`` of the zone's mean ordinary load, spread by capacity.
    """
    plants, hours = maximum.shape
    zones = base.shape[0]
    load, gas = np.zeros(zones), np.zeros(zones)
    for z in range(zones):
        for h in range(hours):
            load[z] += base[z, h] / hours
    for p in range(plants):
        if contract_gas[p]:
            gas[zone[p]] += capacity[p]
    minimum = np.zeros(plants)
    for p in range(plants):
        least = maximum[p, 0]
        for h in range(1, hours):
            least = min(least, maximum[p, h])
        wanted = must_run[p] * least
        if contract_gas[p] and gas[zone[p]] > 0.0:
            wanted = max(wanted, load_share * load[zone[p]] / gas[zone[p]] * capacity[p])
        minimum[p] = min(wanted, least)
    return minimum


@register_jitable
def storage_mw(capacity_mw: float, water_share: float) -> float:
    """Hourly maximum of a storage station from the month's water as a capacity factor, MW."""
    return capacity_mw * min(1.0, STORAGE_FLOOR_SHARE + STORAGE_SHARE_PER_AVAILABILITY * water_share)


@register_jitable
def plant_limits(plants, t, month, hydro_factor, hours, maximum, water):  # type: ignore[no-untyped-def]
    """Set what plants can do in month ``t``: maximum output by plant and hour, MW, and the energy of storage
    stations, MWh in ``hours`` hours (infinite for other plants).
    """
    for p in range(len(water)):
        capacity = plants.capacity_mw[p]
        share = plants.availability[p, month] * hydro_factor
        stored = storage_mw(capacity, share)
        for h in range(maximum.shape[1]):
            able = stored if plants.limited[p] else plants.usual_mw[month, p, h]
            maximum[p, h] = min(able * plants.factor[t, p], capacity)
        water[p] = capacity * share * hours if plants.limited[p] else np.inf


@kernel
def plan_plants(  # type: ignore[no-untyped-def]
    plants, t, month, loads, hydro_factor, gas_factor, load_share, days, maximum, energy
):
    """Set what plants can and must do in month ``t`` (``month`` of the year, from 0): ``maximum`` (MW by
    plant and hour); ``energy``, in rows: stored water (MWh), must-run output (MW), energy to be taken or
    paid (MWh). ``loads`` are ``LOADS``. A plain tuple stands for ``Plants``.
    """
    plants = Plants(*plants)
    water, minimum, contract = energy[0], energy[1], energy[2]
    plant_limits(plants, t, month, hydro_factor, 24.0 * days, maximum, water)
    minimum[:] = least_output(
        maximum,
        loads[BASE],
        plants.capacity_mw,
        plants.must_run,
        plants.contract_gas,
        plants.zone,
        load_share,
    )
    for p in range(len(contract)):
        contract[p] = plants.contracted_mw[p] * plants.online[t, p] * 24.0 * days * gas_factor
