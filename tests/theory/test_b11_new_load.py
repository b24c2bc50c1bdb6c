"""B11 New load and other users' bills.

Source: derived in theory.md: `dp = -(tau - c) dQ/Q`; with demand feedback divided by `1 - eps s_F`.
"""

from __future__ import annotations

import pytest

from agents.rules.tariff import (
    demand_isoelastic,
    others_bill_change,
    others_bill_change_with_feedback,
    pass_through_price,
)

NEW_LOAD_TWH = 2.0 * 0.85 * 8.76  # 2,000 MW at 85 %


def test_vector() -> None:
    assert pytest.approx(14.892, abs=1e-9) == NEW_LOAD_TWH
    assert others_bill_change(NEW_LOAD_TWH, 100.0, 22.0, 18.0) == pytest.approx(-0.59568, abs=1e-6)
    with_feedback = others_bill_change_with_feedback(NEW_LOAD_TWH, 100.0, 22.0, 18.0, 0.3, 0.6)
    assert with_feedback == pytest.approx(-0.72644, abs=5e-6)
    assert with_feedback == pytest.approx(-0.59568 / 0.82, abs=1e-6)


def test_accounting_identity() -> None:
    """Others pay total cost less what the new load pays: average cost before and after."""
    c, fixed, q, tau = 9.0, 1430.0, 100.0, 22.98
    before = pass_through_price(c, fixed, q)
    total_cost = c * (q + NEW_LOAD_TWH) + fixed
    after = (total_cost - tau * NEW_LOAD_TWH) / q
    assert after - before == pytest.approx(others_bill_change(NEW_LOAD_TWH, q, tau, c), abs=1e-9)


def test_feedback_is_the_fixed_point_of_the_tariff() -> None:
    """A small load, others' demand of constant elasticity: iterate the tariff to rest."""
    c, fixed, q, tau, load, eps = 9.0, 1350.0, 100.0, 11.0, 1e-4, 0.3
    p0 = pass_through_price(c, fixed, q)
    p = p0
    for _ in range(500):
        p = pass_through_price(c, fixed - (tau - c) * load, demand_isoelastic(q, p0, p, eps))
    expected = others_bill_change_with_feedback(load, q, tau, c, eps, fixed / (p0 * q))
    assert p - p0 == pytest.approx(expected, rel=1e-4)
    assert expected < others_bill_change(load, q, tau, c) < 0.0


def test_sign_flips_with_the_marginal_cost() -> None:
    assert others_bill_change(1.0, 100.0, 10.0, 12.0) > 0.0 > others_bill_change(1.0, 100.0, 10.0, 8.0)
    fuel, capacity_to_be_added = 8.0, 4.0
    assert others_bill_change(1.0, 100.0, 10.0, fuel + capacity_to_be_added) > 0.0


def test_marginal_fuel_decides_at_the_incremental_rate() -> None:
    """22.98 Rs/kWh against imported gas (23.2) and imported coal (17.4): margins of about -0.2 and +5.6."""
    assert others_bill_change(1.0, 1.0, 22.98, 23.2) == pytest.approx(0.2, abs=0.05)
    assert others_bill_change(1.0, 1.0, 22.98, 17.4) == pytest.approx(-5.6, abs=0.05)
