"""The treasury: spending, delayed money, coins as a stock, foreign exchange, and regimes that stand still."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sim import list_regimes, load_scenario, simulate
from sim.ledger import ROWS, SECTORS
from sim.model import WattLabModel
from sim.regimes import load_regime
from sim.treasury import count_coins
from tests.sim.lively import LIVELY, SMALL, run_months

STATE_MINING = {
    "mining_legal": True, "offer_open": True, "quota_mw": 0.0, "state_mining_mw": 30.0, "reserve_share": 0.8,
    "tariff_rule": "fixed", "tariff_local_per_kwh": 5.0, "review_months": 0.0,
}  # fmt: skip


def run(seed: int = 2, months: int = 16, values: dict[str, float] | None = None, **held: object):
    chosen = load_scenario(
        regime="pakistan-2025", months=months, population=SMALL, overrides={**LIVELY, **(values or {})},
        instruments=held,
    )  # fmt: skip
    return simulate(chosen, seed)


def column(result, sector: str) -> np.ndarray:
    """Net receipts of a sector by month, USD."""
    return result.ledger.flows[:, :, SECTORS.index(sector)].sum(axis=1)


@pytest.fixture(scope="module")
def mined() -> pd.DataFrame:
    return run(**STATE_MINING).months


def test_coins_are_a_stock_and_no_income(mined):
    assert mined["state_coins_btc"].iloc[-1] > 0.0
    value = mined["state_coins_btc"] * mined["btc_price_usd"]
    np.testing.assert_allclose(mined["state_coins_usd"], value, rtol=1e-12)
    with_coins = mined["net_fiscal_with_coins_usd"] - mined["net_fiscal_usd"]
    np.testing.assert_allclose(with_coins, value.diff().fillna(value.iloc[0]), rtol=1e-9, atol=1e-3)
    before = mined["state_coins_btc"].shift(fill_value=0.0)
    gain = before * (mined["btc_price_usd"] - mined["btc_price_usd"].shift()).fillna(0.0)
    np.testing.assert_allclose(mined["coin_revaluation_usd"], gain, rtol=1e-9, atol=1e-3)


def test_a_change_of_the_coin_price_alone_moves_no_money():
    """Two treasuries with the same coins and other prices differ in the stock and in nothing else."""
    one, other = (run(seed, **STATE_MINING) for seed in (2, 3))
    for result in (one, other):
        months = result.months
        posted = months["tax_total_usd"] - months["public_cost_usd"] - months["subsidy_usd"]
        np.testing.assert_allclose(column(result, "treasury"), posted, rtol=1e-8, atol=1.0)
        assert months["coin_revaluation_usd"].abs().max() > 0.0


def test_a_partner_takes_its_coins_when_they_are_mined():
    purse = np.zeros(3)
    assert count_coins(purse, 10.0, 0.0, 100.0).own_btc == 10.0
    # A partner that comes later has no part of what was mined before
    assert count_coins(purse, 14.0, 0.5, 100.0).own_btc == 12.0
    # Sales take from both in proportion
    month = count_coins(purse, 7.0, 0.5, 200.0)
    assert month.own_btc == 6.0
    assert month.revaluation_usd == 12.0 * 100.0


def test_meters_rise_at_the_pace_of_a_roll_out_cost_money_and_stay():
    values = {"smart_meter_share_start": 0.1, "meter_rollout_months": 20.0, "metering_cost_usd_per_mw": 3e4}
    chosen = load_scenario(
        regime="pakistan-2025", months=8, population=SMALL, overrides={**LIVELY, **values},
        instruments={"smart_meter_share": 0.3},
    )  # fmt: skip
    model = WattLabModel(chosen, 1)
    shares = []
    run_months(model, 8, lambda t: shares.append(float(model.state.government["meter_share"][0])))
    np.testing.assert_allclose(shares, [0.15, 0.2, 0.25, 0.3, 0.3, 0.3, 0.3, 0.3], rtol=1e-12)
    cost = model.books.outputs()["metering_cost_usd"].to_numpy()
    load_mw = np.mean(chosen.country_data.load_shape.mean_load_mw)
    np.testing.assert_allclose(cost[:4], 0.05 * load_mw * 3e4, rtol=1e-9)
    assert (cost[4:] == 0.0).all()


def test_money_that_the_lender_delays_is_bridged_costs_interest_and_comes_back():
    """The subsidy cap is nothing, so any cost of the offer beyond what it pays delays a disbursement."""
    values = {
        "lender_refusal_probability": 1.0, "lender_review_months": 2.0, "lender_tolerance_share": 0.2,
        "lender_subsidy_cap_gdp_share": 0.0, "lender_tranche_usd": 1e8, "bridge_rate_per_year": 0.12,
    }  # fmt: skip
    free = {"tariff_rule": "marginal_cost_plus", "tariff_markup": -0.1, "review_months": 0.0}
    result = run(values=values, months=24, **free)
    months = result.months
    delayed = months["programme_delayed_usd"]
    assert set(delayed) == {0.0, 1e8}
    np.testing.assert_allclose(months["fx_programme_usd"], -delayed.diff().fillna(delayed.iloc[0]))
    np.testing.assert_allclose(months["bridge_interest_usd"], delayed.shift(fill_value=0.0) * 0.01)
    loans = result.ledger.flows[:, ROWS.index("loans"), SECTORS.index("treasury")]
    np.testing.assert_allclose(loans, 0.0, atol=1e-6)
    abroad = result.ledger.flows[:, ROWS.index("loans"), SECTORS.index("world")]
    assert abroad.max() == pytest.approx(1e8)


def test_the_foreign_exchange_account_adds_up():
    months = run(months=20, ai_guarantee_points_per_year=0.02).months
    earned = ["fx_receipts_usd", "fx_imports_saved_usd", "fx_programme_usd"]
    spent = [name for name in months if name.startswith("fx_") and name not in earned]
    change = months[earned].sum(axis=1) - months[[*spent, "guarantee_cost_usd"]].sum(axis=1)
    np.testing.assert_allclose(months["reserves_change_usd"], change, rtol=1e-9, atol=1e-3)
    assert (months["fx_kept_abroad_usd"] >= 0.0).all()


def test_an_auction_is_paid_by_the_winners_and_posted_to_the_treasury():
    result = run(
        months=10, values={"connection_pace_mw_per_month": 10.0, "lender_active": 0.0},
        allocation_rule="auction", tariff_local_per_kwh=5.0, review_months=0.0,
    )  # fmt: skip
    paid = result.months["tax_auction_usd"]
    assert paid.sum() > 0.0
    posted = result.ledger.flows[:, ROWS.index("auctions"), SECTORS.index("miners")]
    np.testing.assert_allclose(-posted, paid, rtol=1e-12)


def static() -> list[str]:
    """Shipped regimes without review: their government never acts."""
    return [name for name in list_regimes() if load_regime(name).base.get("review_months", 0.0) == 0.0]


@pytest.mark.parametrize("regime", static())
def test_static_regimes_stand_still(regime):
    chosen = load_scenario(regime=regime, months=14, population=SMALL, overrides=LIVELY)
    model = WattLabModel(chosen, 4)
    seen = []

    def look(t: int) -> None:
        government = model.state.government[0]
        seen.append(
            (
                int(government["choice"]),
                float(government["levy_added_usd_per_kwh"]),
                float(government["tariff_factor"]),
                float(government["quota_factor"]),
                float(government["inspection_factor"]),
            )
        )

    run_months(model, 14, look)
    assert set(seen) == {(0, 0.0, 1.0, 1.0, 1.0)}
    assert len(static()) >= 6
