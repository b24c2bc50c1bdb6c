"""How a miner values hardware, sites and compliance (Eq. M2, M3, M5): what a terahash is worth to this
firm.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from numba.extending import register_jitable

from agents.base import GENERATIONS, TINY
from agents.firm import (
    country_discount,
    import_rates,
    licensed_tariff_mean_usd_per_kwh,
    licensed_tariff_usd_per_kwh,
)
from agents.machines import (
    DAYS_PER_MONTH,
    HOURS_PER_MONTH,
    NEW,
    kw_per_ths,
    machine_value_usd,
    machine_values_usd,
    outlook_of,
    site_left_usd,
)
from agents.policy import SURPLUS_HOURS, Policy
from agents.rules.compliance import effective_hazard, load_signature, targeting_exponent
from agents.rules.finance import highest_annuity, highest_margin
from agents.rules.season import paused_share
from agents.world import MONTHS_PER_YEAR, Parameters, World

if TYPE_CHECKING:
    from agents.miner import Miner

LICENSED, GREY, THEFT = range(3)


@register_jitable
def fleet_mw(firm: Miner, world: World) -> float:
    """Power of all machines that a firm owns, running or not, MW at the meter."""
    total = 0.0
    for generation in range(GENERATIONS):
        total += firm.fleet_ths[generation] * world.rig_j_per_th[generation]
    return total * firm.pue / 1e6


@register_jitable
def least_efficient(firm: Miner, world: World) -> int:
    """Generation of the firm's machines that takes most power for its hash, or -1 without machines."""
    worst = -1
    for generation in range(GENERATIONS):
        if firm.fleet_ths[generation] > 0.0 and (
            worst < 0 or world.rig_j_per_th[generation] > world.rig_j_per_th[worst]
        ):
            worst = generation
    return worst


@register_jitable
def plugged_share(firm: Miner, world: World) -> float:
    """Share of the fleet that has a site: below 1 only after a site was lost, whose machines were of all
    ages.
    """
    if firm.displaced == 0:
        return 1.0
    return min(1.0, firm.site_mw / max(fleet_mw(firm, world), TINY))


@register_jitable
def running_share(firm: Miner, world: World, par: Parameters) -> float:
    """Share of the fleet that could run this month: technically available, housed, and not cut off abroad."""
    share = par.mining_availability * plugged_share(firm, world)
    return share if firm.home == 1 else share * world.running_share_abroad


@register_jitable
def charged_usd_per_kwh(
    world: World, policy: Policy, par: Parameters, status: int, licensed_tariff: float, ordinary_tariff: float
) -> float:
    """What a site at home pays for a kWh: tariff, levy and unrecoverable tax if licensed, the ordinary bill
    if grey, 0 if stolen.
    """
    if status == LICENSED:
        return licensed_tariff * (1.0 + policy.power_sales_tax_rate) + world.levy_usd_per_kwh
    if status == GREY:
        return ordinary_tariff * (1.0 + par.power_tax_ordinary_share)
    return 0.0


@register_jitable
def power_abroad_usd_per_kwh(firm: Miner, world: World) -> float:
    """Price of a kWh abroad this month: where firms follow the rivers it has a wet and a dry season."""
    season = world.power_season_abroad if firm.follows_rivers == 1 else 1.0
    return firm.power_price_usd_per_kwh * season


@register_jitable
def power_price_usd_per_kwh(
    firm: Miner, world: World, policy: Policy, par: Parameters, status: int, hour: int
) -> float:
    """Marginal price of a kWh in an hour."""
    if firm.home == 0:
        return power_abroad_usd_per_kwh(firm, world)
    licensed = licensed_tariff_usd_per_kwh(firm, world, policy, hour) if status == LICENSED else 0.0
    return charged_usd_per_kwh(
        world, policy, par, status, licensed, world.industrial_tariff_usd_per_kwh[hour]
    )


