"""Artefacts of numbers and order (N1, N2): what must not depend on the order of agents or on how finely the
world is divided, and what does depend on how many would-be miners there are.
"""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest

from sim import load_scenario
from sim.model import WattLabModel

SEEDS = range(1, 13)
MONTHS = 72
OUTPUTS = (
    "mining_mw",
    "ai_mw",
    "net_fiscal_usd",
    "hashprice_usd_per_ph_day",
    "jobs_total",
    "investment_usd",
    "mining_theft_mw",
)
KINDS = ("miners", "world_miners", "ai_firms")


def shuffle(model: WattLabModel, rng: np.random.Generator) -> None:
    """Store the firms of every kind in another order, each with its own identity, hence draws, and peers."""
    for kind in KINDS:
        agents = model.state.agents(kind)
        order = rng.permutation(len(agents))
        agents[:] = agents[order].copy()
        if kind == "miners":
            place = np.argsort(order)
            peers = model.peers[order]
            model.peers = np.where(peers >= 0, place[peers], -1)


def months_of(seed: int, shuffled: bool, population: dict[str, int]) -> pd.DataFrame:
    model = WattLabModel(load_scenario(months=MONTHS, population=population), seed)
    if shuffled:
        shuffle(model, np.random.default_rng(seed))
    try:
        for _ in range(MONTHS):
            model.step()
        return model.books.outputs()
    finally:
        model.close()


@functools.cache
def means(seed: int, shuffled: bool = False, **population: int) -> dict[str, float]:
    months = months_of(seed, shuffled, population)
    return {name: float(months[name].mean()) for name in OUTPUTS}


def paired(output: str, shuffled: bool = False, **population: int) -> tuple[float, float, float]:
    """Mean of an output over the seeds, and mean and standard error of its change with the same seeds."""
    before = np.array([means(seed)[output] for seed in SEEDS])
    change = np.array([means(seed, shuffled, **population)[output] for seed in SEEDS]) - before
    return float(before.mean()), float(change.mean()), float(change.std(ddof=1) / np.sqrt(len(SEEDS)))


@pytest.mark.slow
@pytest.mark.parametrize("output", OUTPUTS)
def test_the_order_in_which_firms_are_stored_has_no_effect(output):
    level, change, error = paired(output, shuffled=True)
    assert abs(change) <= max(0.01 * abs(level), 3.0 * error)


@pytest.mark.slow
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("firms", [80, 320])
def test_among_how_many_firms_the_world_is_divided_has_no_effect(output, firms):
    level, change, error = paired(output, world_miners=firms)
    assert abs(change) <= max(0.02 * abs(level), 3.0 * error)


@pytest.mark.slow
def test_stolen_load_is_proportional_to_the_number_of_would_be_miners():
    level, change, _ = paired("mining_theft_mw", miners=840)
    assert 0.8 * level < change < 1.25 * level


@pytest.mark.slow
def test_the_order_is_really_another_one():
    model = WattLabModel(load_scenario(months=1), 1)
    before = {kind: model.state.agents(kind)["agent_id"].copy() for kind in KINDS}
    shuffle(model, np.random.default_rng(1))
    for kind in KINDS:
        after = model.state.agents(kind)["agent_id"]
        assert not np.array_equal(after, before[kind])
        assert sorted(after) == sorted(before[kind])
    model.close()
