"""Public money: what is the treasury's own, what the power system bears, and who is shown which of them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from agents.ai_accounts import sell_at_home
from agents.ai_firm import AiFirm
from agents.base import new_records
from agents.government import Government
from agents.miner import LICENSED, Miner
from agents.miner_appraisal import GREY
from agents.policy import Policy
from agents.world import World
from sim import load_scenario, simulate
from sim.ledger import ROWS, SECTORS
from sim.parameters import parameter_record, parameters
from sim.public import FULL_GAP, Seen, observe_gaps
from sim.settlement import PowerSales, count_sales
from sim.treasury import TreasuryBooks
from tests.sim.lively import LIVELY, SMALL

CHEAP = {"tariff_rule": "fixed", "tariff_local_per_kwh": 5.0, "review_months": 0.0}
# A government that buys, thieves, and a market where halls sell at home
ANCHOR = {**CHEAP, "ai_anchor_demand_mw": 60.0}
VALUES = {"lender_active": 0.0, "ai_installed_mw_it": 40.0, "ai_domestic_demand_mw_it": 30.0}
DEFAULTS = {name: row.value for name, row in parameters().items()}
SHARE = "compute_import_substitution_share"


def run(seed: int = 2, months: int = 14, regime: str = "pakistan-2025", held=None, **values: float):
    chosen = load_scenario(
        regime=regime, months=months, population=SMALL, overrides={**LIVELY, **VALUES, **values},
        instruments=held or {},
    )  # fmt: skip
    return simulate(chosen, seed)


@pytest.fixture(scope="module")
def bought():
    return run(held=ANCHOR, special_gap_treasury_share=0.5)


def test_the_net_fiscal_outcome_is_the_treasurys_column_without_loans_and_general_subsidy(bought):
    months = bought.months
    flows = bought.ledger.flows[:, :, SECTORS.index("treasury")]
    loans = flows[:, ROWS.index("loans")]
    general = months["subsidy_usd"] - months["special_gap_treasury_usd"]
    own = flows.sum(axis=1) - loans + general
    np.testing.assert_allclose(own, months["net_fiscal_usd"], rtol=1e-8, atol=1.0)
    assert months["special_gap_treasury_usd"].max() > 0.0
    assert months["compute_cost_usd"].max() > 0.0
    bought_by_state = -flows[:, ROWS.index("coin_and_compute_sales")]
    np.testing.assert_allclose(bought_by_state, months["compute_cost_usd"], rtol=1e-12)


def test_the_power_system_bears_the_rest_of_the_gap_and_what_is_stolen(bought):
    months = bought.months
    rest = months["special_gap_usd"] - months["special_gap_treasury_usd"]
    net = months["net_fiscal_usd"] - rest - months["stolen_cost_usd"]
    np.testing.assert_allclose(months["net_public_usd"], net, rtol=1e-9, atol=1e-3)
    stolen = months[months["stolen_mwh"] > 0.0]
    assert len(stolen) > 3
    marginal = stolen["stolen_cost_usd"] / stolen["stolen_mwh"]
    gap = marginal * stolen["special_energy_mwh"] - stolen["special_revenue_usd"]
    np.testing.assert_allclose(stolen["special_gap_usd"], gap, rtol=1e-9, atol=1e-3)


def test_jobs_elsewhere_follow_what_others_are_billed_for_and_no_theft(bought):
    months = bought.months
    rest = months["special_gap_usd"] - months["special_gap_treasury_usd"]
    assert (np.sign(months["jobs_elsewhere"]) == -np.sign(rest)).all()
    paid = run(held=ANCHOR, special_gap_treasury_share=1.0).months
    below = paid["special_gap_usd"] > 0.0
    assert below.any()
    np.testing.assert_allclose(paid.loc[below, "jobs_elsewhere"], 0.0, atol=1e-9)


@pytest.mark.slow
def test_compute_that_the_state_orders_costs_the_treasury():
    """The firms' tax on these sales is a part of their price, so every seed is worse off; strict signs."""
    for seed in range(1, 9):
        without, ordered = (run(seed, held={**CHEAP, "ai_anchor_demand_mw": mw}).months for mw in (0.0, 60.0))
        assert (without["compute_cost_usd"] == 0.0).all()
        assert ordered["compute_cost_usd"].sum() > 0.0
        assert ordered["net_fiscal_usd"].sum() < without["net_fiscal_usd"].sum()
        assert ordered["ai_sales_usd"].sum() > without["ai_sales_usd"].sum()


