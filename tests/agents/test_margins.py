"""What a machine earns in a month of uncertain revenue, and the bounds that spare most appraisals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from scipy.stats import logistic

from agents.machines import (
    kw_per_ths,
    machine_value_usd,
    machine_values_usd,
    outlook_of,
    point_of,
    tabled_margin,
)
from agents.rules.finance import LOGISTIC_SCALE, expected_margin, highest_annuity, highest_margin
from tests.agents.observed import J_PER_TH, month

REVENUES, COSTS, SPREADS = st.floats(0.1, 1e4), st.floats(0.0, 3e4), st.floats(0.01, 1.0)


@pytest.mark.parametrize("cost", [0.0, 40.0, 100.0, 250.0])
def test_the_expected_margin_is_the_mean_over_a_logistic_revenue(cost):
    scale = LOGISTIC_SCALE * 0.65 * 100.0
    # Quantiles in the middle of a million equal shares
    revenue = logistic.ppf((np.arange(1_000_000) + 0.5) / 1e6, loc=100.0, scale=scale)
    assert revenue.std() == pytest.approx(65.0, rel=1e-3)
    mean = np.maximum(0.0, revenue - cost).mean()
    assert expected_margin(100.0, cost, 0.65) == pytest.approx(mean, abs=1e-5 * scale)


@given(REVENUES, COSTS, SPREADS)
def test_the_table_errs_upwards_and_by_less_than_a_hundred_thousandth_of_the_scale(revenue, cost, spread):
    scale = LOGISTIC_SCALE * spread * revenue
    rounding = 1e-12 * (revenue + cost)
    error = tabled_margin(point_of(revenue, spread, 1.0), cost) - expected_margin(revenue, cost, spread)
    assert -rounding <= error <= 1e-5 * scale + rounding


@given(REVENUES, COSTS, st.one_of(st.just(0.0), SPREADS))
def test_the_highest_margin_is_a_bound_and_a_close_one(revenue, cost, spread):
    expected = tabled_margin(point_of(revenue, spread, 1.0), cost)
    highest = highest_margin(revenue, cost, spread)
    assert expected <= highest <= expected + 0.1 * LOGISTIC_SCALE * spread * revenue + 1e-9 * revenue


@given(st.floats(1e-6, 2.0), st.floats(0.1, 120.0))
def test_the_highest_annuity_is_a_bound(rate, months):
    assert highest_annuity(rate, months) >= -math.expm1(-rate * months) / rate * (1.0 - 1e-12)
    assert highest_annuity(0.0, months) == months


@settings(deadline=None, max_examples=100)
@given(REVENUES, st.floats(1.0, 1e3), st.one_of(st.just(0.0), SPREADS), st.floats(0.0, 60.0))
def test_machines_are_worth_the_same_all_at_once_and_one_by_one(revenue, cost_usd_per_kw, spread, lag):
    now = month({"months_to_halving": 20.0}, hashprice_spread=spread)
    outlook = outlook_of(revenue, 0.01, now.world, now.par, lag)
    together = machine_values_usd(now.world, outlook, 1.1, cost_usd_per_kw)
    costs = [kw_per_ths(j_per_th, 1.1) * cost_usd_per_kw for j_per_th in J_PER_TH]
    assert together.tolist() == [machine_value_usd(outlook, cost) for cost in costs]
    assert compiled_values(now.world, outlook, 1.1, cost_usd_per_kw) == pytest.approx(together, rel=1e-12)


@njit(error_model="numpy")
def compiled_values(world, outlook, pue, cost_usd_per_kw):
    return machine_values_usd(world, outlook, pue, cost_usd_per_kw)
