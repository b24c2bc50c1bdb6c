"""The treasury's month: what it spends, what the lender delays, foreign exchange, and coins as a stock.

Coins of the state are revalued and never income: the net fiscal outcome is shown without and with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba.extending import register_jitable

from sim.settlement import ALL, FOREIGN, STATE, PowerAccounts, PowerSales, Treasury
from sim.state import FLOW, State

if TYPE_CHECKING:
    from sim.diary import Months

    Row = dict[str, npt.NDArray[np.float64]]

MONTHS_PER_YEAR = 12


class CoinMonth(NamedTuple):
    """The state's coins at the end of a month: stock, value, revaluation and change of value."""

    own_btc: float
    value_usd: float
    revaluation_usd: float
    change_usd: float


@register_jitable
def close_treasury(  # type: ignore[no-untyped-def]
    last, mean_load_mw, policy, government, lender, par, seized_usd, insured_usd, compute_usd
):
    """Work out the month's own spending and borrowing of the treasury: returns a Treasury. ``last`` holds
    the share of meters and the money that the lender withheld, USD, at the end of the month before, and
    then those of this month.
    """
    inspections = policy.inspections_per_month * government.inspection_factor
    month = Treasury(
        inspections_usd=inspections * par.inspection_cost_usd,
        metering_usd=(government.meter_share - last[0]) * mean_load_mw * par.metering_cost_usd_per_mw,
        training_usd=policy.training_places_per_month * par.training_cost_usd_per_place,
        guarantee_usd=policy.ai_guarantee_points_per_year / MONTHS_PER_YEAR * insured_usd,
        compute_usd=compute_usd,
        interest_usd=last[1] * par.bridge_rate_per_year / MONTHS_PER_YEAR,
        delayed_usd=lender.withheld_usd - last[1],
        seized_usd=seized_usd,
    )
    last[0], last[1] = government.meter_share, lender.withheld_usd
    return month


class TreasuryBooks:
    """Remembers what a month is compared with: meters and delayed money (``last``, see
    ``close_treasury``), coins and their price (``purse``, see ``count_coins``), a year of subsidy.
    """

    def __init__(self, meter_share: float) -> None:
        self.last = np.array([meter_share, 0.0])
        self.purse = np.zeros(3)
        self.subsidy_usd = np.zeros(MONTHS_PER_YEAR)

    def watch_subsidy(
        self, state: State, t: int, sales: PowerSales, marginal_usd_per_mwh: float, gdp_usd: float
    ) -> None:
        """Show the lender what the offer cost over a year: marginal cost of the energy sold on its terms
        less what was paid for it, as a share of GDP. What pays the ordinary tariff, or is stolen, is no
        part of it.
        """
        gap = sales.offer_mwh * marginal_usd_per_mwh - sales.offer_revenue_usd
        self.subsidy_usd[t % MONTHS_PER_YEAR] = max(0.0, gap)
        state.world["offer_subsidy_gdp_share"] = self.subsidy_usd.sum() / gdp_usd


@register_jitable
def count_coins(purse, coins_btc, partner_share, price_usd):  # type: ignore[no-untyped-def]
    """Follow the state's coins through a month, at whose end its mine holds ``coins_btc``: returns a
    CoinMonth. A partner takes its share when they are mined. ``purse`` holds coins of the mine, those of the
    state and their price at the end of the month before, and then those of this month.
    """
    mined_btc, own_btc, last_usd = purse[0], purse[1], purse[2]
    before_usd = own_btc * last_usd
    revaluation = own_btc * price_usd - before_usd
    if coins_btc >= mined_btc:
        own_btc += (1.0 - partner_share) * (coins_btc - mined_btc)
    else:
        own_btc *= coins_btc / mined_btc
    purse[0], purse[1], purse[2] = coins_btc, own_btc, price_usd
    value = own_btc * price_usd
    return CoinMonth(own_btc, value, revaluation, value - before_usd)


def coin_row(months: Months) -> Row:
    """Outputs on the state's coins, which are revalued and never income: the net fiscal outcome with them
    is what that without them leaves to be added.
    """
    coins = months.coins
    return {
        "state_coins_btc": coins.own_btc,
        "state_coins_usd": coins.value_usd,
        "coin_revaluation_usd": coins.revaluation_usd,
    }


@register_jitable
def paid(miners: Any, ai_firms: Any, flow: int) -> Any:
    """A flow of all firms; of a month (sums of flows by owner), or columns over months."""
    return miners[ALL, flow] + ai_firms[ALL, flow]


@register_jitable
def receipts_abroad_usd(firms: Any) -> Any:
    """What firms earn abroad: coins and compute, old machines, foreign owners' equity."""
    sold = firms[ALL, FLOW.sales_abroad_usd] + firms[ALL, FLOW.resale_usd]
    return sold + firms[FOREIGN, FLOW.equity_usd]


