"""The books (B13): they close, they say what the firms' own records say, and a doctored entry is found."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import pytest

from sim.ledger import ROWS, SECTORS, A, B, D, G, H, Ledger, LedgerError, M, T, W
from sim.model import WattLabModel
from tests.sim.lively import lively_scenario, relative_gap, run_months

MONTHS = 24
KINDS = {"miners": M, "ai_firms": A}
# What a month of all firms of a kind adds to its column, row by row: + received, - paid.
FIRM_ROWS = {
    "energy_bills": "interruption_usd - bill_usd",
    "coin_and_compute_sales": "sales_abroad_usd + sales_home_usd",
    "hardware": "- hardware_usd",
    "resale": "resale_usd",
    "local_purchases": "- site_usd - other_usd",
    "wages": "- wages_usd - expat_wages_usd",
    "site_sales": "site_sale_usd",
    "income_tax": "- income_tax_usd",
    "turnover_tax": "- turnover_tax_usd",
    "levy": "- levy_usd",
    "licence": "- licence_usd",
    "duty": "- duty_usd",
    "sales_tax": "- power_tax_usd - hardware_tax_usd",
    "withholding": "- withholding_usd",
    "fines": "- fine_usd",
    "interest": "- interest_usd",
    "loans": "loan_usd - principal_usd",
    "equity": "equity_usd",
    "dividends": "- dividend_usd",
}
PUBLIC_ROWS = ("income_tax", "turnover_tax", "levy", "licence", "duty", "sales_tax", "withholding", "fines")


@dataclass
class Month:
    """What the firms' records said before and after a month."""

    cash_before: dict[str, float]
    cash_after: dict[str, float]
    debt_before: dict[str, float]
    debt_after: dict[str, float]
    records: dict[str, np.ndarray]
    arrears_usd: float
    outputs: dict[str, float]


@dataclass
class Run:
    """Two years of a lively country and its books."""

    ledger: Ledger
    months: list[Month]


@pytest.fixture(scope="module")
def run() -> Run:
    scenario = lively_scenario("pakistan-2025", MONTHS, lender_active=0.0)
    # Cheap enough that licensed miners are there to pay the levy
    cheap = {"tariff_local_per_kwh": 5.0, "levy_local_per_kwh": 1.0}
    model = WattLabModel(scenario.varied({}, cheap), seed=5)
    months: list[Month] = []

    def total(name: str) -> dict[str, float]:
        return {kind: float(model.state.agents(kind)[name].sum()) for kind in KINDS}

    before = {"cash": total("cash_usd"), "debt": total("debt_usd")}

    def remember(t: int) -> None:
        months.append(
            Month(
                before["cash"], total("cash_usd"), before["debt"], total("debt_usd"),
                {kind: model.state.agents(kind).copy() for kind in KINDS},
                float(model.state.operator["arrears_usd"][0]), dict(model.books.row),
            )
        )  # fmt: skip
        before.update(cash=total("cash_usd"), debt=total("debt_usd"))

    run_months(model, MONTHS, remember)
    return Run(model.books.ledger, months)


def evaluate(expression: str, records: np.ndarray) -> float:
    """Signed sum of columns over all records, written like ``loan_usd - principal_usd``."""
    value, sign = 0.0, 1.0
    for word in expression.split():
        if word in "+-":
            sign = 1.0 if word == "+" else -1.0
        else:
            value += sign * float(records[word].sum())
    return value


def test_every_row_of_every_month_sums_to_zero(run):
    flows = run.ledger.flows
    assert np.abs(flows.sum(axis=2)).max() <= 1e-8 * np.abs(flows).max()
    per_month = np.abs(flows.sum(axis=2)).max(axis=1) / np.abs(flows).max(axis=(1, 2))
    assert per_month.max() <= 1e-8


@pytest.mark.parametrize("kind", KINDS)
def test_the_column_of_firms_is_the_change_of_their_cash(run, kind):
    for t, month in enumerate(run.months):
        column = run.ledger.flows[t, :, KINDS[kind]]
        change = month.cash_after[kind] - month.cash_before[kind]
        assert column.sum() == pytest.approx(change, abs=1e-8 * np.abs(column).sum()), t


@pytest.mark.parametrize("kind", KINDS)
def test_every_entry_of_firms_is_the_sum_over_their_records(run, kind):
    for t, month in enumerate(run.months):
        expected = np.zeros(len(ROWS))
        for row, expression in FIRM_ROWS.items():
            expected[ROWS.index(row)] = evaluate(expression, month.records[kind])
        assert relative_gap(run.ledger.flows[t, :, KINDS[kind]], expected) <= 1e-9, t


@pytest.mark.parametrize("kind", KINDS)
def test_debt_changes_by_loans_repayment_and_write_off(run, kind):
    for t, month in enumerate(run.months):
        flow = evaluate("loan_usd - principal_usd - written_off_usd", month.records[kind])
        change = month.debt_after[kind] - month.debt_before[kind]
        assert change == pytest.approx(flow, abs=1e-8 * max(1.0, month.debt_after[kind])), t


