"""How an AI firm values a stage of its project, at home and abroad (Eq. M2, M13)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from numba.extending import register_jitable

from agents.policy import Policy
from agents.rules.finance import pv_declining_margin, share_after_event
from agents.world import MONTHS_PER_YEAR, Parameters, World

if TYPE_CHECKING:
    from agents.ai_firm import AiFirm

COLOCATION, GPU_CLOUD, SOVEREIGN, HYPERSCALER = range(4)
HOURS_PER_MONTH = 730.5


@register_jitable
def yearly_to_monthly(rate_per_year: float) -> float:
    """Continuous rate per month of an effective yearly rate."""
    return math.log1p(rate_per_year) / MONTHS_PER_YEAR


@register_jitable
def gpu_hours_per_mw_it(par: Parameters, months: float) -> float:
    """H100-equivalent GPU hours that one MW of IT offers in a month when bought ``months`` into the run:
    progress adds to them.
    """
    return (
        1000.0
        / par.gpu_kw_it
        * HOURS_PER_MONTH
        * math.exp(yearly_to_monthly(par.gpu_progress_per_year) * months)
    )


@register_jitable
def contract_usd_per_mw_it_month(firm: AiFirm, par: Parameters) -> float:
    """Take-or-pay price of anchored capacity, flat over the contract; public buyers at home pay the home
    premium.
    """
    premium = par.ai_domestic_price_premium if firm.kind == SOVEREIGN else 1.0
    return par.cloud_contract_usd_per_mw_year / MONTHS_PER_YEAR * premium


@register_jitable
def lease_usd_per_mw_it_month(firm: AiFirm, par: Parameters, utilisation: float) -> float:
    """Retail lease of a colocation hall at home, power passed through to the tenant."""
    lease = par.colocation_lease_usd_per_mw_year / MONTHS_PER_YEAR * par.ai_domestic_price_premium
    return lease * utilisation * firm.tenant_credit


@register_jitable
def gpu_capex_usd_per_mw_it(firm: AiFirm, policy: Policy, par: Parameters) -> float:
    """GPU capital per MW of IT with duty and sales tax; a colocation firm owns no GPUs."""
    if firm.kind == COLOCATION:
        return 0.0
    return par.gpu_capex_usd_per_mw_it * (1.0 + policy.hardware_duty_rate + policy.hardware_sales_tax_rate)


@register_jitable
def ai_tariff_usd_per_kwh(world: World, policy: Policy) -> float:
    """Average price of a kWh for AI: the offer if it is in force, the industrial tariff otherwise, with sales
    tax.
    """
    price = world.industrial_tariff_mean_usd_per_kwh
    if world.offer_effective == 1:
        price = world.offer_tariff_mean_usd_per_kwh
    return price * (1.0 + policy.power_sales_tax_rate)


@register_jitable
def expected_tariff_usd_per_kwh(world: World, policy: Policy, par: Parameters) -> float:
    """Tariff that an AI firm expects over its GPUs' life: a reversal moves it part of the way to the
    industrial
    tariff unless contracts are grandfathered (Eq. M8). For AI a reversal is a price risk, not the end of
    business.
    """
    price = ai_tariff_usd_per_kwh(world, policy)
    if policy.grandfathered == 1:
        return price
    gap = world.industrial_tariff_mean_usd_per_kwh * (1.0 + policy.power_sales_tax_rate) - price
    after = share_after_event(world.reversal_hazard_per_year, par.gpu_life_months / MONTHS_PER_YEAR)
    return price + max(0.0, gap) * par.reversal_event_tariff_share * after


@register_jitable
def power_cost_usd_per_mw_it_month(world: World, policy: Policy, par: Parameters) -> float:
    """Expected power cost of one MW of IT in a month: the grid, and generators for the hours it fails."""
    failing = 1.0 - par.grid_availability * world.firm_served_mean
    grid_price = expected_tariff_usd_per_kwh(world, policy, par)
    price = (1.0 - failing) * grid_price + failing * par.backup_power_usd_per_kwh
    return HOURS_PER_MONTH * par.ai_load_factor * par.ai_pue * 1000.0 * price


@register_jitable
def running_cost_usd_per_mw_it_month(firm: AiFirm, world: World, policy: Policy, par: Parameters) -> float:
    """Cash cost of one MW of IT in a month; a colocation tenant pays for power."""
    if firm.kind == COLOCATION:
        return par.colocation_other_usd_per_mw_year / MONTHS_PER_YEAR
    other = par.ai_other_usd_per_mw_it_year / MONTHS_PER_YEAR
    return power_cost_usd_per_mw_it_month(world, policy, par) + other


@register_jitable
def merchant_usd_per_mw_it_month(
    world: World, par: Parameters, home_share: float, utilisation: float
) -> float:
    """Revenue of new merchant capacity at today's prices, part of it at home."""
    price = (
        home_share * world.domestic_price_usd_per_hour + (1.0 - home_share) * world.export_price_usd_per_hour
    )
    return gpu_hours_per_mw_it(par, world.month) * utilisation * price


