"""Whatever a file says, loading it ends well or in one line; what is accepted can be run."""

from __future__ import annotations

import random
import tomllib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from typing import Any

import numpy as np
import pytest

from experiments.design import parse_study, shipped_studies
from experiments.errors import ExperimentError
from sim import ScenarioError, list_countries, list_regimes, load_scenario, simulate
from sim.countries import parse_country
from sim.parameters import data_text
from sim.regimes import parse_regime, read_toml
from sim.scenario import Scenario
from tests.fuzz.mutation import as_toml, garble, mutate

REGIME_TEXTS = [data_text("regimes", f"{name}.toml") for name in list_regimes()]
COUNTRY_TEXTS = [data_text("countries", f"{name}.toml") for name in list_countries()]
STUDY_TEXTS = [
    (resources.files("experiments") / "studies" / f"{name}.toml").read_text(encoding="utf-8")
    for name in shipped_studies()
]
REGIMES, COUNTRIES, STUDIES = (
    [tomllib.loads(text) for text in texts] for texts in (REGIME_TEXTS, COUNTRY_TEXTS, STUDY_TEXTS)
)


def ends_well(load: Callable[[], object]) -> str:
    """How loading ended: accepted, or refused in one line; any other error fails the test."""
    try:
        load()
    except (ScenarioError, ExperimentError) as error:
        message = str(error)
        assert message.strip()
        assert len(message.splitlines()) == 1
        return "refused"
    return "accepted"


def load_regime_text(text: str) -> object:
    return parse_regime(read_toml(text, "mine.toml"), "mine.toml")


def load_country_text(text: str) -> object:
    return parse_country(read_toml(text, "mine.toml"), "mine.toml")


def load_study_text(text: str) -> object:
    return parse_study(text, "mine.toml", None)


def fuzz(cases: int, seed: int) -> Counter[str]:
    """Load broken regimes, countries and studies: as content, as TOML, and as garbled text."""
    luck = random.Random(seed)
    found: Counter[str] = Counter()
    ways: list[tuple[float, Callable[[], object]]] = [
        (0.55, lambda: parse_regime(mutate(luck.choice(REGIMES), luck), "mine.toml")),
        (0.14, lambda: load_study_text(as_toml(mutate(luck.choice(STUDIES), luck)))),
        (0.14, lambda: load_study_text(garble(luck.choice(STUDY_TEXTS), luck))),
        (0.10, lambda: load_regime_text(garble(luck.choice(REGIME_TEXTS), luck))),
        (0.06, lambda: parse_country(mutate(luck.choice(COUNTRIES), luck), "mine.toml")),
        (0.01, lambda: load_country_text(garble(luck.choice(COUNTRY_TEXTS), luck))),
    ]
    for number, (share, load) in enumerate(ways):
        for _ in range(int(cases * share)):
            found[f"{number} {ends_well(load)}"] += 1
    return found


def test_a_broken_file_is_refused_in_one_line_or_accepted():
    found = fuzz(4000, seed=1)
    assert min(found[f"{number} refused"] for number in range(6)) > 10
    assert sum(found[f"{number} accepted"] for number in range(6)) > 100


@pytest.mark.long
def test_a_hundred_thousand_broken_files_are_refused_in_one_line_or_accepted():
    found = fuzz(100_100, seed=2)
    assert found.total() >= 100_000


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "= 1",
        "[[base]]\n",
        "a = 1\n" * 2,
        "\x00",
        "[base]\nquota_mw = [1, 2]",
        "name = {}",
        "event = 3",
        "[event]",
    ],
)
def test_lists_and_tables_where_others_are_expected(text: str):
    for load in (load_regime_text, load_country_text, load_study_text):
        assert ends_well(lambda load=load: load(text)) == "refused"


def accepted(count: int, seed: int) -> list[Scenario]:
    """Scenarios with a broken country or regime that was accepted all the same."""
    luck = random.Random(seed)
    base = load_scenario(months=3, population={"miners": 12, "world_miners": 6, "ai_firms": 4})
    found: list[Scenario] = []
    while len(found) < count:
        try:
            if luck.random() < 0.3:
                content: Any = mutate(luck.choice(REGIMES), luck)
                found.append(replace(base, regime_data=parse_regime(content, "mine.toml")))
            else:
                content = mutate(luck.choice(COUNTRIES), luck)
                found.append(replace(base, country_data=parse_country(content, "mine.toml")))
        except ScenarioError:
            continue
    return found


def run_all(scenarios: list[Scenario]) -> None:
    """Run every scenario: all invariants hold, and every output is finite."""
    for seed, scenario in enumerate(scenarios):
        assert np.isfinite(simulate(scenario, seed).months.to_numpy()).all()


@pytest.mark.compiled_only
def test_what_is_accepted_can_be_run():
    run_all(accepted(40, seed=3))


@pytest.mark.long
@pytest.mark.compiled_only
def test_many_accepted_files_can_be_run():
    run_all(accepted(700, seed=4))
