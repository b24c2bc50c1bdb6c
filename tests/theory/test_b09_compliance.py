"""B9 Evasion and theft.

Source: Allingham & Sandmo 1972, Yitzhaki 1974; h* derived in theory.md. CARA `E* = ln((1-p)/(ps)) / (A t
(1+s))`, CRRA `E* = Y(1-t)(k-1)/(t(1+ks))`, theft `h* = (m + r lic)/(L + pi/r - lic)`.
"""

from __future__ import annotations

import math

import pytest
from scipy.optimize import minimize_scalar

from agents.rules.choice import logit2
from agents.rules.compliance import (
    detection_hazard,
    effective_hazard,
    evade_declared,
    evasion_cara,
    evasion_crra,
    imitate_probability,
    load_signature,
    theft_indifference_hazard,
    updated_hazard,
    value_evading,
    value_licensed,
)

TABLE = [
    (0.05, 2.0, 0.3, 1.0, 0.678141),
    (0.3, 1.0, 0.3, 0.706082, 0.486995),
    (0.4, 1.0, 0.3, 0.337888, 0.235715),
    (0.5, 1.0, 0.3, 0.0, 0.0),
]


@pytest.mark.parametrize(("p", "s", "t", "cara", "crra"), TABLE)
def test_table(p: float, s: float, t: float, cara: float, crra: float) -> None:
    assert evasion_cara(p, s, t, 2.0) == pytest.approx(cara, abs=1e-6)
    assert evasion_crra(p, s, t, 2.0, 1.0) == pytest.approx(crra, abs=1e-6)
    assert evade_declared(p, s) == (cara > 0.0)


@pytest.mark.parametrize(("p", "s", "t"), [(0.05, 2.0, 0.3), (0.3, 1.0, 0.3), (0.2, 0.8, 0.45)])
def test_against_direct_maximisation(p: float, s: float, t: float) -> None:
    def expected_utility(evaded: float, cara: bool) -> float:
        kept, caught = 1.0 - t * (1.0 - evaded), 1.0 - t - 0.0 * evaded - s * t * evaded
        if cara:
            return -((1.0 - p) * math.exp(-2.0 * kept) + p * math.exp(-2.0 * caught))
        if caught <= 0.0:
            return -1e9
        return -((1.0 - p) / kept + p / caught)

    for cara, found in ((True, evasion_cara(p, s, t, 2.0)), (False, evasion_crra(p, s, t, 2.0, 1.0))):
        best = minimize_scalar(
            lambda e, cara=cara: -expected_utility(e, cara),
            bounds=(0.0, 1.0),
            method="bounded",
            options={"xatol": 1e-9},
        )
        assert found == pytest.approx(best.x, abs=1e-5)


def test_evasion_falls_with_the_tax_rate() -> None:
    """Yitzhaki: with the fine on evaded tax, dE*/dt < 0."""
    change = evasion_crra(0.3, 1.0, 0.35, 2.0, 1.0) - evasion_crra(0.3, 1.0, 0.30, 2.0, 1.0)
    assert change == pytest.approx(-0.0994, abs=5e-5)
    assert evasion_cara(0.3, 1.0, 0.35, 2.0) < evasion_cara(0.3, 1.0, 0.30, 2.0)


def test_limits_of_evasion() -> None:
    assert evasion_cara(0.0, 1.0, 0.3, 2.0) == 1.0
    assert evasion_cara(0.3, 1.0, 0.0, 2.0) == 0.0
    assert evasion_crra(0.3, 1.0, 0.3, 0.0, 5.0) == 5.0
    assert evasion_crra(0.3, 1.0, 0.3, 1e-4, 1.0) == 1.0
    assert evasion_crra(0.3, 1.0, 0.3, 2.0, 10.0) == pytest.approx(
        10.0 * evasion_crra(0.3, 1.0, 0.3, 2.0, 1.0)
    )


@pytest.mark.parametrize(("fee", "hazard"), [(0.0, 0.020), (500.0, 0.026)])
def test_theft_indifference(fee: float, hazard: float) -> None:
    m, pi, loss, r = 60.0, 20.0, 1000.0, 0.01
    found = theft_indifference_hazard(m, pi, fee, r, loss)
    assert found == pytest.approx(hazard, abs=1e-6)
    legal = value_licensed(pi, 0.0, r, fee)
    assert value_evading(pi, m, found, loss, r) == pytest.approx(legal, rel=1e-12)
    # The choice rule in its noise-free limit steals just below the indifference hazard and not just above it.
    below = value_evading(pi, m, found - 1e-6, loss, r)
    above = value_evading(pi, m, found + 1e-6, loss, r)
    assert logit2(1e6, below, legal) == pytest.approx(1.0, abs=1e-6)
    assert logit2(1e6, above, legal) == pytest.approx(0.0, abs=1e-6)


def test_nothing_deters_when_the_fee_exceeds_the_stake() -> None:
    assert theft_indifference_hazard(60.0, 20.0, 4000.0, 0.01, 1000.0) == math.inf
    assert math.isnan(theft_indifference_hazard(60.0, 20.0, 0.0, 0.0, 1000.0))


def test_deterrence_weight() -> None:
    assert effective_hazard(0.04, 0.0) == 0.0
    assert effective_hazard(0.04, 1.0) == 0.04
    assert effective_hazard(0.04, 0.25) == pytest.approx(0.01)
    assert effective_hazard(0.04, 7.0) == 0.04


def test_detection() -> None:
    assert load_signature(4.0, 0.5) == pytest.approx(2.0)
    assert load_signature(0.0, 0.5) == 0.0
    loads = [1.0, 2.0, 5.0, 20.0]
    signatures = [load_signature(mw, 0.7) for mw in loads]
    hazards = [detection_hazard(0.5, one, sum(signatures), 0.0) for one in signatures]
    assert sum(hazards) == pytest.approx(0.5)
    assert hazards == sorted(hazards)
    assert detection_hazard(0.5, 1.0, 4.0, 0.6) == pytest.approx(0.5 / 4.0 * 1.6)
    assert detection_hazard(0.5, 4.0, 4.0, 0.6) == 0.5
    assert detection_hazard(50.0, 1.0, 2.0, 0.0) == 1.0
    assert detection_hazard(5.0, 0.0, 0.0, 0.0) == 0.0


def test_perceived_hazard_lapses_to_the_prior() -> None:
    hazard = updated_hazard(0.01, 0.01, 0.9, 0.2)
    assert hazard == pytest.approx(0.21)
    for _ in range(10):
        hazard = updated_hazard(hazard, 0.01, 0.9, 0.0)
    assert hazard - 0.01 == pytest.approx(0.2 * 0.9**10, rel=1e-9)
    assert updated_hazard(0.9, 0.5, 0.9, 0.8) == 1.0


def test_imitation() -> None:
    assert imitate_probability(1.0, 1.0, 3.0) == 0.5
    assert imitate_probability(0.0, 1.0, 1e4) == 1.0
    assert imitate_probability(1.0, 0.0, 1e4) == 0.0
