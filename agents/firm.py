"""What every firm shares: identity, money, staff and the flows of the month."""

from __future__ import annotations

import math

from numba.extending import register_jitable

from agents.base import SKILLS, ByDraw, ByHour, BySkill, Columns
from agents.policy import Policy
from agents.world import Parameters, World


class Firm(Columns):
    """A firm: identity fixed at birth, balance sheet, staff, and the month's flows that the ledger
    collects.
    """

    # Identity
    agent_id: int
    home: int
    kind: int
    zone: int
    target_mw: float
    funds_usd: float
    wacc_per_year: float
    hurdle: float
    debt_share: float
    foreign: int
    draws: ByDraw
    # Site
    active: int
    left: int
    applied_mw: float
    applied_month: int
    granted_mw: float
    building_mw: float
    build_months: float
    build_months_left: float
    site_mw: float
    opened_month: int
    contract_usd_per_kwh: float
    contract_local_per_usd: float
    contract_until_month: int
    # Balance sheet
    cash_usd: float
    debt_usd: float
    loss_months: float
    # Staff
    staff_target: BySkill
    staff: BySkill
    builders_target: BySkill
    builders: BySkill
    expats: float
    # Load offered to the grid
    load_mw: ByHour
    # Flows of the month, USD unless stated
    bill_usd: float
    levy_usd: float
    power_tax_usd: float
    licence_usd: float
    auction_usd: float
    income_tax_usd: float
    turnover_tax_usd: float
    withholding_usd: float
    fine_usd: float
    hardware_usd: float
    duty_usd: float
    hardware_tax_usd: float
    site_usd: float
    wages_usd: float
    expat_wages_usd: float
    other_usd: float
    sales_abroad_usd: float
    sales_home_usd: float
    sales_state_usd: float
    sales_world_price_usd: float
    resale_usd: float
    site_sale_usd: float
    interruption_usd: float
    interest_usd: float
    principal_usd: float
    loan_usd: float
    equity_usd: float
    dividend_usd: float
    written_off_usd: float
    energy_mwh: float
    stolen_mwh: float
    invested_usd: float
    foregone_usd: float


FLOWS = (
    "bill_usd", "levy_usd", "power_tax_usd", "licence_usd", "auction_usd", "income_tax_usd",
    "turnover_tax_usd", "withholding_usd", "fine_usd", "hardware_usd", "duty_usd", "hardware_tax_usd",
    "site_usd", "wages_usd", "expat_wages_usd", "other_usd", "sales_abroad_usd", "sales_home_usd",
    "sales_state_usd", "sales_world_price_usd", "resale_usd",
    "site_sale_usd", "interruption_usd", "interest_usd", "principal_usd", "loan_usd", "equity_usd",
    "dividend_usd", "written_off_usd", "energy_mwh", "stolen_mwh", "invested_usd", "foregone_usd",
)  # fmt: skip


@register_jitable
def in_business(firm: Firm) -> bool:
    """Whether a firm has a site or has begun one, or left last month and its books are yet to be cleared.
    Nobody else has flows, staff, load or machines.
    """
    return firm.active == 1 or firm.left == 1


@register_jitable
def raise_capital(firm: Firm, need_usd: float, transfer_usd: float = 0.0) -> None:
    """Finance ``need_usd``: loans up to the debt share, then cash on hand, then new equity from the
    owners. What of it goes to the state (duty, sales tax, the price of an auction) is no investment.
    """
    loan = firm.debt_share * need_usd
    equity = max(0.0, need_usd - loan - firm.cash_usd)
    firm.loan_usd += loan
    firm.debt_usd += loan
    firm.equity_usd += equity
    firm.funds_usd -= equity
    firm.cash_usd += loan + equity
    firm.invested_usd += need_usd - transfer_usd


@register_jitable
def service_debt(firm: Firm, rate_per_year: float, loan_months: float) -> None:
    """Pay interest and, once the first site works, ``1 / loan_months`` of the debt that is left (B13.5)."""
    interest = firm.debt_usd * rate_per_year / 12.0
    principal = firm.debt_usd / loan_months if firm.site_mw > 0.0 else 0.0
    firm.interest_usd += interest
    firm.principal_usd += principal
    firm.debt_usd -= principal
    firm.cash_usd -= interest + principal


@register_jitable
def settle_cash(firm: Firm, buffer_usd: float, payout_share: float) -> None:
    """Owners cover a shortfall while they have funds, then the bank does, so cash never falls below zero.

    Cash beyond the buffer is paid out, but not while a site is under construction, whose cost is still to be
    paid.
    """
    if firm.cash_usd < 0.0:
        equity = min(-firm.cash_usd, max(0.0, firm.funds_usd))
        loan = -firm.cash_usd - equity
        firm.equity_usd += equity
        firm.funds_usd -= equity
        firm.loan_usd += loan
        firm.debt_usd += loan
        firm.cash_usd = 0.0
    elif firm.cash_usd > max(0.0, buffer_usd) and firm.building_mw <= 0.0:
        # A negative bill, in hours of curtailment, asks for no negative buffer
        dividend = payout_share * (firm.cash_usd - max(0.0, buffer_usd))
        firm.dividend_usd += dividend
        firm.funds_usd += dividend
        firm.cash_usd -= dividend