class Exchange(NamedTuple):
    """Outputs on foreign exchange in USD, of a month or columns over months."""

    fx_receipts_usd: Any
    fx_imports_saved_usd: Any
    fx_hardware_usd: Any
    fx_wages_usd: Any
    fx_profit_usd: Any
    fx_kept_abroad_usd: Any
    fx_power_usd: Any
    fx_programme_usd: Any
    reserves_change_usd: Any


@register_jitable
def exchange_row(
    miners: Any,
    ai_firms: Any,
    accounts: PowerAccounts,
    treasury: Treasury,
    kept_abroad_usd: Any,
    import_share: Any,
) -> Exchange:
    """Outputs on foreign exchange: what is earned, saved, spent, taken abroad, kept abroad and lent; of a
    month, or columns over months. ``import_share`` of the compute sold at home would be rented abroad.
    """
    receipts = receipts_abroad_usd(miners) + receipts_abroad_usd(ai_firms)
    saved = import_share * ai_firms[ALL, FLOW.sales_world_price_usd]
    hardware = paid(miners, ai_firms, FLOW.hardware_usd)
    wages = paid(miners, ai_firms, FLOW.expat_wages_usd)
    profit = miners[FOREIGN, FLOW.dividend_usd] + ai_firms[FOREIGN, FLOW.dividend_usd]
    power = accounts.marginal_usd_per_mwh * (accounts.special_mwh + accounts.stolen_mwh)
    programme = -treasury.delayed_usd
    # A guarantee of country risk is bought from insurers abroad
    outflow = hardware + wages + profit + kept_abroad_usd + power + treasury.guarantee_usd
    return Exchange(
        receipts, saved, hardware, wages, profit, kept_abroad_usd, power, programme,
        receipts + saved + programme - outflow,
    )  # fmt: skip


class Revenue(NamedTuple):
    """Revenue of the treasury by instrument in USD, with what the state's own mine pays it; of a month, or
    columns over months.
    """

    tax_income_usd: Any
    tax_turnover_usd: Any
    tax_levy_usd: Any
    tax_licence_usd: Any
    tax_auction_usd: Any
    tax_duty_usd: Any
    tax_sales_usd: Any
    tax_withholding_usd: Any
    tax_fines_usd: Any
    state_mining_usd: Any


@register_jitable
def tax_revenue(miners: Any, ai_firms: Any, treasury: Treasury) -> Revenue:
    """Revenue of the treasury by instrument, of a month, or columns over months."""
    on_power = paid(miners, ai_firms, FLOW.power_tax_usd)
    return Revenue(
        paid(miners, ai_firms, FLOW.income_tax_usd),
        paid(miners, ai_firms, FLOW.turnover_tax_usd),
        paid(miners, ai_firms, FLOW.levy_usd),
        paid(miners, ai_firms, FLOW.licence_usd),
        paid(miners, ai_firms, FLOW.auction_usd),
        paid(miners, ai_firms, FLOW.duty_usd),
        on_power + paid(miners, ai_firms, FLOW.hardware_tax_usd),
        paid(miners, ai_firms, FLOW.withholding_usd),
        paid(miners, ai_firms, FLOW.fine_usd) + treasury.seized_usd,
        miners[STATE, FLOW.dividend_usd] - miners[STATE, FLOW.equity_usd],
    )


@register_jitable
def total(revenue: Revenue) -> Any:
    """Revenue of all instruments."""
    found = 0.0
    for part in revenue:
        found = found + part
    return found


def tax_row(miners: Any, ai_firms: Any, accounts: PowerAccounts, treasury: Treasury) -> dict[str, Any]:
    """Outputs on the treasury: revenue by instrument, spending, the net fiscal outcome without coins, and
    what the power system bears beside it; columns over months.
    """
    revenue = tax_revenue(miners, ai_firms, treasury)
    tax_usd = total(revenue)
    net_fiscal = tax_usd - treasury.cost_usd - accounts.special_gap_treasury_usd
    return revenue._asdict() | {
        "tax_total_usd": tax_usd,
        "enforcement_cost_usd": treasury.inspections_usd,
        "metering_cost_usd": treasury.metering_usd,
        "training_cost_usd": treasury.training_usd,
        "guarantee_cost_usd": treasury.guarantee_usd,
        "compute_cost_usd": treasury.compute_usd,
        "bridge_interest_usd": treasury.interest_usd,
        "public_cost_usd": treasury.cost_usd,
        "foregone_tax_usd": paid(miners, ai_firms, FLOW.foregone_usd),
        "special_gap_usd": accounts.special_gap_usd,
        "stolen_cost_usd": accounts.stolen_cost_usd,
        "subsidy_usd": accounts.subsidy_usd,
        "net_fiscal_usd": net_fiscal,
        "net_public_usd": net_fiscal - accounts.special_gap_others_usd - accounts.stolen_cost_usd,
    }
