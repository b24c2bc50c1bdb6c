"""B12 Tariff loop.

Source: arXiv 1803.07643 for the statement, algebra in theory.md: linear demand has a solution iff `F <=
(a-bc)^2/(4b)`; `p' = c + F/D(p)` converges to the lower root; multiplier `1/(1 - eps s_F)`.
"""

from __future__ import annotations

import math

import pytest

from agents.rules.tariff import (
    demand_isoelastic,
    demand_linear,
    fixed_cost_limit,
    loop_multiplier,
    pass_through_price,
    two_part_price,
)

A, B, C = 40.0, 1.0, 5.0


def iterate(fixed_cost: float, start: float, rounds: int = 20_000) -> float:
    """Yearly tariff resets with frozen fleets, until rest or until nobody buys."""
    p = start
    for _ in range(rounds):
        following = pass_through_price(C, fixed_cost, demand_linear(A, B, p))
        if following == math.inf or following == p:
            return following
        p = following
    return p


def roots(fixed_cost: float) -> tuple[float, float]:
    """Both prices at which (p - c)(a - bp) = F."""
    middle, width = 0.5 * (A / B + C), math.sqrt((A - B * C) ** 2 / 4.0 - B * fixed_cost) / B
    return middle - width, middle + width


def test_worked_case() -> None:
    assert fixed_cost_limit(A, B, C) == pytest.approx(306.25, abs=1e-9)
    lower, upper = roots(100.0)
    assert lower == pytest.approx(8.138593, abs=1e-6)
    assert upper == pytest.approx(36.861407, abs=1e-6)
    assert iterate(100.0, C) == pytest.approx(lower, abs=1e-6)
    assert iterate(100.0, upper - 1e-3) == pytest.approx(lower, abs=1e-6)
    assert iterate(100.0, upper + 1e-3) == math.inf


def test_slope_at_the_root() -> None:
    lower, _ = roots(100.0)
    step = 1e-5
    slope = (
        pass_through_price(C, 100.0, demand_linear(A, B, lower + step))
        - pass_through_price(C, 100.0, demand_linear(A, B, lower - step))
    ) / (2.0 * step)
    assert slope == pytest.approx(0.098508, abs=1e-6)


def test_threshold() -> None:
    limit = fixed_cost_limit(A, B, C)
    assert math.isfinite(iterate(limit - 0.1, C))
    assert iterate(limit + 0.1, C) == math.inf
    assert fixed_cost_limit(4.0, 1.0, 5.0) == 0.0


@pytest.mark.parametrize(
    ("eps", "share", "value"), [(0.3, 0.6, 1.2195), (0.6, 0.7, 1.7241), (1.0, 0.7, 3.3333)]
)
def test_multiplier(eps: float, share: float, value: float) -> None:
    assert loop_multiplier(eps, share) == pytest.approx(value, abs=5e-5)
    assert loop_multiplier(eps, share) == pytest.approx(1.0 / (1.0 - eps * share), rel=1e-12)
    # The loop itself: a small rise of fixed cost moves the price by the multiplier times its direct effect.
    p0, q0 = 20.0, 50.0
    fixed = share * p0 * q0
    extra = 1e-5 * fixed
    p = p0
    for _ in range(3000):
        p = pass_through_price(p0 * (1.0 - share), fixed + extra, demand_isoelastic(q0, p0, p, eps))
    assert (p - p0) / (extra / q0) == pytest.approx(value, rel=1e-3)


def test_multiplier_is_infinite_at_the_threshold() -> None:
    assert loop_multiplier(2.0, 0.5) == math.inf
    assert loop_multiplier(2.0, 0.7) == math.inf


def test_two_part_tariff_does_not_spiral() -> None:
    """The fixed charge recovers F: the energy price stays at c even where the volumetric tariff runs away."""
    fixed, connections = 400.0, 80.0
    assert iterate(fixed, C) == math.inf
    demand = demand_linear(A, B, C)
    for _ in range(50):
        price, charge = two_part_price(C, fixed, 1.0, demand, connections)
        assert price == C
        demand = demand_linear(A, B, price)
        assert price * demand + charge * connections == pytest.approx(C * demand + fixed, rel=1e-12)


def test_two_part_tariff_between_the_extremes_recovers_cost() -> None:
    price, charge = two_part_price(C, 100.0, 0.4, 30.0, 8.0)
    assert price * 30.0 + charge * 8.0 == pytest.approx(C * 30.0 + 100.0, rel=1e-12)
    assert two_part_price(C, 100.0, 0.0, 30.0, 0.0) == (pass_through_price(C, 100.0, 30.0), 0.0)
    assert two_part_price(C, 100.0, 1.0, 0.0, 0.0) == (C, math.inf)
