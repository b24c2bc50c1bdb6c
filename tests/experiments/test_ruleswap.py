"""Rules swapped: every column is named after what it really sets, and a finding stands if its sign does."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from experiments.errors import StoreError
from experiments.figures import rule_swaps
from experiments.figures.base import style
from experiments.plan import Task
from experiments.results import Results, load_results
from experiments.ruleswap import combinations, swapped
from experiments.runner import sweep_plan
from experiments.worker import Outcome
from tests.experiments import fakes

# Groups and variants in an order that is not that of the alphabet, as a stored study may sort them.
VARIANTS = {
    "pace": [{"name": "slow"}, {"name": "fast", "values": {"y": 2.0}}],
    "mood": [{"name": "sober"}, {"name": "bold", "values": {"x": -1.0}}],
}


def by_rules(task: Task) -> Outcome:
    """An offer that brings 100 USD, ten times as much in haste, and costs what it brings to the bold."""
    made = dict(task.spec.overrides)
    effect = 100.0 * made.get("x", 1.0) * (10.0 if made.get("y") == 2.0 else 1.0)
    luck = float(task.spec.seed)
    outcome = fakes.execute(task)
    outcome.summary["net_fiscal_usd"] = luck + (effect + 0.1 * luck if task.regime == "offer" else 0.0)
    return outcome


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    root = tmp_path_factory.mktemp("rules")
    study = fakes.study(regimes=["status-quo", "offer"], design={"kind": "factorial", "variants": VARIANTS})
    sweep_plan(fakes.plan(study), root, workers=1, execute=by_rules)
    return load_results(root)


def test_the_difference_stands_beside_the_names_of_the_rules_that_made_it(results: Results):
    table = swapped(results, ["net_fiscal_usd"]).set_index(["mood", "pace"])["difference"]
    found = {key: round(value, -2) for key, value in table.items()}
    assert found == {
        ("sober", "slow"): 100.0,
        ("sober", "fast"): 1000.0,
        ("bold", "slow"): -100.0,
        ("bold", "fast"): -1000.0,
    }
    assert combinations(results)[0] == {"mood": "sober", "pace": "slow"}


def test_the_share_of_equal_signs_counts_the_reference_and_all_combinations(results: Results):
    table = swapped(results, ["net_fiscal_usd"])
    assert table["same_sign_share"].tolist() == [0.5] * 4
    assert sorted(table["side"]) == [-1, -1, 1, 1]


def test_the_figure_says_how_many_findings_stand(results: Results, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rule_swaps, "OUTPUTS", ["net_fiscal_usd", "jobs_total"])
    frame = rule_swaps.load(results)
    with style():
        figure = rule_swaps.draw(frame)
        figure.draw_without_rendering()
    assert "1 of 2 findings" in rule_swaps.caption(frame)
    assert isinstance(frame, pd.DataFrame)


def test_a_study_that_swaps_no_rules_is_one_clear_line(tmp_path: Path):
    sweep_plan(fakes.plan(), tmp_path, workers=1, execute=fakes.execute)
    with pytest.raises(StoreError, match="is no factorial of variants alone"):
        swapped(load_results(tmp_path), ["net_fiscal_usd"])
