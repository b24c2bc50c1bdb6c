"""Figures of sensitivity, robustness, search and convergence: from stored runs, with the right numbers."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.design import load_study
from experiments.errors import StoreError, StudyError
from experiments.figures import draw_figures, figure_specs
from experiments.figures.base import style
from experiments.reproduce import reproduce_studies, studies_of_figures
from experiments.results import Results, load_results
from experiments.runner import sweep_plan
from experiments.search import search
from tests.experiments import fakes
from tests.experiments.test_robust import GOALS, corner
from tests.experiments.test_search import known_front, planner
from tests.experiments.test_search import study as search_study
from tests.experiments.test_sensitivity import linear, swept


def drawn(name: str, results: Results, out: Path) -> pd.DataFrame:
    """Draw a figure into files, check that its text can be read, and return the plotted data."""
    module = import_module(f"experiments.figures.{name}")
    frame = module.load(results)
    with style():
        figure = module.draw(frame)
        figure.draw_without_rendering()
    texts = [
        text for text in figure.findobj(lambda artist: hasattr(artist, "get_fontsize")) if text.get_text()
    ]
    assert min(text.get_fontsize() for text in texts) >= 6.0
    endings = {path.suffix for path in draw_figures(results, out, [name])}
    assert {".pdf", ".png", ".csv", ".txt"} <= endings
    return frame


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every figure read the made-up study at hand, whichever study it is made for."""
    specs = {name: spec for name, spec in figure_specs().items()}
    made = [name for name, spec in specs.items() if spec.study not in ("", "headline")]
    monkeypatch.setattr("experiments.figures._figures_of", lambda results, known: made)


def test_sobol_bars_have_luck_and_dummy_last(here, tmp_path: Path):
    results = swept(tmp_path, kind="sobol", points=16, replicates=16, seeds="factor", dummy=True)
    frame = drawn("sobol_bars", results, tmp_path / "figures")
    order = import_module("experiments.figures.sobol_bars").factor_order(frame)
    assert order[0] == "x"
    assert order[-2:] == ["luck", "dummy"]
    assert set(frame["output"]) == {"jobs_total", "investment_usd"}


def test_the_morris_plane_shows_every_factor_of_every_outcome(here, tmp_path: Path):
    results = swept(tmp_path, kind="morris", points=4, dummy=True)
    frame = drawn("morris_plane", results, tmp_path / "figures")
    assert len(frame) == 2 * 3
    jobs = frame[frame["output"] == "jobs_total"].set_index("factor")
    assert jobs.loc["x", "mu_star"] == pytest.approx(12.0)


@pytest.fixture
def worlds(tmp_path: Path) -> Results:
    design = {
        "kind": "quasi-random",
        "points": 128,
        "uncertain": {"x": {}, "y": {"distribution": "uniform"}},
    }
    study = fakes.study(
        outputs=["jobs_total", "arrears_usd"], sizes={"quick": {"seeds": 1}}, goals=GOALS, series=False,
        design=design,
    )  # fmt: skip
    sweep_plan(fakes.plan(study), tmp_path, workers=1, execute=corner)
    return load_results(tmp_path)


def test_the_regret_matrix_marks_the_smallest_largest_regret(here, worlds: Results, tmp_path: Path):
    frame = drawn("regret_matrix", worlds, tmp_path / "figures").set_index(["output", "regime"])
    assert frame.loc[("jobs_total", "ban"), "mean_regret"] > frame.loc[("jobs_total", "offer"), "mean_regret"]
    assert not frame.loc[("jobs_total", "ban"), "minimax"]
    assert frame["satisficing_share"].between(0.0, 1.0).all()


def test_scenario_boxes_show_the_corner_and_say_who_never_fails(here, worlds: Results, tmp_path: Path):
    frame = drawn("scenario_boxes", worlds, tmp_path / "figures")
    offer = frame[frame["regime"] == "offer"].set_index("factor")
    assert offer.loc["x", "low_share"] == pytest.approx(0.75, abs=0.05)
    assert offer.loc["y", "low_share"] == pytest.approx(0.25, abs=0.05)
    assert (offer["high_share"] == 1.0).all()
    status = frame[frame["regime"] == "status-quo"]
    assert status["box"].tolist() == [0]
    assert status["failing_share"].tolist() == [0.0]


