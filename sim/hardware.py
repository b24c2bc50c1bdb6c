"""The market for mining machines: generations, makers' upward-sloping supply, second-hand prices tied to
hashprice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba.extending import register_jitable

from agents.base import FORECASTERS, GENERATIONS
from agents.miner_appraisal import DAYS_PER_MONTH, HOURS_PER_MONTH
from agents.rules.expectations import pipeline_dilution
from agents.rules.finance import pv_declining_margin
from sim.compiled import kernel
from sim.drivers import interpolate_anchors, table
from sim.regimes import months_between

FloatArray = npt.NDArray[np.float64]
SCRAP_USD_PER_THS = 0.1
NEW, USED = 1.0, 0.5
NEWEST_IN_PRODUCTION = 3
# Machines on sale before a run starts of which its opening fleet must at least be made
GENERATIONS_AT_START = 4
LONGEST_QUEUE_MONTHS = 24.0
# Dealers mark down what stays unsold beyond this share of their stock, down to a twentieth of parity
ORDINARY_UNSOLD_SHARE, LOWEST_USED_FACTOR = 0.5, 0.05


@dataclass(frozen=True)
class Frontier:
    """Machine generations: observed ones, then projected ones at the frontier's rate of improvement."""

    j_per_th: FloatArray
    release_month: FloatArray


def build_frontier(start: str, values: dict[str, float], months: int = 0) -> Frontier:
    """List the generations of a run in order of release: observed ones, then projected ones at a constant
    interval and rate until the run ends; the oldest give way if there are too many. In a run so long that
    no machine of its first month would be left, projected generations come at longer intervals.
    """
    rows = table("hardware.csv")
    efficiency = [float(row["j_per_th"]) for row in rows]
    release = [float(months_between(start, row["available_from"])) for row in rows]
    at_start = sum(month < 0.0 for month in release)
    room = GENERATIONS - (len(release) - max(0, at_start - GENERATIONS_AT_START))
    interval = max(values["rig_release_interval_months"], (months - release[-1]) / max(1, room))
    factor = (1.0 - values["rig_improvement_per_year"]) ** (interval / 12.0)
    while len(efficiency) < GENERATIONS or release[-1] + interval <= months:
        efficiency.append(efficiency[-1] * factor)
        release.append(release[-1] + interval)
    return Frontier(np.array(efficiency[-GENERATIONS:]), np.array(release[-GENERATIONS:]))


def supply_index(labels: tuple[str, ...]) -> FloatArray:
    """What makers can sell at an ordinary price in each month, relative to 2021: dated anchors, log-linear
    between them and flat outside.
    """
    anchors = {row["month"]: float(row["supply_index"]) for row in table("machine_supply.csv")}
    return interpolate_anchors(anchors, labels[0], len(labels))


@register_jitable
def reference_value_usd_per_ths(world: Any, par: Any, generation: int) -> float:
    """What a TH/s is worth to a typical miner abroad: PV of its margin at the world's median power price."""
    log_price = 0.0
    for rule in range(FORECASTERS):
        log_price += world.forecaster_share[rule] * world.forecast_log_hashprice[rule]
    hashprice = math.exp(log_price) * world.pipeline_dilution
    revenue = hashprice / 1000.0 * DAYS_PER_MONTH * par.mining_availability
    kwh = world.rig_j_per_th[generation] * par.world_pue / 1000.0 * HOURS_PER_MONTH * par.mining_availability
    cost = kwh * (par.world_power_median_usd_per_kwh + par.mining_other_usd_per_kwh)
    discount = math.log1p(par.world_miner_rate_per_year) / 12.0
    decline = world.hashprice_decline_per_month
    before = min(par.rig_life_months, max(0.0, world.months_to_halving - world.delivery_months))
    lag = world.delivery_months
    value = pv_declining_margin(revenue, cost, decline, discount, lag, before)
    later = revenue * math.exp(-decline * before) * par.halving_revenue_share
    return value + pv_declining_margin(
        later, cost, decline, discount, lag + before, par.rig_life_months - before
    )


@register_jitable
def publish_pipeline(miners: Any, world_miners: Any, world: Any, par: Any) -> None:
    """Publish the hash rate of new machines on order, what it leaves of hashprice, and mean sites abroad."""
    pipeline_ths, active, site_mw = 0.0, 0.0, 0.0
    for firms in (miners, world_miners):
        for i in range(len(firms)):
            if firms[i].order_used == 0:
                pipeline_ths += firms[i].order_ths
    for i in range(len(world_miners)):
        active += world_miners[i].active
        site_mw += world_miners[i].site_mw
    world.mean_site_abroad_mw = site_mw / max(1.0, active)
    world.pipeline_ehs = pipeline_ths * par.mining_availability / 1e6
    world.pipeline_dilution = pipeline_dilution(
        par.pipeline_visibility, world.pipeline_ehs, world.network_hash_ehs
    )


