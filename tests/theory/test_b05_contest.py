"""B5 Oligopoly contest.

Source: Arnosti & Weinberg, Management Science 68(7) 2022; Alsabah & Capponi. Payoff `R h_i/H - c_i h_i`.
"""

from __future__ import annotations

import pytest

from agents.rules.mining import (
    contest_best_response,
    contest_enters,
    contest_equilibrium_share,
    contest_hash,
    contest_profit,
    contest_share,
)

COSTS = (1.0, 1.1, 1.2, 1.5, 2.5)
SHARES = (0.375, 0.3125, 0.25, 0.0625, 0.0)
PROFITS = (0.140625, 0.097656, 0.0625, 0.003906, 0.0)


def best_response_rest(reward: float, costs: tuple[float, ...]) -> list[float]:
    """Firms adjust their size in turn, each against the present size of the others, until nothing moves."""
    sizes = [0.01] * len(costs)
    for _ in range(5000):
        largest_move = 0.0
        for firm, cost in enumerate(costs):
            answer = contest_best_response(reward, cost, sum(sizes) - sizes[firm])
            largest_move = max(largest_move, abs(answer - sizes[firm]))
            sizes[firm] = answer
        if largest_move < 1e-13:
            return sizes
    raise AssertionError("best responses did not come to rest")


def test_best_responses_reach_the_closed_form() -> None:
    sizes = best_response_rest(1.0, COSTS)
    total = sum(sizes)
    assert total == pytest.approx(0.625, abs=1e-6)
    for size, cost, share, profit in zip(sizes, COSTS, SHARES, PROFITS, strict=True):
        won = contest_share(size, total)
        assert won == pytest.approx(share, abs=1e-6)
        assert won - cost * size == pytest.approx(profit, abs=1e-6)
    assert sizes[4] == 0.0
    assert sum(contest_share(size, total) ** 2 for size in sizes) == pytest.approx(0.3046875, abs=1e-6)


def test_closed_form() -> None:
    active = 0
    cost_sum = 0.0
    for cost in COSTS:
        if not contest_enters(cost, active + 1, cost_sum + cost):
            break
        active += 1
        cost_sum += cost
    assert active == 4
    assert contest_hash(1.0, active, cost_sum) == pytest.approx(0.625, abs=1e-12)
    for cost, share, profit in zip(COSTS, SHARES, PROFITS, strict=True):
        found = contest_equilibrium_share(cost, active, cost_sum)
        assert found == pytest.approx(share, abs=1e-12)
        assert contest_profit(1.0, found) == pytest.approx(profit, abs=1e-6)


def test_share_bound() -> None:
    """`s_j >= 1 - c_j/c_i` for every active pair."""
    for share_j, cost_j in zip(SHARES[:4], COSTS[:4], strict=True):
        for cost_i in COSTS[:4]:
            assert share_j >= 1.0 - cost_j / cost_i - 1e-12


@pytest.mark.parametrize(("firms", "rent"), [(2, 0.5), (5, 0.2), (10, 0.1)])
def test_symmetric(firms: int, rent: float) -> None:
    reward, cost = 3.0, 0.7
    sizes = best_response_rest(reward, (cost,) * firms)
    total = sum(sizes)
    assert total * cost / reward == pytest.approx((firms - 1) / firms, abs=1e-6)
    assert (reward - cost * total) / reward == pytest.approx(rent, abs=1e-6)
    assert contest_hash(reward, firms, firms * cost) == pytest.approx(total, abs=1e-6)


def test_best_response_is_the_maximum() -> None:
    others, cost = 0.4, 1.3
    size = contest_best_response(1.0, cost, others)

    def payoff(own: float) -> float:
        return contest_share(own, own + others) - cost * own

    assert size > 0.0
    assert payoff(size) > max(payoff(size * 0.999), payoff(size * 1.001))
    assert contest_best_response(1.0, cost, 1.0 / cost) == 0.0
