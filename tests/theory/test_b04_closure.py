"""B4 Rest-of-world closure.

Source: derived in theory.md: `H = H_d + K (R/H)^eta`; small entry crowds out `eta/(1+eta)`.
"""

from __future__ import annotations

import math

import pytest
from scipy.optimize import brentq

from agents.rules.mining import crowding_out_share, elastic_world_hash

TABLE = [
    (0.0, -0.11333, 0.0000),
    (0.5, -0.07840, 0.3204),
    (1.0, -0.05996, 0.4850),
    (2.0, -0.04080, 0.6530),
    (5.0, -0.02084, 0.8245),
    (50.0, -0.00250, 0.9791),
]


@pytest.mark.parametrize(("eta", "log_hashprice", "crowding"), TABLE)
def test_entry_of_twelve_percent(eta: float, log_hashprice: float, crowding: float) -> None:
    before = elastic_world_hash(0.0, 1.0, 1.0, eta)
    after = elastic_world_hash(0.12, 1.0, 1.0, eta)
    assert before == pytest.approx(1.0, rel=1e-12)
    assert -math.log(after / before) == pytest.approx(log_hashprice, abs=1e-5)
    assert 1.0 - (after - before) / 0.12 == pytest.approx(crowding, abs=1e-4)


@pytest.mark.parametrize("eta", [0.3, 1.0, 7.0, 20.0])
@pytest.mark.parametrize(
    ("home", "scale", "reward"), [(148.0, 3.0e-5, 4.5e7), (5.0, 900.0, 1e3), (1e-6, 2.0, 9.0)]
)
def test_against_bracketing(eta: float, home: float, scale: float, reward: float) -> None:
    found = elastic_world_hash(home, scale, reward, eta)

    def gap(log_total: float) -> float:
        abroad = math.exp(math.log(scale) + eta * (math.log(reward) - log_total))
        return log_total - math.log(home + abroad)

    root = brentq(gap, math.log(home), math.log(home) + 60.0, xtol=1e-14)
    assert found == pytest.approx(math.exp(root), rel=1e-9)


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0, 2.0, 5.0, 50.0])
def test_small_entry_crowds_out_its_share(eta: float) -> None:
    entry = 1e-5
    growth = elastic_world_hash(entry, 1.0, 1.0, eta) - elastic_world_hash(0.0, 1.0, 1.0, eta)
    assert 1.0 - growth / entry == pytest.approx(crowding_out_share(eta), abs=1e-4)


def test_limits() -> None:
    assert crowding_out_share(math.inf) == 1.0
    assert elastic_world_hash(3.0, 0.0, 5.0, 1.0) == 3.0
    assert elastic_world_hash(3.0, 2.0, 5.0, 0.0) == 5.0
    assert elastic_world_hash(3.0, 2.0, 5.0, math.inf) == 5.0
    assert elastic_world_hash(3.0, 2.0, 5.0, 1e4) == pytest.approx(5.0, rel=1e-3)