@kernel
def trade_machines(miners, world_miners, worlds, pars):  # type: ignore[no-untyped-def]
    """Clear the second-hand market and count new orders: used orders beyond the stock are rationed and
    refunded.

    Returns (new orders, used bought, used sold, scrapped), TH/s.
    """
    world, par = worlds[0], pars[0]
    wanted = np.zeros(GENERATIONS)
    new_gw = 0.0
    new_ths = 0.0
    sold = 0.0
    for firms in (miners, world_miners):
        for i in range(len(firms)):
            firm = firms[i]
            for generation in range(GENERATIONS):
                world.used_stock_ths[generation] += firm.sold_ths[generation]
                sold += firm.sold_ths[generation]
                firm.sold_ths[generation] = 0.0
            if firm.hardware_usd > 0.0 and firm.order_ths > 0.0:
                if firm.order_used == 1:
                    wanted[firm.order_generation] += firm.order_ths
                else:
                    new_ths += firm.order_ths
                    new_gw += firm.order_ths * world.rig_j_per_th[firm.order_generation] / 1e9
    bought, scrapped = 0.0, 0.0
    for generation in range(GENERATIONS):
        stock = world.used_stock_ths[generation]
        share = 1.0 if wanted[generation] <= stock else stock / wanted[generation]
        world.used_fill_share[generation] = share
        left = max(0.0, stock - wanted[generation] * share)
        unsold = left / stock if stock > 0.0 else 0.0
        step = par.rig_price_adjustment * (unsold - ORDINARY_UNSOLD_SHARE)
        factor = world.used_price_factor[generation] * math.exp(-step)
        world.used_price_factor[generation] = min(1.0, max(LOWEST_USED_FACTOR, factor))
        scrapped += left * par.used_scrap_per_month
        world.used_stock_ths[generation] = left * (1.0 - par.used_scrap_per_month)
        bought += wanted[generation] * share
    for firms in (miners, world_miners):
        for i in range(len(firms)):
            firm = firms[i]
            if firm.hardware_usd > 0.0 and firm.order_used == 1 and firm.order_ths > 0.0:
                share = world.used_fill_share[firm.order_generation]
                abroad = (1.0 - share) * firm.hardware_usd
                taxes = (1.0 - share) * (firm.duty_usd + firm.hardware_tax_usd)
                firm.hardware_usd *= share
                firm.duty_usd *= share
                firm.hardware_tax_usd *= share
                firm.order_ths *= share
                firm.cash_usd += abroad + taxes
                firm.invested_usd -= abroad
    world.rig_orders_gw_per_month += (new_gw - world.rig_orders_gw_per_month) / 3.0
    world.rig_backlog_gw += new_gw
    publish_pipeline(miners, world_miners, world, par)
    return new_ths, bought, sold, scrapped


@kernel
def quote_machines(worlds, pars, release_month, supply_index):  # type: ignore[no-untyped-def]
    """Let makers work off their orders, quote a delivery time and set next prices.

    Makers charge production cost and a share of what a machine earns a typical miner beyond cost, site and
    hurdle, or what he would pay if that is less: chips are bought ahead. Prices move there gradually. A
    higher markup calls forth more supply, and the queue clears the market: long delivery lowers the value of
    a machine, and the hash rate on order dilutes it. Other generations are priced by relative worth.
    """
    world, par = worlds[0], pars[0]
    newest = 0
    for generation in range(GENERATIONS):
        if release_month[generation] <= world.month:
            newest = generation
    best_value = reference_value_usd_per_ths(world, par, newest)
    cost = par.rig_cost_usd_per_w * world.rig_j_per_th[newest]
    site = world.rig_j_per_th[newest] * par.world_pue / 1e6 * par.world_site_capex_usd_per_mw
    bid = (best_value / (1.0 + par.miner_hurdle_npv_mean) - site) / cost
    target = max(par.rig_lowest_markup, min(bid, 1.0 + par.rig_rent_share * (bid - 1.0)))
    supply = par.rig_supply_gw_per_month * supply_index
    world.rig_markup = math.exp(
        (1.0 - par.rig_price_adjustment) * math.log(world.rig_markup)
        + par.rig_price_adjustment * math.log(target)
    )
    offered = supply * math.exp(
        par.rig_supply_elasticity * math.log(world.rig_markup / par.rig_reference_markup)
    )
    world.rig_supply_gw_per_month = offered
    world.delivery_months = min(
        LONGEST_QUEUE_MONTHS, max(par.rig_delivery_months, world.rig_backlog_gw / offered)
    )
    world.rig_backlog_gw -= min(world.rig_backlog_gw, offered)
    best_value = reference_value_usd_per_ths(world, par, newest)
    best_price = world.rig_markup * par.rig_cost_usd_per_w * world.rig_j_per_th[newest]
    for generation in range(GENERATIONS):
        world.rig_on_sale[generation] = 0.0
        world.rig_price_usd_per_ths[generation] = SCRAP_USD_PER_THS
        if release_month[generation] > world.month:
            continue
        worth = 0.0
        if generation == newest:
            worth = best_price
        elif best_value > 0.0:
            worth = best_price * reference_value_usd_per_ths(world, par, generation) / best_value
        cost = par.rig_cost_usd_per_w * world.rig_j_per_th[generation]
        if generation > newest - NEWEST_IN_PRODUCTION and (worth >= cost or generation == newest):
            world.rig_on_sale[generation] = NEW
            world.rig_price_usd_per_ths[generation] = worth
        else:
            price = worth * (1.0 - par.used_discount_share) * world.used_price_factor[generation]
            world.rig_price_usd_per_ths[generation] = max(SCRAP_USD_PER_THS, price)
            if world.used_stock_ths[generation] > 0.0:
                world.rig_on_sale[generation] = USED
