"""B2 Difficulty retarget.

Source: `D' = D * clip(2016*600/T, 1/4, 4)` (Bitcoin Core); under hash growth g per second the epoch lasts `T
= W(g*tau)/g`, from `H(e^{gT}-1)/g = work` and `e^{gT} = tau/T`.

The model does not implement the 2015-interval quirk of the real code; its size is tested here (0.05 %).
"""

from __future__ import annotations

import math

import pytest
from scipy.special import lambertw

from agents.rules.protocol import (
    SECONDS_PER_DAY,
    SECONDS_PER_MONTH,
    TARGET_EPOCH_SECONDS,
    blocks_per_day,
    epoch_seconds,
    lambert_w,
    retarget_ratio,
)
from tests.theory.oracles import epoch_by_blocks

EPOCHS = 30


@pytest.mark.parametrize(
    "x", [-0.36787, -0.3, -0.2, -0.05, -1e-9, 0.0, 1e-12, 0.2, 1.0, math.e, 40.0, 1e8, 1e200]
)
def test_lambert_against_scipy(x: float) -> None:
    assert lambert_w(x) == pytest.approx(float(lambertw(x).real), rel=1e-11)


def test_lambert_at_and_beyond_its_ends() -> None:
    assert lambert_w(-1.0 / math.e) == pytest.approx(-1.0, abs=1e-7)
    assert math.isnan(lambert_w(-0.4))
    assert lambert_w(math.inf) == math.inf


@pytest.mark.parametrize(
    ("growth", "epoch_days", "blocks", "reward_percent"),
    [
        (0.02, 13.87420, 145.306, 0.907),
        (0.05, 13.69599, 147.196, 2.220),
        (0.10, 13.42372, 150.182, 4.293),
    ],
)
def test_steady_growth(growth: float, epoch_days: float, blocks: float, reward_percent: float) -> None:
    rate = math.log1p(growth) / SECONDS_PER_MONTH
    length = epoch_seconds(rate)
    assert length / SECONDS_PER_DAY == pytest.approx(epoch_days, abs=1e-5)
    assert blocks_per_day(growth, SECONDS_PER_MONTH) == pytest.approx(blocks, abs=5e-4)
    assert 100.0 * (TARGET_EPOCH_SECONDS / length - 1.0) == pytest.approx(reward_percent, abs=5e-4)

    # The hash rate at the start of each epoch is 1, and the difficulty is kept relative to it.
    difficulty = TARGET_EPOCH_SECONDS / 2016
    for _ in range(EPOCHS):
        duration = epoch_by_blocks(lambda now: math.exp(rate * now), difficulty)[-1]
        difficulty *= retarget_ratio(duration) / math.exp(rate * duration)
    assert duration == pytest.approx(length, rel=1e-5)


def test_no_growth_gives_the_target() -> None:
    assert epoch_seconds(0.0) == TARGET_EPOCH_SECONDS
    assert epoch_seconds(1e-20) == pytest.approx(TARGET_EPOCH_SECONDS, rel=1e-12)
    assert blocks_per_day(0.0, SECONDS_PER_MONTH) == 144.0


def test_quirk_of_the_real_code() -> None:
    """2015 of the 2016 intervals are timed, so the epoch settles where those last 14 days."""
    difficulty = 600.0
    for _ in range(EPOCHS):
        times = epoch_by_blocks(lambda now: 1.0, difficulty)
        difficulty *= retarget_ratio(times[-1] - times[0])
    assert times[-1] / 2016 == pytest.approx(600.29777, rel=1e-5 / 600)
    assert times[-1] / 2016 / 600.0 - 1.0 == pytest.approx(0.0005, abs=5e-5)


@pytest.mark.parametrize(
    ("drop", "when_days", "epoch_days", "ratio"), [(0.2, 0.0, 17.5, 0.8), (0.5, 7.0, 21.0, 2.0 / 3.0)]
)
def test_sudden_drop(drop: float, when_days: float, epoch_days: float, ratio: float) -> None:
    def hash_at(seconds: float) -> float:
        return 1.0 if seconds < when_days * SECONDS_PER_DAY else 1.0 - drop

    duration = epoch_by_blocks(hash_at, 600.0)[-1]
    assert duration / SECONDS_PER_DAY == pytest.approx(epoch_days, rel=1e-5)
    assert retarget_ratio(duration) == pytest.approx(ratio, rel=1e-5)


def test_clip() -> None:
    assert retarget_ratio(TARGET_EPOCH_SECONDS / 10.0) == 4.0
    assert retarget_ratio(TARGET_EPOCH_SECONDS * 10.0) == 0.25
    assert retarget_ratio(0.0) == 4.0


def test_a_fast_collapse_has_no_steady_epoch() -> None:
    assert math.isnan(epoch_seconds(-0.5 / TARGET_EPOCH_SECONDS))
    assert math.isfinite(epoch_seconds(-0.3 / TARGET_EPOCH_SECONDS))