@pytest.mark.slow
def test_imports_saved_are_a_share_of_compute_bought_at_home_and_move_reserves_alone():
    none, half, all_of_it = (run(held=ANCHOR, **{SHARE: share}).months for share in (0.0, 0.5, 1.0))
    assert (none["fx_imports_saved_usd"] == 0.0).all()
    assert half["fx_imports_saved_usd"].sum() > 0.0
    np.testing.assert_allclose(all_of_it["fx_imports_saved_usd"], 2.0 * half["fx_imports_saved_usd"])
    gain = half["reserves_change_usd"] - none["reserves_change_usd"]
    np.testing.assert_allclose(gain, half["fx_imports_saved_usd"], rtol=1e-6, atol=1.0)
    moved = ["fx_imports_saved_usd", "reserves_change_usd"]
    pd.testing.assert_frame_equal(half.drop(columns=moved), none.drop(columns=moved))
    # Buyers at home pay at least the price of exports, so the world price of their purchases is no more than
    # this
    bound = half["ai_sales_usd"] / (1.0 - 0.15)
    assert (half["fx_imports_saved_usd"] <= 0.5 * bound).all()


def test_sales_at_home_are_split_by_buyer_and_valued_at_the_price_abroad():
    """By hand: of contracts of 90 at 1.5 times the price abroad and sales of 80 at 0.8 times that price."""
    firm, world, par = new_records(AiFirm, 1)[0], new_records(World, 1)[0], parameter_record(DEFAULTS)[0]
    world.gpu_price_usd_per_hour, world.domestic_price_usd_per_hour = 2.0, 1.6
    world.anchor_contract_share, world.anchor_market_share = 1.0 / 3.0, 0.25
    assert par.ai_domestic_price_premium == 1.5
    sell_at_home(firm, world, par, 90.0, 80.0)
    assert firm.sales_home_usd == 170.0
    assert firm.sales_state_usd == pytest.approx(30.0 + 20.0)
    assert firm.sales_world_price_usd == pytest.approx(60.0 / 1.5 + 60.0 / 0.8)


def terms(offer: int, contract_until: int) -> SimpleNamespace:
    """Four firms that use 10 MWh each: licensed, grey, and an AI firm of which half stood at the start."""
    miners, halls = new_records(Miner, 2), new_records(AiFirm, 1)
    world, policy = new_records(World, 1), new_records(Policy, 1)
    miners["compliance"], miners["energy_mwh"], miners["bill_usd"] = [LICENSED, GREY], 10.0, [500.0, 2000.0]
    halls["it_mw"], halls["legacy_mw_it"], halls["load_mw"] = 2.0, 1.0, 1.0
    for firms in (miners, halls):
        firms["contract_until_month"] = contract_until
        firms["contract_usd_per_kwh"], firms["contract_local_per_usd"] = 0.05, 280.0
    world["month"], world["offer_effective"], world["days"], world["local_per_usd"] = 5, offer, 30.0, 280.0
    world["firm_served_share"], world["offer_tariff_usd_per_kwh"] = 1.0, 0.06
    world["industrial_tariff_usd_per_kwh"] = 0.12
    return SimpleNamespace(miners=miners, ai_firms=halls, world=world, policy=policy)


def sales_under(state: SimpleNamespace) -> PowerSales:
    """What the firms of ``terms`` took."""
    return count_sales(state.miners, state.ai_firms, state.world[0], state.policy[0])


def test_the_lender_sees_what_is_sold_on_the_terms_of_the_offer_alone():
    """What grey miners and halls that stood before pay above cost is no price of the offer."""
    hall_mwh = 0.5 * 24 * 30.0
    for offer, until, price in ((1, 0, 0.06), (0, 9, 0.05)):
        sales = sales_under(terms(offer, until))
        assert sales.offer_mwh == pytest.approx(10.0 + hall_mwh)
        assert sales.offer_revenue_usd == pytest.approx(500.0 + hall_mwh * 1000.0 * price)
    none = sales_under(terms(0, 5))
    assert (none.offer_mwh, none.offer_revenue_usd, none.special_mwh) == (0.0, 0.0, 20.0)
    books, state = TreasuryBooks(0.0), terms(1, 0)
    books.watch_subsidy(state, 0, sales_under(state), 80.0, 1e6)
    gap = (10.0 + hall_mwh) * 80.0 - 500.0 - hall_mwh * 60.0
    assert state.world["offer_subsidy_gdp_share"][0] == pytest.approx(gap / 1e6)


@pytest.mark.parametrize(("added", "seen"), [(5.0, 0.5), (-2.0, -0.2), (40.0, 1.0)])
def test_the_government_sees_what_was_added_to_circular_debt(added, seen):
    state = SimpleNamespace(government=new_records(Government, 1), par=parameter_record(DEFAULTS))
    nothing = Seen(**dict.fromkeys(Seen._fields, 0.0))
    month = nothing._replace(arrears_change_usd=added, consumer_bill_usd=100.0, others_energy_mwh=1.0)
    observe_gaps(state.government[0], state.par[0], month)
    assert state.government["gap_arrears"][0] == pytest.approx(seen)
    assert FULL_GAP == 0.1
