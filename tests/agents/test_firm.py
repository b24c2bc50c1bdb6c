"""Money of any firm, and the schema that turns annotated classes into columns."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.ai_firm import AiFirm
from agents.base import ByHour, Columns, column_types, new_records, record_dtype
from agents.firm import (
    FLOWS,
    Firm,
    licensed_tariff_usd_per_kwh,
    raise_capital,
    service_debt,
    settle_cash,
    sign_contract,
    wind_up,
)
from agents.miner import Miner
from tests.agents.observed import month, set_all

MONEY = st.floats(0.0, 1e9)


def firm(**values):
    one = new_records(Firm, 1)[0]
    set_all(one, values)
    return one


@settings(deadline=None, max_examples=100)
@given(MONEY, MONEY, MONEY, st.floats(0.0, 0.9))
def test_investment_is_financed_by_loan_then_cash_then_equity(need, cash, funds, debt_share):
    one = firm(cash_usd=cash, funds_usd=funds, debt_share=debt_share)
    raise_capital(one, need)
    assert one.loan_usd == one.debt_usd == pytest.approx(debt_share * need)
    assert one.equity_usd == pytest.approx(max(0.0, need - debt_share * need - cash))
    assert one.cash_usd == pytest.approx(cash + one.loan_usd + one.equity_usd)
    assert one.cash_usd >= need * (1.0 - 1e-12) - 1e-6
    assert one.funds_usd == pytest.approx(funds - one.equity_usd)
    assert one.invested_usd == need
    raise_capital(one, need, 0.25 * need)
    assert one.invested_usd == pytest.approx(1.75 * need)


def test_interest_runs_from_the_start_and_principal_once_the_site_works():
    building, working = firm(debt_usd=1200.0), firm(debt_usd=1200.0, site_mw=1.0)
    for one in (building, working):
        service_debt(one, 0.10, 48.0)
        assert one.interest_usd == pytest.approx(10.0)
    assert (building.principal_usd, building.debt_usd, building.cash_usd) == (0.0, 1200.0, -10.0)
    assert (working.principal_usd, working.debt_usd, working.cash_usd) == (25.0, 1175.0, -35.0)


@settings(deadline=None, max_examples=100)
@given(st.floats(-1e9, 1e9), MONEY, MONEY, st.floats(0.0, 1.0), st.booleans())
def test_owners_then_the_bank_cover_a_shortfall_and_owners_get_the_surplus(
    cash, funds, buffer, payout, building
):
    one = firm(cash_usd=cash, funds_usd=funds, building_mw=float(building))
    settle_cash(one, buffer, payout)
    assert one.cash_usd >= 0.0
    assert one.cash_usd == pytest.approx(cash + one.equity_usd + one.loan_usd - one.dividend_usd, abs=1e-6)
    if cash < 0.0:
        assert one.equity_usd == min(-cash, funds)
        assert one.loan_usd == one.debt_usd == pytest.approx(max(0.0, -cash - funds), abs=1e-6)
        assert one.dividend_usd == 0.0
    else:
        expected = 0.0 if building else payout * max(0.0, cash - buffer)
        assert one.dividend_usd == pytest.approx(expected)
    assert one.funds_usd == pytest.approx(funds - one.equity_usd + one.dividend_usd)


@settings(deadline=None, max_examples=100)
@given(MONEY, MONEY)
def test_winding_up_leaves_nothing_and_accounts_for_everything(cash, debt):
    one = firm(
        cash_usd=cash, debt_usd=debt, active=1, site_mw=4.0, load_mw=1.0, staff_target=2.0, granted_mw=1.0
    )
    wind_up(one)
    assert one.principal_usd + one.written_off_usd == pytest.approx(debt)
    assert one.principal_usd + one.dividend_usd == pytest.approx(cash)
    assert one.written_off_usd == pytest.approx(max(0.0, debt - cash), abs=1e-6)
    for name in (
        "cash_usd",
        "debt_usd",
        "active",
        "site_mw",
        "granted_mw",
        "applied_mw",
        "contract_until_month",
    ):
        assert one[name] == 0.0, name
    assert one.load_mw.sum() == one.staff_target.sum() == one.builders_target.sum() == 0.0


@pytest.mark.parametrize(
    ("world", "policy", "until"),
    [
        ({}, {"contract_months": 36.0, "grandfathered": 1}, 42),
        ({}, {"contract_months": 36.0, "grandfathered": 0}, 6),
        ({"offer_effective": 0}, {"contract_months": 36.0, "grandfathered": 1}, 6),
        ({}, {"grandfathered": 1}, 6),
    ],
)
def test_a_contract_is_signed_where_the_regime_grandfathers_it(world, policy, until):
    one, now = firm(), month(world, policy)
    sign_contract(one, now.world, now.policy)
    assert (one.contract_usd_per_kwh, one.contract_local_per_usd, one.contract_until_month) == (
        0.05,
        281.0,
        until,
    )


def test_the_price_of_a_licensed_site_is_contract_then_offer_then_industrial():
    one, now = firm(), month(policy={"contract_months": 12.0, "grandfathered": 1, "tariff_indexation": 0.0})
    sign_contract(one, now.world, now.policy)
    now.world.offer_tariff_usd_per_kwh = 0.09
    now.world.local_per_usd = 562.0
    assert licensed_tariff_usd_per_kwh(one, now.world, now.policy, 3) == pytest.approx(0.025)
    now.policy.tariff_indexation = 1.0
    assert licensed_tariff_usd_per_kwh(one, now.world, now.policy, 3) == pytest.approx(0.05)
    now.world.month = 18
    assert licensed_tariff_usd_per_kwh(one, now.world, now.policy, 3) == pytest.approx(0.09)
    now.world.offer_effective = 0
    assert licensed_tariff_usd_per_kwh(one, now.world, now.policy, 3) == pytest.approx(0.12)


def test_columns_are_the_annotations_base_first():
    class Base(Columns):
        a: int
        b: float

    class Kind(Base):
        c: ByHour

    assert list(column_types(Kind)) == ["a", "b", "c"]
    dtype = record_dtype(Kind)
    assert [dtype[name].shape for name in dtype.names] == [(), (), (24,)]
    assert (dtype["a"], dtype["b"]) == (np.int64, np.float64)
    records = new_records(Kind, 3)
    records[1].c[5] = 2.0
    assert records["c"].sum() == 2.0
    assert records[1].b == 0.0


@pytest.mark.parametrize("hint", [str, bool, list[float], np.ndarray])
def test_a_column_of_another_type_is_refused(hint):
    class Wrong(Columns):
        name: hint

    Wrong.__annotations__["name"] = hint
    with pytest.raises(TypeError, match=r"Wrong\.name: a column is int, float or By"):
        column_types(Wrong)


def test_annotated_arrays_of_any_length_are_columns():
    class Odd(Columns):
        x: Annotated[np.ndarray, 3]

    assert record_dtype(Odd)["x"].shape == (3,)


@pytest.mark.parametrize("columns", [Miner, AiFirm])
def test_flows_are_contiguous_columns_of_eight_bytes(columns):
    dtype = record_dtype(columns)
    names = list(dtype.names)
    first = names.index(FLOWS[0])
    assert tuple(names[first : first + len(FLOWS)]) == FLOWS
    assert all(dtype[name] == np.float64 for name in FLOWS)
    assert dtype.itemsize % 8 == 0
