"""Indices of stored runs: refused when a run is missing, undefined when nothing varies, right when known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.errors import StoreError
from experiments.results import Results, load_results
from experiments.runner import sweep_plan
from experiments.sensitivity import Sample, indices_of, sample_of, sobol_indices
from experiments.variance import crossed_shares, nested_shares, variance_split
from tests.experiments import fakes


def linear(task: fakes.Task) -> fakes.Outcome:
    """Outcome 3x + y of the design, plus the luck of the seed, plus nothing else."""
    setting = dict(task.spec.overrides)
    luck = float(np.random.default_rng(task.spec.seed).normal())
    value = 3.0 * setting.get("x", 0.0) + setting.get("y", 0.0) + 2.0 * luck
    return fakes.Outcome(pd.DataFrame(), pd.DataFrame(), {"jobs_total": value, "investment_usd": 5.0})


def swept(out: Path, *, replicates: int = 2, execute=linear, **design: object) -> Results:
    uncertain = {"x": {}, "y": {"distribution": "uniform"}}
    study = fakes.study(
        regimes=["offer"],
        baseline="offer",
        outputs=["jobs_total", "investment_usd"],
        minimise=[],
        labels={},
        sizes={"quick": {"seeds": replicates}},
        design={"uncertain": uncertain, **design},
        series=False,
    )
    sweep_plan(fakes.plan(study), out, workers=1, execute=execute)
    return load_results(out)


def test_sobol_indices_of_stored_runs_are_those_of_the_linear_outcome(tmp_path: Path):
    results = swept(tmp_path, kind="sobol", points=256, dummy=True)
    frame = indices_of(results)
    jobs = frame[frame["output"] == "jobs_total"].set_index("factor")
    # Variances: (3 * 4)^2 / 12 of x in [1, 5], 8^2 / 12 of y in [1, 9].
    share = 144.0 / (144.0 + 64.0)
    assert jobs["first"].to_dict() == pytest.approx({"x": share, "y": 1 - share, "dummy": 0.0}, abs=0.05)
    assert jobs["total"].to_dict() == pytest.approx({"x": share, "y": 1 - share, "dummy": 0.0}, abs=0.05)
    assert jobs.loc["x", "pawn"] > jobs.loc["y", "pawn"] > jobs.loc["dummy", "pawn"]
    still = frame[frame["output"] == "investment_usd"]
    assert still[["first", "total", "shapley", "pawn"]].isna().to_numpy().all()


def test_morris_effects_of_stored_runs_are_slopes_over_the_range(tmp_path: Path):
    results = swept(tmp_path, kind="morris", points=4)
    frame = indices_of(results, ["jobs_total"]).set_index("factor")
    assert frame["mu_star"].to_dict() == pytest.approx({"x": 12.0, "y": 8.0})
    assert frame["sigma"].to_numpy() == pytest.approx(0.0, abs=1e-9)


def test_a_missing_run_and_a_value_that_is_not_finite_are_refused(tmp_path: Path):
    def fails_once(task: fakes.Task) -> fakes.Outcome:
        if task.spec.point == 3:
            raise ValueError("no")
        return linear(task)

    def undefined_once(task: fakes.Task) -> fakes.Outcome:
        made = linear(task)
        worst = {"jobs_total": float("nan")} if task.spec.point == 3 else {}
        return fakes.Outcome(made.months, made.days, {**made.summary, **worst})

    missing = swept(tmp_path / "a", kind="sobol", points=4, execute=fails_once)
    with pytest.raises(StoreError, match="4 failed and 0 are missing"):
        sample_of(missing, "jobs_total", "offer")
    undefined = swept(tmp_path / "b", kind="sobol", points=4, execute=undefined_once)
    with pytest.raises(StoreError, match="not finite at 2 of 24 points"):
        sample_of(undefined, "jobs_total", "offer")


def test_noise_without_common_draws_would_give_a_dummy_weight_and_common_draws_do_not():
    """A3: with noise of one standard deviation and no replicates the inert input has a total index of 0.7."""
    generator = np.random.default_rng(1)
    from experiments.design import Design
    from experiments.sampling import design_points

    design = Design(kind="sobol", points=1024, dummy=True, uncertain={"x": {}})
    points = design_points(design, None, fakes.REGISTRY)
    assert points.units is not None
    signal = points.units[:, 0] - 0.5
    noise = generator.normal(scale=signal.std() * np.sqrt(0.7 / 0.3), size=signal.size)
    noisy = sobol_indices(Sample(points.factors, points.units, signal + noise), 50).set_index("factor")
    assert noisy.loc["dummy", "total"] == pytest.approx(0.7, abs=0.07)
    clean = sobol_indices(Sample(points.factors, points.units, signal), 50).set_index("factor")
    assert clean.loc["dummy", "total"] == 0.0


@pytest.mark.parametrize("variances", [(4.0, 1.0, 0.5), (0.0, 1.0, 1.0)])
def test_a_crossed_design_tells_its_three_variances_apart(variances):
    generator = np.random.default_rng(3)
    point, seed, joint = (np.sqrt(v) for v in variances)
    values = point * generator.normal(size=(400, 1)) + seed * generator.normal(size=(1, 400))
    values = values + joint * generator.normal(size=(400, 400))
    expected = np.array(variances) / sum(variances)
    assert crossed_shares(values) == pytest.approx(expected, abs=0.04)


def test_a_nested_design_tells_ignorance_from_luck():
    generator = np.random.default_rng(4)
    values = 2.0 * generator.normal(size=(2000, 1)) + generator.normal(size=(2000, 5))
    assert nested_shares(values) == pytest.approx([0.8, 0.2, 0.0], abs=0.03)


@pytest.mark.parametrize("seeds", ["shared", "own", "factor"])
def test_the_split_of_stored_runs_is_the_known_one(tmp_path: Path, seeds: str):
    kind = {"kind": "sobol", "points": 512} if seeds == "factor" else {"kind": "quasi-random", "points": 32}
    results = swept(tmp_path, replicates=256 if seeds == "factor" else 16, seeds=seeds, **kind)
    found = variance_split(results, ["jobs_total"]).iloc[0]
    drawn = [float(np.random.default_rng(seed).normal()) for seed in sorted(set(results.runs["seed"]))]
    luck = 4.0 * float(np.var(drawn))
    known = (144.0 + 64.0) / 12.0
    assert found["epistemic"] == pytest.approx(known / (known + luck), abs=0.08)
    assert found["epistemic_low"] < known / (known + luck) < found["epistemic_high"]
    assert found["joint"] == pytest.approx(0.0, abs=0.04)
    parts = found[["epistemic", "aleatory", "joint"]]
    assert parts.sum() == pytest.approx(1.0)
    assert isinstance(parts, pd.Series)
