"""B8 Heterogeneous expectations.

Source: Brock & Hommes 1997, derived again in theory.md: cobweb with a costly perfect predictor and a free
naive one, `p' = -b(1-m)p/(2B + b(1+m))`, `m' = tanh(beta/2 [ b/2 (b(1-m)/(2B+b(1+m)) + 1)^2 p^2 - C ])`.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from agents.rules.expectations import (
    cobweb_step,
    costly_share,
    fitness,
    forecast_adaptive,
    forecast_anchor,
    forecast_naive,
    forecast_trend,
    softmax4,
    switch_share,
)
from tests.theory.oracles import stable_amplitude

BIG_B, B, COST = 0.5, 1.35, 1.0
ABSENT = -1e9  # fitness of a predictor that is not offered


def market_step(p: float, m: float, beta: float) -> tuple[float, float]:
    """The cobweb market driven by the switching rule of M1: demand -B p, supply b p^e, all as gaps to rest.

    Profit of a forecast is `-(b/2)(p' - p^e)^2` plus a common term, so the log-error fitness with variance
    2/b and no memory is the profit.
    """
    costly = 0.5 * (1.0 + m)
    naive = forecast_naive(p)
    cleared = -B * (1.0 - costly) * naive / (BIG_B + B * costly)
    u_costly = fitness(0.0, 0.0, 2.0 / B, 0.0) - COST
    u_naive = fitness(0.0, cleared - naive, 2.0 / B, 0.0)
    share = [
        switch_share(n, softmax4(beta, u_costly, u_naive, ABSENT, ABSENT, k), 0.0)
        for k, n in enumerate([costly, 1.0 - costly])
    ]
    return cleared, share[0] - share[1]


@pytest.mark.parametrize("beta", [0.3, 0.79, 2.0, 5.0])
def test_switching_rule_drives_the_cobweb_map(beta: float) -> None:
    p, m = 0.3, 0.1
    for _ in range(30):
        expected = cobweb_step(p, m, BIG_B, B, beta, COST)
        p, m = market_step(p, m, beta)
        assert (p, m) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("beta", "amplitude"), [(0.77, 0.0), (0.79, 0.0759), (0.9, 0.2243), (2.0, 0.4758)])
def test_bifurcation_diagram(beta: float, amplitude: float) -> None:
    found = stable_amplitude(lambda p, m: market_step(p, m, beta), burn_in=20_000)
    assert found == pytest.approx(amplitude, abs=1e-4)


def test_period_two_just_above_the_bifurcation() -> None:
    p, m = 0.3, 0.0
    for _ in range(20_000):
        p, m = market_step(p, m, 0.79)
    first = p
    p, m = market_step(p, m, 0.79)
    second = p
    p, m = market_step(p, m, 0.79)
    assert first == pytest.approx(-second, abs=1e-8)
    assert p == pytest.approx(first, abs=1e-8)


def test_period_doubling_point() -> None:
    critical = 2.0 / COST * math.atanh(BIG_B / B)
    assert critical == pytest.approx(0.777705, abs=1e-6)

    def multiplier(beta: float) -> float:
        """Slope of the map at rest, from a small displacement."""
        rest_m = 2.0 * costly_share(beta, COST) - 1.0
        return abs(cobweb_step(1e-7, rest_m, BIG_B, B, beta, COST)[0]) / 1e-7

    assert multiplier(critical) == pytest.approx(1.0, abs=1e-6)
    assert multiplier(critical - 0.01) < 1.0 < multiplier(critical + 0.01)


@pytest.mark.parametrize(("beta", "share"), [(0.5, 0.3775), (1.0, 0.2689), (2.0, 0.1192), (5.0, 0.0067)])
def test_share_at_rest(beta: float, share: float) -> None:
    assert costly_share(beta, COST) == pytest.approx(share, abs=1e-4)
    _, m = market_step(0.0, 0.0, beta)
    assert 0.5 * (1.0 + m) == pytest.approx(costly_share(beta, COST), abs=1e-12)
    agents = 10_000
    sampled = (np.random.default_rng(1997).random(agents) < costly_share(beta, COST)).mean()
    assert abs(sampled - share) < 1.0 / math.sqrt(agents)


def test_forecasters() -> None:
    assert forecast_naive(2.0) == 2.0
    assert forecast_adaptive(1.0, 2.0, 0.65) == pytest.approx(1.65)
    assert forecast_trend(2.0, 1.5, 1.3) == pytest.approx(2.65)
    assert forecast_anchor(2.0, 3.0, 0.25) == pytest.approx(2.25)
    series = [0.1 * month for month in range(10)]
    errors = [series[k + 1] - forecast_trend(series[k], series[k - 1], 1.0) for k in range(1, 9)]
    assert errors == pytest.approx([0.0] * 8, abs=1e-12)


def test_fitness_discounts_and_shares_move_slowly() -> None:
    u = 0.0
    for _ in range(200):
        u = fitness(u, 0.2, 0.04, 0.7)
    assert u == pytest.approx(-1.0 / (1.0 - 0.7), rel=1e-9)
    assert fitness(-2.0, 0.3, 0.0, 0.7) == pytest.approx(-1.4)
    n = 0.25
    for _ in range(22):
        n = switch_share(n, 1.0, 0.9)
    assert 1.0 - n == pytest.approx(0.75 * 0.9**22, rel=1e-12)


def test_softmax_is_safe_and_sums_to_one() -> None:
    assert [softmax4(0.0, 1.0, -5.0, 900.0, 3.0, k) for k in range(4)] == [0.25] * 4
    shares = [softmax4(4.0, -1e4, 1e4, 1e4, 0.0, k) for k in range(4)]
    assert shares == pytest.approx([0.0, 0.5, 0.5, 0.0], abs=1e-12)
    assert softmax4(0.4, 1.0, 0.0, 0.0, 0.0, 0) == pytest.approx(
        math.exp(0.4) / (math.exp(0.4) + 3.0), rel=1e-12
    )
    assert math.isnan(softmax4(1.0, 0.0, 0.0, 0.0, 0.0, 4))
