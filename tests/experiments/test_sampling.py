"""Designs: where their points lie, which seeds go with them, and what a joint prior sets."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from experiments.design import Design, expand, load_study, points_of, varied
from experiments.errors import StudyError
from experiments.factors import factors_of
from experiments.plan import make_plan
from experiments.sampling import LUCK, design_points
from sim import ScenarioError
from tests.experiments import fakes

REGISTRY = fakes.REGISTRY
TABLE = "x,y,likely\n1.0,2.0,1\n2.0,4.0,3\n9.9,9.9,0\n"


@pytest.fixture
def joint(tmp_path: Path) -> dict:
    path = tmp_path / "prior.csv"
    path.write_text(TABLE, encoding="utf-8")
    return {"pair": {"table": str(path), "parameters": ["x", "y"], "weight": "likely"}}


def made(**fields: object):
    return design_points(Design.model_validate(fields), None, REGISTRY)


def test_a_joint_prior_draws_whole_rows_by_their_weight(joint: dict):
    points = made(kind="latin-hypercube", points=400, joint=joint)
    drawn = Counter((point["x"], point["y"]) for point in points.settings)
    assert drawn == {(1.0, 2.0): 100, (2.0, 4.0): 300}
    assert points.factors == ("pair",)


def test_a_joint_prior_is_found_beside_its_study(joint: dict, tmp_path: Path):
    study = tmp_path / "mine.toml"
    text = """
name = "mine"
countries = ["nowhere"]
regimes = ["a", "b"]
baseline = "a"
months = 2
outputs = ["investment_usd"]
[sizes.quick]
seeds = 1
[design]
kind = "quasi-random"
points = 4
joint.pair = { table = "prior.csv", parameters = ["x", "y"], weight = "likely" }
"""
    study.write_text(text, encoding="utf-8")
    loaded = load_study(study)
    runs = expand(loaded, "quick", points_of(loaded, "quick", REGISTRY))
    assert Counter(dict(run.overrides)["x"] for run in runs if run.regime == "a") == {1.0: 1, 2.0: 3}
    assert {run.overrides for run in runs if run.regime == "a"} == {
        run.overrides for run in runs if run.regime == "b"
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parameters": ["x", "q"]}, "unknown column 'q'"),
        ({"parameters": ["x", "likely"]}, "unknown parameter 'likely'"),
        ({"weight": "likly"}, "unknown column 'likly'; did you mean 'likely'"),
        ({"table": "/no/such.csv"}, "no such file"),
        ({"table": "no-such.csv"}, "no such file"),
    ],
)
def test_a_joint_prior_that_cannot_be_used_is_one_clear_line(joint: dict, change: dict, message: str):
    with pytest.raises(StudyError, match=message):
        made(kind="latin-hypercube", joint={"pair": joint["pair"] | change})


def test_two_factors_for_one_parameter_are_refused(joint: dict):
    with pytest.raises(StudyError, match="x is set by two factors"):
        made(kind="latin-hypercube", joint=joint, uncertain={"x": {}})


def test_values_are_chosen_by_weight():
    choice = {"values": ["a", "b", "c"], "weights": [1.0, 0.0, 3.0]}
    points = made(kind="latin-hypercube", points=8, uncertain={"x": choice})
    assert Counter(point["x"] for point in points.settings) == {"a": 2, "c": 6}


def test_tails_outside_the_registry_are_never_sampled():
    points = made(kind="latin-hypercube", points=200, uncertain={"w": {}})
    drawn = np.array([point["w"] for point in points.settings])
    assert drawn.min() >= 1.0
    assert drawn.max() <= 2.0
    assert np.median(drawn) == pytest.approx(np.sqrt(2.0), rel=0.01)


def test_a_selection_takes_what_varies_in_its_blocks_and_with_its_statuses():
    everything = Design(kind="latin-hypercube", select=[{"block": ["test"]}])
    assert [factor.name for factor in factors_of(everything, REGISTRY)] == ["w", "x", "y"]
    some = Design(kind="latin-hypercube", select=[{"status": ["assumed"], "without": ["x"]}])
    assert [factor.name for factor in factors_of(some, REGISTRY)] == ["y"]


def test_one_at_a_time_moves_one_factor_to_each_extreme(joint: dict):
    points = made(kind="one-at-a-time", joint=joint, uncertain={"w": {}})
    assert points.settings == [{}, {"x": 1.0, "y": 2.0}, {"x": 2.0, "y": 4.0}, {"w": 1.0}, {"w": 2.0}]


def test_quasi_random_points_grow_without_moving():
    fields = {"kind": "quasi-random", "uncertain": {"x": {}, "y": {}}}
    assert made(points=5, **fields).settings == made(points=37, **fields).settings[:5]


def test_a_sobol_design_has_its_size_and_the_dummy_costs_no_run():
    fields = {"kind": "sobol", "points": 4, "uncertain": {"x": {}, "y": {}, "w": {}}}
    assert len(made(**fields).settings) == 4 * (2 * 3 + 2)
    with_dummy = made(dummy=True, **fields)
    assert len(with_dummy.settings) == 4 * (2 * 4 + 2)
    assert with_dummy.factors == ("w", "x", "y", "dummy")
    study = fakes.study(design={"dummy": True, **fields}, sizes={"quick": {"seeds": 1}}, regimes=["ban"],
                        baseline="ban")  # fmt: skip
    plan = fakes.plan(study)
    assert (len(plan.rows), len(plan.tasks)) == (40, 32)
    with pytest.raises(StudyError, match="needs a power of two, got 5"):
        made(**{**fields, "points": 5})


def test_morris_trajectories_move_one_factor_at_a_time():
    points = made(kind="morris", points=3, uncertain={"x": {}, "y": {}, "w": {}})
    assert points.units is not None
    for start in range(0, 12, 4):
        steps = np.diff(points.units[start : start + 4], axis=0)
        assert (np.count_nonzero(steps, axis=1) == 1).all()
        assert np.abs(steps).sum(axis=0) == pytest.approx([2 / 3] * 3)


@pytest.mark.parametrize(("seeds", "expected"), [("shared", [5, 6]), ("own", [5, 6, 7, 8, 9, 10])])
def test_points_share_their_seeds_or_have_their_own(seeds: str, expected: list[int]):
    design = {"kind": "quasi-random", "points": 3, "seeds": seeds, "uncertain": {"x": {}}}
    study = fakes.study(design=design, sizes={"quick": {"seeds": 2}}, first_seed=5)
    runs = expand(study, "quick", points_of(study, "quick", REGISTRY))
    assert len(runs) == 3 * 2 * 3
    assert sorted({run.seed for run in runs}) == expected
    assert all(len({run.seed for run in runs if run.point == point}) == 2 for point in range(3))


def test_the_seed_can_be_a_factor_of_the_design():
    design = {"kind": "sobol", "points": 8, "seeds": "factor", "uncertain": {"x": {}}}
    study = fakes.study(design=design, sizes={"quick": {"seeds": 4}}, first_seed=1)
    points = points_of(study, "quick", REGISTRY)
    assert points.factors == ("x", LUCK)
    runs = [run for run in expand(study, "quick", points) if run.regime == "ban"]
    assert len(runs) == 8 * (2 * 2 + 2)
    assert Counter(run.seed for run in runs) == {seed: 12 for seed in (1, 2, 3, 4)}


def test_instruments_can_be_levels_and_the_event_that_sets_them_is_overruled(tmp_path: Path):
    from sim import read_scenario

    study = tmp_path / "grid.toml"
    study.write_text(
        """
