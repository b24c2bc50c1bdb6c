"""The model as a plain function: SALib and tools that call a function by keywords can drive it."""

from __future__ import annotations

import inspect
import pickle

import numpy as np
import pytest

from experiments.adapter import ModelFunction
from experiments.errors import StudyError
from sim import ScenarioError, load_scenario, simulate

POPULATION = (("miners", 20), ("world_miners", 10), ("ai_firms", 4))
MODEL = ModelFunction(
    "pakistan",
    "pakistan-2025",
    outputs=("net_fiscal_usd", "consumer_bill_usd"),
    months=2,
    seeds=(1, 2),
    population=POPULATION,
)


def test_the_function_is_the_mean_of_the_model_over_its_seeds():
    found = MODEL(mining_pue=1.2, levy_local_per_kwh=3.0)
    scenario = load_scenario(
        "pakistan", "pakistan-2025", months=2, population=dict(POPULATION), overrides={"mining_pue": 1.2},
        instruments={"levy_local_per_kwh": 3.0},
    )  # fmt: skip
    runs = [simulate(scenario, seed=seed).summary() for seed in (1, 2)]
    assert found == {name: np.mean([run[name]["value"] for run in runs]) for name in MODEL.outputs}
    assert MODEL(mining_pue=1.2, levy_local_per_kwh=3.0) == found


def test_salib_can_drive_the_model():
    from SALib.analyze import sobol as analyse
    from SALib.sample import sobol as sample

    problem = MODEL.problem(["outage_volatility", "mining_pue"])
    assert problem["bounds"][1] == [1.03, 1.2]  # as Pakistan has it, narrower than the registry
    rows = sample.sample(problem, 2, calc_second_order=False, seed=1)
    values = MODEL.evaluate(problem, rows)
    assert values.shape == (8, 2)
    indices = analyse.analyze(problem, values[:, 1], calc_second_order=False, num_resamples=10, seed=1)
    assert np.isfinite(indices["ST"]).all()


def test_a_tool_that_calls_by_keywords_and_other_processes_can_drive_the_model():
    """What EMA Workbench asks of a function: keywords in, a dict of named outcomes out, picklable."""
    (parameter,) = inspect.signature(MODEL).parameters.values()
    assert parameter.kind is inspect.Parameter.VAR_KEYWORD
    copy = pickle.loads(pickle.dumps(MODEL))
    experiment = {name: (low + high) / 2 for name, (low, high) in MODEL.ranges(["mining_pue"]).items()}
    outcomes = copy(**experiment)
    assert set(outcomes) == set(MODEL.outputs)
    assert all(isinstance(value, float) for value in outcomes.values())


def test_a_run_that_cannot_be_made_raises_and_returns_nothing():
    with pytest.raises(ScenarioError, match="mining_pue = 9 is out of range"):
        MODEL(mining_pue=9.0)
    with pytest.raises(ScenarioError, match="unknown parameter or instrument 'mining_peu'"):
        MODEL(mining_peu=1.0)
    with pytest.raises(StudyError, match="unknown output 'jobs'"):
        ModelFunction("pakistan", "ban", outputs=("jobs",))
    with pytest.raises(StudyError, match="unknown parameter 'mining_peu'; did you mean 'mining_pue'"):
        MODEL.problem(["mining_peu"])