@register_jitable
def appraise(
    firm: AiFirm, world: World, policy: Policy, par: Parameters, stage_mw_it: float
) -> tuple[float, float]:
    """NPV over cost of a stage at home after tax, and its capital in USD per MW of IT (Eq. M2).

    Anchored capacity earns a flat contract; merchant capacity the market price, which this firm expects to
    decline. Demand not
    yet served decides how much of a stage can be sold, and how much of it at home.
    """
    room = world.domestic_room_mw_it + world.export_room_mw_it
    utilisation = par.billed_utilisation * min(1.0, room / stage_mw_it)
    cost = running_cost_usd_per_mw_it_month(firm, world, policy, par)
    lag = par.ai_build_months * (1.0 - par.ai_brownfield_share * policy.ai_priority)
    discount = yearly_to_monthly(firm.wacc_per_year + par.country_risk_premium)
    facility = par.ai_facility_capex_usd_per_mw_it
    if firm.kind == COLOCATION:
        lease = lease_usd_per_mw_it_month(firm, par, utilisation)
        value = pv_declining_margin(lease, cost, 0.0, discount, lag, par.facility_life_months)
    else:
        home = min(1.0, world.domestic_room_mw_it / stage_mw_it)
        merchant = merchant_usd_per_mw_it_month(world, par, home, utilisation)
        anchored = contract_usd_per_mw_it_month(firm, par)
        value = hall_value(firm, par, anchored, merchant, cost, discount, lag) + residual_value(
            par, discount, lag, facility
        )
    # The building is paid as it rises, half the construction time from now on average; GPUs when it opens
    capital = facility * math.exp(-discount * lag / 2.0) + gpu_capex_usd_per_mw_it(
        firm, policy, par
    ) * math.exp(-discount * lag)
    holiday = max(policy.ai_holiday_months, policy.holiday_months)
    tax = par.income_tax_rate * max(0.0, 1.0 - holiday / par.gpu_life_months)
    npv = value - capital
    spent = facility + gpu_capex_usd_per_mw_it(firm, policy, par)
    return (npv * (1.0 - tax) if npv > 0.0 else npv) / capital, spent


@register_jitable
def hall_value(
    firm: AiFirm, par: Parameters, anchored: float, merchant: float, cost: float, discount: float, lag: float
) -> float:
    """Present value of one MW of GPUs over their life: anchored share at a flat price, the rest at a
    declining one.
    """
    life = par.gpu_life_months
    decline = yearly_to_monthly(firm.price_decline_per_year)
    flat = pv_declining_margin(anchored, cost, 0.0, discount, lag, life)
    falling = pv_declining_margin(merchant, cost, decline, discount, lag, life)
    return firm.anchor_share * flat + (1.0 - firm.anchor_share) * falling


@register_jitable
def residual_value(par: Parameters, discount: float, lag: float, facility_usd: float) -> float:
    """Present value of the facility's unused life when the GPUs retire."""
    left = max(0.0, 1.0 - par.gpu_life_months / par.facility_life_months)
    return left * facility_usd * math.exp(-discount * (lag + par.gpu_life_months))


@register_jitable
def outside_return(firm: AiFirm, world: World, par: Parameters) -> float:
    """NPV over cost of the same hall abroad for firms free to choose; home-bound firms have no outside option
    (Eq. M13).
    """
    if firm.foreign == 0:
        return -1.0
    discount = yearly_to_monthly(par.world_ai_wacc_per_year)
    lag = par.world_ai_build_months
    merchant = gpu_hours_per_mw_it(par, world.month) * par.anchor_utilisation * world.gpu_price_usd_per_hour
    cost = HOURS_PER_MONTH * par.ai_load_factor * par.world_ai_pue * 1000.0 * par.world_ai_power_usd_per_kwh
    cost += par.ai_other_usd_per_mw_it_year / MONTHS_PER_YEAR
    facility = par.world_facility_capex_usd_per_mw_it
    anchored = par.cloud_contract_usd_per_mw_year / MONTHS_PER_YEAR
    value = hall_value(firm, par, anchored, merchant, cost, discount, lag) + residual_value(
        par, discount, lag, facility
    )
    capital = facility * math.exp(-discount * lag / 2.0) + par.gpu_capex_usd_per_mw_it * math.exp(
        -discount * lag
    )
    npv = value - capital
    return (npv * (1.0 - par.world_income_tax_rate) if npv > 0.0 else npv) / capital