def test_the_pareto_front_shows_every_setting_that_is_not_beaten(here, tmp_path: Path):
    found = search(search_study(), "quick", tmp_path, planner=planner, workers=1, execute=known_front)
    frame = drawn("pareto_front", load_results(tmp_path), tmp_path / "figures")
    assert len(frame) == len(found.settings)
    assert sorted(frame["jobs_total"]) == pytest.approx(sorted(found.values["jobs_total"]))
    assert frame["worlds"].unique().tolist() == [2]


def test_convergence_ends_at_zero_and_means_are_those_of_the_first_replicates(
    results: Results, tmp_path: Path
):
    frame = drawn("replicate_convergence", results, tmp_path / "figures")
    last = frame[frame["n"] == 8]
    assert last["deviation"].to_numpy() == pytest.approx(0.0)
    runs = results.runs[results.runs["regime"] == "offer"].sort_values("seed")
    cell = frame[(frame["regime"] == "offer") & (frame["output"] == "jobs_total") & (frame["n"] == 5)]
    assert cell["mean"].iloc[0] == pytest.approx(runs["jobs_total"].iloc[:5].mean())


def test_the_map_of_tariff_and_levy_averages_over_seeds(here, tmp_path: Path):
    def by_price(task: fakes.Task) -> fakes.Outcome:
        setting = dict(task.spec.overrides)
        value = 10.0 * setting["tariff_local_per_kwh"] + setting["levy_local_per_kwh"] + task.spec.seed
        return fakes.Outcome(pd.DataFrame(), pd.DataFrame(), {"jobs_total": value, "net_fiscal_usd": -value})

    levels = {"tariff_local_per_kwh": [10.0, 20.0, 30.0], "levy_local_per_kwh": [0.0, 5.0]}
    study = fakes.study(
        regimes=["offer"], baseline="offer", labels={}, outputs=["jobs_total", "net_fiscal_usd"], minimise=[],
        sizes={"quick": {"seeds": 4}}, series=False, design={"levels": levels},
    )  # fmt: skip
    sweep_plan(fakes.plan(study), tmp_path, workers=1, execute=by_price)
    frame = drawn("tariff_levy_map", load_results(tmp_path), tmp_path / "figures")
    jobs = frame[frame["output"] == "jobs_total"].set_index(list(levels))
    assert jobs.loc[(20.0, 5.0), "mean"] == pytest.approx(205.0 + 2.5)
    assert jobs.loc[(20.0, 5.0), "standard_error"] == pytest.approx(np.std([1, 2, 3, 4], ddof=1) / 2)
    assert len(jobs) == 6


def test_a_map_of_a_study_that_varies_something_else_is_one_clear_line(here, tmp_path: Path):
    results = swept(tmp_path, kind="quasi-random", points=4, execute=linear)
    with pytest.raises(StoreError, match="does not vary tariff_local_per_kwh"):
        drawn("tariff_levy_map", results, tmp_path)
    with pytest.raises(StoreError, match="is no policy search"):
        drawn("pareto_front", results, tmp_path)


def test_every_study_that_a_figure_reads_is_part_of_the_main_job_and_shipped():
    read = {spec.study for spec in figure_specs().values() if spec.reads_runs}
    assert set(studies_of_figures()) == read
    assert {"sobol", "screening", "worlds", "policy", "tariff_levy", "rules"} <= read
    for name in read:
        assert load_study(name).name == name


def test_a_missing_library_is_told_before_the_first_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr("experiments.reproduce.LIBRARIES", ("json", "no_such_library"))
    with pytest.raises(StudyError, match=r"need no_such_library: pip install -e '.\[figures\]'"):
        next(iter(reproduce_studies("quick", tmp_path)))
    assert not list(tmp_path.iterdir())
