"""Two ways of looping, one model: columns and objects agree on every shipped regime (design 2.2)."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from sim import Result, list_regimes, simulate
from tests.sim.lively import SMALL, lively_scenario, relative_gap

pytestmark = pytest.mark.compiled_only
SEED, MONTHS, TOLERANCE = 7, 14, 1e-9


@functools.cache
def run(regime: str, engine: str) -> Result:
    # Hard enough that some leave within the year
    scenario = lively_scenario(regime, MONTHS, SMALL, network_hash_start_ehs=225.0, world_funds_share=1.0)
    return simulate(scenario, SEED, engine=engine)


@pytest.mark.parametrize("regime", list_regimes())
def test_both_engines_give_the_same_outputs_agents_and_books(regime):
    columns, objects = run(regime, "columns"), run(regime, "objects")
    gaps = {name: relative_gap(columns.months[name], objects.months[name]) for name in columns.months}
    for kind, table in columns.agents.items():
        assert list(table) == list(objects.agents[kind])
        gaps |= {f"{kind}.{name}": relative_gap(table[name], objects.agents[kind][name]) for name in table}
    gaps["ledger"] = relative_gap(columns.ledger.flows, objects.ledger.flows)
    days = columns.days.drop(columns="season")
    gaps |= {f"day {name}": relative_gap(days[name], objects.days[name]) for name in days}
    assert {name: gap for name, gap in gaps.items() if not gap <= TOLERANCE} == {}


def happens(name: str) -> set[str]:
    """Regimes in which an output differs from zero in some month."""
    return {regime for regime in list_regimes() if run(regime, "columns").months[name].abs().max() > 0.0}


@pytest.mark.parametrize(
    ("name", "at_least"),
    [
        ("mining_licensed_mw", 5),
        ("mining_grey_mw", 8),
        ("mining_theft_mw", 10),
        ("mining_cases", 10),
        ("mining_exits", 10),
        ("queue_mw", 8),
        ("ai_pipeline_mw", 5),
        ("ai_cancelled", 1),
        ("offer_refused", 1),
        ("tax_levy_usd", 2),
        ("tax_income_usd", 5),
        ("tax_duty_usd", 4),
        ("tax_fines_usd", 10),
        ("shed_mwh", 10),
        ("interrupted_mwh", 1),
        ("state_mining_usd", 1),
    ],
)
def test_the_compared_runs_contain_what_could_differ(name, at_least):
    assert len(happens(name)) >= at_least


def test_the_compared_regimes_lead_to_different_outcomes():
    mining = {regime: run(regime, "columns").months["mining_mw"].to_numpy() for regime in list_regimes()}
    assert len({series.tobytes() for series in mining.values()}) >= 8


def test_the_gap_is_relative_to_each_entry():
    assert relative_gap(np.array([1e12, 1e-6]), np.array([1e12, 2e-6])) == 0.5
    assert relative_gap(np.array([0.0, 3.0]), np.array([0.0, 3.0])) == 0.0