@register_jitable
def mean_power_price_usd_per_kwh(
    firm: Miner, world: World, policy: Policy, par: Parameters, status: int
) -> float:
    """Average of the marginal price of a kWh over the day, and abroad over the year."""
    if firm.home == 0:
        return firm.power_price_usd_per_kwh
    licensed = licensed_tariff_mean_usd_per_kwh(firm, world, policy) if status == LICENSED else 0.0
    return charged_usd_per_kwh(world, policy, par, status, licensed, world.industrial_tariff_mean_usd_per_kwh)


@register_jitable
def visibility(firm: Miner, par: Parameters, status: int) -> float:
    """How visible an illegal site is per unit of its load's signature: grey load pays its bill and is seen
    less; who was caught before is watched (Eq. M5).
    """
    seen = par.grey_visibility if status == GREY else 1.0
    return seen * (1.0 + par.recidivist_attention) if firm.convictions > 0 else seen


@register_jitable
def detection_per_month(
    firm: Miner, world: World, policy: Policy, par: Parameters, status: int, site_mw: float
) -> float:
    """Detection hazard per month that the firm believes in: its own perception, scaled by the load's
    signature (Eq. M5).
    """
    if status == LICENSED or firm.home == 0:
        return 0.0
    visibility = par.grey_visibility if status == GREY else 1.0
    # Where nobody is inspected, whom inspectors would visit first says nothing
    rule = policy.targeting_rule if policy.inspections_per_month > 0.0 else 0
    exponent = targeting_exponent(rule, par.signature_exponent)
    signature = load_signature(site_mw, exponent) * visibility
    return min(1.0, effective_hazard(firm.perceived_hazard * signature, par.deterrence_weight))


@register_jitable
def landed_share(firm: Miner, policy: Policy, par: Parameters, status: int) -> float:
    """Cost of a machine at the site over its price abroad: freight, and duty and sales tax where it is
    declared.
    """
    if firm.home == 0:
        return 1.0 + par.rig_freight_share
    if status == LICENSED:
        duty, tax = import_rates(policy, par, 0.0)
        return 1.0 + par.rig_freight_share + duty + tax
    return 1.0 + par.rig_freight_share + par.smuggling_premium_share


@register_jitable
def income_tax_rate(firm: Miner, world: World, policy: Policy, par: Parameters, status: int) -> float:
    """Income tax rate over an investment's life: the share of it that lies behind the holiday pays the
    full rate.
    """
    if firm.home == 0:
        return par.world_income_tax_rate
    if status != LICENSED:
        return 0.0
    rate = par.income_tax_rate if policy.income_tax_rate < 0.0 else policy.income_tax_rate
    return rate * max(0.0, 1.0 - policy.holiday_months / par.rig_life_months)


@register_jitable
def build_months(firm: Miner, policy: Policy, par: Parameters, status: int) -> float:
    """Months from decision to first hash without machine delivery: licence and connection if licensed,
    then building.
    """
    if firm.home == 0:
        return par.world_build_months
    if status == LICENSED:
        return par.mining_build_months + policy.licence_months * policy.licence_required
    return par.mining_build_months * par.informal_build_share


class Terms(NamedTuple):
    """What a firm's status and site mean for any machine: expected revenue of a TH/s a month, cost of a kW
    at the meter a month (power, fees, expected fines), and the discount rate a month.
    """

    revenue_usd_per_ths: float
    cost_usd_per_kw: float
    discount_per_month: float


