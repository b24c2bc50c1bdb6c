"""The treasury's month: what it spends, what the lender delays, foreign exchange, and coins as a stock.

Coins of the state are revalued and never income: the net fiscal outcome is shown without and with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.settlement import PowerAccounts, PowerSales, Totals, Treasury

if TYPE_CHECKING:
    from sim.diary import Months
    from sim.state import State

    Row = dict[str, npt.NDArray[np.float64]]

MONTHS_PER_YEAR = 12
# Flows of firms that are revenue of the treasury, by output
TAX_FLOWS = {
    "tax_income_usd": "income_tax_usd",
    "tax_turnover_usd": "turnover_tax_usd",
    "tax_levy_usd": "levy_usd",
    "tax_licence_usd": "licence_usd",
    "tax_auction_usd": "auction_usd",
    "tax_duty_usd": "duty_usd",
    "tax_sales_usd": "power_tax_usd",
    "tax_withholding_usd": "withholding_usd",
    "tax_fines_usd": "fine_usd",
}


class CoinMonth(NamedTuple):
    """The state's coins at the end of a month: stock, value, revaluation and change of value."""

    own_btc: float
    value_usd: float
    revaluation_usd: float
    change_usd: float


class TreasuryBooks:
    """Remembers what a month is compared with: meters, delayed money, coins and their price, a year of
    subsidy.
    """

    def __init__(self, mean_load_mw: float, meter_share: float) -> None:
        self.mean_load_mw = mean_load_mw
        self.meter_share = meter_share
        self.withheld_usd = 0.0
        self.coins_btc = 0.0
        self.own_btc = 0.0
        self.price_usd = 0.0
        self.subsidy_usd = np.zeros(MONTHS_PER_YEAR)

    def close(
        self,
        state: State,
        values: dict[str, float],
        seized_usd: float,
        insured_usd: float,
        compute_usd: float,
    ) -> Treasury:
        """Work out the month's own spending and borrowing of the treasury."""
        policy, meter_share = state.policy, float(state.government["meter_share"][0])
        inspections = float(policy["inspections_per_month"][0] * state.government["inspection_factor"][0])
        built = meter_share - self.meter_share
        withheld = float(state.lender["withheld_usd"][0])
        month = Treasury(
            inspections_usd=inspections * values["inspection_cost_usd"],
            metering_usd=built * self.mean_load_mw * values["metering_cost_usd_per_mw"],
            training_usd=float(policy["training_places_per_month"][0])
            * values["training_cost_usd_per_place"],
            guarantee_usd=float(policy["ai_guarantee_points_per_year"][0]) / MONTHS_PER_YEAR * insured_usd,
            compute_usd=compute_usd,
            interest_usd=self.withheld_usd * values["bridge_rate_per_year"] / MONTHS_PER_YEAR,
            delayed_usd=withheld - self.withheld_usd,
            seized_usd=seized_usd,
        )
        self.meter_share, self.withheld_usd = meter_share, withheld
        return month

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

    def count_coins(self, state: State, price_usd: float) -> CoinMonth:
        """Follow the state's coins through the month. A partner takes its share when they are mined."""
        share = 1.0 - float(state.policy["state_partner_share"][0])
        coins = float(state.miners["coins_btc"][0])
        before_usd = self.own_btc * self.price_usd
        revaluation = self.own_btc * price_usd - before_usd
        if coins >= self.coins_btc:
            self.own_btc += share * (coins - self.coins_btc)
        else:
            self.own_btc *= coins / self.coins_btc
        self.coins_btc, self.price_usd = coins, price_usd
        value = self.own_btc * price_usd
        return CoinMonth(self.own_btc, value, revaluation, value - before_usd)


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


def receipts_abroad_usd(firms: Totals) -> Any:
    """What firms earn abroad: coins and compute, old machines, foreign owners' equity."""
    return firms["sales_abroad_usd"] + firms["resale_usd"] + firms.of_foreign("equity_usd")


