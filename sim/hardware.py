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
from agents.rules.finance import pv_declining_margin
from sim.compiled import kernel
from sim.drivers import table
from sim.regimes import months_between

FloatArray = npt.NDArray[np.float64]
SCRAP_USD_PER_THS = 0.1
NEW, USED = 1.0, 0.5
NEWEST_IN_PRODUCTION = 3


@dataclass(frozen=True)
class Frontier:
    """Machine generations: observed ones, then projected ones at the frontier's rate of improvement."""

    j_per_th: FloatArray
    release_month: FloatArray


def build_frontier(start: str, values: dict[str, float]) -> Frontier:
    """List generations in order of release; projected generations follow at a constant interval and rate."""
    rows = table("hardware.csv")
    efficiency = [float(row["j_per_th"]) for row in rows]
    release = [float(months_between(start, row["available_from"])) for row in rows]
    interval = values["rig_release_interval_months"]
    factor = (1.0 - values["rig_improvement_per_year"]) ** (interval / 12.0)
    while len(efficiency) < GENERATIONS:
        efficiency.append(efficiency[-1] * factor)
        release.append(release[-1] + interval)
    return Frontier(np.array(efficiency[-GENERATIONS:]), np.array(release[-GENERATIONS:]))


@register_jitable
def reference_value_usd_per_ths(world: Any, par: Any, generation: int) -> float:
    """What a TH/s is worth to a typical miner abroad: PV of its margin at the world's median power price."""
    log_price = 0.0
    for rule in range(FORECASTERS):
        log_price += world.forecaster_share[rule] * world.forecast_log_hashprice[rule]
    hashprice = math.exp(log_price)
    revenue = hashprice / 1000.0 * DAYS_PER_MONTH * par.mining_availability
    kwh = world.rig_j_per_th[generation] * par.world_pue / 1000.0 * HOURS_PER_MONTH * par.mining_availability
    cost = kwh * (par.world_power_median_usd_per_kwh + par.mining_other_usd_per_kwh)
    discount = math.log1p(par.world_miner_rate_per_year) / 12.0
    decline = par.hashprice_decline_per_month
    before = min(par.rig_life_months, world.months_to_halving)
    value = pv_declining_margin(revenue, cost, decline, discount, 0.0, before)
    later = revenue * math.exp(-decline * before) * par.halving_revenue_share
    return value + pv_declining_margin(later, cost, decline, discount, before, par.rig_life_months - before)


@kernel
def trade_machines(miners, world_miners, worlds, pars, smooth_orders):  # type: ignore[no-untyped-def]
    """Clear the second-hand market and count new orders: used orders beyond the stock are rationed and
    refunded.

    ``smooth_orders`` (one value, GW a month) is updated; returns (new orders, used bought, used sold,
    scrapped), TH/s.
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
        scrapped += left * par.used_scrap_per_month
        world.used_stock_ths[generation] = left * (1.0 - par.used_scrap_per_month)
        bought += wanted[generation] * share
    for firms in (miners, world_miners):
        for i in range(len(firms)):
            firm = firms[i]
            if firm.hardware_usd > 0.0 and firm.order_used == 1 and firm.order_ths > 0.0:
                share = world.used_fill_share[firm.order_generation]
                back = (1.0 - share) * (firm.hardware_usd + firm.duty_usd + firm.hardware_tax_usd)
                firm.hardware_usd *= share
                firm.duty_usd *= share
                firm.hardware_tax_usd *= share
                firm.order_ths *= share
                firm.cash_usd += back
                firm.invested_usd -= back
    smooth_orders[0] += (new_gw - smooth_orders[0]) / 3.0
    return new_ths, bought, sold, scrapped


@kernel
def quote_machines(worlds, pars, smooth_orders, release_month, maker_price):  # type: ignore[no-untyped-def]
    """Set next prices: makers' asking price moves towards their supply curve; other generations are priced by
    relative worth.

    ``maker_price`` holds the asking price of the newest generation per unit of its production cost (a
    markup), so that a
    more efficient generation starts at the same markup.
    """
    world, par = worlds[0], pars[0]
    newest = 0
    for generation in range(GENERATIONS):
        if release_month[generation] <= world.month:
            newest = generation
    pressure = max(0.05, smooth_orders[0] / par.rig_supply_gw_per_month)
    target = max(1.0, par.rig_reference_markup * math.exp(math.log(pressure) / par.rig_supply_elasticity))
    maker_price[0] = math.exp(
        (1.0 - par.rig_price_adjustment) * math.log(maker_price[0])
        + par.rig_price_adjustment * math.log(target)
    )
    world.delivery_months = par.rig_delivery_months * min(2.0, max(0.5, pressure))
    best_value = reference_value_usd_per_ths(world, par, newest)
    best_price = maker_price[0] * par.rig_cost_usd_per_w * world.rig_j_per_th[newest]
    for generation in range(GENERATIONS):
        world.rig_on_sale[generation] = 0.0
        world.rig_price_usd_per_ths[generation] = SCRAP_USD_PER_THS
        if release_month[generation] > world.month:
            continue
        worth = 0.0
        if best_value > 0.0:
            worth = best_price * reference_value_usd_per_ths(world, par, generation) / best_value
        cost = par.rig_cost_usd_per_w * world.rig_j_per_th[generation]
        if generation > newest - NEWEST_IN_PRODUCTION and (worth >= cost or generation == newest):
            world.rig_on_sale[generation] = NEW
            world.rig_price_usd_per_ths[generation] = max(cost, worth)
        else:
            price = worth * (1.0 - par.used_discount_share)
            world.rig_price_usd_per_ths[generation] = max(SCRAP_USD_PER_THS, price)
            if world.used_stock_ths[generation] > 0.0:
                world.rig_on_sale[generation] = USED
