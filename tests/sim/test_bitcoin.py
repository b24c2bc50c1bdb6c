"""The bitcoin network of the model: coins issued, the hashprice that miners expect, forecasters, the
world's response.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import lambertw

from agents.base import FORECASTERS, new_records
from agents.miner import Miner
from agents.policy import Policy
from agents.world import U_SWITCH, World
from sim import load_scenario
from sim.bitcoin import (
    BREAKEVEN_STEP,
    HALVING_BLOCKS,
    expect_difficulty,
    mean_subsidy_btc,
    observe_hashprice,
    run_network,
    update_forecasts,
)
from sim.compiled import agent_loop
from sim.drivers import block_heights, month_labels
from sim.model import WattLabModel
from sim.parameters import parameter_record
from sim.streams import uniforms
from tests.sim.lively import lively_scenario, run_months

VALUES = load_scenario().values()
PAR = parameter_record(VALUES)


def subsidy_of_block(height: int) -> float:
    """Subsidy of one block from the protocol's rule: 50 coins, halved every 210,000 blocks."""
    return 50.0 / 2 ** (height // 210_000)


def paid_block_by_block(height: int, blocks: float) -> float:
    """Coins of a number of blocks from a height on; the last one may count in part."""
    whole = int(blocks)
    coins = sum(subsidy_of_block(height + i) for i in range(whole))
    return coins + (blocks - whole) * subsidy_of_block(height + whole)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 8), st.integers(0, 6000) | st.integers(0, 209_999), st.floats(3000.0, 6000.0))
def test_the_mean_subsidy_of_a_month_is_the_average_over_its_blocks(era, before_halving, blocks):
    height = (era + 1) * HALVING_BLOCKS - 1 - before_halving
    expected = paid_block_by_block(height, blocks) / blocks
    assert mean_subsidy_btc(float(height), blocks) == pytest.approx(expected, rel=1e-9)