@register_jitable
def wind_up(firm: Firm) -> None:
    """Repay debt from cash, write the rest off as a recorded default, pay owners what is left, and leave."""
    repaid = min(firm.cash_usd, firm.debt_usd)
    firm.principal_usd += repaid
    firm.cash_usd -= repaid
    firm.debt_usd -= repaid
    firm.written_off_usd += firm.debt_usd
    firm.debt_usd = 0.0
    firm.dividend_usd += firm.cash_usd
    firm.funds_usd += firm.cash_usd
    firm.cash_usd = 0.0
    firm.active = 0
    firm.site_mw = 0.0
    firm.building_mw = 0.0
    firm.applied_mw = 0.0
    firm.granted_mw = 0.0
    firm.loss_months = 0.0
    firm.contract_until_month = 0
    for hour in range(24):
        firm.load_mw[hour] = 0.0
    for skill in range(SKILLS):
        firm.staff_target[skill] = 0.0
        firm.builders_target[skill] = 0.0
    firm.expats = 0.0


@register_jitable
def sign_contract(firm: Firm, world: World, policy: Policy) -> None:
    """Fix the energy price of a connected site for the length of the contract, if the regime grandfathers."""
    firm.contract_usd_per_kwh = world.offer_tariff_mean_usd_per_kwh
    firm.contract_local_per_usd = world.local_per_usd
    months = policy.contract_months if policy.grandfathered == 1 and world.offer_effective == 1 else 0.0
    firm.contract_until_month = world.month + int(months)


@register_jitable
def on_terms_of_offer(firm: Firm, world: World) -> bool:
    """Whether a licensed site pays a price of the offer this month: its contract's, or that in force."""
    return world.month < firm.contract_until_month or world.offer_effective == 1


@register_jitable
def contract_tariff_usd_per_kwh(firm: Firm, world: World, policy: Policy) -> float:
    """Energy price of a contract in local currency: it keeps its dollar value only by its indexation
    share.
    """
    slide = firm.contract_local_per_usd / world.local_per_usd
    return firm.contract_usd_per_kwh * slide ** (1.0 - policy.tariff_indexation)


@register_jitable
def licensed_tariff_usd_per_kwh(firm: Firm, world: World, policy: Policy, hour: int) -> float:
    """Energy price of a licensed site in an hour: its contract, the offer in force, or the industrial
    tariff.
    """
    if not on_terms_of_offer(firm, world):
        return world.industrial_tariff_usd_per_kwh[hour]
    if world.month < firm.contract_until_month:
        return contract_tariff_usd_per_kwh(firm, world, policy)
    return world.offer_tariff_usd_per_kwh[hour]


@register_jitable
def licensed_tariff_mean_usd_per_kwh(firm: Firm, world: World, policy: Policy) -> float:
    """Mean over the day of `licensed_tariff_usd_per_kwh`."""
    if not on_terms_of_offer(firm, world):
        return world.industrial_tariff_mean_usd_per_kwh
    if world.month < firm.contract_until_month:
        return contract_tariff_usd_per_kwh(firm, world, policy)
    return world.offer_tariff_mean_usd_per_kwh


@register_jitable
def import_rates(policy: Policy, par: Parameters, relief_share: float) -> tuple[float, float]:
    """Duty and sales tax on hardware over its price abroad: what the regime sets for everybody, else the
    country's ordinary rates less the share of them that firms in a technology zone are spared.
    """
    duty, tax = policy.hardware_duty_rate, policy.hardware_sales_tax_rate
    if duty < 0.0:
        duty = par.hardware_duty_ordinary_rate * (1.0 - relief_share)
    if tax < 0.0:
        tax = par.hardware_sales_tax_ordinary_rate * (1.0 - relief_share)
    return duty, tax


@register_jitable
def set_staff_targets(
    firm: Firm, world: World, par: Parameters, operations: float, builders: float,
    operations_skill_share: BySkill, months_open: float,
) -> None:  # fmt: skip
    """Split wanted jobs by skill; lead staff of a young site come from abroad and are replaced as locals
    learn (Eq. M9).
    """
    if not in_business(firm):
        return
    learnt = math.exp(-max(0.0, months_open) / par.staff_ramp_months)
    firm.expats = operations * par.expat_share_start * learnt
    for skill in range(SKILLS):
        firm.staff_target[skill] = (operations - firm.expats) * operations_skill_share[skill]
        firm.builders_target[skill] = builders * world.construction_skill_share[skill]


@register_jitable
def hire(firm: Firm, world: World) -> None:
    """Close the gap to the staff target by the share of vacancies that the labour market filled; release
    at once.
    """
    if not in_business(firm):
        return
    for skill in range(SKILLS):
        gap = firm.staff_target[skill] - firm.staff[skill]
        firm.staff[skill] += gap if gap < 0.0 else gap * world.hire_share[skill]
        gap = firm.builders_target[skill] - firm.builders[skill]
        firm.builders[skill] += gap if gap < 0.0 else gap * world.hire_share[skill]


@register_jitable
def pay_wages(firm: Firm, world: World, par: Parameters) -> None:
    """Pay the month's wages of operations and construction staff, and those of expatriates, who take them
    home.
    """
    wages = 0.0
    for skill in range(SKILLS):
        wages += (firm.staff[skill] + firm.builders[skill]) * world.wage_usd_per_month[skill]
    abroad = firm.expats * par.expat_wage_usd_per_month
    firm.wages_usd += wages
    firm.expat_wages_usd += abroad
    firm.cash_usd -= wages + abroad


@register_jitable
def country_discount(firm: Firm, world: World, policy: Policy, par: Parameters) -> float:
    """Yearly discount rate at home of a business that a policy reversal ends: own cost of capital, country
    risk, and reversal hazard unless contracts are grandfathered.
    """
    return (
        firm.wacc_per_year
        + par.country_risk_premium
        + (0.0 if policy.grandfathered == 1 else world.reversal_hazard_per_year)
    )
