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
from agents.firm import in_business
from agents.machines import (
    DAYS_PER_MONTH,
    HOURS_PER_MONTH,
    NEW,
    USED,
    kw_per_ths,
    machine_value_usd,
    outlook_of,
)
from agents.rules.mining import hash_unit_cost
from agents.world import U_DELAY
from sim.compiled import kernel
from sim.drivers import interpolate_anchors, table
from sim.regimes import months_between

FloatArray = npt.NDArray[np.float64]
SCRAP_USD_PER_THS = 0.1
# Dealers who hold less than a machine have none to offer
SMALLEST_MACHINE_THS = 1.0
NEWEST_IN_PRODUCTION = 3
# Machines on sale before a run starts of which its opening fleet must at least be made
GENERATIONS_AT_START = 4
LONGEST_QUEUE_MONTHS = 24.0
# Used machines go where power is cheap: one log spread below the median
CHEAP_POWER = 1.0


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
def reference_bid_usd_per_ths(
    world: Any, par: Any, generation: int, lag: float, below_median: float
) -> float:
    """What a typical miner abroad with a free site pays for a TH/s that arrives after ``lag`` months: its
    value over his hurdle (Eq. M2). His power costs the world's median, or so many log spreads less.
    """
    log_price = 0.0
    for rule in range(FORECASTERS):
        log_price += world.forecaster_share[rule] * world.forecast_log_hashprice[rule]
    revenue = math.exp(log_price) * usd_per_ths(par)
    cost = running_cost_usd_per_ths(world, par, generation, below_median)
    discount = math.log1p(par.world_miner_rate_per_year) / 12.0
    value = machine_value_usd(outlook_of(revenue, discount, world, par, lag), cost)
    return value / (1.0 + par.miner_hurdle_npv_mean)


@register_jitable
def usd_per_ths(par: Any) -> float:
    """Revenue of a TH/s in a month at a hashprice of 1 USD/PH/day, after the pool's fee, USD."""
    return DAYS_PER_MONTH * par.mining_availability * (1.0 - par.pool_fee_share) / 1000.0


@register_jitable
def running_cost_usd_per_ths(world: Any, par: Any, generation: int, below_median: float) -> float:
    """Power and other cost of a TH/s in a month, USD, at the world's median power price or so many log
    spreads below.
    """
    kwh = kw_per_ths(world.rig_j_per_th[generation], par.world_pue) * HOURS_PER_MONTH
    power = par.world_power_median_usd_per_kwh * math.exp(-below_median * par.world_power_log_spread)
    return kwh * par.mining_availability * (power + par.mining_other_usd_per_kwh)


@register_jitable
def site_rent_usd_per_kw_month(world: Any, par: Any) -> float:
    """User cost of a site abroad, USD per kW and month: interest and wear (Eq. B3)."""
    discount = math.log1p(par.world_miner_rate_per_year) / 12.0
    site = par.world_site_capex_usd_per_mw / 1000.0 * world.site_cost_factor_abroad
    return site * (discount + 1.0 / par.mining_site_life_months)


@register_jitable
def entry_hashprice_usd_per_ph_day(world: Any, par: Any, newest: int) -> float:
    """Hashprice at which a new site with the newest machine earns nothing: power, and the user cost of
    machine (at the makers' ordinary price) and site (Eq. B3).
    """
    discount = math.log1p(par.world_miner_rate_per_year) / 12.0
    kw = kw_per_ths(world.rig_j_per_th[newest], par.world_pue)
    machine = par.rig_reference_markup * par.rig_cost_usd_per_w * world.rig_j_per_th[newest]
    running = running_cost_usd_per_ths(world, par, newest, 0.0)
    running += kw * site_rent_usd_per_kw_month(world, par)
    decline = par.hashprice_decline_per_month
    return hash_unit_cost(discount, 1.0 / par.rig_life_months, decline, machine, running) / usd_per_ths(par)


