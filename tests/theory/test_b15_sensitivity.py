"""B15 Sensitivity pipeline: Ishigami a=7, b=.1: variance 13.844588; S = (.313905, .442411, 0); S_T =
(.557589, .442411, .243684); Shapley (.435747, .442411, .121842), sum 1. The project's own code paths, from
the design of a study to the indices with their bootstrap intervals.
"""

from __future__ import annotations

from math import pi

import numpy as np
import pandas as pd
import pytest

from experiments.design import Design
from experiments.sampling import Points, design_points
from experiments.sensitivity import Sample, independent_part, morris_effects, pawn_indices, sobol_indices
from tests.experiments.fakes import Row

FIRST = {"x1": 0.313905, "x2": 0.442411, "x3": 0.0, "dummy": 0.0}
TOTAL = {"x1": 0.557589, "x2": 0.442411, "x3": 0.243684, "dummy": 0.0}
SHAPLEY = {"x1": 0.435747, "x2": 0.442411, "x3": 0.121842, "dummy": 0.0}
REGISTRY = {f"x{k}": Row(0.0, -pi, pi, "uniform") for k in (1, 2, 3)}


def sampled(kind: str, points: int) -> Points:
    design = Design(kind=kind, points=points, dummy=True, uncertain={name: {} for name in REGISTRY})
    return design_points(design, None, REGISTRY)


def ishigami(points: Points) -> Sample:
    x1, x2, x3 = (np.array([setting[name] for setting in points.settings]) for name in REGISTRY)
    values = np.sin(x1) + 7.0 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1)
    assert points.units is not None
    return Sample(points.factors, points.units, values)


@pytest.fixture(scope="module")
def indices() -> pd.DataFrame:
    return sobol_indices(ishigami(sampled("sobol", 4096))).set_index("factor")


def test_the_variance_of_the_design_is_the_known_one():
    sample = independent_part(ishigami(sampled("sobol", 4096)), "sobol")
    assert len(sample.values) == 2 * 4096
    assert sample.values.var() == pytest.approx(13.844588, rel=0.01)


@pytest.mark.parametrize(("name", "known"), [("first", FIRST), ("total", TOTAL), ("shapley", SHAPLEY)])
def test_indices_are_the_known_ones_and_their_intervals_cover_them(indices, name: str, known: dict):
    assert indices[name].to_dict() == pytest.approx(known, abs=0.02)
    for factor, value in known.items():
        low, high = indices.loc[factor, [f"{name}_low", f"{name}_high"]]
        assert low - 1e-9 <= value <= high + 1e-9
        assert high - low < 0.1


def test_shapley_shares_add_to_one_and_lie_between_first_and_total(indices):
    assert indices["shapley"].sum() == pytest.approx(1.0)
    exact = pd.DataFrame({"first": FIRST, "total": TOTAL, "shapley": SHAPLEY})
    assert exact["shapley"].sum() == pytest.approx(1.0)
    assert ((exact["first"] <= exact["shapley"]) & (exact["shapley"] <= exact["total"])).all()


def test_the_dummy_has_no_effect_at_all(indices):
    assert indices.loc["dummy", ["first", "total"]].tolist() == [0.0, 0.0]


def test_morris_screens_the_dummy_out_and_finds_the_interaction():
    effects = morris_effects(ishigami(sampled("morris", 60))).set_index("factor")
    assert effects.loc["dummy", ["mu_star", "sigma"]].tolist() == [0.0, 0.0]
    assert effects["mu_star"].drop("dummy").min() > 1.0
    # x3 acts only through x1: its effects have both signs and a spread as large as their size.
    assert abs(effects.loc["x3", "mu"]) < 0.5 * effects.loc["x3", "mu_star"]
    assert effects.loc["x3", "sigma"] > 0.5 * effects.loc["x3", "mu_star"]


def test_pawn_tells_every_factor_of_a_skewed_outcome_from_the_dummy():
    sample = independent_part(ishigami(sampled("sobol", 512)), "sobol")
    skewed = Sample(sample.names, sample.units, np.exp(sample.values / 2.0))
    found = pawn_indices(skewed, resamples=20).set_index("factor")
    assert found["pawn"].drop("dummy").min() > found.loc["dummy", "pawn_high"]