name = "grid"
countries = ["pakistan"]
regimes = ["pakistan-2025"]
baseline = "pakistan-2025"
months = 2
outputs = ["investment_usd"]
[sizes.quick]
seeds = 1
[design.levels]
fine_usd_per_mw = [1000.0, 2000.0]
allocation_rule = ["auction"]
mining_pue = [1.2]
""",
        encoding="utf-8",
    )
    plan = make_plan(load_study(study), "quick")
    first, _ = plan.tasks
    base = read_scenario(first.base)
    assert any("fine_usd_per_mw" in event.set for event in base.regime_data.event)
    scenario = first.spec.vary(base)
    assert scenario.regime_data.base["fine_usd_per_mw"] == 1000.0
    assert scenario.regime_data.base["allocation_rule"] == "auction"
    assert not any("fine_usd_per_mw" in event.set for event in scenario.regime_data.event)
    assert (scenario.hash, scenario.overrides) == (first.scenario_hash, {"mining_pue": 1.2})
    assert read_scenario(scenario.canonical_json()) == scenario


def test_a_name_that_is_both_means_the_parameter_unless_it_says_regime():
    from sim import load_scenario

    plain = load_scenario()
    both = varied(plain, {"income_tax_rate": 0.1, "regime.income_tax_rate": 0.2, "quota_mw": 5.0})
    assert both.overrides == {"income_tax_rate": 0.1}
    assert (both.regime_data.base["income_tax_rate"], both.regime_data.base["quota_mw"]) == (0.2, 5.0)
    with pytest.raises(ScenarioError, match="unknown parameter or instrument 'quota_mv'"):
        varied(plain, {"quota_mv": 5.0})
    with pytest.raises(ScenarioError, match="unknown instrument 'quota_mv'"):
        varied(plain, {"regime.quota_mv": 5.0})