@register_jitable
def publish_mean_site(world_miners: Any, world: Any) -> None:
    """Publish the mean site abroad, MW, by which new firms are sized; it stays if nobody is left."""
    active, site_mw = 0.0, 0.0
    for i in range(len(world_miners)):
        active += world_miners[i].active
        site_mw += world_miners[i].site_mw
    if active > 0.0:
        world.mean_site_abroad_mw = site_mw / active


@register_jitable
def queue_months(world: Any, par: Any, ahead_gw: float) -> float:
    """Months until makers deliver an order with ``ahead_gw`` of machines before it in their books."""
    waiting = ahead_gw / world.rig_supply_gw_per_month if world.rig_supply_gw_per_month > 0.0 else 0.0
    return min(LONGEST_QUEUE_MONTHS, max(par.rig_delivery_months, waiting))


@register_jitable
def ration(firm: Any, share: float) -> None:
    """Leave a share of a used order and pay the rest back."""
    firm.cash_usd += (1.0 - share) * (firm.hardware_usd + firm.duty_usd + firm.hardware_tax_usd)
    firm.invested_usd -= (1.0 - share) * firm.hardware_usd
    firm.hardware_usd *= share
    firm.duty_usd *= share
    firm.hardware_tax_usd *= share
    firm.used_order_ths *= share


