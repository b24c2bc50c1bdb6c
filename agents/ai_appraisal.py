"""How an AI firm values a stage of its project at home (Eq. M2, M8, M13): revenue, cost, risk, and what
holds it back.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from numba.extending import register_jitable

from agents.base import GENERATIONS
from agents.firm import import_rates
from agents.policy import Policy
from agents.rules.compute import backup_sets, home_price_ratio, home_sales, pue_in_hour
from agents.rules.finance import pv_declining_margin, share_after_event
from agents.world import MONTHS_PER_YEAR, Parameters, World

if TYPE_CHECKING:
    from agents.ai_firm import AiFirm

COLOCATION, GPU_CLOUD, SOVEREIGN, HYPERSCALER = range(4)
HOURS_PER_MONTH = 730.5
# What a counterfactual appraisal takes away: nothing, lack of demand, country risk, the price of power,
# the offer
AS_IT_IS, ENOUGH_DEMAND, NO_COUNTRY_RISK, CHEAP_POWER, OFFER_GONE = range(5)


@register_jitable
def yearly_to_monthly(rate_per_year: float) -> float:
    """Continuous rate per month of an effective yearly rate."""
    return math.log1p(rate_per_year) / MONTHS_PER_YEAR


@register_jitable
def gpu_hours_per_mw_it(world: World, generation: int) -> float:
    """H100-equivalent GPU hours that one MW of IT of a generation offers in a month."""
    return 1000.0 / world.gpu_kw_it[generation] * world.gpu_h100_equivalents[generation] * HOURS_PER_MONTH


@register_jitable
def gpu_usd_per_mw_it(world: World, generation: int) -> float:
    """Price abroad of the GPUs of one MW of IT, with servers and network, USD."""
    return 1000.0 / world.gpu_kw_it[generation] * world.gpu_usd[generation]


@register_jitable
def mean_pue(kind: int, par: Parameters) -> float:
    """Power at the meter over IT power, mean of the year; a conventional colocation hall is cooled by air."""
    return par.colocation_pue if kind == COLOCATION else par.ai_pue


@register_jitable
def site_mw_per_mw_it(kind: int, par: Parameters) -> float:
    """Power at the meter that a MW of IT applies for: the worst hour of the year."""
    worst = (1.0 + par.pue_season_amplitude) * (1.0 + par.pue_day_amplitude)
    return pue_in_hour(mean_pue(kind, par), worst)


@register_jitable
def contract_usd_per_mw_it_month(firm: AiFirm, par: Parameters) -> float:
    """Take-or-pay price of anchored capacity, flat over the contract: public buyers at home pay the home
    premium, buyers abroad ask the discount on exports.
    """
    factor = par.ai_domestic_price_premium if firm.kind == SOVEREIGN else 1.0 - par.ai_export_price_discount
    return par.cloud_contract_usd_per_mw_year / MONTHS_PER_YEAR * factor


@register_jitable
def lease_usd_per_mw_it_month(firm: AiFirm, par: Parameters, price_ratio: float, utilisation: float) -> float:
    """Retail lease of a colocation hall at home, power passed through to the tenant."""
    lease = par.colocation_lease_usd_per_mw_year / MONTHS_PER_YEAR * price_ratio
    return lease * utilisation * firm.tenant_credit


@register_jitable
def discount_per_year(firm: AiFirm, policy: Policy, par: Parameters, anchored: float, ease: int) -> float:
    """Yearly cost of capital at home: the firm's own, country risk not covered by a public guarantee, less
    what lenders take off for the part of revenue that a good tenant guarantees.
    """
    risk = max(0.0, par.country_risk_premium - policy.ai_guarantee_points_per_year)
    if ease == NO_COUNTRY_RISK:
        risk = 0.0
    saving = firm.debt_share * par.anchor_debt_saving_per_year * anchored * firm.tenant_credit
    return firm.wacc_per_year + risk - saving


@register_jitable
def speed_up(policy: Policy, par: Parameters) -> float:
    """Share of connection and construction time that is left with priority: an energised site next to a
    plant.
    """
    return 1.0 - par.ai_brownfield_share * policy.ai_priority


@register_jitable
def opening_lag_months(firm: AiFirm, policy: Policy, par: Parameters, converted: int) -> float:
    """Months from the decision to the first sale: power and licence side by side, construction, fitting. A
    site taken over from a miner has its power.
    """
    licence = 0.0 if firm.kind == COLOCATION else par.chip_licence_delay_months
    if converted == 1:
        return licence + construction_months(policy, par, converted) + fitting_months(firm, par)
    wait = max(licence, par.ai_connection_months * speed_up(policy, par))
    return wait + construction_months(policy, par, converted) + fitting_months(firm, par)


@register_jitable
def construction_months(policy: Policy, par: Parameters, converted: int) -> float:
    """Months that a hall takes to rise, or a site taken over from a miner to be converted."""
    return par.ai_conversion_months if converted == 1 else par.ai_build_months * speed_up(policy, par)


@register_jitable
def fitting_months(firm: AiFirm, par: Parameters) -> float:
    """Months from the order of GPUs to commissioning; a colocation hall is let empty."""
    return 0.0 if firm.kind == COLOCATION else par.gpu_fitting_months


@register_jitable
def facility_usd_per_mw_it(firm: AiFirm, world: World, par: Parameters) -> float:
    """Building, power and cooling of a MW of IT with the backup sets that the availability target needs
    here; the price of a building includes one.
    """
    grid = par.grid_availability * world.firm_served_year
    sets = backup_sets(par.availability_target, grid, par.backup_set_availability)
    extra = max(0.0, sets - 1.0) * par.backup_capex_usd_per_mw * site_mw_per_mw_it(firm.kind, par)
    return par.ai_facility_capex_usd_per_mw_it + extra


@register_jitable
def expected_tariff_usd_per_kwh(
    world: World, policy: Policy, par: Parameters, lag: float, ease: int
) -> float:
    """Energy price with tax that an AI firm expects over its GPUs' life (Eq. M8).

    A reversal moves the offer part of the way to the industrial tariff; a grandfathered contract puts that
    off until it ends. For AI a reversal is a price risk, not the end of business.
    """
    tax = 1.0 + policy.power_sales_tax_rate
    ordinary = world.industrial_tariff_mean_usd_per_kwh * tax
    if ease == CHEAP_POWER:
        return par.world_ai_power_usd_per_kwh
    if world.offer_effective == 0 or ease == OFFER_GONE:
        return ordinary
    price = world.offer_tariff_mean_usd_per_kwh * tax
    # The contract starts with the connection, before the hall is built and fitted
    protected = policy.contract_months - lag if policy.grandfathered == 1 else 0.0
    after = share_after_event(
        world.reversal_hazard_per_year,
        par.gpu_life_months / MONTHS_PER_YEAR,
        max(0.0, protected) / MONTHS_PER_YEAR,
    )
    return price + max(0.0, ordinary - price) * par.reversal_event_tariff_share * after


@register_jitable
def running_cost_usd_per_mw_it_month(
    firm: AiFirm, world: World, policy: Policy, par: Parameters, lag: float, ease: int
) -> float:
    """Cash cost of one MW of IT in a month: grid power, generators for the hours it fails, staff and
    upkeep; a colocation tenant pays for power.
    """
    if firm.kind == COLOCATION:
        return par.colocation_other_usd_per_mw_year / MONTHS_PER_YEAR
    failing = 1.0 - par.grid_availability * world.firm_served_year
    price = (1.0 - failing) * expected_tariff_usd_per_kwh(world, policy, par, lag, ease)
    price += failing * par.backup_power_usd_per_kwh
    power = HOURS_PER_MONTH * par.ai_load_factor * mean_pue(firm.kind, par) * 1000.0 * price
    return power + par.ai_other_usd_per_mw_it_year / MONTHS_PER_YEAR


@register_jitable
def market_after_entry(
    world: World, par: Parameters, new_mw_it: float, lag: float, ease: int
) -> tuple[float, float, float]:
    """Utilisation, mean price over the world price, and price ratio at home, once a stage and what is
    under way are open; demand has grown by then (Eq. M13).
    """
    top = par.ai_domestic_price_premium
    if ease == ENOUGH_DEMAND:
        return par.billed_utilisation, top, top
    bottom = 1.0 - par.ai_export_price_discount
    growth = yearly_to_monthly(par.ai_domestic_demand_growth_per_year) * lag
    demand = world.home_demand_mw_it * math.exp(growth)
    capacity = world.merchant_mw_it + new_mw_it
    if capacity <= 0.0:
        return par.billed_utilisation, top, top
    ratio = home_price_ratio(capacity, demand, par.compute_demand_elasticity, top, bottom)
    home = home_sales(capacity, demand, par.compute_demand_elasticity, top, ratio)
    abroad = min(capacity - home, world.export_demand_mw_it)
    sold = home + abroad
    if sold <= 0.0:
        return 0.0, bottom, ratio
    return par.billed_utilisation * sold / capacity, (home * ratio + abroad * bottom) / sold, ratio


@register_jitable
def best_gpus(
    firm: AiFirm, world: World, policy: Policy, par: Parameters, stage_mw_it: float, anchored: float,
    lag: float, ease: int,
) -> tuple[float, int, float]:  # fmt: skip
    """Generation with the highest present value less price: (value, generation, price with duty and tax),
    USD per MW of IT; value falls due after the lag, the price, undiscounted here, when the GPUs are
    ordered. A colocation hall has no generation.
    """
    discount = yearly_to_monthly(discount_per_year(firm, policy, par, anchored, ease))
    cost = running_cost_usd_per_mw_it_month(firm, world, policy, par, lag, ease)
    utilisation, price, home = market_after_entry(world, par, stage_mw_it * (1.0 - anchored), lag, ease)
    if firm.kind == COLOCATION:
        lease = lease_usd_per_mw_it_month(firm, par, home, utilisation)
        return pv_declining_margin(lease, cost, 0.0, discount, lag, par.facility_life_months), -1, 0.0
    decline = yearly_to_monthly(firm.price_decline_per_year)
    contract = contract_usd_per_mw_it_month(firm, par)
    best, best_value, best_price = -1, 0.0, 0.0
    for generation in range(GENERATIONS):
        if world.gpu_on_sale[generation] == 0.0:
            continue
        merchant = gpu_hours_per_mw_it(world, generation) * utilisation * price * world.gpu_price_usd_per_hour
        value = hall_value(par, anchored, contract, merchant, cost, decline, discount, lag)
        duty, tax = import_rates(policy, par, par.ai_import_relief_ordinary_share)
        spent = gpu_usd_per_mw_it(world, generation) * (1.0 + duty + tax)
        due = math.exp(-discount * (lag - fitting_months(firm, par)))
        if best < 0 or value - spent * due > best_value - best_price * due:
            best, best_value, best_price = generation, value, spent
    return best_value, best, best_price


@register_jitable
def appraise(
    firm: AiFirm, world: World, policy: Policy, par: Parameters, stage_mw_it: float, anchored: float,
    converted: int, ease: int,
) -> tuple[float, float, int]:  # fmt: skip
    """NPV over capital of a stage at home after tax, its capital in USD per MW of IT, and its GPUs (Eq. M2).

    Anchored capacity earns a flat contract; merchant capacity the market price, which this firm expects to
    decline. ``ease`` names what a counterfactual takes away.
    """
    lag = opening_lag_months(firm, policy, par, converted)
    discount = yearly_to_monthly(discount_per_year(firm, policy, par, anchored, ease))
    value, generation, gpus = best_gpus(firm, world, policy, par, stage_mw_it, anchored, lag, ease)
    facility = facility_usd_per_mw_it(firm, world, par)
    if firm.kind != COLOCATION:
        value += residual_value(par, discount, lag, facility)
    ordered = lag - fitting_months(firm, par)
    built = construction_months(policy, par, converted)
    npv, capital = net_value(value, facility, gpus, discount, ordered, built)
    holiday = max(policy.ai_holiday_months, policy.holiday_months)
    tax = par.income_tax_rate * max(0.0, 1.0 - holiday / par.gpu_life_months)
    return (npv * (1.0 - tax) if npv > 0.0 else npv) / capital, facility + gpus, generation


@register_jitable
def net_value(
    value: float, facility: float, gpus: float, discount: float, ordered: float, built: float
) -> tuple[float, float]:
    """NPV and present value of capital: GPUs are paid when the building stands, ``ordered`` months from now;
    the building while it rises over ``built`` months until then, half of them earlier on average.
    """
    rises = max(0.0, ordered - 0.5 * built)
    capital = facility * math.exp(-discount * rises) + gpus * math.exp(-discount * ordered)
    return value - capital, capital


@register_jitable
def hall_value(
    par: Parameters, anchored: float, contract: float, merchant: float, cost: float, decline: float,
    discount: float, lag: float,
) -> float:  # fmt: skip
    """Present value of one MW of GPUs over their life: anchored share at a flat price, the rest at a
    declining one.
    """
    life = par.gpu_life_months
    flat = pv_declining_margin(contract, cost, 0.0, discount, lag, life)
    falling = pv_declining_margin(merchant, cost, decline, discount, lag, life)
    return anchored * flat + (1.0 - anchored) * falling


@register_jitable
def residual_value(par: Parameters, discount: float, lag: float, facility_usd: float) -> float:
    """Present value of the facility's unused life when the GPUs retire."""
    left = max(0.0, 1.0 - par.gpu_life_months / par.facility_life_months)
    return left * facility_usd * math.exp(-discount * (lag + par.gpu_life_months))
