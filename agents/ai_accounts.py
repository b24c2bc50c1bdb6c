"""What an AI firm pays and receives (B13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numba.extending import register_jitable

from agents.ai_appraisal import (
    COLOCATION,
    SOVEREIGN,
    best_gpus,
    contract_usd_per_mw_it_month,
    fitting_months,
    gpu_hours_per_mw_it,
    gpu_usd_per_mw_it,
    lease_usd_per_mw_it_month,
)
from agents.base import GENERATIONS
from agents.firm import import_rates, licensed_tariff_usd_per_kwh, raise_capital
from agents.policy import Policy
from agents.world import U_LICENCE, Parameters, World

if TYPE_CHECKING:
    from agents.ai_firm import AiFirm

WAITING, REFUSED, GRANTED = range(3)


@register_jitable
def earn(firm: AiFirm, world: World, par: Parameters, power_usd: float) -> float:
    """Sell the month's compute: lease and power passed through, or contract and market; returns revenue in
    USD. What is not filled yet earns nothing.
    """
    if firm.it_mw <= 0.0:
        return 0.0
    if firm.kind == COLOCATION:
        ratio = world.domestic_price_usd_per_hour / world.gpu_price_usd_per_hour
        lease = lease_usd_per_mw_it_month(firm, par, ratio, world.utilisation)
        revenue = max(0.0, firm.it_mw - firm.filling_mw_it) * lease + power_usd
        sell_at_home(firm, world, par, 0.0, revenue)
    else:
        hours = 0.0
        for generation in range(GENERATIONS):
            if firm.gpu_mw_it[generation] > 0.0:
                hours += firm.gpu_mw_it[generation] * gpu_hours_per_mw_it(world, generation)
        merchant_mw = max(0.0, firm.it_mw - firm.anchored_mw_it - firm.filling_mw_it)
        home = world.domestic_sales_share
        price = home * world.domestic_price_usd_per_hour + (1.0 - home) * world.export_price_usd_per_hour
        merchant = hours * merchant_mw / firm.it_mw * world.utilisation * price
        anchored = firm.anchored_usd_per_month
        revenue = anchored + merchant
        sold_home = home * world.domestic_price_usd_per_hour / price if price > 0.0 else 1.0
        contracts = anchored if firm.kind == SOVEREIGN else 0.0
        sell_at_home(firm, world, par, contracts, sold_home * merchant)
        firm.sales_abroad_usd = revenue - firm.sales_home_usd
    firm.cash_usd += revenue
    return revenue


@register_jitable
def sell_at_home(
    firm: AiFirm, world: World, par: Parameters, contracts_usd: float, market_usd: float
) -> None:
    """Split sales at home by who buys: what the state buys under its anchor demand, and what the part of
    all others would have cost at the price abroad (Eq. M13.8, M13.9).
    """
    state_contracts = world.anchor_contract_share * contracts_usd
    state_market = world.anchor_market_share * market_usd
    ratio = world.domestic_price_usd_per_hour / world.gpu_price_usd_per_hour
    firm.sales_home_usd = contracts_usd + market_usd
    firm.sales_state_usd = state_contracts + state_market
    others = (contracts_usd - state_contracts) / par.ai_domestic_price_premium
    firm.sales_world_price_usd = others + (market_usd - state_market) / ratio


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
def order_gpus(firm: AiFirm, world: World, policy: Policy, par: Parameters) -> None:
    """When the building stands, choose the best GPUs on sale and pay for them; they are fitted over the
    next months.
    """
    if firm.kind == COLOCATION:
        firm.planned_generation = -1
        return
    lag = fitting_months(firm, par)
    anchored = firm.planned_anchor_share
    # This stage is already counted among what is under way
    _, generation, _ = best_gpus(firm, world, policy, par, 0.0, anchored, lag, 0)
    firm.planned_generation = generation
    buy_gpus(firm, world, policy, par, generation, firm.planned_mw_it)


@register_jitable
def buy_gpus(
    firm: AiFirm, world: World, policy: Policy, par: Parameters, generation: int, mw_it: float
) -> None:
    """Pay for GPUs: price abroad to the maker, duty and sales tax to the treasury."""
    price = mw_it * gpu_usd_per_mw_it(world, generation)
    duty_rate, tax_rate = import_rates(policy, par, par.ai_import_relief_ordinary_share)
    duty, tax = price * duty_rate, price * tax_rate
    raise_capital(firm, price + duty + tax, duty + tax)
    firm.hardware_usd += price
    firm.duty_usd += duty
    firm.hardware_tax_usd += tax
    firm.cash_usd -= price + duty + tax
    firm.gpus_bought += mw_it * 1000.0 / world.gpu_kw_it[generation]


@register_jitable
def sign_with_tenant(firm: AiFirm, par: Parameters, mw_it: float) -> None:
    """Let part of the capacity under a flat take-or-pay contract at today's contract price."""
    firm.anchored_mw_it += mw_it
    firm.anchored_usd_per_month += mw_it * contract_usd_per_mw_it_month(firm, par)


@register_jitable
def pay_for_power(firm: AiFirm, world: World, policy: Policy, par: Parameters) -> float:
    """Pay the grid for what it served and fuel for every hour's rest; returns USD paid."""
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
    firm.backup_usd = backup
    firm.other_usd += backup
    firm.cash_usd -= bill + tax + backup
    return bill + tax + backup


@register_jitable
def pay_profit_tax(firm: AiFirm, world: World, policy: Policy, par: Parameters, operating_usd: float) -> None:
    """Tax operating profit less interest and straight-line depreciation, after the holiday; count what it
    waives.
    """
    worn = par.ai_facility_capex_usd_per_mw_it * firm.it_mw / par.facility_life_months
    for generation in range(GENERATIONS):
        if firm.gpu_mw_it[generation] > 0.0:
            worn += firm.gpu_mw_it[generation] * gpu_usd_per_mw_it(world, generation) / par.gpu_life_months
    due = max(0.0, operating_usd - firm.interest_usd - worn) * par.income_tax_rate
    if world.month - firm.opened_month < max(policy.ai_holiday_months, policy.holiday_months):
        firm.foregone_usd = due
    else:
        firm.income_tax_usd = due
        firm.cash_usd -= due
