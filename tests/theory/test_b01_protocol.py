"""B1 Protocol arithmetic.

Source: Hayes cost of production, documented example of the R package `bitcoinFinance`; Bitcoin protocol
rules.
"""

from __future__ import annotations

import math

import pytest

from agents.rules.mining import revenue_usd_per_kwh, runs
from agents.rules.protocol import (
    BLOCKS_PER_HALVING,
    breakeven_usd_per_kwh,
    cost_of_production_usd,
    hash_ehs_from_difficulty,
    hash_ehs_from_power,
    hashprice_usd_per_ph_day,
    power_mw_from_hash,
    subsidy_btc,
    subsidy_satoshi,
)


@pytest.mark.parametrize(
    ("difficulty", "power_price", "kw_per_ths", "published"),
    [(60_883_825_480.0, 0.135, 0.75, 588.3616), (559_970_892_890.0, 0.125, 0.25, 1670.1782)],
)
def test_cost_of_production(
    difficulty: float, power_price: float, kw_per_ths: float, published: float
) -> None:
    found = cost_of_production_usd(power_price, kw_per_ths, 12.5, difficulty)
    formula = 24.0 * power_price * kw_per_ths / (86400.0 / 2**32 * 12.5 * 1e12 / difficulty)
    assert round(found, 4) == published
    assert found == pytest.approx(formula, rel=1e-9)


@pytest.mark.parametrize(
    ("height", "coins"),
    [(0, 50.0), (839_999, 6.25), (840_000, 3.125), (1_049_999, 3.125), (1_050_000, 1.5625)],
)
def test_subsidy(height: int, coins: float) -> None:
    assert subsidy_btc(height) == coins
    assert subsidy_satoshi(height) == coins * 1e8


def test_all_subsidy_ever() -> None:
    per_block = [subsidy_satoshi(era * BLOCKS_PER_HALVING) for era in range(70)]
    assert sum(per_block) * BLOCKS_PER_HALVING == 2_099_999_997_690_000
    assert per_block.index(0) == 33
    assert subsidy_satoshi(-1) == 0


@pytest.mark.parametrize(
    ("hashprice", "efficiency", "published", "decimals"),
    [(50.0, 17.5, 0.1190, 4), (40.0, 20.0, 0.0833, 4), (45.0, 17.5, 0.107, 3)],
)
def test_breakeven(hashprice: float, efficiency: float, published: float, decimals: int) -> None:
    found = breakeven_usd_per_kwh(hashprice, efficiency, 1.0)
    assert round(found, decimals) == published
    assert found == pytest.approx(hashprice / (24.0 * efficiency), rel=1e-9)
    assert breakeven_usd_per_kwh(hashprice, efficiency, 1.25) == pytest.approx(found / 1.25, rel=1e-12)
    assert revenue_usd_per_kwh(hashprice, efficiency, 1.0) == found


def test_a_rig_runs_strictly_below_its_breakeven() -> None:
    breakeven = breakeven_usd_per_kwh(50.0, 17.5, 1.0)
    assert runs(50.0, 17.5, 1.0, math.nextafter(breakeven, 0.0), 0.0)
    assert not runs(50.0, 17.5, 1.0, breakeven, 0.0)
    assert not runs(50.0, 17.5, 1.0, breakeven - 0.01, 0.02)
    assert not runs(50.0, 17.5, 1.2, breakeven - 0.01, 0.0)


@pytest.mark.parametrize(
    ("efficiency", "ehs"), [(13.5, 148.15), (15.0, 133.33), (17.5, 114.29), (20.0, 100.00)]
)
def test_hash_from_power(efficiency: float, ehs: float) -> None:
    found = hash_ehs_from_power(2000.0, efficiency, 1.0)
    assert round(found, 2) == ehs
    assert power_mw_from_hash(found, efficiency, 1.0) == pytest.approx(2000.0, rel=1e-12)
    assert hash_ehs_from_power(2000.0, efficiency, 1.1) == pytest.approx(found / 1.1, rel=1e-12)


def test_hash_from_difficulty_agrees_with_cost_of_production() -> None:
    """One TH/s earns the reward in proportion to its part of the network: two routes to the same cost."""
    difficulty, blocks, reward, price = 113e12, 144.0, 3.2, 100_000.0
    network_ehs = hash_ehs_from_difficulty(difficulty, blocks)
    hashprice = hashprice_usd_per_ph_day(blocks * reward, price, network_ehs)
    coin_cost = cost_of_production_usd(
        breakeven_usd_per_kwh(hashprice, 17.5, 1.0), 0.0175, reward, difficulty
    )
    assert coin_cost == pytest.approx(price, rel=1e-12)
