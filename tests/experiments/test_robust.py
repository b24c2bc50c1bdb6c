"""Robust decisions and scenario discovery on made-up worlds whose answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.discovery import discover, find_boxes, quality, trade_off, worlds_of
from experiments.errors import StudyError
from experiments.results import Results, load_results
from experiments.robust import regret_table, regrets, satisficing_table
from experiments.runner import sweep_plan
from tests.experiments import fakes

GOALS = {"jobs_total": {"at_least": 0.0}, "arrears_usd": {"at_most": 1.0, "difference": True}}


def corner(task: fakes.Task) -> fakes.Outcome:
    """The offer fails exactly where x > 4 and y > 3; the ban never does, and is never the best."""
    setting = dict(task.spec.overrides)
    fails = setting["x"] > 4.0 and setting["y"] > 3.0
    jobs = {"status-quo": 0.0, "offer": -10.0 if fails else 10.0, "ban": -1.0}[task.spec.regime]
    arrears = {"status-quo": 5.0, "offer": 5.5, "ban": 4.0 + 3.0 * (setting["x"] > 3.0)}[task.spec.regime]
    summary = {"jobs_total": jobs, "arrears_usd": arrears}
    return fakes.Outcome(pd.DataFrame(), pd.DataFrame(), summary)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Results:
    out = tmp_path_factory.mktemp("worlds")
    study = fakes.study(
        outputs=["jobs_total", "arrears_usd"],
        sizes={"quick": {"seeds": 1}},
        goals=GOALS,
        series=False,
        design={
            "kind": "quasi-random",
            "points": 256,
            "uncertain": {"x": {}, "y": {"distribution": "uniform"}, "w": {}},
        },
    )
    sweep_plan(fakes.plan(study), out, workers=1, execute=corner)
    return load_results(out)


def failing_share(worlds: Results) -> float:
    points = worlds.points
    return float(((points["set_x"] > 4.0) & (points["set_y"] > 3.0)).mean())


def test_regret_is_what_a_regime_falls_short_of_the_best_in_each_world(worlds: Results):
    table = regrets(worlds, "jobs_total")
    assert set(table["offer"].unique()) == {0.0, 10.0}
    assert set(table["status-quo"].unique()) == {0.0, 10.0}
    assert set(table["ban"].unique()) == {1.0, 11.0}
    summary = regret_table(worlds, ["jobs_total"]).set_index("regime")
    share = failing_share(worlds)
    assert summary.loc["offer", "mean_regret"] == pytest.approx(10.0 * share)
    assert summary["minimax"].to_dict() == {"status-quo": True, "offer": True, "ban": False}
    assert summary.loc["offer", "best_share"] == pytest.approx(1.0 - share)
    assert summary["best"].to_dict() == {"status-quo": False, "offer": True, "ban": False}


def test_less_regret_is_better_for_outputs_to_minimise(worlds: Results):
    table = regrets(worlds, "arrears_usd")
    assert (table["offer"] == np.where(worlds.points["set_x"] > 3.0, 0.5, 1.5)).all()


def test_satisficing_counts_the_worlds_in_which_the_goals_are_kept(worlds: Results):
    table = satisficing_table(worlds).set_index(["goal", "regime"])
    share = 1.0 - failing_share(worlds)
    assert table.loc[("jobs_total", "offer"), "share"] == pytest.approx(share)
    assert table.loc[("all goals", "offer"), "share"] == pytest.approx(share)
    assert table.loc[("jobs_total", "ban"), "share"] == 0.0
    assert table.loc[("arrears_usd", "ban"), "share"] == pytest.approx(0.5, abs=0.01)
    row = table.loc[("all goals", "offer")]
    assert row["low"] < row["share"] < row["high"]
    assert row["worlds"] == 256


def test_discovery_finds_the_corner_in_which_the_regime_fails(worlds: Results):
    found = discover(worlds, "offer")
    assert set(found["factor"]) == {"x", "y"}
    row = found.set_index("factor")
    assert row.loc["x", "low"] == pytest.approx(4.0, abs=0.1)
    assert row.loc["y", "low"] == pytest.approx(3.0, abs=0.1)
    assert np.isinf(row["high"]).all()
    assert (row["density"] >= 0.95).all()
    assert (row["coverage"] >= 0.95).all()
    assert (row["quasi_p"] < 0.05).all()
    assert (row["stability"] >= 0.7).all()
    assert found["mass"].iloc[0] == pytest.approx(failing_share(worlds), abs=0.02)


def test_a_finer_description_buys_density_or_coverage(worlds: Results):
    factors, failing = worlds_of(worlds, "offer")
    table = trade_off(factors, failing)
    assert table["leaves"].tolist() == list(range(2, 9))
    score = table[["density", "coverage"]].min(axis=1)
    assert score.iloc[-1] > score.iloc[0]
    assert quality(find_boxes(factors, failing), failing)[0] >= 0.8


def test_a_regime_that_always_fails_has_no_scenario(worlds: Results):
    assert discover(worlds, "ban").empty


def test_a_study_without_goals_or_factors_is_one_clear_line(results: Results):
    with pytest.raises(StudyError, match=r"has no \[goals\]"):
        satisficing_table(results)
    with pytest.raises(StudyError, match="varies nothing"):
        worlds_of(results, "offer")


def test_words_are_coded_and_can_be_found(tmp_path: Path):
    def by_word(task: fakes.Task) -> fakes.Outcome:
        jobs = -1.0 if dict(task.spec.overrides)["x"] == "b" else 1.0
        return fakes.Outcome(pd.DataFrame(), pd.DataFrame(), {"jobs_total": jobs})

    study = fakes.study(
        regimes=["offer"], baseline="offer", labels={}, outputs=["jobs_total"], minimise=[],
        sizes={"quick": {"seeds": 1}}, goals={"jobs_total": {"at_least": 0.0}}, series=False,
        design={"kind": "quasi-random", "points": 64, "uncertain": {"x": {"values": ["a", "b"]}}},
    )  # fmt: skip
    sweep_plan(fakes.plan(study), tmp_path, workers=1, execute=by_word)
    found = discover(load_results(tmp_path), "offer")
    assert found[["factor", "low"]].to_numpy().tolist() == [["x", 0.5]]
