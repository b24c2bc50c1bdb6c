"""B17 Small identities.

Source: textbook closed forms: GBM moments, M/M/infinity firm counts, Gumbel-max logit, monthly annuity
factors at rate/12, Little's law, Gini and HHI of known vectors. Tolerance 1e-8, or two standard errors if
sampled.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from agents.rules.choice import gumbel, logit2, logit_share, logit_weight
from agents.rules.finance import (
    annuity_factor,
    geometric_sum,
    monthly_rate,
    pv_declining_margin,
    real_rate,
    wacc,
)
from agents.rules.labour import emigration_hazard, matching, wage_growth
from agents.rules.mining import contest_share
from agents.rules.queues import abandonment_probability
from tests.theory.oracles import gini


@pytest.mark.parametrize(
    ("rate", "months", "factor"),
    [(0.12, 36.0, 0.03321431), (0.15, 48.0, 0.02783075), (0.20, 60.0, 0.02649388)],
)
def test_annuity_factors(rate: float, months: float, factor: float) -> None:
    found = annuity_factor(rate, months)
    assert found == pytest.approx(factor, abs=1e-8)
    balance = 1.0
    for _ in range(int(months)):
        balance = balance * (1.0 + rate / 12.0) - found
    assert balance == pytest.approx(0.0, abs=1e-8)


def test_annuity_limits() -> None:
    assert annuity_factor(0.0, 40.0) == 1.0 / 40.0
    assert annuity_factor(1e-12, 40.0) == pytest.approx(1.0 / 40.0, rel=1e-9)
    assert math.isnan(annuity_factor(0.1, 0.0))
    assert (1.0 + monthly_rate(0.15)) ** 12 == pytest.approx(1.15, rel=1e-12)


@pytest.mark.parametrize(("nominal", "inflation"), [(0.18, 0.0235), (0.09, 0.03), (0.05, 0.0), (0.01, 0.04)])
def test_real_money_at_the_real_rate_is_worth_what_nominal_money_is_at_the_nominal_one(
    nominal: float, inflation: float
) -> None:
    real = real_rate(nominal, inflation)
    years = range(1, 11)
    in_nominal_money = sum((1.0 + inflation) ** year / (1.0 + nominal) ** year for year in years)
    assert sum((1.0 + real) ** -year for year in years) == pytest.approx(in_nominal_money, rel=1e-12)
    assert math.isnan(real_rate(nominal, -1.0))


@pytest.mark.parametrize("rate", [-0.02, 0.0, 1e-12, 0.01, 0.3])
def test_geometric_sum(rate: float) -> None:
    assert geometric_sum(rate, 37.0) == pytest.approx(
        sum(math.exp(-rate * k) for k in range(1, 38)), rel=1e-10
    )
    assert geometric_sum(rate, 0.0) == 0.0
    assert geometric_sum(rate, 36.0) < geometric_sum(rate, 36.5) < geometric_sum(rate, 37.0)


def discounted_months(
    revenue: float, cost: float, decline: float, discount: float, lag: float, life: int
) -> float:
    """Month by month, closing in the first month whose revenue does not cover the cost."""
    total = 0.0
    for k in range(1, life + 1):
        margin = revenue * math.exp(-decline * k) - cost
        if margin <= 0.0:
            break
        total += margin * math.exp(-discount * (lag + k))
    return total


@pytest.mark.parametrize(
    ("revenue", "cost", "decline", "life"),
    [(100.0, 40.0, 0.01, 48), (100.0, 60.0, 0.0, 60), (100.0, 40.0, -0.005, 36), (100.0, 0.0, 0.05, 60)],
)
def test_margin_over_the_whole_life(revenue: float, cost: float, decline: float, life: int) -> None:
    found = pv_declining_margin(revenue, cost, decline, 0.012, 6.0, float(life))
    assert found == pytest.approx(discounted_months(revenue, cost, decline, 0.012, 6.0, life), rel=1e-10)


@pytest.mark.parametrize("decline", [0.02, 0.04, 0.1])
def test_margin_until_revenue_meets_cost(decline: float) -> None:
    """The closing month is not rounded, so the value may differ by less than the margin of one month."""
    revenue, cost = 100.0, 50.0
    found = pv_declining_margin(revenue, cost, decline, 0.012, 0.0, 240.0)
    direct = discounted_months(revenue, cost, decline, 0.012, 0.0, 240)
    last_margin = cost * math.expm1(decline)
    assert abs(found - direct) < last_margin


def test_margin_limits() -> None:
    assert pv_declining_margin(50.0, 50.0, 0.02, 0.01, 0.0, 60.0) == 0.0
    assert pv_declining_margin(40.0, 50.0, -0.001, 0.01, 0.0, 12.0) == 0.0
    near, far = (pv_declining_margin(100.0, 40.0, 0.01, 0.012, lag, 48.0) for lag in (0.0, 12.0))
    assert far == pytest.approx(near * math.exp(-0.144), rel=1e-12)


def test_wacc() -> None:
    assert wacc(0.7, 0.10, 0.10, 0.0) == pytest.approx(0.10)
    assert wacc(0.5, 0.2, 0.1, 0.3) == pytest.approx(0.5 * 0.2 + 0.5 * 0.07)


def test_gbm_moments() -> None:
    """`E[P_T] = P_0 e^{mu T}`, log variance `sigma^2 T`, stepped by month."""
    mu, sigma, months, paths = 0.06, 0.5, 24, 100_000
    shocks = np.random.default_rng(17).standard_normal((paths, months))
    log_path = ((mu - 0.5 * sigma**2) / 12.0 + sigma / math.sqrt(12.0) * shocks).sum(axis=1)
    years = months / 12.0
    prices = np.exp(log_path)
    assert abs(prices.mean() - math.exp(mu * years)) < 2.0 * prices.std(ddof=1) / math.sqrt(paths)
    variance = log_path.var(ddof=1)
    assert abs(variance - sigma**2 * years) < 2.0 * sigma**2 * years * math.sqrt(2.0 / paths)


def test_firm_count_is_poisson() -> None:
    """Constant entry rate and exit hazard: the count is Poisson(entry/hazard), exactly so each month."""
    entry, hazard, chains, months = 3.0, 0.15, 4000, 120
    generator = np.random.default_rng(71)
    leave = abandonment_probability(hazard)
    # Of the firms entering within a month, those still there at its end are Poisson with this mean.
    arrivals_kept = entry * leave / hazard
    count = np.zeros(chains, dtype=np.int64)
    for _ in range(months):
        count = generator.binomial(count, 1.0 - leave) + generator.poisson(arrivals_kept, chains)
    mean = entry / hazard
    assert abs(count.mean() - mean) < 2.0 * math.sqrt(mean / chains)
    spread = mean * math.sqrt(2.0 / chains + 1.0 / (mean * chains))
    assert abs(count.var(ddof=1) - mean) < 2.0 * spread


def test_gumbel_max_equals_the_closed_shares() -> None:
    beta, values = 1.7, [0.3, 0.0, -0.4, 0.9]
    best = max(values)
    weight_sum = sum(logit_weight(beta, value, best) for value in values)
    shares = [logit_share(beta, value, best, weight_sum) for value in values]
    exact = np.exp(beta * np.array(values))
    assert shares == pytest.approx((exact / exact.sum()).tolist(), abs=1e-12)
    draws = 40_000
    uniforms = np.random.default_rng(1717).random((draws, len(values)))
    noise = np.array([[gumbel(u) for u in row] for row in uniforms.tolist()])
    chosen = np.bincount((beta * np.array(values) + noise).argmax(axis=1), minlength=len(values)) / draws
    for found, share in zip(chosen, shares, strict=True):
        assert abs(found - share) < 2.0 * math.sqrt(share * (1.0 - share) / draws)


def test_logit_of_two() -> None:
    weights = [logit_weight(2.0, value, 0.8) for value in (0.8, 0.5)]
    assert logit2(2.0, 0.8, 0.5) == pytest.approx(weights[0] / sum(weights), rel=1e-12)
    assert logit2(1e6, 1.0, 0.0) == 1.0
    assert logit2(1e6, 0.0, 1.0) == 0.0
    assert logit2(0.0, 5.0, -5.0) == 0.5
    assert gumbel(0.0) == -math.inf
    assert gumbel(1.0) == math.inf
    assert gumbel(math.exp(-1.0)) == pytest.approx(0.0, abs=1e-12)


def test_concentration_and_inequality_of_known_vectors() -> None:
    assert gini(np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx(0.25, abs=1e-12)
    assert gini(np.full(7, 3.0)) == 0.0
    total = 8.0
    assert sum(contest_share(own, total) ** 2 for own in (4.0, 2.0, 2.0)) == pytest.approx(0.375, abs=1e-12)


def test_labour_identities() -> None:
    """M9: constant returns, the short side binds, wages rest at tightness one."""
    assert matching(200.0, 100.0, 0.3, 0.5) == pytest.approx(2.0 * matching(100.0, 50.0, 0.3, 0.5), rel=1e-12)
    assert matching(100.0, 25.0, 0.4, 0.5) == pytest.approx(20.0, rel=1e-12)
    assert matching(100.0, 4.0, 5.0, 0.5) == 4.0
    assert matching(0.0, 4.0, 5.0, 0.5) == 0.0
    assert wage_growth(0.1, 50.0, 50.0) == 0.0
    assert wage_growth(0.1, 100.0, 50.0) == pytest.approx(0.1)
    assert wage_growth(0.1, 0.0, 0.0) == 0.0
    assert math.isfinite(wage_growth(0.1, 10.0, 0.0))
    assert emigration_hazard(0.01, 4.0, 0.5) == pytest.approx(0.02, rel=1e-12)
    assert emigration_hazard(0.01, 1.0, 3.0) == 0.01
