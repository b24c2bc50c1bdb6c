"""Policy search: it finds a known front, goes on where it stopped, and what it finds runs like any regime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.design import Study, load_study
from experiments.errors import StudyError
from experiments.plan import Plan
from experiments.regime_file import regime_toml
from experiments.results import load_results
from experiments.runner import sweep_plan
from experiments.sampling import Points
from experiments.search import Found, front_table, search, write_regimes
from experiments.store import Store
from sim import list_regimes, load_scenario, simulate
from sim.regimes import load_regime
from tests.experiments import fakes

SEARCH = {
    "instruments": {
        "tariff_local_per_kwh": {"low": 0.0, "high": 1.0},
        "levy_local_per_kwh": {"low": 0.0, "high": 1.0},
        "allocation_rule": {},
    },
    "objectives": {"jobs_total": "max", "arrears_usd": "min"},
    "population": 16,
    "generations": 8,
}


def study(**changes: object) -> Study:
    content = {
        "countries": ["pakistan"], "regimes": ["offer"], "baseline": "offer", "labels": {}, "series": False,
        "outputs": ["jobs_total", "arrears_usd"], "sizes": {"quick": {"seeds": 2}}, "search": SEARCH,
    }  # fmt: skip
    return fakes.study(**(content | changes))


def planner(chosen: Study, size: str, points: Points) -> Plan:
    return fakes.plan(chosen, points=points)


def known_front(task: fakes.Task) -> fakes.Outcome:
    """More jobs only at more arrears, along the tariff; a levy and any rule but the auction only cost."""
    setting = dict(task.spec.overrides)
    waste = setting["levy_local_per_kwh"] + (setting["allocation_rule"] != "auction")
    luck = float(task.spec.seed)
    jobs = setting["tariff_local_per_kwh"] - waste + luck
    arrears = setting["tariff_local_per_kwh"] ** 2 + waste + luck
    return fakes.Outcome(pd.DataFrame(), pd.DataFrame(), {"jobs_total": jobs, "arrears_usd": arrears})


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Found]:
    out = tmp_path_factory.mktemp("searched")
    return out, search(study(), "quick", out, planner=planner, workers=1, execute=known_front)


def test_the_search_finds_the_front_and_spreads_along_it(searched: tuple[Path, Found]):
    _, found = searched
    assert found.complete
    assert found.evaluated == 16 * 8
    assert len(found.settings) >= 8
    assert {setting["allocation_rule"] for setting in found.settings} == {"auction"}
    # Luck adds 1.5 to both on average; without waste arrears are the square of the jobs.
    jobs, arrears = found.values["jobs_total"] - 1.5, found.values["arrears_usd"] - 1.5
    assert np.abs(arrears - jobs**2).max() < 0.25
    assert jobs.max() - jobs.min() > 0.6
    assert list(front_table(found).columns)[-2:] == ["jobs_total", "arrears_usd"]


def test_no_candidate_of_the_front_is_beaten(searched: tuple[Path, Found]):
    values = searched[1].values.to_numpy() * [-1.0, 1.0]
    for one in values:
        beaten = (values <= one).all(axis=1) & (values < one).any(axis=1)
        assert not beaten.any()


def test_a_search_that_ran_runs_nothing_again_and_its_last_sweep_is_the_front(searched: tuple[Path, Found]):
    out, first = searched
    again = search(study(), "quick", out, planner=planner, workers=1, execute=fakes.refuses_to_run)
    assert again.settings == first.settings
    pd.testing.assert_frame_equal(again.values, first.values)
    assert len(load_results(out).runs) == 2 * len(first.settings)


def test_the_worst_fifth_of_the_worlds_can_decide(tmp_path: Path):
    cautious = study(search={**SEARCH, "judged_by": "worst-fifth", "generations": 1})
    found = search(cautious, "quick", tmp_path, planner=planner, workers=1, execute=known_front)
    rows = Store(tmp_path).read("runs").groupby("scenario_hash")[["jobs_total", "arrears_usd"]]
    assert set(found.values["jobs_total"]) <= set(rows.min()["jobs_total"])
    assert set(found.values["arrears_usd"]) <= set(rows.max()["arrears_usd"])


def test_a_study_that_cannot_be_searched_is_one_clear_line(tmp_path: Path):
    with pytest.raises(StudyError, match=r"has no \[search\]"):
        search(fakes.study(), "quick", tmp_path)
    with pytest.raises(StudyError, match="one regime and shared seeds"):
        search(study(regimes=["offer", "ban"]), "quick", tmp_path)
    with pytest.raises(StudyError, match="16 runs of the search failed"):
        search(study(), "quick", tmp_path, planner=planner, workers=1, execute=fails_with_one_seed)


def fails_with_one_seed(task: fakes.Task) -> fakes.Outcome:
    if task.spec.seed == 1:
        raise ValueError("no")
    return known_front(task)


@pytest.mark.parametrize("name", list_regimes())
def test_every_shipped_regime_survives_being_written(name: str, tmp_path: Path):
    path = tmp_path / "copy.toml"
    path.write_text(regime_toml(load_regime(name)), encoding="utf-8")
    assert load_regime(str(path)) == load_regime(name)


@pytest.mark.slow
def test_a_found_regime_runs_like_any_other_and_gives_what_the_search_saw(tmp_path: Path):
    population = {"miners": 20, "world_miners": 10, "ai_firms": 4}
    content = load_study("policy").model_dump()
    content |= {"months": 3, "population": population, "sizes": {"quick": {"seeds": 1, "points": 1}}}
    content["search"] |= {"population": 4, "generations": 2}
    tiny = Study.model_validate(content)
    found = search(tiny, "quick", tmp_path, workers=1)
    paths = write_regimes(tiny, "quick", found, tmp_path / "regimes")
    assert len(paths) == len(found.settings) > 0
    world = dict(found.result.plan.tasks[0].spec.overrides)
    overrides = {
        name: world[name] for name in (*tiny.design.uncertain, *tiny.design.joint["grid"].parameters)
    }
    scenario = load_scenario(
        "pakistan", regime=str(paths[0]), months=3, overrides=overrides, population=population
    )
    assert scenario.regime == "policy-01"
    assert scenario.regime_data.base["tariff_rule"] == "fixed"
    assert "found by policy search policy" in scenario.regime_data.base_sources["levy_local_per_kwh"]
    alone = simulate(scenario, seed=1).summary()
    for name in tiny.search.objectives if tiny.search else ():
        assert alone[name]["value"] == found.values[name].iloc[0]
    assert sweep_plan(found.result.plan, tmp_path, workers=1).done == 0
