"""Loads, service and value of a month of dispatch, added up over agents, plants and hours."""

from __future__ import annotations

import numpy as np
from numba.extending import register_jitable

from sim.compiled import kernel

# Hourly maximum of a storage station as a share of capacity: a part that low water always leaves, and head
# and turbine hours that come with the month's water (assumed; the monthly energy itself is data).
STORAGE_FLOOR_SHARE, STORAGE_SHARE_PER_AVAILABILITY = 0.25, 1.1
# Rooftop solar replaces at most this share of a class's load in an hour, batteries leave at least that
# (assumed)
LARGEST_SOLAR_SHARE, SMALLEST_LOAD_SHARE = 0.8, 0.05


@kernel
def add_firm_loads(miners, ai_firms, base, delivery, interruptible):  # type: ignore[no-untyped-def]
    """Add up hourly load by zone: returns (licensed mining, other mining, AI), MW at the meter, and at the
    generation end all load with that of ordinary consumers (``base``) and what is cut first, namely
    licensed mining if ``interruptible``; each zones x 24.
    """
    zones = base.shape[0]
    licensed = np.zeros((zones, 24))
    informal = np.zeros((zones, 24))
    ai = np.zeros((zones, 24))
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
    demand, cut_first = np.zeros((zones, 24)), np.zeros((zones, 24))
    for zone in range(zones):
        for hour in range(24):
            firms = licensed[zone, hour] + informal[zone, hour] + ai[zone, hour]
            demand[zone, hour] = base[zone, hour] + firms / delivery
            if interruptible:
                cut_first[zone, hour] = licensed[zone, hour] / delivery
    return licensed, informal, ai, demand, cut_first


@kernel
def consumer_loads(consumers, profile_mw, sun, battery, zones):  # type: ignore[no-untyped-def]
    """Set every class's net load by hour and add up by zone: returns (net load, load that new solar
    replaced), each zones x 24 in MW. ``sun`` is the load replaced by one MW of solar in each hour,
    ``battery`` the load added (by day) and taken away (in the evening) by one MWh of batteries.
    """
    base = np.zeros((zones, 24))
    shade = np.zeros((zones, 24))
    for i in range(len(consumers)):
        group = consumers[i]
        share = group.base_share * group.demand_index
        added = group.solar_mw - group.solar_start_mw
        for hour in range(24):
            wanted = share * profile_mw[hour]
            solar = min(added * sun[hour], LARGEST_SOLAR_SHARE * wanted)
            load = wanted - solar + group.battery_mwh * battery[hour]
            group.load_mw[hour] = max(load, SMALLEST_LOAD_SHARE * wanted)
            base[group.zone, hour] += group.load_mw[hour]
            shade[group.zone, hour] += solar
    return base, shade


@kernel
def publish_service(worlds, operators, days, demand, cut_first, interrupted, shed):  # type: ignore[no-untyped-def]
    """Publish the served share of interruptible and firm load in each hour; count interrupted hours."""
    world = worlds[0]
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
    operators[0].interrupted_hours += days * hours_cut


@kernel
def value_dispatch(  # type: ignore[no-untyped-def]
    gen, price, demand, licensed, informal, ai, cost, imported, fuel, emission, days
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
def plant_limits(usual, factor, capacity, limited, water_share, hours):  # type: ignore[no-untyped-def]
    """What plants can do in a month: returns maximum output by plant and hour, MW, and the energy of
    storage stations, MWh in ``hours`` hours (infinite for other plants). ``usual`` is the maximum without
    outages, ``water_share`` the month's water of plants that store it, as a capacity factor.
    """
    plants, day = usual.shape
    maximum, water = np.empty((plants, day)), np.empty(plants)
    for p in range(plants):
        stored = storage_mw(capacity[p], water_share[p])
        for h in range(day):
            able = stored if limited[p] else usual[p, h]
            maximum[p, h] = min(able * factor[p], capacity[p])
        water[p] = capacity[p] * water_share[p] * hours if limited[p] else np.inf
    return maximum, water


@kernel
def plan_plants(  # type: ignore[no-untyped-def]
    usual, factor, capacity, limited, availability, hydro_factor, must_run, contract_gas, zone, load_share,
    base, contracted, online, gas_factor, days,
):  # fmt: skip
    """What plants can and must do in a month: returns the results of ``plant_limits``, of ``least_output``
    and the energy to be taken or paid, MWh.
    """
    plants = len(capacity)
    water_share, contract = np.empty(plants), np.empty(plants)
    for p in range(plants):
        water_share[p] = availability[p] * hydro_factor
        contract[p] = contracted[p] * online[p] * 24.0 * days * gas_factor
    maximum, water = plant_limits(usual, factor, capacity, limited, water_share, 24.0 * days)
    minimum = least_output(maximum, base, capacity, must_run, contract_gas, zone, load_share)
    return maximum, water, minimum, contract
