"""Studies: what a TOML file may say, which runs it expands to, and how parameters are sampled."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from experiments.design import (
    Design,
    RunSpec,
    Study,
    expand,
    load_study,
    parse_study,
    points_of,
    shipped_studies,
)
from experiments.errors import StudyError
from experiments.factors import Z_90, quantile
from experiments.sampling import design_points
from tests.experiments import fakes

MINIMAL = """
name = "tiny"
countries = ["nowhere"]
regimes = ["a", "b"]
baseline = "a"
months = 6
outputs = ["investment_usd"]
[sizes.quick]
seeds = 2
"""


REGISTRY = fakes.REGISTRY


def expand_study(study: Study, size: str) -> list[RunSpec]:
    return expand(study, size, points_of(study, size, REGISTRY))


def test_a_study_expands_seed_by_seed_to_all_combinations():
    study = fakes.study(
        regimes=["a", "b"],
        baseline="a",
        sizes={"quick": {"seeds": 2}},
        first_seed=5,
        design={"kind": "factorial", "levels": {"p": [1.0, 2.0], "q": [True]}},
    )
    runs = expand_study(study, "quick")
    seen = [(run.seed, dict(run.overrides)["p"], run.regime) for run in runs]
    assert seen == [(seed, p, regime) for seed in (5, 6) for p in (1.0, 2.0) for regime in ("a", "b")]
    assert all(dict(run.overrides)["q"] is True for run in runs)
    assert {run.point for run in runs} == {0, 1}


def test_a_size_may_shorten_the_run_and_change_the_number_of_points():
    design = {"kind": "latin-hypercube", "points": 3, "uncertain": {"x": {}}}
    sizes = {"quick": {"seeds": 1, "months": 7, "points": 5}, "full": {"seeds": 1}}
    study = fakes.study(design=design, sizes=sizes)
    assert len({run.point for run in expand_study(study, "quick")}) == 5
    assert {run.months for run in expand_study(study, "quick")} == {7}
    assert len({run.point for run in expand_study(study, "full")}) == 3


def test_every_regime_sees_the_same_points():
    study = fakes.study(design={"kind": "latin-hypercube", "points": 4, "uncertain": {"x": {}, "y": {}}})
    by_regime = {}
    for run in expand_study(study, "quick"):
        by_regime.setdefault(run.regime, set()).add((run.point, run.overrides))
    assert len(set(map(frozenset, by_regime.values()))) == 1


def test_a_latin_hypercube_has_one_point_in_each_stratum_of_each_parameter():
    design = Design(kind="latin-hypercube", points=8, uncertain={"x": {}, "y": {}})
    points = design_points(design, None, REGISTRY).settings
    strata = sorted(math.floor((point["x"] - 1.0) / 4.0 * 8) for point in points)
    assert strata == list(range(8))
    as_uniform = stats.triang.cdf([point["y"] for point in points], c=1 / 8, loc=1.0, scale=8.0)
    assert sorted(np.floor(as_uniform * 8)) == list(range(8))


def test_a_latin_hypercube_depends_on_its_seed_only():
    def points(seed: int) -> list:
        return design_points(
            Design(kind="latin-hypercube", points=4, seed=seed, uncertain={"x": {}}), None, REGISTRY
        ).settings

    assert points(1) == points(1)
    assert points(1) != points(2)


@pytest.mark.parametrize("u", [0.001, 0.05, 0.3, 0.5, 0.77, 0.95, 0.999])
def test_quantiles_equal_those_of_scipy(u):
    sigma = (math.log(8.0) - math.log(2.0)) / (2 * Z_90)
    cases = {
        ("uniform", 2.0, 5.0, 8.0): stats.uniform(2.0, 6.0),
        ("loguniform", 2.0, 5.0, 8.0): stats.loguniform(2.0, 8.0),
        ("triangular", 2.0, 3.0, 8.0): stats.triang(c=1 / 6, loc=2.0, scale=6.0),
        ("triangular", 2.0, 2.0, 8.0): stats.triang(c=0.0, loc=2.0, scale=6.0),
        ("triangular", 2.0, 8.0, 8.0): stats.triang(c=1.0, loc=2.0, scale=6.0),
        ("normal", 2.0, 5.0, 8.0): stats.norm(5.0, 3.0 / Z_90),
        ("lognormal", 2.0, 4.0, 8.0): stats.lognorm(sigma, scale=4.0),
    }
    for (kind, low, mode, high), law in cases.items():
        assert quantile(u, kind, low, mode, high) == pytest.approx(law.ppf(u), rel=1e-9), kind


def test_bounds_of_a_normal_are_its_five_and_ninety_five_percent_quantiles():
    assert quantile(0.05, "normal", 2.0, None, 8.0) == pytest.approx(2.0)
    assert quantile(0.95, "lognormal", 2.0, None, 8.0) == pytest.approx(8.0)


def test_discrete_values_are_equally_likely():
    drawn = [quantile(u, "discrete", 1.0, 2.0, 4.0) for u in (0.0, 0.3, 0.4, 0.6, 0.7, 0.999)]
    assert drawn == [1.0, 1.0, 2.0, 2.0, 4.0, 4.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("months = 6", "months = 0"), "tiny.toml: months: .* greater than or equal to 1 .got 0."),
        (("months = 6", "monhts = 6"), "unknown field 'monhts'; did you mean 'months'"),
        (("seeds = 2", "seds = 2"), "sizes.quick"),
        (('baseline = "a"', 'baseline = "c"'), "baseline: unknown regime 'c'; allowed: a, b"),
        (("[sizes.quick]", "[sizes.huge]"), "sizes.huge"),
        (("[sizes.quick]", "[sizes.full]"), "sizes.quick. with the number of seeds is missing"),
        (('regimes = ["a", "b"]', 'regimes = ["a", "a"]'), "regimes: a name is given twice"),
        (("months = 6", 'months = 6\nminimise = ["x"]'), "minimise: unknown output 'x'"),
        (("months = 6", "months = "), "not valid TOML"),
        (("[sizes.quick]", '[design]\nkind = "sobel"\n[sizes.quick]'), "unknown design kind 'sobel'"),
        (
            ("[sizes.quick]", '[design]\nkind = "latin-hypercube"\n[sizes.quick]'),
            "needs at least one uncertain parameter",
        ),
    ],
)
def test_a_wrong_study_is_one_clear_line(change, message):
    text = MINIMAL.replace(*change)
    assert text != MINIMAL
    with pytest.raises(StudyError, match=message) as error:
        parse_study(text, "tiny.toml")
    assert "\n" not in str(error.value)
    assert str(error.value).startswith("tiny.toml")


@pytest.mark.parametrize(
    ("uncertain", "message"),
    [
        ({"v": {}}, "unknown parameter 'v'"),
        ({"z": {}}, "needs low < high, got low 1.0 and high 1.0"),
        ({"x": {"distribution": "cauchy"}}, "unknown distribution 'cauchy'"),
        ({"x": {"low": -1.0, "distribution": "lognormal"}}, "needs low > 0, got -1.0"),
    ],
)
def test_a_design_that_cannot_be_sampled_is_one_clear_line(uncertain, message):
    design = Design(kind="latin-hypercube", points=2, uncertain=uncertain)
    with pytest.raises(StudyError, match=message):
        design_points(design, None, REGISTRY)


def test_files_beside_a_study_are_found_from_anywhere(tmp_path: Path):
    text = MINIMAL.replace('"b"]', '"mine.toml"]').replace(
        "months", 'labels = {"mine.toml" = "Mine"}\nmonths'
    )
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    study = load_study(tmp_path / "study.toml")
    path = str(tmp_path / "mine.toml")
    assert study.regimes == ["a", path]
    assert study.labels == {path: "Mine"}


def test_a_missing_or_unknown_study_is_one_clear_line(tmp_path: Path):
    with pytest.raises(StudyError, match="no such file"):
        load_study(tmp_path / "none.toml")
    with pytest.raises(StudyError, match="did you mean 'headline'"):
        load_study("headlin")


def test_the_shipped_studies_are_what_they_promise():
    assert {"headline", "screening", "smoke", "sobol", "tariff_levy", "worlds"} <= set(shipped_studies())
    headline, smoke = load_study("headline"), load_study("smoke")
    assert len(headline.regimes) == 10
    sizes = [(headline.size(name).points, headline.size(name).seeds) for name in ("quick", "full")]
    assert (headline.months, sizes) == (120, [(30, 1), (200, 1)])  # every replicate has a seed of its own
    assert headline.design.seeds == "own"
    assert list(headline.design.joint) == ["grid"]
    assert list(headline.design.uncertain) == ["rig_improvement_per_year"]
    assert set(headline.labels) == set(headline.regimes)
    assert headline.figures == []  # all that the manifest of figures lists for it
    assert (len(smoke.regimes), smoke.size("quick").seeds, smoke.months) == (3, 3, 12)
