"""Where an AI firm builds, whether it commits now, and what binds it when it does not (Eq. M8, M13, B17)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from numba.extending import register_jitable

from agents.ai_appraisal import (
    COLOCATION,
    ENOUGH_DEMAND,
    HOURS_PER_MONTH,
    OFFER_GONE,
    SOVEREIGN,
    appraise,
    gpu_hours_per_mw_it,
    gpu_usd_per_mw_it,
    hall_value,
    net_value,
    residual_value,
    yearly_to_monthly,
)
from agents.base import GENERATIONS, SITES
from agents.policy import Policy
from agents.rules.choice import logit2, logit_weight, nested_inclusive_value
from agents.rules.finance import loss_while_waiting, real_rate
from agents.world import MONTHS_PER_YEAR, Parameters, World

if TYPE_CHECKING:
    from agents.ai_firm import AiFirm

# What last kept a firm from building
NOTHING, RETURN, CAPITAL, QUEUE, CHIPS, DEMAND, COUNTRY_RISK, POWER_PRICE, ABROAD = range(9)
BLOCKS = 9
# Reliefs that a firm asks for one at a time: demand, country risk, the price of power
RELIEFS = 3


@register_jitable
def anchor_share(firm: AiFirm, world: World, stage_mw_it: float) -> float:
    """Largest part of a stage that a flat contract can take: the firm's limit and what buyers of its kind
    still want, the state's at home, others' abroad.
    """
    room = world.public_room_mw_it if firm.kind == SOVEREIGN else world.export_demand_mw_it
    return min(firm.anchor_limit, room / stage_mw_it)


@register_jitable
def return_abroad(firm: AiFirm, world: World, par: Parameters, site: int) -> float:
    """NPV over capital of the same hall at a site abroad, times its chance of chips; the firm earns world
    prices there and keeps its own view of them (Eq. M13).
    """
    real = real_rate(par.world_ai_wacc_per_year, par.usd_inflation_per_year)
    discount = yearly_to_monthly(real + world.site_premium_per_year[site])
    lag = world.site_open_months[site]
    ordered = max(0.0, lag - par.gpu_fitting_months)
    cost = HOURS_PER_MONTH * par.ai_load_factor * world.site_pue[site] * 1000.0
    cost = cost * world.site_power_usd_per_kwh[site] + par.ai_other_usd_per_mw_it_year / MONTHS_PER_YEAR
    facility = world.site_capex_usd_per_mw_it[site]
    contract = par.cloud_contract_usd_per_mw_year / MONTHS_PER_YEAR
    decline = yearly_to_monthly(firm.price_decline_per_year)
    best = -1.0
    for generation in range(GENERATIONS):
        if world.gpu_on_sale[generation] == 0.0:
            continue
        merchant = (
            gpu_hours_per_mw_it(world, generation) * par.anchor_utilisation * world.gpu_price_usd_per_hour
        )
        value = hall_value(par, firm.anchor_limit, contract, merchant, cost, decline, discount, lag)
        value += residual_value(par, discount, lag, facility)
        npv, capital = net_value(
            value, facility, gpu_usd_per_mw_it(world, generation), discount, ordered, par.ai_build_months
        )
        after_tax = npv * (1.0 - world.site_tax_rate[site]) if npv > 0.0 else npv
        best = max(best, after_tax / capital)
    return best * world.site_chip_success[site] if best > 0.0 else best


@register_jitable
def home_probability(firm: AiFirm, world: World, par: Parameters, home: float) -> float:
    """Chance that a firm free to choose builds at home: a logit between home and the nest of sites abroad
    (Eq. B17). A firm bound to the country builds at home.
    """
    if firm.foreign == 0:
        return 1.0
    mu = par.site_intensity_abroad
    best, weights = -math.inf, 0.0
    for site in range(SITES):
        best = max(best, return_abroad(firm, world, par, site))
    for site in range(SITES):
        weights += logit_weight(mu, return_abroad(firm, world, par, site), best)
    return logit2(par.site_intensity, home, nested_inclusive_value(mu, best, weights))


@register_jitable
def rush(
    firm: AiFirm, world: World, policy: Policy, par: Parameters, stage: float, anchored: float, now: float
) -> float:
    """What a firm takes off its hurdle because the offer may be gone when it decides next time; only a
    contract that outlives the withdrawal is worth hurrying for (Eq. M8).
    """
    if policy.grandfathered == 0 or world.offer_effective == 0 or world.reversal_hazard_per_year <= 0.0:
        return 0.0
    later, _, _ = appraise(firm, world, policy, par, stage, anchored, 0, OFFER_GONE)
    decisions = par.ai_consider_probability_per_month * MONTHS_PER_YEAR
    return loss_while_waiting(world.reversal_hazard_per_year, decisions, now - later)


@register_jitable
def binding_constraint(
    firm: AiFirm, world: World, policy: Policy, par: Parameters, stage: float, needed: float
) -> tuple[int, int]:
    """Which single relief would make a stage pay that does not, of demand, country risk and power: the one
    that helps most, or the return itself if none does; and all that would, as a sum of 1, 2 and 4.
    """
    found, best, enough = RETURN, needed, 0
    for relief in range(RELIEFS):
        ratio, _, _ = appraise(firm, world, policy, par, stage, 0.0, 0, ENOUGH_DEMAND + relief)
        if ratio > needed:
            enough += 1 << relief
        if ratio > best:
            found, best = DEMAND + relief, ratio
    return found, enough


@register_jitable
def site_bid_usd_per_mw(
    firm: AiFirm, world: World, policy: Policy, par: Parameters, stage: float, anchored: float, now: float
) -> float:
    """What a MW with power and fibre today is worth more than one that has to wait: the gain in NPV of
    opening earlier, USD per MW of IT.
    """
    if firm.kind == COLOCATION:
        return 0.0
    early, spent, _ = appraise(firm, world, policy, par, stage, anchored, 1, 0)
    # Ratios rest on capital discounted to today; both openings are put on the undiscounted outlay
    rate = yearly_to_monthly(firm.wacc_per_year + par.country_risk_premium)
    wait = max(0.0, par.ai_connection_months + par.ai_build_months - par.ai_conversion_months)
    return max(0.0, early - now * math.exp(-rate * wait)) * spent
