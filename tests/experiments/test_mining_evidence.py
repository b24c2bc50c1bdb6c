"""Evidence on machines and firms: the projected frontier, entry and exit, what pays in Pakistan, and by how
much a large block moves hashprice.
"""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from experiments.validation import bitcoin_evidence, mining_evidence
from sim import load_scenario
from sim.model import WattLabModel
from sim.parameters import parameters


@pytest.fixture(scope="module")
def frontier() -> pd.DataFrame:
    return mining_evidence.frontier("quick")


@pytest.fixture(scope="module")
def generations() -> pd.DataFrame:
    return mining_evidence.pakistan_generations("quick")


@pytest.fixture(scope="module")
def block() -> pd.DataFrame:
    return bitcoin_evidence.block_response("quick")


def test_the_frontier_starts_at_the_last_machine_and_its_band_widens(frontier):
    seen, ahead = (frontier[frontier["kind"] == kind] for kind in ("observed", "projected"))
    first, last = ahead.iloc[0], ahead.iloc[-1]
    assert first["month"] == seen["month"].iloc[-1]
    assert first[["j_per_th", "p5_j_per_th", "p95_j_per_th"]].tolist() == [seen["j_per_th"].iloc[-1]] * 3
    for name in ("j_per_th", "p5_j_per_th", "p95_j_per_th"):
        assert (np.diff(ahead[name]) <= 0.0).all()
    assert last["p5_j_per_th"] < last["j_per_th"] < last["p95_j_per_th"]
    # A generation is at most an interval old, so the band lies within the bounds of rate and interval
    rate, interval = (parameters()[name] for name in mining_evidence.FRONTIER_PARAMETERS)
    years = len(ahead) / 12.0
    assert last["p5_j_per_th"] > first["j_per_th"] * (1.0 - rate.high) ** years
    assert last["p95_j_per_th"] < first["j_per_th"] * (1.0 - rate.low) ** (years - interval.high / 12.0)


def test_the_caption_of_the_frontier_says_how_fast_it_fell(frontier):
    figure = import_module("experiments.figures.frontier")
    assert figure.decline_per_year(frontier, "S9", "S23 Hydro") == pytest.approx(
        1.0 - (9.6 / 98.0) ** (12.0 / 115.0), rel=1e-6
    )
    text = figure.caption(frontier)
    assert "S19 Pro to S23 Hydro 20%" in text


def test_firms_that_enter_less_those_that_leave_are_the_change_of_firms():
    frame = mining_evidence.entry("quick")
    change = np.diff(frame["firms"], prepend=frame["firms"].iloc[0])
    assert frame["entries"].to_numpy() - frame["exits"].to_numpy() == pytest.approx(change, abs=1e-9)
    assert frame["entries"].sum() > 5.0
    assert frame["exits"].sum() > 5.0


def test_better_machines_bear_dearer_power_and_cost_narrows_what_is_borne(generations):
    prices = generations[[f"{cost}_pkr_per_kwh" for cost in ("runs", "machine", "site")]].to_numpy()
    running = prices[prices[:, 0] > 0.0, 0]
    assert len(running) >= 8
    assert (np.diff(running) > 0.0).all()
    assert (np.diff(prices[:, 0]) >= 0.0).all()
    assert (prices[:, 1] >= prices[:, 2]).all()
    # A machine that costs next to nothing is worth having where it stands idle today
    dear = (generations["price_usd_per_ths"] > 1.0).to_numpy()
    assert dear.sum() >= 4
    assert (prices[dear, 0] >= prices[dear, 1]).all()


def test_the_price_at_which_a_machine_runs_is_its_break_even_less_levy_and_tax():
    """By hand for one future: revenue per kWh after the pool's fee, less levy and tax."""
    rows = pd.DataFrame(mining_evidence._machines_of(1)).set_index("generation")
    scenario = load_scenario(regime=mining_evidence.REGIME, months=mining_evidence.PLACE)
    model = WattLabModel(scenario, 1)
    for _ in range(mining_evidence.PLACE):
        model.step()
    world, policy, par = model.state.world[0], model.state.policy[0], model.state.par[0]
    for name, j_per_th in (("S21", 17.5), ("S23 Hydro", 9.6)):
        earned = world.hashprice_usd_per_ph_day * (1.0 - par.pool_fee_share)
        earned = earned / (24.0 * j_per_th * par.mining_pue)
        price = (earned - world.levy_usd_per_kwh) / (1.0 + policy.power_sales_tax_rate) * world.local_per_usd
        assert rows.loc[name, "runs_pkr_per_kwh"] == pytest.approx(price, rel=1e-6)


def test_at_the_offered_price_the_newest_machine_runs_and_none_is_worth_buying(generations):
    """What the text says of Rs 22-24 in mid 2026."""
    low, high = mining_evidence.OFFER_PKR_PER_KWH
    named = generations.set_index("generation")
    assert named.index[named["runs_pkr_per_kwh"] > low].tolist() == ["S23 Hydro"]
    assert named.loc["S23 Hydro", "runs_pkr_per_kwh"] > high
    assert (named["machine_pkr_per_kwh"] < low).all()
    assert (named["site_pkr_per_kwh"] < low).all()


def test_a_block_of_2000_mw_lowers_hashprice_at_once_by_less_than_a_world_that_does_not_respond(block):
    model = block[(block["closure"] == "model") & (block["months_after"] == 0)]
    home_ehs = 2000.0 / 17.5 / load_scenario().values()["mining_pue"]
    assert home_ehs == pytest.approx(105.8, abs=0.1)
    assert len(model) == bitcoin_evidence.SEEDS["quick"]
    for row in model.itertuples():
        # Hash with the block is home/share; without any response abroad it would have grown by the block
        rigid = -np.log1p(home_ehs / (home_ehs / row.home_share - (1.0 - row.crowding_out_share) * home_ehs))
        assert rigid < row.log_hashprice_change < 0.0
        assert 0.0 < row.crowding_out_share < 1.0


def test_the_swept_response_of_the_world_brackets_the_models(block):
    static = block[block["closure"] == "elastic"].set_index("elasticity")["log_hashprice_change"]
    assert static.is_monotonic_increasing
    mean = block[block["closure"] == "model"].groupby("months_after")["log_hashprice_change"].mean()
    assert static.iloc[0] < mean[0] < static.iloc[-1]


def test_the_caption_names_what_runs_and_what_moves(generations, block):
    figure = import_module("experiments.figures.pakistan_mining")
    stored = {"pakistan_generations": generations, "hashprice_of_block": block}
    text = figure.caption(figure.load(SimpleNamespace(evidence=stored.__getitem__)))
    assert "S23 Hydro at Rs 22" in text
    assert ") at once, " in text