@kernel
def trade_machines(miners, world_miners, worlds, pars):  # type: ignore[no-untyped-def]
    """Clear the second-hand market, count new orders and take out what has failed: used orders beyond the
    stock are rationed and refunded; who orders new machines in the same month draws a place in the queue.

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
            if not in_business(firm):
                continue
            for generation in range(GENERATIONS):
                world.used_stock_ths[generation] += firm.sold_ths[generation]
                sold += firm.sold_ths[generation]
                firm.sold_ths[generation] = 0.0
            if firm.hardware_usd > 0.0:
                if firm.order_used == 1:
                    wanted[firm.used_order_generation] += firm.used_order_ths
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
        step = par.rig_price_adjustment * (unsold - 1.0 + 1.0 / par.dealer_stock_months)
        factor = world.used_price_factor[generation] * math.exp(-step)
        # A forced sale fetches the dealers' bid: nobody who can wait sells for less
        if world.rig_on_sale[generation] == USED:
            world.used_price_factor[generation] = min(1.0, max(par.resale_share, factor))
        scrapped += left * par.used_scrap_per_month
        world.used_stock_ths[generation] = left * (1.0 - par.used_scrap_per_month)
        bought += wanted[generation] * share
    for firms in (miners, world_miners):
        for i in range(len(firms)):
            firm = firms[i]
            if not in_business(firm):
                continue
            if firm.hardware_usd > 0.0:
                if firm.order_used == 1:
                    ration(firm, world.used_fill_share[firm.used_order_generation])
                elif firm.order_ths > 0.0:
                    ahead_gw = world.rig_backlog_gw + firm.draws[U_DELAY] * new_gw
                    firm.order_months_left = max(1.0, math.ceil(queue_months(world, par, ahead_gw)))
            for generation in range(GENERATIONS):
                broken = firm.fleet_ths[generation] * par.rig_failure_per_month
                firm.fleet_ths[generation] -= broken
                scrapped += broken
    world.rig_orders_gw_per_month += (new_gw - world.rig_orders_gw_per_month) / 3.0
    world.rig_backlog_gw += new_gw
    publish_mean_site(world_miners, world)
    return new_ths, bought, sold, scrapped


@register_jitable
def on_offer(world: Any, par: Any, release_month: float) -> bool:
    """Whether a generation can be ordered: makers take orders ahead of its release, an ordinary delivery time
    before the first machines arrive.
    """
    return release_month <= world.month + par.rig_delivery_months


@kernel
def quote_machines(worlds, pars, release_month, supply_index):  # type: ignore[no-untyped-def]
    """Let makers work off their orders, quote a delivery time and set next prices.

    Makers charge production cost and a share of what a machine earns a typical miner beyond cost and hurdle,
    or what he would pay if that is less: chips are bought ahead. Who has a long queue loses no sale by
    asking more, so the share rises with it. Prices move there gradually. A higher markup calls forth more
    supply, and the queue clears the market: long delivery lowers the value of a machine. Older
    generations in production are priced by relative worth.
    """
    world, par = worlds[0], pars[0]
    newest = 0
    for generation in range(GENERATIONS):
        if on_offer(world, par, release_month[generation]):
            newest = generation
    cost = par.rig_cost_usd_per_w * world.rig_j_per_th[newest]
    bid = reference_bid_usd_per_ths(world, par, newest, world.delivery_months, 0.0) / cost
    queue = max(1.0, world.delivery_months / par.rig_delivery_months)
    share = 1.0 - math.exp(queue * math.log1p(-par.rig_rent_share))
    target = max(par.rig_lowest_markup, min(bid, 1.0 + share * (bid - 1.0)))
    supply = par.rig_supply_gw_per_month * supply_index
    world.rig_markup = math.exp(
        (1.0 - par.rig_price_adjustment) * math.log(world.rig_markup)
        + par.rig_price_adjustment * math.log(target)
    )
    offered = supply * math.exp(
        par.rig_supply_elasticity * math.log(world.rig_markup / par.rig_reference_markup)
    )
    world.rig_supply_gw_per_month = offered
    world.delivery_months = queue_months(world, par, world.rig_backlog_gw)
    world.rig_backlog_gw -= min(world.rig_backlog_gw, offered)
    hours = HOURS_PER_MONTH * par.mining_availability
    world.site_rent_abroad_usd_per_kwh = site_rent_usd_per_kw_month(world, par) / hours
    world.entry_hashprice_usd_per_ph_day = entry_hashprice_usd_per_ph_day(world, par, newest)
    quote_generations(world, par, release_month, newest)


@register_jitable
def quote_generations(world: Any, par: Any, release_month: Any, newest: int) -> None:
    """Price every generation on the market: new ones by makers, delivered after their queue; used ones by
    dealers, delivered at once, whom a typical miner with free and cheap power pays what they are worth to
    him.

    A generation in production is sold from dealers' stock while that is the better bargain and would last a
    month of production; what dealers hold of it is as good as new.
    """
    best_value = reference_bid_usd_per_ths(world, par, newest, world.delivery_months, 0.0)
    best_price = world.rig_markup * par.rig_cost_usd_per_w * world.rig_j_per_th[newest]
    for generation in range(GENERATIONS):
        world.rig_on_sale[generation] = 0.0
        world.rig_price_usd_per_ths[generation] = SCRAP_USD_PER_THS
        world.rig_spot_usd_per_ths[generation] = SCRAP_USD_PER_THS
        if not on_offer(world, par, release_month[generation]):
            continue
        in_production = generation > newest - NEWEST_IN_PRODUCTION
        parity = reference_bid_usd_per_ths(world, par, generation, par.used_delivery_months, CHEAP_POWER)
        discount = 0.0 if in_production else par.used_discount_share
        spot = parity * (1.0 - discount) * world.used_price_factor[generation]
        spot = max(SCRAP_USD_PER_THS, spot)
        world.rig_spot_usd_per_ths[generation] = spot
        value = reference_bid_usd_per_ths(world, par, generation, world.delivery_months, 0.0)
        worth = best_price
        if generation != newest:
            worth *= value / best_value if best_value > 0.0 else 0.0
        cost = par.rig_cost_usd_per_w * world.rig_j_per_th[generation]
        made = in_production and (worth >= cost or generation == newest)
        stock_ths = world.used_stock_ths[generation]
        if made:
            stock_gw = stock_ths * world.rig_j_per_th[generation] / 1e9
            made = stock_gw < world.rig_supply_gw_per_month or parity * worth <= value * spot
        world.rig_price_usd_per_ths[generation] = worth if made else spot
        if made:
            world.rig_on_sale[generation] = NEW
        elif stock_ths >= SMALLEST_MACHINE_THS:
            world.rig_on_sale[generation] = USED
