"""Orders of machines under way: what bridges the wait for them, what gives way when they come (Eq. M2)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from numba.extending import register_jitable

from agents.base import GENERATIONS
from agents.machines import USED, kw_per_ths, machine_values_usd, outlook_of
from agents.miner_accounts import order_rigs, sell_rigs
from agents.miner_appraisal import (
    fleet_mw,
    income_tax_rate,
    landed_share,
    least_efficient,
    terms_of,
)
from agents.policy import Policy
from agents.world import Parameters, World

if TYPE_CHECKING:
    from agents.miner import Miner

# Power of failed machines is filled by the batch, once this share of the site is free
REFILL_SHARE = 0.1


@register_jitable
def bridge(firm: Miner, world: World, policy: Policy, par: Parameters) -> None:
    """Buy used machines for power that stands idle while an order waits in the makers' queue, if they clear
    the hurdle (Eq. M2).

    A machine that finds no room once the order arrives earns until then and fetches the dealers' bid.
    """
    free_mw = firm.site_mw - fleet_mw(firm, world)
    if free_mw < max(par.smallest_site_mw, REFILL_SHARE * firm.site_mw):
        return
    kw = kw_per_ths(world.rig_j_per_th[firm.order_generation], firm.pue)
    lasting_mw = max(0.0, free_mw - firm.order_ths * kw / 1000.0)
    lasting_share = lasting_mw / free_mw
    terms = terms_of(firm, world, policy, par, firm.compliance, firm.site_mw)
    landed = landed_share(firm, policy, par, firm.compliance)
    arrival = par.used_delivery_months
    months = max(0.0, firm.order_months_left - math.ceil(arrival) - 1.0)
    tax = income_tax_rate(firm, world, policy, par, firm.compliance)
    outlook = outlook_of(terms.revenue_usd_per_ths, terms.discount_per_month, world, par, arrival)
    values = machine_values_usd(world, outlook, firm.pue, terms.cost_usd_per_kw)
    best, best_ratio, best_cost = -1, firm.hurdle, 0.0
    for generation in range(GENERATIONS):
        if world.rig_on_sale[generation] != USED:
            continue
        kw = kw_per_ths(world.rig_j_per_th[generation], firm.pue)
        cost = world.rig_price_usd_per_ths[generation] * landed
        margin = terms.revenue_usd_per_ths - kw * terms.cost_usd_per_kw
        resale = world.rig_spot_usd_per_ths[generation] * par.resale_share
        fall = terms.discount_per_month + par.rig_failure_per_month + world.hashprice_decline_per_month
        passing = max(0.0, margin) * months + resale * math.exp(-fall * firm.order_months_left)
        lasting = values[generation]
        npv = lasting_share * lasting + (1.0 - lasting_share) * min(passing, lasting) - cost
        ratio = (npv * (1.0 - tax) if npv > 0.0 else npv) / cost
        if ratio > best_ratio:
            best, best_ratio, best_cost = generation, ratio, cost
    if best < 0:
        return
    mw_per_ths = kw_per_ths(world.rig_j_per_th[best], firm.pue) / 1000.0
    ths = min(free_mw / mw_per_ths, purse_usd(firm) / best_cost)
    if ths * mw_per_ths >= par.smallest_site_mw:
        order_rigs(firm, world, policy, par, best, ths, 0.0)


@register_jitable
def take_delivery(firm: Miner, world: World, par: Parameters) -> None:
    """Bring orders a month nearer; what is due joins the fleet once the site stands, and the worst machines
    make room.
    """
    arrived = False
    if firm.order_ths > 0.0:
        firm.order_months_left -= 1.0
        if firm.order_months_left <= 0.0 and firm.building_mw <= 0.0:
            firm.fleet_ths[firm.order_generation] += firm.order_ths
            firm.order_ths = 0.0
            arrived = True
    if firm.used_order_ths > 0.0:
        firm.used_order_months_left -= 1.0
        if firm.used_order_months_left <= 0.0 and firm.building_mw <= 0.0:
            firm.fleet_ths[firm.used_order_generation] += firm.used_order_ths
            firm.used_order_ths = 0.0
            arrived = True
    if arrived and firm.displaced == 0:
        make_room(firm, world, par)


@register_jitable
def make_room(firm: Miner, world: World, par: Parameters) -> None:
    """Sell the least efficient machines when new ones have arrived and the site's power no longer
    suffices.
    """
    used_mw = 0.0
    for generation in range(GENERATIONS):
        used_mw += firm.fleet_ths[generation] * kw_per_ths(world.rig_j_per_th[generation], firm.pue) / 1000.0
    for _ in range(GENERATIONS):
        worst = least_efficient(firm, world)
        if used_mw <= firm.site_mw or worst < 0:
            return
        mw_per_ths = kw_per_ths(world.rig_j_per_th[worst], firm.pue) / 1000.0
        ths = min(firm.fleet_ths[worst], (used_mw - firm.site_mw) / mw_per_ths)
        used_mw -= ths * mw_per_ths
        sell_rigs(firm, world, par, worst, ths)


@register_jitable
def purse_usd(firm: Miner) -> float:
    """What the firm can spend: cash and owners' funds, levered by its debt share (pipeline limit of M2)."""
    return max(0.0, firm.cash_usd + firm.funds_usd) / (1.0 - firm.debt_share)
