"""The month's flows as lines of the ledger: who pays whom, in tables (rows of B13)."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from numba.extending import register_jitable

from agents.firm import FLOWS
from sim.ledger import ROW_INDEX, A, B, D, G, H, M, T, W
from sim.settlement import OWNERS, PowerAccounts, Treasury

FloatArray = npt.NDArray[np.float64]
Line = tuple[str, int, int, str]
Lines = tuple[npt.NDArray[np.int64], FloatArray]
OWN = -1
# What firms pay and get (rows of B13): ledger row, payer, payee (OWN: the firms themselves), signed flows;
# a flow after a colon belongs to foreign owners or to the state.
FIRM_LINES = (
    ("energy_bills", OWN, D, "bill_usd -interruption_usd"),
    ("coin_and_compute_sales", W, OWN, "sales_abroad_usd"),
    ("coin_and_compute_sales", H, OWN, "sales_home_usd -sales_state_usd"),
    ("coin_and_compute_sales", T, OWN, "sales_state_usd"),
    ("hardware", OWN, W, "hardware_usd"),
    ("resale", W, OWN, "resale_usd"),
    ("local_purchases", OWN, H, "site_usd other_usd"),
    ("wages", OWN, H, "wages_usd"),
    ("wages", OWN, W, "expat_wages_usd"),
    ("income_tax", OWN, T, "income_tax_usd"),
    ("turnover_tax", OWN, T, "turnover_tax_usd"),
    ("levy", OWN, T, "levy_usd"),
    ("licence", OWN, T, "licence_usd"),
    ("auctions", OWN, T, "auction_usd"),
    ("duty", OWN, T, "duty_usd"),
    ("sales_tax", OWN, T, "power_tax_usd hardware_tax_usd"),
    ("withholding", OWN, T, "withholding_usd"),
    ("fines", OWN, T, "fine_usd"),
    ("interest", OWN, B, "interest_usd"),
    ("loans", B, OWN, "loan_usd -principal_usd"),
    ("equity", W, OWN, "foreign:equity_usd"),
    ("equity", T, OWN, "state:equity_usd"),
    ("equity", H, OWN, "equity_usd -foreign:equity_usd -state:equity_usd"),
    ("dividends", OWN, W, "foreign:dividend_usd"),
    ("dividends", OWN, T, "state:dividend_usd"),
    ("dividends", OWN, H, "dividend_usd -foreign:dividend_usd -state:dividend_usd"),
)
# Miners sell sites to AI firms: the buyer's side is posted
BUYER_LINES = (("site_sales", OWN, M, "-site_sale_usd"),)


# What the power sector pays: row, payer, payee, signed sums of ``PowerAccounts``
POWER_LINES = (
    ("energy_bills", H, D, "collected_usd"),
    ("energy_purchase", D, G, "energy_usd"),
    ("capacity_payments", D, G, "capacity_usd"),
    ("fuel", G, W, "imported_fuel_usd"),
    ("fuel", G, H, "energy_usd -imported_fuel_usd"),
    ("network", D, H, "network_usd"),
    ("interest", D, G, "interest_usd"),
    ("subsidy", T, D, "subsidy_usd"),
    ("arrears", G, D, "arrears_change_usd"),
)
# The treasury's own spending, guarantees bought from insurers abroad, what seized machines fetched abroad,
# and programme money that comes late and is bridged by a loan: signed sums of ``Treasury``
TREASURY_LINES = (
    ("public_spending", T, H, "inspections_usd metering_usd training_usd"),
    ("public_spending", T, W, "guarantee_usd"),
    ("auctions", W, T, "seized_usd"),
    ("loans", T, W, "delayed_usd"),
    ("loans", B, T, "delayed_usd"),
    ("interest", T, B, "interest_usd"),
)


def lines_of(lines: Sequence[Line], names: Sequence[str], own: int = OWN) -> Lines:
    """Make lines ready to post: (row, payer, payee) by line, and the terms of their amounts (line, owner,
    place among ``names``, sign); ``own`` is the sector of the firms.
    """
    place = [[ROW_INDEX[row], *(own if end == OWN else end for end in ends)] for row, *ends, _ in lines]
    terms = []
    for line, (*_, amounts) in enumerate(lines):
        for text in amounts.split():
            *owner, name = text.removeprefix("-").split(":")
            sign = -1.0 if text.startswith("-") else 1.0
            terms.append((line, OWNERS.index(owner[0] if owner else "all"), names.index(name), sign))
    return np.array(place, np.int64), np.array(terms)


@functools.cache
def all_lines() -> tuple[Lines, Lines, Lines, Lines]:
    """Lines of miners, AI firms, the power sector and the treasury."""
    return (
        lines_of(FIRM_LINES, FLOWS, M),
        lines_of(FIRM_LINES + BUYER_LINES, FLOWS, A),
        lines_of(POWER_LINES, PowerAccounts._fields),
        lines_of(TREASURY_LINES, Treasury._fields),
    )


@register_jitable
def post(month, lines, sums):  # type: ignore[no-untyped-def]
    """Post lines to the matrix of a month (rows x sectors); ``sums`` are the amounts by owner and name."""
    place, terms = lines
    amounts = np.zeros(place.shape[0])
    for k in range(terms.shape[0]):
        amounts[int(terms[k, 0])] += terms[k, 3] * sums[int(terms[k, 1]), int(terms[k, 2])]
    for line in range(place.shape[0]):
        row, payer, payee = place[line]
        month[row, payer] -= amounts[line]
        month[row, payee] += amounts[line]


@register_jitable
def post_month(month, lines, miners, ai_firms, accounts, treasury):  # type: ignore[no-untyped-def]
    """Post all flows of a month (rows of B13) by ``all_lines``: of firms by owner and flow, of the power
    sector and the treasury in one row each.
    """
    post(month, lines[0], miners)
    post(month, lines[1], ai_firms)
    post(month, lines[2], accounts)
    post(month, lines[3], treasury)
