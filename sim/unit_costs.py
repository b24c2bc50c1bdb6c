"""What a MWh costs a new licensed mine and a new AI hall this month, part by part, at the meter (Eq. M2,
M13).
"""

from __future__ import annotations

import math

from numba.extending import register_jitable

from agents.ai_appraisal import gpu_hours_per_mw_it, gpu_usd_per_mw_it
from agents.base import GENERATIONS
from agents.firm import import_rates
from agents.rules.finance import geometric_sum, real_rate
from agents.rules.mining import revenue_usd_per_kwh

HOURS_PER_MONTH = 730.5
PARTS_MINING = ("revenue", "power", "levies", "other", "site", "machines")
PARTS_AI = ("revenue", "power", "backup", "other", "facility", "gpus")


@register_jitable
def mining_stack(world, policy, par):  # type: ignore[no-untyped-def]
    """Revenue and cost of a new licensed mine in ``PARTS_MINING``, USD per MWh, with the newest machine on
    sale and capital as an annuity at the hurdle rate plus country risk over the life of the machines.
    """
    newest = -1
    for generation in range(GENERATIONS):
        if world.rig_on_sale[generation] == 1.0:
            newest = generation
    hours = HOURS_PER_MONTH * par.mining_availability
    rate = math.log1p(par.miner_hurdle_rate_per_year + par.country_risk_premium) / 12.0
    annuity = 1.0 / geometric_sum(rate, par.rig_life_months)
    site = par.mining_site_capex_usd_per_mw / geometric_sum(rate, par.mining_site_life_months)
    j_per_th = world.rig_j_per_th[newest]
    revenue = revenue_usd_per_kwh(world.hashprice_usd_per_ph_day, j_per_th, par.mining_pue) * 1000.0
    tariff = world.industrial_tariff_mean_usd_per_kwh
    if world.offer_effective == 1 and policy.offer_open == 1:
        tariff = world.offer_tariff_mean_usd_per_kwh
    levies = world.levy_usd_per_kwh + tariff * policy.power_sales_tax_rate
    on_sales = policy.turnover_tax_rate + policy.withholding_rate * policy.onshore_sale_share
    levies = levies * 1000.0 + revenue * on_sales
    duty, tax = import_rates(policy, par, 0.0)
    machines = world.rig_price_usd_per_ths[newest] * (1.0 + duty + tax) * 1e6 / (j_per_th * par.mining_pue)
    return (
        revenue, tariff * 1000.0, levies, par.mining_other_usd_per_kwh * 1000.0,
        site / hours, machines * annuity / hours,
    )  # fmt: skip


@register_jitable
def ai_stack(world, policy, par):  # type: ignore[no-untyped-def]
    """Revenue and cost of a new merchant hall in ``PARTS_AI``, USD per MWh, with the newest GPUs on sale,
    at today's mean price and utilisation, capital as annuities at the cost of capital with country risk
    over the lives of GPUs and building.
    """
    newest = -1
    for generation in range(GENERATIONS):
        if world.gpu_on_sale[generation] == 1.0:
            newest = generation
    mwh = HOURS_PER_MONTH * par.ai_load_factor * par.ai_pue
    rate = math.log1p(real_rate(par.ai_wacc_per_year, par.usd_inflation_per_year)) / 12.0
    home = world.domestic_sales_share
    price = home * world.domestic_price_usd_per_hour + (1.0 - home) * world.export_price_usd_per_hour
    revenue = gpu_hours_per_mw_it(world, newest) * world.utilisation * price / mwh
    tariff = world.industrial_tariff_mean_usd_per_kwh
    if world.offer_effective == 1:
        tariff = world.offer_tariff_mean_usd_per_kwh
    tariff *= 1.0 + policy.power_sales_tax_rate
    served = par.grid_availability * world.firm_served_year
    duty, tax = import_rates(policy, par, par.ai_import_relief_ordinary_share)
    facility = par.ai_facility_capex_usd_per_mw_it / geometric_sum(rate, par.facility_life_months)
    gpus = gpu_usd_per_mw_it(world, newest) * (1.0 + duty + tax) / geometric_sum(rate, par.gpu_life_months)
    return (
        revenue, served * tariff * 1000.0, (1.0 - served) * par.backup_power_usd_per_kwh * 1000.0,
        par.ai_other_usd_per_mw_it_year / 12.0 / mwh, facility / mwh, gpus / mwh,
    )  # fmt: skip


@register_jitable
def new_hall_usd_per_mw_it(world, par):  # type: ignore[no-untyped-def]
    """What a MW of IT load in a new hall costs at today's prices, building and newest GPUs on sale, USD; 0
    before GPUs are sold.
    """
    newest = -1
    for generation in range(GENERATIONS):
        if world.gpu_on_sale[generation] != 0.0:
            newest = generation
    if newest < 0:
        return 0.0
    return par.ai_facility_capex_usd_per_mw_it + world.gpu_usd[newest] / world.gpu_kw_it[newest] * 1000.0