def exchange_row(
    miners: Totals,
    ai_firms: Totals,
    accounts: PowerAccounts,
    treasury: Treasury,
    kept_abroad_usd: Any,
    import_share: Any,
) -> dict[str, Any]:
    """Outputs on foreign exchange: what is earned, saved, spent, taken abroad, kept abroad and lent; of a
    month, or columns over months. ``import_share`` of the compute sold at home would be rented abroad.
    """
    row = {
        "fx_receipts_usd": receipts_abroad_usd(miners) + receipts_abroad_usd(ai_firms),
        "fx_imports_saved_usd": import_share * ai_firms["sales_world_price_usd"],
        "fx_hardware_usd": miners["hardware_usd"] + ai_firms["hardware_usd"],
        "fx_wages_usd": miners["expat_wages_usd"] + ai_firms["expat_wages_usd"],
        "fx_profit_usd": miners.of_foreign("dividend_usd") + ai_firms.of_foreign("dividend_usd"),
        "fx_kept_abroad_usd": kept_abroad_usd,
        "fx_power_usd": accounts.marginal_usd_per_mwh * (accounts.special_mwh + accounts.stolen_mwh),
        "fx_programme_usd": -treasury.delayed_usd,
    }
    spent = ("fx_hardware_usd", "fx_wages_usd", "fx_profit_usd", "fx_kept_abroad_usd", "fx_power_usd")
    earned = row["fx_receipts_usd"] + row["fx_imports_saved_usd"] + row["fx_programme_usd"]
    # A guarantee of country risk is bought from insurers abroad
    outflow = sum(row[name] for name in spent) + treasury.guarantee_usd
    return row | {"reserves_change_usd": earned - outflow}


def tax_revenue(miners: Totals, ai_firms: Totals, treasury: Treasury) -> dict[str, Any]:
    """Revenue of the treasury by instrument, with what the state's own mine pays it; of a month, or columns
    over months.
    """
    taxes = {name: miners[flow] + ai_firms[flow] for name, flow in TAX_FLOWS.items()}
    return taxes | {
        "tax_sales_usd": taxes["tax_sales_usd"] + (miners["hardware_tax_usd"] + ai_firms["hardware_tax_usd"]),
        "tax_fines_usd": taxes["tax_fines_usd"] + treasury.seized_usd,
        "state_mining_usd": miners.of_state("dividend_usd") - miners.of_state("equity_usd"),
    }


def tax_row(miners: Totals, ai_firms: Totals, accounts: PowerAccounts, treasury: Treasury) -> dict[str, Any]:
    """Outputs on the treasury: revenue by instrument, spending, the net fiscal outcome without coins, and
    what the power system bears beside it; of a month, or columns over months.
    """

    revenue = tax_revenue(miners, ai_firms, treasury)
    total = sum(revenue.values())
    net_fiscal = total - treasury.cost_usd - accounts.special_gap_treasury_usd
    return revenue | {
        "tax_total_usd": total,
        "enforcement_cost_usd": treasury.inspections_usd,
        "metering_cost_usd": treasury.metering_usd,
        "training_cost_usd": treasury.training_usd,
        "guarantee_cost_usd": treasury.guarantee_usd,
        "compute_cost_usd": treasury.compute_usd,
        "bridge_interest_usd": treasury.interest_usd,
        "public_cost_usd": treasury.cost_usd,
        "foregone_tax_usd": miners["foregone_usd"] + ai_firms["foregone_usd"],
        "special_gap_usd": accounts.special_gap_usd,
        "stolen_cost_usd": accounts.stolen_cost_usd,
        "subsidy_usd": accounts.subsidy_usd,
        "net_fiscal_usd": net_fiscal,
        "net_public_usd": net_fiscal - accounts.special_gap_others_usd - accounts.stolen_cost_usd,
    }