def steady_network(hash_ehs: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One firm abroad that provides all hash, nobody at home, and a world that ran at the same hash last
    month.
    """
    miners, abroad, world = new_records(Miner, 1), new_records(Miner, 1), new_records(World, 1)
    abroad["mean_hash_ehs"] = hash_ehs
    world["network_hash_ehs"] = hash_ehs
    world["btc_price_usd"] = 100_000.0
    return miners, abroad, world


@pytest.mark.parametrize("height", [900_000, 1_048_000, 1_049_999])
def test_a_month_of_steady_hash_pays_144_blocks_a_day(height):
    miners, abroad, world = steady_network(800.0)
    home, blocks, hashprice = run_network(miners, abroad, world, PAR, 0.02, float(height), 30.0)
    assert home == 0.0
    assert blocks == pytest.approx(144.0 * 30.0, rel=1e-9)
    coins = paid_block_by_block(height, 144 * 30) / 0.98
    assert world["coins_issued_btc"][0] == pytest.approx(coins, rel=1e-9)
    assert hashprice == pytest.approx(coins / 30.0 * 100_000.0 / (800.0 * 1000.0), rel=1e-9)


def test_hash_that_joined_finds_blocks_until_the_retarget_catches_up():
    blocks = {}
    for growth in (0.9, 1.0, 1.1):
        miners, abroad, world = steady_network(800.0)
        abroad["mean_hash_ehs"] *= growth
        _, blocks[growth], _ = run_network(miners, abroad, world, PAR, 0.02, 900_000.0, 30.0)
    assert blocks[0.9] < blocks[1.0] < blocks[1.1] < 1.1 * blocks[1.0]


@pytest.mark.parametrize(("growth", "blocks_a_day"), [(0.02, 145.306), (0.05, 147.196), (0.10, 150.182)])
def test_a_month_of_growing_hash_has_the_block_rate_of_the_retarget(growth, blocks_a_day):
    """B2 in the monthly model: the average rate that the retarget implies, not last month's difficulty."""
    miners, abroad, world = steady_network(800.0)
    abroad["mean_hash_ehs"] *= 1.0 + growth
    days = 30.4375
    _, blocks, _ = run_network(miners, abroad, world, PAR, 0.0, 900_000.0, days)
    tau, rate = 2016.0 * 600.0, np.log1p(growth) / (days * 86400.0)
    epoch = float(lambertw(rate * tau).real) / rate
    assert blocks / days == pytest.approx(2016.0 * 86400.0 / epoch, rel=1e-9)
    assert round(blocks / days, 3) == blocks_a_day
    assert world["coins_issued_btc"][0] == pytest.approx(3.125 * blocks, rel=1e-12)


def test_home_hash_counts_as_far_as_the_grid_served_it():
    _, abroad, world = steady_network(800.0)
    firms = new_records(Miner, 2)
    firms["energised_mw"] = 1.0
    firms["hash_ehs"] = 6.0
    firms["compliance"] = [0, 1]
    world["interruptible_served_share"] = 0.5
    world["firm_served_share"] = 0.75
    home, _, _ = run_network(firms, abroad, world, PAR, 0.02, 900_000.0, 30.0)
    assert firms["mean_hash_ehs"].tolist() == [3.0, 4.5]
    assert home == 7.5
    assert world["network_hash_ehs"][0] == 807.5


def test_miners_observe_this_months_reward_on_last_months_hash():
    _, _, world = steady_network(800.0)
    observe_hashprice(world, 100_000.0, 0.02, 900_000.0, 30.0)
    reward = 144.0 * 3.125 / 0.98
    assert world["hashprice_usd_per_ph_day"][0] == pytest.approx(reward * 100_000.0 / 800_000.0, rel=1e-12)
    assert world["months_to_halving"][0] == pytest.approx(150_000 / (144 * 30.4375), rel=1e-12)


@pytest.fixture(scope="module")
def year_of_halving() -> tuple[WattLabModel, list[dict[str, float]]]:
    """Four months around the halving of 2028."""
    scenario = load_scenario(
        regime="pakistan-status-quo", start="2028-02", months=4, drivers="simulated",
        population={"miners": 2, "world_miners": 6, "ai_firms": 1},
    )  # fmt: skip
    model, rows = WattLabModel(scenario, 3), []

    def remember(t: int) -> None:
        coins = float(model.state.world["coins_issued_btc"][0])
        rows.append({"coins": coins, "blocks": model.books.network[1], "mined": total_mined(model)})

    run_months(model, 4, remember)
    return model, rows


def total_mined(model: WattLabModel) -> float:
    """Coins that firms booked this month."""
    return float(sum(model.state.agents(kind)["mined_btc"].sum() for kind in ("miners", "world_miners")))


def test_coins_of_a_run_are_its_blocks_times_the_subsidy(year_of_halving):
    model, rows = year_of_halving
    heights = model.drivers.height
    halving = [t for t in range(4) if heights[t] < 1_050_000 <= heights[t] + rows[t]["blocks"]]
    assert halving
    for t, row in enumerate(rows):
        expected = paid_block_by_block(int(heights[t]), row["blocks"]) / (1.0 - model.drivers.fee_share[t])
        assert row["coins"] == pytest.approx(expected, rel=1e-9), t
    assert rows[3]["coins"] < 0.6 * rows[0]["coins"]


def test_miners_together_get_the_coins_less_the_pools_fee(year_of_halving):
    _, rows = year_of_halving
    for row in rows:
        assert row["mined"] == pytest.approx(row["coins"] * (1.0 - VALUES["pool_fee_share"]), rel=1e-9)


def test_block_heights_follow_the_protocols_pace():
    heights = block_heights(month_labels("2025-06", 13))
    assert heights[0] == 899_400
    assert heights[12] - heights[0] == pytest.approx(144 * 365.25, abs=1e-6)
    assert block_heights(month_labels("2026-06", 1))[0] == heights[12]


FLEETS = st.lists(
    st.tuples(st.integers(0, 15), st.floats(1e4, 1e8), st.floats(0.02, 0.12), st.floats(1.0, 1.3)),
    min_size=1,
    max_size=8,
)


def breakeven_usd_per_ph_day(j_per_th: float, pue: float, usd_per_kwh: float) -> float:
    """Hashprice at which a PH/s earns its power after the pool's fee: 24 h at J/TH kilowatts."""
    power = 24.0 * j_per_th * pue * usd_per_kwh
    return power / (1.0 - VALUES["pool_fee_share"])


@settings(deadline=None, max_examples=100)
@given(fleets=FLEETS, reward_usd=st.floats(1e5, 1e9))
def test_the_expected_hashprice_is_what_the_machines_that_run_at_it_earn(fleets, reward_usd):
    firms, world = new_records(Miner, len(fleets)), new_records(World, 1)
    efficiency = np.linspace(100.0, 8.0, 16)
    world["rig_j_per_th"] = efficiency
    world["network_hash_ehs"], world["running_share_abroad"] = 1000.0, 1.0
    world["power_season_abroad"], world["hashprice_usd_per_ph_day"] = 1.3, reward_usd / 1e6
    world["site_rent_abroad_usd_per_kwh"] = 0.01
    supply = []
    for place, (firm, (generation, ths, price, pue)) in enumerate(zip(firms, fleets, strict=True)):
        firm["active"], firm["pue"], firm["power_price_usd_per_kwh"] = 1, pue, price
        # One in two is hosted, one in three follows the rivers
        firm["hosted"], firm["follows_rivers"] = place % 2 == 0, place % 3 == 0
        price *= 1.3 if place % 3 == 0 else 1.0
        price += VALUES["mining_other_usd_per_kwh"] + 0.01 if place % 2 == 0 else 0.0
        firm["fleet_ths"][generation] = ths
        hash_ehs = ths * VALUES["mining_availability"] / 1e6
        supply.append((breakeven_usd_per_ph_day(efficiency[generation], pue, price), hash_ehs))
    expect_difficulty(new_records(Miner, 1), firms, world, parameter_record(VALUES))
    found = float(world["hashprice_usd_per_ph_day"][0])

    def demanded_less_paid(hashprice: float) -> float:
        return sum(h for breakeven, h in supply if breakeven <= hashprice) * 1000.0 * hashprice - reward_usd

    # The curve jumps at every break-even price, and the grid moves a break-even by up to a step
    step = np.exp(1.01 * BREAKEVEN_STEP)
    assert demanded_less_paid(found * step) >= -1e-9 * reward_usd
    assert demanded_less_paid(found / step) <= 1e-9 * reward_usd


def test_home_machines_count_at_what_their_power_costs_them():
    world, par = new_records(World, 1), parameter_record(VALUES)
    world["rig_j_per_th"] = 20.0
    world["network_hash_ehs"] = 1000.0
    world["offer_tariff_mean_usd_per_kwh"] = 0.03
    world["levy_usd_per_kwh"] = 0.02
    world["industrial_tariff_mean_usd_per_kwh"] = 0.10
    prices = [0.05, 0.10 * (1.0 + VALUES["power_tax_ordinary_share"]), 0.0]
    for status, price in enumerate(prices):
        firms = new_records(Miner, 1)
        firms["pue"], firms["compliance"], firms["energised_mw"], firms["home"] = 1.1, status, 1.0, 1
        firms["fleet_ths"][0, 3] = 1e9
        # With machines in plenty and reward short, the hashprice falls to their break-even
        world["hashprice_usd_per_ph_day"] = 1.0
        expect_difficulty(firms, new_records(Miner, 1), world, par)
        # Stolen power is free: all machines run, at what the reward leaves for each
        least = 1.0 / VALUES["mining_availability"]
        expected = max(least, breakeven_usd_per_ph_day(20.0, 1.1, price))
        assert world["hashprice_usd_per_ph_day"][0] == pytest.approx(expected, rel=1.01 * BREAKEVEN_STEP)


def test_shares_of_forecasters_stay_shares():
    world, par = new_records(World, 1), parameter_record(VALUES)
    memory, rng = np.zeros(11), np.random.default_rng(4)
    prices = 50.0 * np.exp(np.cumsum(0.15 * rng.standard_normal(200)))
    for price in prices:
        world["hashprice_usd_per_ph_day"] = price
        update_forecasts(world, par, memory)
        shares = world["forecaster_share"][0]
        assert shares.sum() == pytest.approx(1.0, abs=1e-12)
        assert shares.min() > 0.0
    assert np.ptp(shares) > 0.01
    assert len(shares) == FORECASTERS


def test_forecasters_agree_in_a_world_where_nothing_happens():
    world, par = new_records(World, 1), parameter_record({**VALUES, "hashprice_decline_per_month": 0.0})
    memory = np.zeros(11)
    world["hashprice_usd_per_ph_day"] = 50.0
    for _ in range(24):
        update_forecasts(world, par, memory)
    assert world["forecast_log_hashprice"][0] == pytest.approx(np.full(4, np.log(50.0)), abs=1e-12)
    assert world["forecast_usd_per_ph_day"][0] == pytest.approx(np.full(4, 50.0), rel=1e-12)
    assert world["forecaster_share"][0] == pytest.approx(np.full(4, 0.25), abs=1e-12)


def test_trend_followers_win_when_hashprice_keeps_falling():
    world, par = new_records(World, 1), parameter_record({**VALUES, "forecast_intensity": 5.0})
    memory = np.zeros(11)
    for t in range(60):
        world["hashprice_usd_per_ph_day"] = 50.0 * np.exp(-0.2 * t)
        update_forecasts(world, par, memory)
    shares = world["forecaster_share"][0]
    assert shares.argmax() == 2
    assert shares[2] > 0.5


def test_firms_that_reconsider_spread_over_forecasters_as_their_record_says():
    """B8 in the model: a population that all reconsiders takes the logit shares within 1/sqrt(N)."""
    world, par, memory = new_records(World, 1), parameter_record(VALUES), np.zeros(11)
    for price in 50.0 * np.exp(np.cumsum(0.2 * np.random.default_rng(8).standard_normal(24))):
        world["hashprice_usd_per_ph_day"] = price
        update_forecasts(world, par, memory)
    fitness, count = memory[4:8], 10_000
    expected = np.exp(VALUES["forecast_intensity"] * (fitness - fitness.max()))
    expected /= expected.sum()
    firms = new_records(Miner, count)
    firms["draws"] = uniforms(8, "world_miner_month", np.zeros(count, np.int64), np.arange(count), 8)
    firms["draws"][:, U_SWITCH] = 0.0
    agent_loop(Miner.expect)(firms, world, new_records(Policy, 1), par)
    found = np.bincount(firms["forecaster"], minlength=FORECASTERS) / count
    assert np.ptp(expected) > 0.05
    assert found == pytest.approx(expected, abs=1.0 / np.sqrt(count))


def test_shares_in_a_run_add_to_one():
    model = WattLabModel(lively_scenario(months=3), 1)
    sums = []
    run_months(model, 3, lambda t: sums.append(model.state.world["forecaster_share"][0].sum()))
    assert sums == pytest.approx([1.0] * 3, abs=1e-12)


def world_hash_ehs(seed: int, factor: float) -> np.ndarray:
    """World hash by month of a world on its own whose price is multiplied from the seventh month on."""
    scenario = load_scenario(
        regime="pakistan-status-quo", months=24, drivers="simulated",
        population={"miners": 1, "world_miners": 24, "ai_firms": 1},
    )  # fmt: skip
    model = WattLabModel(scenario, seed)
    model.drivers.btc_price_usd[6:] *= factor
    path: list[float] = []
    run_months(model, 24, lambda t: path.append(model.books.row["world_hash_ehs"]))
    return np.array(path)


@pytest.mark.slow
def test_world_hash_follows_the_price_of_coins():
    """Free-running closure: hash of the rest of the world falls when the price halves and rises when it
    doubles.
    """
    late = []
    for seed in range(20):
        halved, same, doubled = (world_hash_ehs(seed, factor) for factor in (0.5, 1.0, 2.0))
        assert np.array_equal(halved[:6], same[:6])
        assert np.array_equal(doubled[:6], same[:6])
        assert halved[6] < same[6]
        late.append([path[12:].mean() for path in (halved, same, doubled)])
        # Machines in place respond at once, new ones within the limits of delivery and finance
        assert halved[-1] > 0.25 * same[-1]
        assert doubled[-1] < 4.0 * same[-1]
    # Where the price has boomed already, makers are sold out and a doubling only lengthens delivery: not
    # every single path rises, but nearly all do, and the mean does
    low, base, high = np.array(late).T
    assert low.mean() < base.mean() < high.mean()
    assert (low < base).all()
    assert (base < high).mean() >= 0.8