@register_jitable
def terms_of(
    firm: Miner, world: World, policy: Policy, par: Parameters, status: int, site_mw: float
) -> Terms:
    """Work out the terms of a status (Eq. M2, M5): illegal status adds the believed detection hazard to
    the discount rate and the expected fine to cost.
    """
    hashprice = world.forecast_usd_per_ph_day[firm.forecaster]
    revenue = hashprice / 1000.0 * DAYS_PER_MONTH * par.mining_availability * (1.0 - par.pool_fee_share)
    rate, fees, served = firm.wacc_per_year, 0.0, 1.0
    if firm.home == 1:
        rate += par.country_risk_premium
        if status == LICENSED:
            rate = country_discount(firm, world, policy, par)
            revenue *= 1.0 - policy.turnover_tax_rate - policy.withholding_rate * policy.onshore_sale_share
            fees = policy.licence_fee_usd_per_mw_year + policy.aml_cost_usd_per_mw_year
            served = max(0.0, world.interruptible_served_mean)
            if policy.allocation_rule == SURPLUS_HOURS:
                served *= world.surplus_share
            served *= 1.0 - paused_share(policy.pause_from_month, policy.pause_to_month)
        else:
            served = world.firm_served_mean
    hazard = detection_per_month(firm, world, policy, par, status, site_mw)
    power_usd_per_kwh = mean_power_price_usd_per_kwh(firm, world, policy, par, status)
    fine_usd_per_mw = hazard * policy.fine_usd_per_mw * par.penalty_collected_share
    per_kwh = power_usd_per_kwh + other_usd_per_kwh(firm, world, par)
    cost = HOURS_PER_MONTH * par.mining_availability * per_kwh
    cost += fees / MONTHS_PER_YEAR / 1000.0
    return Terms(
        revenue_usd_per_ths=revenue * served,
        cost_usd_per_kw=cost * served + fine_usd_per_mw / 1000.0,
        discount_per_month=math.log1p(rate) / MONTHS_PER_YEAR + hazard,
    )


@register_jitable
def other_usd_per_kwh(firm: Miner, world: World, par: Parameters) -> float:
    """What a kWh costs beyond power, USD: staff, upkeep and insurance, and the rent of the site in the price
    of a host (Eq. M3).
    """
    rent = world.site_rent_abroad_usd_per_kwh if firm.hosted == 1 else 0.0
    return par.mining_other_usd_per_kwh + rent


@register_jitable
def avoidable_usd_per_kwh(firm: Miner, world: World, par: Parameters) -> float:
    """What an idle hour saves beyond power, USD per kWh: nothing where the owner runs the site, all of it
    where a host charges by the kWh (Eq. M3).
    """
    return other_usd_per_kwh(firm, world, par) if firm.hosted == 1 else 0.0


@register_jitable
def value_usd_per_ths(
    firm: Miner, world: World, par: Parameters, terms: Terms, generation: int, lag_months: float
) -> float:
    """What one TH/s of a generation is worth to a firm on its terms after a lag, USD, before machine, site
    and income tax (Eq. M2).
    """
    kw = kw_per_ths(world.rig_j_per_th[generation], firm.pue)
    outlook = outlook_of(terms.revenue_usd_per_ths, terms.discount_per_month, world, par, lag_months)
    return machine_value_usd(outlook, kw * terms.cost_usd_per_kw)


@register_jitable
def best_generation(
    firm: Miner, world: World, policy: Policy, par: Parameters, status: int, terms: Terms,
    with_site: bool, least_ratio: float, freed_usd_per_mw: float = 0.0,
) -> tuple[int, float, float]:  # fmt: skip
    """Choose the hardware with the highest NPV per dollar, if above ``least_ratio``: (generation or -1, NPV
    over cost, cost in USD per TH/s).

    Where it would take the place of machines whose sale frees so many USD per MW beyond what they still
    earn, it may also be below: the caller weighs both.
    """
    landed = landed_share(firm, policy, par, status)
    site_usd_per_kw = site_capex_usd_per_mw(firm, world, par, status) / 1000.0 if with_site else 0.0
    freed_usd_per_kw = freed_usd_per_mw / 1000.0
    if not may_pay(firm, world, par, terms, landed, site_usd_per_kw, least_ratio, freed_usd_per_kw):
        return -1, least_ratio, 0.0
    building = build_months(firm, policy, par, status) if with_site else 0.0
    tax = income_tax_rate(firm, world, policy, par, status)
    # New machines wait in the makers' queue, used ones only for freight; both until the site is ready
    revenue, discount = terms.revenue_usd_per_ths, terms.discount_per_month
    new_lag = max(building, world.delivery_months)
    used_lag = max(building, par.used_delivery_months)
    used = outlook_of(revenue, discount, world, par, used_lag)
    new = used if used_lag == new_lag else outlook_of(revenue, discount, world, par, new_lag)
    values = machine_values_usd(world, used, firm.pue, terms.cost_usd_per_kw)
    best, best_ratio, best_cost = -1, least_ratio if freed_usd_per_kw <= 0.0 else -1.0, 0.0
    for generation in range(GENERATIONS):
        if world.rig_on_sale[generation] <= 0.0:
            continue
        kw = kw_per_ths(world.rig_j_per_th[generation], firm.pue)
        value, ended = values[generation], used.ended
        if world.rig_on_sale[generation] == NEW and used_lag != new_lag:
            value = machine_value_usd(new, kw * terms.cost_usd_per_kw)
            ended = new.ended
        site = kw * site_usd_per_kw
        cost = world.rig_price_usd_per_ths[generation] * landed + site
        left = site_left_usd(site, par, ended)
        npv = value - cost + left
        ratio = (npv * (1.0 - tax) if npv > 0.0 else npv) / cost
        if ratio > best_ratio:
            best, best_ratio, best_cost = generation, ratio, cost
    return best, best_ratio, best_cost