def test_the_treasury_gets_what_firms_pay_and_the_outputs_report_it(run):
    for t, month in enumerate(run.months):
        flows = run.ledger.flows[t]
        paid = sum(-flows[ROWS.index(row), [M, A]].sum() for row in PUBLIC_ROWS)
        auctions = flows[ROWS.index("auctions"), T]
        owner = -(flows[ROWS.index("equity"), T] + flows[ROWS.index("dividends"), T]) * -1.0
        received = sum(flows[ROWS.index(row), T] for row in PUBLIC_ROWS)
        assert received == pytest.approx(paid, rel=1e-9, abs=1e-6)
        total = month.outputs["tax_total_usd"]
        assert total == pytest.approx(received + auctions + owner, rel=1e-9, abs=1e-6)


def test_the_purchaser_keeps_no_money_while_it_owes_some(run):
    """What bills and subsidy do not cover is owed to generators, so deposits of the purchaser do not move."""
    scale = np.abs(run.ledger.flows[:, :, D]).sum(axis=1)
    assert np.abs(run.ledger.flows[:, :, D].sum(axis=1) / scale).max() <= 1e-12


def test_arrears_on_the_books_are_the_change_of_the_stock_in_local_currency(run):
    """The debt is in local currency: the exchange rate also moves its dollar value, which nobody pays."""
    entries = run.ledger.flows[:, ROWS.index("arrears"), D]
    rates = np.array([month.outputs["local_per_usd"] for month in run.months])
    stock_local = np.array([month.arrears_usd for month in run.months]) * rates
    assert np.diff(stock_local) == pytest.approx(entries[1:] * rates[1:], rel=1e-6)
    assert np.abs(entries).min() > 0.0


def test_the_books_are_not_empty(run):
    used = {row for i, row in enumerate(ROWS) if np.abs(run.ledger.flows[:, i]).max() > 0.0}
    silent = set(ROWS) - used
    assert silent <= {"turnover_tax", "licence", "duty", "sales_tax", "withholding", "site_sales"}, silent
    assert (np.abs(run.ledger.flows).sum(axis=(0, 1)) > 0.0).all()


def doctored(run: Run, t: int) -> tuple[Ledger, dict[int, float], float]:
    """A copy of the books to tamper with, the true changes of cash, and the size of the month's largest
    entry.
    """
    month = run.months[t]
    change = {sector: month.cash_after[kind] - month.cash_before[kind] for kind, sector in KINDS.items()}
    ledger = copy.deepcopy(run.ledger)
    return ledger, change, float(np.abs(ledger.flows[t]).max())


@pytest.mark.parametrize("t", [0, 11, MONTHS - 1])
def test_the_true_books_pass_the_check(run, t):
    ledger, change, _ = doctored(run, t)
    ledger.check(t, change)


@pytest.mark.parametrize("sector", [H, M, A, G, D, T, B, W])
@pytest.mark.parametrize("row", ["energy_bills", "wages", "arrears", "dividends"])
def test_a_doctored_entry_breaks_its_row(run, row, sector):
    ledger, change, scale = doctored(run, 11)
    ledger.flows[11, ROWS.index(row), sector] += 1e-6 * scale
    with pytest.raises(LedgerError, match=rf"2026-05: row {row} does not sum to zero"):
        ledger.check(11, change)


@pytest.mark.parametrize("sector", [M, A])
@pytest.mark.parametrize("row", ["wages", "fines", "loans"])
def test_a_transfer_that_moved_no_cash_breaks_its_column(run, row, sector):
    ledger, change, _ = doctored(run, 11)
    size = np.abs(ledger.flows[11]).sum()
    ledger.post(11, row, sector, B if row != "loans" else T, 1e-6 * size)
    with pytest.raises(LedgerError, match=f"2026-05: cash of {SECTORS[sector]} changed by"):
        ledger.check(11, change)


def test_an_entry_that_is_no_number_is_found(run):
    ledger, change, _ = doctored(run, 3)
    ledger.flows[3, ROWS.index("fuel"), G] = np.nan
    with pytest.raises(LedgerError, match="2025-09: row"):
        ledger.check(3, change)


def test_a_transfer_has_a_payer_and_a_payee():
    ledger = Ledger.empty(("2030-01",))
    ledger.post(0, "levy", M, T, 100.0)
    ledger.post(0, "levy", A, T, -30.0)
    row = ledger.flows[0, ROWS.index("levy")]
    assert row.tolist() == [0.0, -100.0, 30.0, 0.0, 0.0, 70.0, 0.0, 0.0]
    assert ledger.flows[0, :, M].sum() == -100.0
    with pytest.raises(KeyError, match="tithe"):
        ledger.post(0, "tithe", M, T, 1.0)
