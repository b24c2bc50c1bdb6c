"""The unit of replication: points that share a seed are one luck met several times, never more than one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.analyse import settling
from experiments.analysis import bca_interval, compare, replicate_matrix
from experiments.figures import replicate_convergence, who_pays
from experiments.results import Results, load_results
from experiments.robust import satisficing_table, wilson_interval
from experiments.runner import sweep_plan
from experiments.sequential import open_contrasts
from experiments.tables import markdown
from tests.experiments import fakes

# What must not become more certain by running the same thing again.
CERTAINTY = [
    "difference", "difference_low", "difference_high", "pairs", "correlation", "resolvable", "p_best",
    "regret", "simultaneous_low", "simultaneous_high", "best_low", "best_high",
]  # fmt: skip


def swept(root: Path, points: int, execute=fakes.execute, **design: object) -> Results:
    """Sweep the made-up study at points that the stand-in ignores, unless ``execute`` reads them."""
    levels = {"levels": {"x": [float(place) for place in range(points)]}} if points > 1 else {}
    study = fakes.study(
        design={"kind": "factorial", **levels, **design}, goals={"jobs_total": {"at_least": 4e3}}
    )
    sweep_plan(fakes.plan(study), root, workers=1, execute=execute)
    return load_results(root)


@pytest.mark.parametrize("copies", [2, 6])
def test_copies_of_a_point_with_the_same_seeds_leave_every_interval_as_it_is(results, tmp_path, copies):
    copied = swept(tmp_path, copies)
    assert len(copied.runs) == copies * len(results.runs)
    once, again = compare(results), compare(copied)
    assert (again["points"] == copies).all()
    pd.testing.assert_frame_equal(again[CERTAINTY], once[CERTAINTY], check_exact=False, rtol=1e-9)
    pd.testing.assert_frame_equal(settling(copied), settling(results))
    effects = {"jobs_total": 30.0}
    assert open_contrasts(copied, effects) == open_contrasts(results, effects)
    for module in (who_pays, replicate_convergence):
        pd.testing.assert_frame_equal(module.load(copied), module.load(results), rtol=1e-9)


def test_points_with_seeds_of_their_own_are_replicates_each(tmp_path: Path):
    results = swept(tmp_path, 3, seeds="own")
    table = compare(results, ["jobs_total"])
    assert set(table["pairs"].dropna()) == {24.0}
    assert set(table["points"]) == {1}


def crossed(task: fakes.Task) -> fakes.Outcome:
    """An effect of the offer that depends on point and seed, and so differently at every point."""
    x = dict(task.spec.overrides)["x"]
    luck = np.random.default_rng(task.spec.seed).normal()
    effect = (10.0 + x + 3.0 * luck * (1.0 + x)) * (task.spec.regime == "offer")
    return fakes.Outcome(pd.DataFrame(), pd.DataFrame(), {"jobs_total": 1e3 * luck + effect})


def test_a_crossed_study_has_the_interval_of_its_seed_means_and_says_so(tmp_path: Path):
    results = swept(tmp_path, 4, crossed)
    row = compare(results, ["jobs_total"]).set_index("regime").loc["offer"]
    luck = np.array([np.random.default_rng(seed).normal() for seed in range(1, 9)])
    by_seed = 10.0 + 1.5 + 3.0 * luck * 2.5
    assert row["difference"] == pytest.approx(by_seed.mean())
    assert (row["difference_low"], row["difference_high"]) == pytest.approx(bca_interval(by_seed), rel=2e-3)
    assert row["n"] == 32
    page = markdown(compare(results, ["jobs_total"]), results)
    assert "rests on 8 seeds x 4 points, averaged over the points of a seed first" in page


def test_a_seed_of_which_a_point_is_missing_is_left_out_of_the_contrasts_of_that_regime(tmp_path: Path):
    def fails_once(task: fakes.Task) -> fakes.Outcome:
        if (task.spec.seed, task.spec.regime, dict(task.spec.overrides)["x"]) == (3, "ban", 1.0):
            raise ValueError("no such luck")
        return crossed(task)

    matrix = replicate_matrix(swept(tmp_path, 4, fails_once), "jobs_total")
    assert matrix["ban"].isna().to_dict() == {seed: seed == 3 for seed in range(1, 9)}
    assert matrix[["status-quo", "offer"]].notna().all(axis=None)


def test_a_share_of_worlds_with_shared_seeds_is_as_uncertain_as_one_of_its_seeds(results, tmp_path: Path):
    copied = satisficing_table(swept(tmp_path / "copied", 5))
    once = satisficing_table(swept(tmp_path / "once", 1))
    assert (copied["worlds"] == 5 * once["worlds"]).all()
    assert (copied["independent"] == 8).all()
    columns = ["share", "low", "high"]
    pd.testing.assert_frame_equal(copied[columns], once[columns])


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (3, 7), (41, 50), (9, 9)])
def test_the_interval_of_a_share_is_that_of_wilson(hits: int, n: int):
    from scipy.stats import binomtest

    known = binomtest(hits, n).proportion_ci(method="wilson")
    assert wilson_interval(hits / n, n) == pytest.approx((known.low, known.high), abs=1e-12)
