"""B6 Irreversible entry with technical progress, and B6b its monthly version.

Source: derived in theory.md, of the Prat & Walter (JPE 2021) type: b > 1 solves `sigma^2/2 b(b-1) + (alpha+a)
b - (r+a) = 0`; `Pbar/(I + C/r) = b/(b-1) (r-alpha) = 1/w`. Monthly: `w(x) = e^x dt + e^{-(r+a)dt} E
w(min(x',0))`, 3,001 points over [-14, 0].
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from agents.rules.real_options import entry_barrier, entry_beta
from tests.theory.oracles import w_disc

TABLE = [
    (0.12, 0.05, 0.0, 0.8, 1.16550, 0.49296, 2.02856, 2.32947, 0.8708),
    (0.12, 0.05, 0.648, 0.8, 1.06734, 1.10955, 0.90127, 1.04902, 0.8592),
    (0.12, 0.05, 0.949, 0.8, 1.05240, 1.40577, 0.71135, 0.83344, 0.8535),
    (0.15, 0.0, 0.3, 0.6, 1.28256, 0.68086, 1.46873, 1.64468, 0.8930),
]


@pytest.mark.parametrize(("r", "alpha", "a", "sigma", "b", "barrier", "w", "w_month", "ratio"), TABLE)
def test_table(
    r: float,
    alpha: float,
    a: float,
    sigma: float,
    b: float,
    barrier: float,
    w: float,
    w_month: float,
    ratio: float,
) -> None:
    found = entry_barrier(r, alpha, a, sigma)
    assert entry_beta(r, alpha, a, sigma) == pytest.approx(b, abs=1e-5)
    assert found == pytest.approx(barrier, abs=1e-5)
    assert 1.0 / found == pytest.approx(w, abs=1e-5)
    monthly = w_disc(r, alpha, a, sigma, 1.0 / 12.0)
    assert monthly == pytest.approx(w_month, abs=2e-5)  # the grid itself is worth 1e-5
    assert 1.0 / (monthly * found) == pytest.approx(ratio, abs=1e-4)


def test_root_satisfies_the_quadratic() -> None:
    for r, alpha, a, sigma, *_ in TABLE:
        b = entry_beta(r, alpha, a, sigma)
        assert b > 1.0
        assert 0.5 * sigma**2 * b * (b - 1.0) + (alpha + a) * b - (r + a) == pytest.approx(0.0, abs=1e-12)


def test_no_volatility_gives_the_user_cost() -> None:
    for sigma in (0.0, 1e-4):
        assert entry_barrier(0.12, 0.05, 0.648, sigma) == pytest.approx(0.12 + 0.648, rel=1e-5)
    assert entry_barrier(0.12, -0.5, 0.1, 0.0) == pytest.approx(0.62, rel=1e-12)


def test_a_drift_above_the_discount_rate_has_no_barrier() -> None:
    assert math.isnan(entry_barrier(0.05, 0.05, 0.3, 0.6))


def test_finer_clock_converges_to_the_continuous_barrier() -> None:
    r, alpha, a, sigma = TABLE[1][:4]
    by_clock = [w_disc(r, alpha, a, sigma, dt) for dt in (1 / 12, 1 / 52, 1 / 365)]
    assert by_clock[0] == pytest.approx(1.0490, abs=1e-4)
    assert by_clock[1] == pytest.approx(0.9653, abs=1e-4)
    assert by_clock[2] == pytest.approx(0.924, abs=5e-4)
    # The excess over the continuous value falls with the root of the time step.
    excess = [value * entry_barrier(r, alpha, a, sigma) - 1.0 for value in by_clock]
    assert excess[2] / excess[1] == pytest.approx(math.sqrt(52 / 365), rel=0.1)


@pytest.mark.parametrize("row", [1, 3])
def test_monthly_value_by_simulation(row: int) -> None:
    """The monthly reflected process, simulated: the grid solution lies inside its 95 % interval."""
    r, alpha, a, sigma = TABLE[row][:4]
    dt, paths = 1.0 / 12.0, 20_000
    generator = np.random.default_rng(606 + row)
    x = np.zeros(paths)
    value = np.zeros(paths)
    for month in range(round(14.0 / ((r + a) * dt))):
        value += np.exp(x - (r + a) * dt * month) * dt
        x = np.minimum(
            0.0,
            x + (alpha + a - 0.5 * sigma**2) * dt + sigma * math.sqrt(dt) * generator.standard_normal(paths),
        )
    error = value.std(ddof=1) / math.sqrt(paths)
    assert abs(value.mean() - w_disc(r, alpha, a, sigma, dt)) < 1.96 * error
    assert error < 0.01 * value.mean()


def test_entrants_who_expect_entry_stop_revenue_at_the_monthly_barrier() -> None:
    """B6b by entry itself: small equal entrants join while a unit is worth more than it costs.

    They value a unit by simulating the revenue that other entrants will hold down, without the grid. The
    highest revenue, in units of the falling cost, over 200 replicates is the grid's barrier within 2 %.
    By the plans of the model's own miners: ``tests/sim/test_free_entry``.
    """
    r, alpha, a, sigma = TABLE[3][:4]
    dt, entrant = 1.0 / 12.0, 0.002
    generator = np.random.default_rng(61)

    def shocks(paths: int) -> np.ndarray:
        step = (alpha - 0.5 * sigma**2) * dt
        return step + sigma * math.sqrt(dt) * generator.standard_normal(paths)

    x, worth = np.zeros(40_000), np.zeros(40_000)
    for k in range(round(14.0 / ((r + a) * dt))):
        worth += np.exp(x - (r + a) * dt * k) * dt
        x = np.minimum(0.0, x + a * dt + shocks(len(x)))
    worth_per_revenue = float(worth.mean())
    demand, capacity, highest = np.full(200, 0.3), np.ones(200), 0.0
    for k in range(240):
        cost = math.exp(-a * dt * k)
        revenue = demand / capacity
        pays = revenue * worth_per_revenue > cost
        units = np.ceil(np.log(revenue[pays] * worth_per_revenue / cost) / math.log1p(entrant))
        capacity[pays] *= (1.0 + entrant) ** units
        highest = max(highest, float((demand / capacity / cost).max()))
        demand = demand * np.exp(shocks(200))
    assert highest == pytest.approx(1.0 / w_disc(r, alpha, a, sigma, dt), rel=0.02)
