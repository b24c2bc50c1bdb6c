"""What an AI firm pays and receives, and how its stages open and are renewed (B13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numba.extending import register_jitable

from agents.ai_appraisal import (
    COLOCATION,
    contract_usd_per_mw_it_month,
    gpu_capex_usd_per_mw_it,
    gpu_hours_per_mw_it,
    hall_value,
    lease_usd_per_mw_it_month,
    merchant_usd_per_mw_it_month,
    running_cost_usd_per_mw_it_month,
    yearly_to_monthly,
)
from agents.firm import licensed_tariff_usd_per_kwh, raise_capital
from agents.policy import Policy
from agents.world import U_LICENCE, Parameters, World

if TYPE_CHECKING:
    from agents.ai_firm import AiFirm

WAITING, REFUSED, GRANTED = range(3)


@register_jitable
def earn(firm: AiFirm, world: World, par: Parameters, power_usd: float) -> float:
    """Sell the month's compute: lease and power passed through, or contract and market; returns revenue in
    USD.
    """
    if firm.kind == COLOCATION:
        revenue = firm.it_mw * lease_usd_per_mw_it_month(firm, par, world.utilisation) + power_usd
        firm.sales_home_usd = revenue
    else:
        hours = gpu_hours_per_mw_it(par, world.month - firm.gpu_age_months)
        home = world.domestic_sales_share
        price = home * world.domestic_price_usd_per_hour + (1.0 - home) * world.export_price_usd_per_hour
        merchant = hours * world.utilisation * price
        anchored = firm.it_mw * firm.anchor_share * firm.contract_usd
        revenue = anchored + firm.it_mw * (1.0 - firm.anchor_share) * merchant
        at_home = home * (revenue - anchored) + (0.0 if firm.foreign == 1 else anchored)
        firm.sales_home_usd = at_home
        firm.sales_abroad_usd = revenue - at_home
    firm.cash_usd += revenue
    return revenue


@register_jitable
def wait_for_chips(firm: AiFirm, world: World, par: Parameters) -> None:
    """Await the export licence, decided once after its delay; the yearly cap is kept at the connection
    desk.
    """
    if firm.kind == COLOCATION:
        firm.chip_status = GRANTED
    if firm.chip_status != WAITING:
        return
    firm.chip_months_left -= 1.0
    if firm.chip_months_left > 0.0:
        return
    refused = firm.draws[U_LICENCE] >= par.chip_licence_success
    firm.chip_status = REFUSED if refused else GRANTED


@register_jitable
def open_stage(firm: AiFirm, world: World, policy: Policy, par: Parameters) -> None:
    """Finish a stage: pay for its GPUs, add facility and IT MW."""
    firm.site_mw += firm.building_mw
    firm.building_mw = 0.0
    buy_gpus(firm, policy, par, firm.planned_mw_it)
    share = firm.planned_mw_it / (firm.it_mw + firm.planned_mw_it)
    firm.gpu_age_months *= 1.0 - share
    firm.it_mw += firm.planned_mw_it
    firm.planned_mw_it = 0.0
    firm.contract_usd = contract_usd_per_mw_it_month(firm, par)


@register_jitable
def refresh(firm: AiFirm, world: World, policy: Policy, par: Parameters) -> None:
    """At the end of GPU life renew the hall if new GPUs pay for themselves in the existing facility;
    otherwise retire it.
    """
    discount = yearly_to_monthly(firm.wacc_per_year + par.country_risk_premium)
    cost = running_cost_usd_per_mw_it_month(firm, world, policy, par)
    merchant = merchant_usd_per_mw_it_month(world, par, world.domestic_sales_share, world.utilisation)
    value = hall_value(firm, par, contract_usd_per_mw_it_month(firm, par), merchant, cost, discount, 0.0)
    price = gpu_capex_usd_per_mw_it(firm, policy, par)
    room = max(0.0, firm.cash_usd + firm.funds_usd) / (1.0 - firm.debt_share)
    if firm.kind == COLOCATION or (value > price and price * firm.it_mw <= room):
        buy_gpus(firm, policy, par, firm.it_mw)
        firm.gpu_age_months = 0.0
    else:
        firm.it_mw = 0.0
        firm.loss_months = par.ai_exit_months


@register_jitable
def buy_gpus(firm: AiFirm, policy: Policy, par: Parameters, mw_it: float) -> None:
    """Pay for GPUs: price abroad to the maker, duty and sales tax to the treasury."""
    if firm.kind == COLOCATION:
        return
    price = mw_it * par.gpu_capex_usd_per_mw_it
    duty = price * policy.hardware_duty_rate
    tax = price * policy.hardware_sales_tax_rate
    raise_capital(firm, price + duty + tax)
    firm.hardware_usd += price
    firm.duty_usd += duty
    firm.hardware_tax_usd += tax
    firm.cash_usd -= price + duty + tax
    firm.gpus_bought = mw_it * 1000.0 / par.gpu_kw_it


@register_jitable
def pay_for_power(firm: AiFirm, world: World, policy: Policy, par: Parameters) -> float:
    """Pay the grid for what it served and fuel for the rest; returns USD paid."""
    bill, energy, backup = 0.0, 0.0, 0.0
    legacy = min(1.0, firm.legacy_mw_it / firm.it_mw) if firm.it_mw > 0.0 else 0.0
    for hour in range(24):
        wanted = firm.load_mw[hour] * world.days / par.grid_availability
        served = firm.load_mw[hour] * world.days * world.firm_served_share[hour]
        tariff = legacy * world.industrial_tariff_usd_per_kwh[hour]
        tariff += (1.0 - legacy) * licensed_tariff_usd_per_kwh(firm, world, policy, hour)
        bill += served * 1000.0 * tariff
        energy += served
        backup += (wanted - served) * 1000.0 * par.backup_power_usd_per_kwh
    tax = bill * policy.power_sales_tax_rate
    firm.bill_usd = bill
    firm.power_tax_usd = tax
    firm.energy_mwh = energy
    firm.other_usd += backup
    firm.cash_usd -= bill + tax + backup
    return bill + tax + backup
