"""B7 Real options.

Source: Dixit 1989; Dixit & Pindyck 1994. `b1 = 1/2 - (r-delta)/s^2 + sqrt(((r-delta)/s^2 - 1/2)^2 + 2r/s^2)`,
`V* = b1/(b1-1) I`, with a lag `V*_h = e^{delta h} V*`; Dixit's entry and exit prices by value matching and
smooth pasting.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from agents.rules.real_options import (
    entry_barrier,
    invest_probability,
    option_beta,
    option_beta_negative,
    option_premium,
    option_threshold_lag,
    stays_active,
)
from tests.theory.oracles import dixit_thresholds


@pytest.mark.parametrize(
    ("r", "delta", "s", "b1", "premium", "with_lag"),
    [
        (0.04, 0.04, 0.2, 2.000000, 2.0000, 2.0816),
        (0.12, 0.06, 0.4, 1.356107, 3.8081, 4.0436),
        (0.12, 0.06, 0.8, 1.141124, 8.0860, 8.5860),
    ],
)
def test_thresholds(r: float, delta: float, s: float, b1: float, premium: float, with_lag: float) -> None:
    z = (r - delta) / s**2
    assert option_beta(r, delta, s) == pytest.approx(b1, abs=1e-6)
    assert option_beta(r, delta, s) == pytest.approx(
        0.5 - z + math.sqrt((z - 0.5) ** 2 + 2 * r / s**2), rel=1e-12
    )
    b2 = 0.5 - z - math.sqrt((z - 0.5) ** 2 + 2 * r / s**2)
    assert option_beta_negative(r, delta, s) == pytest.approx(b2, rel=1e-12)
    assert option_premium(r, delta, s) == pytest.approx(premium, abs=1e-4)
    assert option_threshold_lag(r, delta, s, 1.0) == pytest.approx(with_lag, abs=1e-4)
    assert option_threshold_lag(r, delta, s, 0.0) == option_premium(r, delta, s)


def test_competitive_entry_without_progress_is_the_option_barrier() -> None:
    """With a = 0 the entry barrier is that of a single option with payout r - alpha (Dixit & Pindyck)."""
    r, alpha, s = 0.12, 0.05, 0.8
    assert entry_barrier(r, alpha, 0.0, s) == pytest.approx(
        option_premium(r, r - alpha, s) * (r - alpha), rel=1e-12
    )


def test_limits() -> None:
    assert option_beta(0.1, 0.04, 0.0) == pytest.approx(0.1 / 0.06, rel=1e-12)
    assert option_beta(0.1, 0.04, 1e-5) == pytest.approx(0.1 / 0.06, rel=1e-6)
    assert option_premium(0.1, 0.2, 0.0) == 1.0
    assert option_premium(0.1, 0.0, 0.3) == math.inf
    premiums = [option_premium(0.12, 0.06, s) for s in (0.1, 0.2, 0.4, 0.8)]
    assert premiums == sorted(premiums)


def test_dixit_1989() -> None:
    exit_price, entry_price = dixit_thresholds(0.025, 0.0, 0.1, 1.0, 4.0, 0.0)
    assert exit_price == pytest.approx(0.7657, abs=1e-4)
    assert entry_price == pytest.approx(1.4667, abs=1e-4)
    assert exit_price < 1.0 < 1.0 + 0.025 * 4.0 < entry_price


@pytest.mark.parametrize(("entry_cost", "exit_cost"), [(0.3, 0.0), (1.5, -0.9), (5.0, 0.0)])
def test_the_band_of_inaction_widens_with_what_is_sunk_and_with_risk(
    entry_cost: float, exit_cost: float
) -> None:
    """Around Marshall's prices, w - rho l at exit and w + rho k at entry; nearly there without risk."""
    bands = [dixit_thresholds(0.15, 0.0, sigma, 1.0, entry_cost, exit_cost) for sigma in (0.01, 0.2, 0.55)]
    low, high = 1.0 - 0.15 * exit_cost, 1.0 + 0.15 * entry_cost
    for narrow, wide in zip([(low, high), *bands], bands, strict=False):
        assert wide[0] < narrow[0]
        assert narrow[1] < wide[1]
    assert bands[0][0] == pytest.approx(low, rel=0.05)
    assert bands[0][1] == pytest.approx(high, rel=0.05)


def test_hysteresis_of_a_single_firm() -> None:
    """In a slow sweep the firm enters at p_H and leaves at p_L, within one monthly price move."""
    exit_price, entry_price = dixit_thresholds(0.025, 0.0, 0.1, 1.0, 4.0, 0.0)
    move = 0.01
    prices = np.concatenate([np.arange(0.5, 1.8, move), np.arange(1.8, 0.5, -move)])
    active = False
    switches = []
    for price in prices:
        after = stays_active(active, float(price), exit_price, entry_price)
        if after != active:
            switches.append((after, float(price)))
        active = after
    assert [kind for kind, _ in switches] == [True, False]
    assert 0.0 <= switches[0][1] - entry_price <= move
    assert 0.0 <= exit_price - switches[1][1] <= move


def test_smooth_rule_tends_to_the_threshold() -> None:
    hurdle = option_premium(0.12, 0.06, 0.4) - 1.0
    assert invest_probability(hurdle, hurdle, 7.0) == 0.5
    assert invest_probability(hurdle + 0.01, hurdle, 1e5) == pytest.approx(1.0, abs=1e-12)
    assert invest_probability(hurdle - 0.01, hurdle, 1e5) == pytest.approx(0.0, abs=1e-12)
    assert invest_probability(0.3, 0.1, 5.0) == pytest.approx(1.0 / (1.0 + math.exp(-1.0)), rel=1e-12)
