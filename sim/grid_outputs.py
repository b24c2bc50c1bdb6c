"""What is recorded of the power system: monthly outputs and the typical day of each season by zone."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from numba.extending import register_jitable

from sim.compiled import kernel
from sim.distribution import WeakShares, weak_shares
from sim.power import HOURS_PER_YEAR, MonthOfPower, PowerSystem, season_of
from sim.power_loads import AI, BASE, DEMAND, INFORMAL, LICENSED, SOLAR
from sim.settlement import PowerAccounts
from sim.surplus import ANY, CHEAP, DEAR

if TYPE_CHECKING:
    from sim.countries import Country
    from sim.diary import Months

FloatArray = npt.NDArray[np.float64]
Row = dict[str, FloatArray]
CLASSES = ("households", "industry", "commerce", "farms")
# Zones of the outputs; where a country has one zone it stands for both
ZONES = ("south", "north")


def grid_row(country: Country, months: Months) -> Row:
    """Outputs on the power system, columns over months."""
    accounts, power = months.accounts, months.power
    return (
        {
            "arrears_usd": months.operator["arrears_usd"],
            "arrears_change_usd": accounts.arrears_change_usd,
            "others_tariff_usd_per_kwh": accounts.consumer_bill_usd / (accounts.consumer_mwh * 1000.0),
            "consumer_bill_usd": accounts.consumer_bill_usd,
            "others_energy_mwh": accounts.consumer_mwh,
            "special_energy_mwh": accounts.special_mwh,
            "special_revenue_usd": accounts.special_revenue_usd,
            "special_discount_usd": accounts.special_full_cost_usd - accounts.special_revenue_usd,
            "special_gap_treasury_usd": accounts.special_gap_treasury_usd,
            "stolen_mwh": accounts.stolen_mwh,
            "lost_mwh": accounts.lost_mwh,
            "excess_loss_mwh": accounts.excess_loss_mwh,
            "loss_support_usd": accounts.loss_support_usd,
            "unpaid_bills_usd": accounts.consumer_bill_usd - accounts.collected_usd,
            "marginal_cost_usd_per_mwh": power.price_usd_per_mwh,
            "grid_cost_usd": accounts.energy_usd + accounts.capacity_usd,
            "capacity_payments_usd": accounts.capacity_usd,
            "network_cost_usd": accounts.network_usd,
            "debt_interest_usd": accounts.interest_usd,
            "shed_mwh": power.shed_mwh * months.days,
            "interrupted_mwh": power.interrupted_mwh * months.days,
            "curtailed_mwh": power.curtailed_mwh * months.days,
            "generation_mwh": power.generation_mwh,
            "emissions_t": power.emissions_t,
            "solar_mw": power.solar_mw,
            "battery_mwh": power.battery_mwh,
            "local_per_usd": months.world["local_per_usd"],
        }
        | distributor_gap(accounts, weak_shares(country))
        | class_bills(country, months.consumers)
        | surplus_row(months)
    )


def distributor_gap(accounts: PowerAccounts, weak: WeakShares) -> Row:
    """What distributors lose above the allowed level, at the base tariff, and do not collect, USD."""
    unpaid = accounts.consumer_bill_usd - accounts.collected_usd
    return {
        "distributor_gap_usd": np.asarray(accounts.excess_loss_usd + unpaid),
        "weak_distributor_gap_usd": np.asarray(
            weak.excess_loss * accounts.excess_loss_usd + weak.unpaid * unpaid
        ),
    }


@register_jitable
def day_totals(demand, price, shed, interrupted, over, consumers):  # type: ignore[no-untyped-def]
    """Add up the typical day: returns energy shed, interrupted and curtailed, MWh, the price weighted by
    load, USD per MWh, rooftop solar, MW, and batteries, MWh.
    """
    zones, hours = demand.shape
    lost, cut, spilt, paid, load = 0.0, 0.0, 0.0, 0.0, 0.0
    for zone in range(zones):
        for hour in range(hours):
            lost += shed[zone, hour]
            cut += interrupted[zone, hour]
            spilt += over[zone, hour]
            paid += price[hour] * demand[zone, hour]
            load += demand[zone, hour]
    solar, battery = 0.0, 0.0
    for i in range(len(consumers)):
        solar += consumers[i].solar_mw
        battery += consumers[i].battery_mwh
    return lost, cut, spilt, paid / load, solar, battery


def class_bills(country: Country, consumers: np.ndarray) -> Row:
    """Bills of the month by consumer class, USD; a class that a country does not have pays nothing.
    ``consumers`` has by month the classes of each zone.
    """
    bills, energy_mwh = consumers["bill_usd"], consumers["energy_mwh"]
    zones, found = len(country.zones), {f"bill_{name}_usd": np.zeros(len(bills)) for name in CLASSES}
    for place, item in enumerate(country.consumer_class):
        if item.name in CLASSES:
            found[f"bill_{item.name}_usd"] += bills[:, place * zones : (place + 1) * zones].sum(axis=1)
    mean = sum(bills.T) / sum(energy_mwh.T)
    above = np.maximum(0.0, bills - mean[:, None] * energy_mwh)
    return found | {"cross_subsidy_usd": sum(above.T)}


def surplus_row(months: Months) -> Row:
    """Outputs on what is left for new load: hours a year at the pace of the month, and the margin of a
    block at the price of the package.
    """
    per_hour, zones = HOURS_PER_YEAR / 24.0, months.probe_usd_per_mwh.shape[1]
    row = {
        "offer_hours_per_year": months.offer_hours[:, ANY] * per_hour,
        "offer_cheap_hours_per_year": months.offer_hours[:, CHEAP] * per_hour,
    }
    delivery = 1.0 - months.par["transmission_loss_share"]
    for place, name in enumerate(ZONES):
        zone = min(place, zones - 1)
        for limit, label in ((CHEAP, "cheap"), (DEAR, "dear")):
            row[f"{label}_hours_{name}_per_year"] = months.probe_hours[:, limit, zone] * per_hour
        cost = months.probe_usd_per_mwh[:, zone] / 1000.0 / delivery
        row[f"margin_{name}_usd_per_kwh"] = months.par["cheap_power_usd_per_kwh"] - cost
    return row


@register_jitable
def count_hours(free_mw, probe_usd_per_mwh, offer_mw, probe_mw):  # type: ignore[no-untyped-def]
    """Count hours of the day with room: for the offer in the best zone by limit, for the probe by limit
    and zone; and the mean cost of the probe by zone, USD per MWh.
    """
    limits, zones, hours = free_mw.shape
    costs = np.zeros(zones)
    for zone in range(zones):
        for hour in range(hours):
            costs[zone] += probe_usd_per_mwh[zone, hour] / hours
    anywhere, by_zone = np.zeros(limits), np.zeros((limits, zones))
    for limit in range(limits):
        for hour in range(hours):
            best = 0.0
            for zone in range(zones):
                best = max(best, free_mw[limit, zone, hour])
                by_zone[limit, zone] += free_mw[limit, zone, hour] >= probe_mw
            anywhere[limit] += best >= offer_mw
    return anywhere, by_zone, costs


def mean_days(
    system: PowerSystem, seasons: Sequence[str], powers: list[MonthOfPower], free_mw: FloatArray
) -> pd.DataFrame:
    """Mean day by season of some months: season, hour and hourly MW or USD per MWh. ``seasons``, ``powers``
    and ``free_mw`` (as in ``Surplus``) are by month.
    """
    columns = day_columns(system, powers, free_mw)
    days, found = np.array(list(columns.values())), list(dict.fromkeys(seasons))
    members = [[t for t, season in enumerate(seasons) if season == own] for own in found]
    means = [days[:, months].sum(axis=1) / len(months) for months in members]
    hour = np.tile(np.arange(24.0), len(found))
    table = pd.DataFrame(np.vstack((hour, hour, np.hstack(means))).T, columns=day_index(tuple(columns)))
    table["season"], table["hour"] = season_column(tuple(found)), hour.astype(np.int64)
    return table


@functools.cache
def season_column(seasons: tuple[str, ...]) -> Any:
    """Season by hour of typical days as pandas keeps words; runs share it, and tables copy it."""
    return pd.Series(np.repeat(seasons, 24).astype(object)).array


@functools.cache
def day_index(names: tuple[str, ...]) -> pd.Index:
    """Season, hour and other columns of typical days; runs of a country share them."""
    return pd.Index(["season", "hour", *names])


def day_columns(system: PowerSystem, powers: list[MonthOfPower], free_mw: FloatArray) -> Row:
    """Days of some months: load, firms, solar, price and generation by technology, and columns by zone;
    each months x 24.
    """
    gen = np.array([power.result.gen_mw for power in powers])
    loads = np.array([power.loads for power in powers])
    columns: Row = {
        "load_mw": loads[:, BASE].sum(axis=1),
        "mining_mw": (loads[:, LICENSED] + loads[:, INFORMAL]).sum(axis=1),
        "ai_mw": loads[:, AI].sum(axis=1),
        "solar_mw": loads[:, SOLAR].sum(axis=1),
        "price_usd_per_mwh": np.array([power.price_usd_per_mwh for power in powers]),
    }
    for place, technology in enumerate(system.technologies):
        name = "utility_solar_mw" if technology == "solar" else f"{technology}_mw"
        columns[name] = columns[name] + gen[:, place] if name in columns else gen[:, place]
    columns |= zone_columns(system.country.zones, powers, loads[:, DEMAND], free_mw)
    return columns | technology_columns(system, powers, gen)


def zone_columns(zones: Sequence[str], powers: list[MonthOfPower], demand: Any, free_mw: Any) -> Row:
    """Hourly columns by zone: demand, price, shed load, surplus."""
    shed = np.array([power.result.shed_mw for power in powers])
    dearest = np.array([power.cost_usd_per_mwh.max() for power in powers])
    price = np.minimum(np.array([power.result.price_usd_per_mwh for power in powers]), dearest[:, None, None])
    found = {"flow_mw": np.array([power.result.flow_mw for power in powers])}
    for z, zone in enumerate(zones):
        found |= {
            f"demand_{zone}_mw": demand[:, z],
            f"shed_{zone}_mw": shed[:, z],
            f"price_{zone}_usd_per_mwh": price[:, z],
            f"surplus_{zone}_mw": free_mw[:, ANY, z],
            f"surplus_cheap_{zone}_mw": free_mw[:, CHEAP, z],
            f"surplus_dear_{zone}_mw": free_mw[:, DEAR, z],
        }
    return found


def technology_columns(system: PowerSystem, powers: list[MonthOfPower], gen: FloatArray) -> Row:
    """Hourly columns by technology and zone: what ran, what could have run and its mean cost."""
    maximum = np.array([power.maximum_mw for power in powers])
    costs = np.array([power.cost_usd_per_mwh for power in powers])
    run, able, cost = by_group(gen, maximum, costs, system.group_of, len(system.groups))
    found: Row = {}
    for place, (technology, zone) in enumerate(system.groups):
        name = f"{technology}_{zone}"
        found[f"run_{name}_mw"] = run[:, place]
        found[f"able_{name}_mw"] = able[:, place]
        found[f"cost_{name}_usd_per_mwh"] = cost[:, place]
    return found


@kernel
def by_group(gen, maximum, cost, group, count):  # type: ignore[no-untyped-def]
    """Add up plants (months x plants x hours) by group: returns what ran and what could have run, MW, and
    the mean cost of the month weighted by the latter (plain where nothing could), USD per MWh; each months x
    count x hours.
    """
    months, plants, hours = gen.shape
    run, able = np.zeros((months, count, hours)), np.zeros((months, count, hours))
    mean = np.zeros((months, count, hours))
    for t in range(months):
        weighted, weights = np.zeros(count), np.zeros(count)
        plain, members = np.zeros(count), np.zeros(count)
        for p in range(plants):
            g = group[p]
            for h in range(hours):
                run[t, g, h] += gen[t, p, h]
                able[t, g, h] += maximum[t, p, h]
                weighted[g] += maximum[t, p, h] * cost[t, p]
                weights[g] += maximum[t, p, h]
            plain[g] += cost[t, p]
            members[g] += 1.0
        for g in range(count):
            mean[t, g, :] = weighted[g] / weights[g] if weights[g] > 0.0 else plain[g] / members[g]
    return run, able, mean


def four_seasons(month_of_year: int) -> str:
    """Season for typical days: winter, spring, summer (June to September), autumn."""
    season = season_of(month_of_year)
    if season != "shoulder":
        return season
    return "spring" if month_of_year < 6 else "autumn"