@register_jitable
def may_pay(
    firm: Miner, world: World, par: Parameters, terms: Terms, landed: float, site_usd_per_kw: float,
    least_ratio: float, freed_usd_per_kw: float,
) -> bool:  # fmt: skip
    """Whether a machine on sale could return more than ``least_ratio``, with what it frees, if it stood at
    once and no month of its life were worse than this one. Most who stand aside see at this glance that none
    does, and need not look ahead.
    """
    rate = terms.discount_per_month + par.rig_failure_per_month
    if world.hashprice_decline_per_month < 0.0 or rate < 0.0:
        return True
    months = highest_annuity(rate, par.rig_life_months)
    count = 0
    # No branches and no early end: the processor takes several generations at a time
    for generation in range(GENERATIONS):
        kw = kw_per_ths(world.rig_j_per_th[generation], firm.pue)
        site = kw * site_usd_per_kw
        cost = world.rig_price_usd_per_ths[generation] * landed + site
        margin = highest_margin(terms.revenue_usd_per_ths, kw * terms.cost_usd_per_kw, par.hashprice_spread)
        gain = months * margin + site_left_usd(site, par, 1.0) + freed_usd_per_kw * kw
        pays = gain > (1.0 + least_ratio) * cost
        count += int(pays) & int(world.rig_on_sale[generation] > 0.0)
    return count > 0


@register_jitable
def site_capex_usd_per_mw(firm: Miner, world: World, par: Parameters, status: int) -> float:
    """Capital cost of a site without machines, USD per MW at the meter; improvised sites cost a share of
    it, and the owner of hosted machines builds none.
    """
    if firm.hosted == 1:
        return 0.0
    if firm.home == 0:
        return par.world_site_capex_usd_per_mw * world.site_cost_factor_abroad
    if status != LICENSED:
        return par.mining_site_capex_usd_per_mw * par.informal_site_cost_share
    return par.mining_site_capex_usd_per_mw


@register_jitable
def allowed_statuses(firm: Miner, world: World, policy: Policy, status: int, par: Parameters) -> bool:
    """Whether a status is open to the firm: licensed needs a legal offer, state firms and big foreign
    sites stay legal.
    """
    if status == LICENSED:
        return policy.mining_legal == 1 and world.offer_effective == 1
    if firm.lawful == 1:
        return False
    return not (status == THEFT and firm.can_bypass == 0)


@register_jitable
def size_limit_mw(policy: Policy, par: Parameters, status: int) -> float:
    """Largest site that a licence covers or an illegal status can hide, MW."""
    if status == LICENSED and policy.licence_cap_mw > 0.0:
        return policy.licence_cap_mw
    if status == GREY:
        return par.grey_site_limit_mw
    if status == THEFT:
        return par.theft_site_limit_mw
    return math.inf
