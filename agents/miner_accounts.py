"""What a miner pays and receives: hardware, power, levies, taxes, fines, sales. One function per kind of
transfer (B13).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from numba.extending import register_jitable

from agents.base import GENERATIONS
from agents.firm import import_rates, licensed_tariff_usd_per_kwh, raise_capital
from agents.machines import NEW, delivery_months
from agents.miner_appraisal import (
    GREY,
    LICENSED,
    fleet_mw,
    landed_share,
    other_usd_per_kwh,
    plugged_share,
    power_abroad_usd_per_kwh,
    site_capex_usd_per_mw,
)
from agents.policy import Policy
from agents.world import MONTHS_PER_YEAR, Parameters, World

if TYPE_CHECKING:
    from agents.miner import Miner


@register_jitable
def order_rigs(
    firm: Miner, world: World, policy: Policy, par: Parameters, rig: int, ths: float, site_usd: float,
    auction_usd: float = 0.0,
) -> None:  # fmt: skip
    """Finance machines, site work and what an auction costs; order and pay the machines: price abroad, duty
    and sales tax where declared.
    """
    if ths <= 0.0:
        return
    declared = firm.home == 1 and firm.compliance == LICENSED
    price = ths * world.rig_price_usd_per_ths[rig]
    duty_rate, tax_rate = import_rates(policy, par, 0.0)
    duty = price * duty_rate if declared else 0.0
    tax = price * tax_rate if declared else 0.0
    abroad = price * landed_share(firm, policy, par, firm.compliance) - duty - tax
    transfer = duty + tax + auction_usd
    raise_capital(firm, abroad + site_usd + transfer, transfer)
    firm.hardware_usd += abroad
    firm.duty_usd += duty
    firm.hardware_tax_usd += tax
    firm.cash_usd -= abroad + duty + tax
    # Counted down from this month on, so that no machine arrives in the month of its order. The quote: the
    # place in the makers' queue is known once the month's orders are in
    months = 1.0 + max(1.0, math.ceil(delivery_months(world, par, rig)))
    if world.rig_on_sale[rig] == NEW:
        firm.order_used = 0
        firm.order_generation = rig
        firm.order_ths = ths
        firm.order_months_left = months
    else:
        firm.order_used = 1
        firm.used_order_generation = rig
        firm.used_order_ths = ths
        firm.used_order_months_left = months


@register_jitable
def pay_power(firm: Miner, world: World, policy: Policy, par: Parameters) -> float:
    """Pay the bill, levy and tax on the energy served, or steal it; contracted interruptions are paid
    back. Returns USD paid.
    """
    bill, levy, tax, energy, stolen, missed = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for hour in range(24):
        share = (
            world.interruptible_served_share[hour]
            if firm.compliance == LICENSED
            else world.firm_served_share[hour]
        )
        if firm.home == 0:
            share = 1.0
        mwh = (firm.load_mw[hour] if firm.home == 1 else firm.load_mw[0]) * world.days * share
        energy += mwh
        if firm.home == 0:
            bill += mwh * 1000.0 * power_abroad_usd_per_kwh(firm, world)
        elif firm.compliance == LICENSED:
            cost = mwh * 1000.0 * licensed_tariff_usd_per_kwh(firm, world, policy, hour)
            bill += cost
            levy += mwh * 1000.0 * world.levy_usd_per_kwh
            tax += cost * policy.power_sales_tax_rate
            if policy.interruption_hours_per_year > 0.0:
                missed += firm.load_mw[hour] * world.days - mwh
        elif firm.compliance == GREY:
            cost = mwh * 1000.0 * world.industrial_tariff_usd_per_kwh[hour]
            bill += cost
            tax += cost * par.power_tax_ordinary_share
        else:
            stolen += mwh
    firm.energy_mwh = energy
    firm.stolen_mwh = stolen
    firm.bill_usd = bill
    firm.levy_usd = levy
    firm.power_tax_usd = tax
    firm.interruption_usd = missed * 1000.0 * policy.interruption_payment_local_per_kwh / world.local_per_usd
    paid = bill + levy + tax - firm.interruption_usd
    firm.cash_usd -= paid
    return paid


@register_jitable
def keeping_cost_usd(firm: Miner, world: World, par: Parameters) -> float:
    """Staff, site and insurance of the month, USD (Eq. M3): by the energy that the machines that have a site
    would take, as an idle one saves its power and nothing else; by the energy taken where a host charges so.
    """
    if firm.hosted == 1:
        return firm.energy_mwh * 1000.0 * other_usd_per_kwh(firm, world, par)
    housed_mw = fleet_mw(firm, world) * plugged_share(firm, world)
    return housed_mw * par.mining_availability * 24.0 * world.days * 1000.0 * par.mining_other_usd_per_kwh


@register_jitable
def pay_levies(firm: Miner, world: World, policy: Policy, par: Parameters, revenue_usd: float) -> float:
    """Pay licence fee, turnover tax, withholding on onshore sales and the cost of duties against money
    laundering; only licensed home firms do. Returns USD paid.
    """
    if firm.home == 0 or firm.compliance != LICENSED:
        return 0.0
    firm.licence_usd = firm.site_mw * policy.licence_fee_usd_per_mw_year / MONTHS_PER_YEAR
    firm.turnover_tax_usd = revenue_usd * policy.turnover_tax_rate
    firm.withholding_usd = revenue_usd * policy.onshore_sale_share * policy.withholding_rate
    duties = firm.site_mw * policy.aml_cost_usd_per_mw_year / MONTHS_PER_YEAR
    firm.other_usd += duties
    paid = firm.licence_usd + firm.turnover_tax_usd + firm.withholding_usd + duties
    firm.cash_usd -= paid
    return paid


@register_jitable
def pay_income_tax(firm: Miner, world: World, policy: Policy, par: Parameters, operating_usd: float) -> None:
    """Tax operating profit less interest and straight-line depreciation, after the holiday; evaders
    declare nothing.
    """
    if firm.home == 1 and firm.compliance != LICENSED:
        return
    value = firm.site_mw * site_capex_usd_per_mw(firm, world, par, firm.compliance)
    for generation in range(GENERATIONS):
        value += firm.fleet_ths[generation] * world.rig_spot_usd_per_ths[generation]
    profit = operating_usd - firm.interest_usd - value / par.rig_life_months
    if profit <= 0.0:
        return
    rate = par.world_income_tax_rate
    if firm.home == 1:
        rate = par.income_tax_rate if policy.income_tax_rate < 0.0 else policy.income_tax_rate
    if firm.home == 1 and world.month - firm.opened_month < policy.holiday_months:
        firm.foregone_usd += max(0.0, profit * rate)
        return
    firm.income_tax_usd = profit * rate
    firm.cash_usd -= firm.income_tax_usd


@register_jitable
def be_caught(firm: Miner, policy: Policy, par: Parameters) -> None:
    """Pay the part of the fine that is collected, lose the seized share of the fleet, and stay cut off."""
    firm.caught = 1
    firm.convictions += 1
    fine = min(firm.cash_usd, policy.fine_usd_per_mw * firm.site_mw * par.penalty_collected_share)
    firm.fine_usd += fine
    firm.cash_usd -= fine
    for generation in range(GENERATIONS):
        firm.seized_ths[generation] = firm.fleet_ths[generation] * policy.seizure_share
        firm.fleet_ths[generation] -= firm.seized_ths[generation]
    firm.cutoff_months_left = policy.cutoff_months


@register_jitable
def sell_rigs(firm: Miner, world: World, par: Parameters, generation: int, ths: float) -> None:
    """Sell machines to dealers abroad at the second-hand bid."""
    firm.sold_ths[generation] += ths
    firm.fleet_ths[generation] -= ths
    proceeds = ths * world.rig_spot_usd_per_ths[generation] * par.resale_share
    firm.resale_usd += proceeds
    firm.cash_usd += proceeds


@register_jitable
def sell_treasury(firm: Miner, world: World, coins_btc: float) -> None:
    """Sell held coins: what is missing when cash runs out, all of them when the firm leaves."""
    sold = min(coins_btc, firm.coins_btc)
    firm.sales_abroad_usd += sold * world.btc_price_usd
    firm.cash_usd += sold * world.btc_price_usd
    firm.sold_btc += sold
    firm.coins_btc -= sold
