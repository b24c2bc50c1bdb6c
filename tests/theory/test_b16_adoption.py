"""B16 Adoption.

Source: Bass p=.01, q=.4: peak `ln(q/p)/(p+q) = 8.99727`; F(5) = .141683; F(10) = .591390. N-agent simulation
of M11 with the payback term off, inside two Monte Carlo standard errors.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from agents.rules.adoption import adoption_hazard, bass_cumulative, bass_hazard, bass_peak, payback_years

P, Q = 0.01, 0.4


def test_closed_form() -> None:
    assert bass_peak(P, Q) == pytest.approx(8.99727, abs=1e-5)
    assert bass_cumulative(P, Q, 5.0) == pytest.approx(0.141683, abs=1e-6)
    assert bass_cumulative(P, Q, 10.0) == pytest.approx(0.591390, abs=1e-6)
    assert bass_cumulative(P, 0.0, 3.0) == pytest.approx(1.0 - math.exp(-0.03), rel=1e-12)
    assert bass_peak(0.3, 0.1) == 0.0


def test_cumulative_solves_the_hazard_equation() -> None:
    step = 1e-5
    for t in (0.5, 4.0, 9.0, 15.0):
        growth = (bass_cumulative(P, Q, t + step) - bass_cumulative(P, Q, t - step)) / (2.0 * step)
        share = bass_cumulative(P, Q, t)
        assert growth == pytest.approx((1.0 - share) * bass_hazard(P, Q, share), rel=1e-7)
    peak = bass_peak(P, Q)
    rates = [
        (1.0 - f) * bass_hazard(P, Q, f) for f in (bass_cumulative(P, Q, peak + d) for d in (-0.1, 0.0, 0.1))
    ]
    assert rates[1] > max(rates[0], rates[2])


def test_agents_follow_the_curve() -> None:
    agents, replicates, steps_per_year = 4000, 40, 100
    generator = np.random.default_rng(1616)
    shares = {5: np.empty(replicates), 10: np.empty(replicates)}
    for replicate in range(replicates):
        adopted = np.zeros(agents, dtype=bool)
        for step in range(1, 10 * steps_per_year + 1):
            hazard = adoption_hazard(P, Q, float(adopted.mean()), 0.0, 9.0, 4.0)
            adopted |= generator.random(agents) < -math.expm1(-hazard / steps_per_year)
            if step % steps_per_year == 0 and step // steps_per_year in shares:
                shares[step // steps_per_year][replicate] = adopted.mean()
    for year, found in shares.items():
        error = found.std(ddof=1) / math.sqrt(replicates)
        assert abs(found.mean() - bass_cumulative(P, Q, float(year))) < 2.0 * error
        assert error < 0.02


def test_payback_term() -> None:
    base = bass_hazard(P, Q, 0.2)
    assert adoption_hazard(P, Q, 0.2, 0.3, 4.0, 4.0) == base
    assert adoption_hazard(P, Q, 0.2, 0.3, 6.0, 4.0) == pytest.approx(base * math.exp(-0.6), rel=1e-12)
    assert adoption_hazard(P, Q, 0.2, 0.0, math.inf, 4.0) == base
    assert adoption_hazard(P, Q, 0.2, 0.3, payback_years(700.0, 0.0), 4.0) == 0.0
    assert payback_years(700.0, 200.0) == 3.5
