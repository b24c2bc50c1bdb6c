"""B3 Static free entry.

Source: zero profit, Budish 2018: `H* = R / c`, c with capital user cost `(r + delta + a) K`.
"""

from __future__ import annotations

import pytest

from agents.rules.mining import free_entry_hash, hash_unit_cost, runs
from agents.rules.protocol import HOURS_PER_DAY

RIG_EHS = 1.0
EFFICIENCY_J_PER_TH = 20.0
POWER_USD_PER_KWH = 0.05
HASHES = 1000.0  # PH in an EH


def daily_cost_usd_per_ph() -> tuple[float, float]:
    """Running cost and total unit cost of a PH/s, per day."""
    running = HOURS_PER_DAY * EFFICIENCY_J_PER_TH * POWER_USD_PER_KWH
    total = hash_unit_cost(0.15 / 365, 0.10 / 365, 0.30 / 365, 15_000.0, running)
    return running, total


def rest_point(reward_usd_per_day: float, other_usd_per_kwh: float, start_ehs: float) -> float:
    """Homogeneous miners without delay: a rig joins while it would cover full cost, or leaves."""
    hash_ehs = start_ehs
    for _ in range(100_000):
        after_entry = reward_usd_per_day / ((hash_ehs + RIG_EHS) * HASHES)
        now = reward_usd_per_day / (hash_ehs * HASHES)
        if runs(after_entry, EFFICIENCY_J_PER_TH, 1.0, POWER_USD_PER_KWH, other_usd_per_kwh):
            hash_ehs += RIG_EHS
        elif not runs(now, EFFICIENCY_J_PER_TH, 1.0, POWER_USD_PER_KWH, other_usd_per_kwh):
            hash_ehs -= RIG_EHS
        else:
            return hash_ehs
    raise AssertionError("entry and exit did not come to rest")


@pytest.mark.parametrize("start_ehs", [10.0, 5000.0])
def test_entry_and_exit_rest_at_zero_profit(start_ehs: float) -> None:
    running, total = daily_cost_usd_per_ph()
    capital_usd_per_kwh = (total - running) / (HOURS_PER_DAY * EFFICIENCY_J_PER_TH)
    reward = 450.0 * 60_000.0
    expected_ehs = free_entry_hash(reward, total) / HASHES
    assert rest_point(reward, capital_usd_per_kwh, start_ehs) == pytest.approx(expected_ehs, abs=RIG_EHS)


def test_elasticity_to_reward_is_one_and_a_halving_halves() -> None:
    _, total = daily_cost_usd_per_ph()
    assert free_entry_hash(2.0e7, total) == pytest.approx(2.0 * free_entry_hash(1.0e7, total), rel=1e-12)
    running, total = daily_cost_usd_per_ph()
    capital = (total - running) / (HOURS_PER_DAY * EFFICIENCY_J_PER_TH)
    before = rest_point(450.0 * 60_000.0, capital, 500.0)
    after = rest_point(225.0 * 60_000.0, capital, before)
    assert after == pytest.approx(before / 2.0, abs=RIG_EHS)


def test_user_cost_by_hand() -> None:
    assert hash_unit_cost(0.1, 0.2, 0.3, 100.0, 7.0) == pytest.approx(67.0, rel=1e-12)
