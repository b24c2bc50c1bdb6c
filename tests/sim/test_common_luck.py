"""Common random numbers: regimes of a seed share the world's luck, a run repeats bit by bit, a slot keeps
its identity.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pandas as pd
import pytest

from sim import Result, list_regimes, load_scenario, simulate
from sim.drivers import Drivers, build_drivers
from sim.model import WattLabModel
from tests.sim.lively import TINY, lively_scenario

SEED = 20_251
EXOGENOUS = ("btc_price_usd", "gpu_price_usd_per_hour", "local_per_usd")


@functools.cache
def drivers(regime: str, kind: str) -> Drivers:
    scenario = load_scenario(regime=regime, months=40, drivers=kind)
    return build_drivers(scenario, SEED, scenario.values())


@functools.cache
def run(regime: str, seed: int = SEED, months: int = 6) -> Result:
    return simulate(lively_scenario(regime, months), seed)


def same_bits(a: object, b: object) -> bool:
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same_bits(a[key], b[key]) for key in a)
    return np.array_equal(np.asarray(a), np.asarray(b))


@pytest.mark.parametrize("kind", ["replay", "simulated"])
@pytest.mark.parametrize("regime", list_regimes())
def test_every_driver_is_the_same_in_every_regime(regime, kind):
    ours, reference = drivers(regime, kind), drivers("pakistan-status-quo", kind)
    different = [
        field.name
        for field in dataclasses.fields(Drivers)
        if not same_bits(getattr(ours, field.name), getattr(reference, field.name))
    ]
    assert different == []


def test_another_seed_changes_the_simulated_drivers():
    scenario = load_scenario(months=40, drivers="simulated")
    other = build_drivers(scenario, SEED + 1, scenario.values())
    for name in ("btc_price_usd", "fee_share", "gpu_price_usd_per_hour", "demand_factor", "outage_factor"):
        ours = getattr(drivers("pakistan-2025", "simulated"), name)
        assert not np.array_equal(getattr(other, name), ours), name


def test_recorded_exogenous_series_are_the_same_in_opposite_regimes():
    offer, ban = run("pakistan-2025").months, run("ban").months
    assert not offer["mining_licensed_mw"].equals(ban["mining_licensed_mw"])
    for name in EXOGENOUS:
        assert offer[name].to_numpy().tobytes() == ban[name].to_numpy().tobytes(), name


def test_the_same_run_twice_is_the_same_to_the_bit():
    first, second = run("pakistan-2025"), simulate(lively_scenario("pakistan-2025", 6), SEED)
    pd.testing.assert_frame_equal(first.months, second.months, check_exact=True)
    pd.testing.assert_frame_equal(first.days, second.days, check_exact=True)
    assert first.ledger.flows.tobytes() == second.ledger.flows.tobytes()
    for kind, table in first.agents.items():
        pd.testing.assert_frame_equal(table, second.agents[kind], check_exact=True)


def test_another_seed_gives_another_run():
    assert not run("pakistan-2025").months.equals(run("pakistan-2025", SEED + 1).months)


def test_a_longer_run_begins_like_a_shorter_one():
    shorter, longer = (run("pakistan-2025", months=months).months for months in (6, 9))
    pd.testing.assert_frame_equal(shorter, longer.iloc[:6], check_exact=True)


@pytest.fixture(scope="module")
def two_sizes() -> tuple[WattLabModel, WattLabModel]:
    """The same country with a dozen home miners and with twice as many, at the start of a run."""
    models = []
    for factor in (1, 2):
        population = {kind: factor * size for kind, size in TINY.items()}
        models.append(WattLabModel(lively_scenario(months=3, population=population), SEED))
        models[-1].close()
    return models[0], models[1]


@pytest.mark.parametrize("kind", sorted(TINY))
def test_more_firms_change_nobody_elses_draws(two_sizes, kind):
    few, many = (model.state.agents(kind)["draws"] for model in two_sizes)
    assert len(many) == 2 * len(few)
    seen = []
    for month in range(3):
        for model in two_sizes:
            model.state.begin_month(SEED, month)
        assert np.array_equal(few, many[: len(few)])
        seen.append(few.copy())
    assert len(np.unique(np.array(seen)[..., 0])) == 3 * len(few)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (
            "miners",
            ("agent_id", "zone", "wacc_per_year", "hurdle", "pue", "morale", "hold_share", "forecaster"),
        ),
        (
            "world_miners",
            ("agent_id", "power_price_usd_per_kwh", "pue", "hurdle", "hold_share", "forecaster"),
        ),
        (
            "ai_firms",
            ("agent_id", "zone", "wacc_per_year", "hurdle", "price_decline_per_year", "tenant_credit"),
        ),
    ],
)
def test_more_firms_change_nobody_elses_identity(two_sizes, kind, names):
    few, many = (model.state.agents(kind) for model in two_sizes)
    for name in names:
        assert np.array_equal(few[name], many[name][: len(few)]), name


def test_more_firms_change_no_driver(two_sizes):
    few, many = (model.drivers for model in two_sizes)
    assert all(same_bits(getattr(few, f.name), getattr(many, f.name)) for f in dataclasses.fields(Drivers))
