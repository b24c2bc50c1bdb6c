"""What a miner plans: to enter and how honestly, to renew or replace machines, to expand (Eq. M2, M5)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from numba.extending import register_jitable

from agents.base import GENERATIONS
from agents.firm import raise_capital, sign_contract
from agents.machines import kw_per_ths
from agents.miner_accounts import order_rigs, sell_rigs
from agents.miner_appraisal import (
    LICENSED,
    Terms,
    allowed_statuses,
    best_generation,
    build_months,
    least_efficient,
    other_usd_per_kwh,
    plugged_share,
    power_price_usd_per_kwh,
    site_capex_usd_per_mw,
    size_limit_mw,
    terms_of,
    value_usd_per_ths,
)
from agents.miner_orders import REFILL_SHARE, purse_usd
from agents.policy import Policy
from agents.rules.compliance import imitate_probability
from agents.rules.mining import runs
from agents.world import Parameters, World

if TYPE_CHECKING:
    from agents.miner import Miner

# What has become of machines whose site was lost: not yet decided, on the way to a new one
UNHOUSED, MOVING = 1, 2


@register_jitable
def enter(firm: Miner, world: World, policy: Policy, par: Parameters) -> None:
    """Compare licensed, grey and stolen power for a new site; apply, or build at once where no permission
    is asked (Eq. M5).
    """
    best_status, best_value, best_rig, best_cost = -1, 0.0, -1, 0.0
    hurdle = firm.hurdle - par.imitation_weight * world.entrants_log
    for status in range(3):
        if not allowed_statuses(firm, world, policy, status, par):
            continue
        site_mw = min(firm.target_mw, size_limit_mw(policy, par, status))
        needed = hurdle + (firm.morale if status != LICENSED else 0.0)
        terms = terms_of(firm, world, policy, par, status, site_mw)
        rig, ratio, cost = best_generation(firm, world, policy, par, status, terms, True, needed)
        value = (ratio - needed) * site_mw
        if rig >= 0 and value > best_value:
            best_status, best_value, best_rig, best_cost = status, value, rig, cost
    if best_status < 0:
        return
    cost_per_mw = best_cost / (kw_per_ths(world.rig_j_per_th[best_rig], firm.pue) / 1000.0)
    affordable = firm.funds_usd / (1.0 - firm.debt_share) / cost_per_mw
    site_mw = min(min(firm.target_mw, size_limit_mw(policy, par, best_status)), affordable)
    if site_mw < par.smallest_site_mw:
        return
    firm.compliance = best_status
    firm.planned_generation = best_rig
    firm.bid_usd_per_mw = best_value / site_mw * cost_per_mw
    firm.entered = 1
    if best_status == LICENSED:
        firm.applied_mw = site_mw
        firm.applied_month = world.month
    else:
        firm.granted_mw = site_mw


@register_jitable
def reconsider(firm: Miner, world: World, policy: Policy, par: Parameters) -> None:
    """Withdraw an application whose NPV has turned negative while it waited; otherwise update machine and
    bid.
    """
    terms = terms_of(firm, world, policy, par, LICENSED, firm.applied_mw)
    rig, ratio, cost = best_generation(firm, world, policy, par, LICENSED, terms, True, 0.0)
    if rig < 0:
        firm.applied_mw = 0.0
        return
    firm.planned_generation = rig
    surplus = max(0.0, ratio - firm.hurdle) * cost
    firm.bid_usd_per_mw = surplus / (kw_per_ths(world.rig_j_per_th[rig], firm.pue) / 1000.0)


@register_jitable
def renew(firm: Miner, world: World, policy: Policy, par: Parameters) -> None:
    """Fill free power, or replace the least efficient machines where new ones gain enough; otherwise
    expand if that pays.
    """
    free_mw = drop_obsolete(firm, world, policy, par)
    filling = free_mw >= max(par.smallest_site_mw, REFILL_SHARE * firm.site_mw)
    worst = least_efficient(firm, world)
    worst_mw = 0.0
    if worst >= 0:
        worst_mw = firm.fleet_ths[worst] * (kw_per_ths(world.rig_j_per_th[worst], firm.pue) / 1000.0)
    terms = terms_of(firm, world, policy, par, firm.compliance, firm.site_mw)
    # Nobody orders for less than the smallest site
    if filling or worst_mw >= par.smallest_site_mw:
        fillable_mw = free_mw if filling else 0.0
        rig, cost, mw = choose_renewal(firm, world, policy, par, terms, fillable_mw, worst, worst_mw)
        if mw >= par.smallest_site_mw:
            mw_per_ths = kw_per_ths(world.rig_j_per_th[rig], firm.pue) / 1000.0
            order_rigs(firm, world, policy, par, rig, min(mw / mw_per_ths, purse_usd(firm) / cost), 0.0)
            return
    if not filling:
        expand(firm, world, policy, par, terms)


@register_jitable
def choose_renewal(
    firm: Miner, world: World, policy: Policy, par: Parameters, terms: Terms,
    free_mw: float, worst: int, worst_mw: float,
) -> tuple[int, float, float]:  # fmt: skip
    """Choose new machines for free power, or else in the place of the worst: generation or -1, cost in USD
    per TH/s and MW to order, both 0 where none gain.
    """
    freed = freed_usd_per_mw(firm, world, par, terms, worst) if worst >= 0 else 0.0
    # Free power is filled without a machine having to go
    least = max(0.0, freed) if free_mw > 0.0 else freed
    rig, ratio, cost = best_generation(
        firm, world, policy, par, firm.compliance, terms, False, firm.hurdle, least
    )
    if rig < 0:
        return -1, 0.0, 0.0
    share = par.expansion_share if firm.home == 1 else par.world_expansion_share
    step_mw = max(par.smallest_site_mw, share * firm.site_mw)
    wanted_mw = min(free_mw, step_mw) if ratio > firm.hurdle else 0.0
    if wanted_mw < par.smallest_site_mw and worst >= 0:
        surplus = (ratio - firm.hurdle) * cost / (kw_per_ths(world.rig_j_per_th[rig], firm.pue) / 1000.0)
        better = world.rig_j_per_th[rig] < world.rig_j_per_th[worst]
        wanted_mw = min(worst_mw, step_mw) if better and surplus + freed > 0.0 else 0.0
    return rig, cost, wanted_mw


@register_jitable
def imitate(firm: Miner, world: World, policy: Policy, par: Parameters) -> None:
    """Copy the status of a peer who earns more per MW, between grey and stolen power (Eq. M6).

    A licence cannot be copied: it takes an application. The peer was sampled and the meeting drawn when peers
    were observed.
    """
    other = firm.peer_status
    if firm.home == 0 or firm.compliance == LICENSED or other <= LICENSED or other == firm.compliance:
        return
    if not allowed_statuses(firm, world, policy, other, par):
        return
    if firm.site_mw > size_limit_mw(policy, par, other):
        return
    chance = imitate_probability(
        firm.payoff_usd_per_mw, firm.peer_payoff_usd_per_mw, par.imitation_intensity_per_usd_per_mw
    )
    if firm.peer_draw < par.meeting_probability_per_month * chance:
        firm.compliance = other


@register_jitable
def resume(firm: Miner, world: World, policy: Policy, par: Parameters) -> None:
    """After a cut-off, go on in the illegal status that is worth more under what the firm now believes of
    detection, or give up (Eq. M5).
    """
    best_value, best_status = 0.0, -1
    for status in range(LICENSED + 1, 3):
        if not allowed_statuses(firm, world, policy, status, par):
            continue
        if firm.site_mw > size_limit_mw(policy, par, status):
            continue
        terms = terms_of(firm, world, policy, par, status, firm.site_mw)
        for generation in range(GENERATIONS):
            if firm.fleet_ths[generation] > 0.0:
                value = value_usd_per_ths(firm, world, par, terms, generation, 0.0)
                if value > best_value:
                    best_value, best_status = value, status
    if best_status < 0:
        firm.loss_months = par.exit_months
    else:
        firm.compliance = best_status


@register_jitable
def drop_obsolete(firm: Miner, world: World, policy: Policy, par: Parameters) -> float:
    """Sell a share of the machines that do not even pay in the cheapest hour; return the MW of power that
    is free, MW.
    """
    free_mw = firm.site_mw
    price = cheapest_hour_usd_per_kwh(firm, world, policy, par)
    forecast = world.forecast_usd_per_ph_day[firm.forecaster] * (1.0 - par.pool_fee_share)
    other = other_usd_per_kwh(firm, world, par)
    for generation in range(GENERATIONS):
        fleet = firm.fleet_ths[generation]
        if fleet <= 0.0:
            continue
        if runs(forecast, world.rig_j_per_th[generation], firm.pue, price, other):
            free_mw -= fleet * kw_per_ths(world.rig_j_per_th[generation], firm.pue) / 1000.0
        else:
            sell_rigs(firm, world, par, generation, fleet * par.obsolete_sale_share)
    return free_mw


@register_jitable
def freed_usd_per_mw(firm: Miner, world: World, par: Parameters, terms: Terms, generation: int) -> float:
    """What dealers pay for a generation's machines beyond what they would still earn, USD per MW of the power
    that their sale frees.
    """
    mw_per_ths = kw_per_ths(world.rig_j_per_th[generation], firm.pue) / 1000.0
    resale = world.rig_spot_usd_per_ths[generation] * par.resale_share
    kept = value_usd_per_ths(firm, world, par, terms, generation, 0.0)
    return resale / mw_per_ths - kept / mw_per_ths


@register_jitable
def expand(firm: Miner, world: World, policy: Policy, par: Parameters, terms: Terms) -> None:
    """Add power and machines if a new site pays on the terms of the old one; licensed firms at home apply for
    it, others build at once.
    """
    share = par.expansion_share if firm.home == 1 else par.world_expansion_share
    room_mw = min(share * firm.site_mw, firm.target_mw - firm.site_mw)
    if room_mw < par.smallest_site_mw:
        return
    rig, ratio, cost = best_generation(firm, world, policy, par, firm.compliance, terms, True, firm.hurdle)
    if rig < 0:
        return
    mw_per_ths = kw_per_ths(world.rig_j_per_th[rig], firm.pue) / 1000.0
    room_mw = min(room_mw, purse_usd(firm) / cost * mw_per_ths)
    if firm.home == 1:
        room_mw = min(room_mw, size_limit_mw(policy, par, firm.compliance) - firm.site_mw)
    if room_mw < par.smallest_site_mw:
        return
    firm.planned_generation = rig
    firm.bid_usd_per_mw = (ratio - firm.hurdle) * cost / mw_per_ths
    if firm.home == 1 and firm.compliance == LICENSED:
        firm.applied_mw = room_mw
        firm.applied_month = world.month
    else:
        firm.granted_mw = room_mw


@register_jitable
def relocate(firm: Miner, world: World, policy: Policy, par: Parameters) -> None:
    """Rebuild elsewhere for the machines that lost their site; sell those that are not worth the move (Eq.
    M4).

    A machine moves if its margin from the day it runs again exceeds freight, a new site, and its resale.
    """
    stored = 1.0 - plugged_share(firm, world)
    firm.displaced = 0
    lag = par.relocation_months * firm.slowness
    site_usd_per_mw = site_capex_usd_per_mw(firm, world, par, firm.compliance)
    terms = terms_of(firm, world, policy, par, firm.compliance, firm.site_mw)
    moving_mw = 0.0
    for generation in range(GENERATIONS):
        ths = firm.fleet_ths[generation] * stored
        if ths <= 0.0:
            continue
        kw = kw_per_ths(world.rig_j_per_th[generation], firm.pue)
        price = world.rig_spot_usd_per_ths[generation]
        cost = kw / 1000.0 * site_usd_per_mw + price * (par.relocation_cost_share + par.resale_share)
        if value_usd_per_ths(firm, world, par, terms, generation, lag) > cost:
            moving_mw += ths * kw / 1000.0
            firm.site_usd += ths * price * par.relocation_cost_share
            firm.cash_usd -= ths * price * par.relocation_cost_share
        else:
            sell_rigs(firm, world, par, generation, ths)
    if moving_mw > 0.0:
        firm.displaced = MOVING
        raise_capital(firm, moving_mw * site_usd_per_mw)
        firm.building_mw = moving_mw
        firm.build_months = max(1.0, math.ceil(lag))
        firm.build_months_left = firm.build_months


@register_jitable
def enter_abroad(firm: Miner, world: World, policy: Policy, par: Parameters) -> None:
    """Found a new firm abroad, half as large as those there, with fresh funds, if machines and site clear
    its hurdle.
    """
    terms = terms_of(firm, world, policy, par, LICENSED, 0.0)
    rig, _, cost = best_generation(firm, world, policy, par, LICENSED, terms, True, firm.hurdle)
    if rig < 0:
        return
    firm.granted_mw = 0.5 * world.mean_site_abroad_mw
    firm.planned_generation = rig
    mw_per_ths = kw_per_ths(world.rig_j_per_th[rig], firm.pue) / 1000.0
    firm.funds_usd = firm.granted_mw * cost / mw_per_ths


@register_jitable
def expand_state_mining(firm: Miner, world: World, policy: Policy, par: Parameters) -> None:
    """The state's own miner builds towards the MW that the regime intends, a share at a time, while
    machines and site recover their cost; it asks for no premium.
    """
    terms = terms_of(firm, world, policy, par, LICENSED, policy.state_mining_mw)
    rig, _, _ = best_generation(firm, world, policy, par, LICENSED, terms, True, 0.0)
    if rig < 0:
        return
    firm.planned_generation = rig
    firm.compliance = LICENSED
    firm.granted_mw = min(policy.state_mining_mw * par.expansion_share, policy.state_mining_mw - firm.site_mw)


@register_jitable
def cheapest_hour_usd_per_kwh(firm: Miner, world: World, policy: Policy, par: Parameters) -> float:
    """Lowest power price of the day: a machine that does not run even then is obsolete here. Only the offer
    differs by hour; abroad it is the month's, which differs by season.
    """
    lowest = power_price_usd_per_kwh(firm, world, policy, par, firm.compliance, 0)
    if firm.home == 1 and firm.compliance == LICENSED:
        for hour in range(1, 24):
            lowest = min(lowest, power_price_usd_per_kwh(firm, world, policy, par, firm.compliance, hour))
    return lowest


@register_jitable
def start_site(firm: Miner, world: World, policy: Policy, par: Parameters) -> None:
    """Begin a granted site: finance it, order its machines to arrive when it is ready."""
    rig = firm.planned_generation
    site_cost = firm.granted_mw * site_capex_usd_per_mw(firm, world, par, firm.compliance)
    ths = firm.granted_mw / (kw_per_ths(world.rig_j_per_th[rig], firm.pue) / 1000.0)
    if firm.active == 0:
        firm.active = 1
        firm.opened_month = world.month
        sign_contract(firm, world, policy)
    firm.building_mw += firm.granted_mw
    firm.build_months = max(1.0, math.ceil(build_months(firm, policy, par, firm.compliance)))
    firm.build_months_left = firm.build_months
    firm.granted_mw = 0.0
    order_rigs(firm, world, policy, par, rig, ths, site_cost, firm.auction_usd)
    firm.cash_usd -= firm.auction_usd
