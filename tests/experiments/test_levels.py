"""Outcomes by level: the numbers are those of the runs at that level, paired there, and the pages say so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from experiments.analysis import paired_difference
from experiments.design import load_study
from experiments.errors import StoreError, StudyError
from experiments.figures import draw_figures, figure_specs, levels
from experiments.figures.base import style
from experiments.figures.needs import NEEDS, obstacle
from experiments.levels import level_names, level_table
from experiments.plan import _check_names, factor_facts, make_plan, output_registry
from experiments.results import Results, load_results, publication_folder
from experiments.runner import sweep_plan
from experiments.tables import write_tables
from tests.experiments import fakes

PRICES = [5.0, 11.0, 23.0]


def by_price(task: fakes.Task) -> fakes.Outcome:
    """A demand curve: the offer brings more load the cheaper it is, and costs money below 10."""
    price, seed = dict(task.spec.overrides)["tariff_local_per_kwh"], float(task.spec.seed)
    luck = 10.0 * seed
    load = luck + (task.spec.regime == "offer") * (100.0 - 3.0 * price + seed)
    money = 1e6 * (luck + (task.spec.regime == "offer") * (price - 10.0) * (1.0 + 0.01 * seed))
    return fakes.Outcome(pd.DataFrame(), pd.DataFrame(), {"energised_mw": load, "net_fiscal_usd": money})


def swept(root: Path, **changes: object) -> Results:
    content: dict[str, object] = {
        "name": "which", "regimes": ["status-quo", "offer"], "outputs": ["energised_mw", "net_fiscal_usd"],
        "minimise": [], "series": False, "design": {"levels": {"tariff_local_per_kwh": PRICES}},
    }  # fmt: skip
    sweep_plan(fakes.plan(fakes.study(**(content | changes))), root, workers=1, execute=by_price)
    return load_results(root)


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return swept(tmp_path_factory.mktemp("levels"))


def test_every_level_has_the_paired_difference_of_its_own_runs(priced: Results):
    table = level_table(priced).set_index(["tariff_local_per_kwh", "output", "regime"])
    assert len(table) == 3 * 2 * 2
    for place, price in enumerate(PRICES):
        runs = priced.runs[priced.runs["point"] == place].pivot(index="seed", columns="regime")
        known = paired_difference(*(runs["net_fiscal_usd"][name] for name in ("offer", "status-quo")))
        row = table.loc[(price, "net_fiscal_usd", "offer")]
        assert (row["difference"], row["pairs"]) == (pytest.approx(known.mean), 8)
        assert (row["difference_low"], row["difference_high"]) == pytest.approx((known.low, known.high))
        assert row["difference"] == pytest.approx(1e6 * (price - 10.0) * 1.045)
        assert row["mean_low"] < row["mean"] < row["mean_high"]
    assert table.xs("status-quo", level="regime")["difference"].isna().all()


def test_levels_of_a_sample_average_over_its_points_within_a_seed(tmp_path: Path):
    design = {
        "kind": "latin-hypercube", "points": 4, "uncertain": {"x": {}},
        "levels": {"tariff_local_per_kwh": PRICES},
    }  # fmt: skip
    table = level_table(swept(tmp_path, design=design))
    assert set(table["pairs"].dropna()) == {8.0}
    assert set(table["n"]) == {32}
    assert set(table["points"]) == {4}


def test_the_page_says_over_what_it_averages_and_then_gives_each_level(priced: Results, tmp_path: Path):
    paths = write_tables(priced, tmp_path)
    assert [path.name for path in paths] == ["results.md", "results.csv", "results.tex", "levels.csv"]
    page = paths[0].read_text(encoding="utf-8")
    assert "**Averages over `tariff_local_per_kwh` (3 levels)**" in page
    assert "| Offered energy price (local/kWh) | Regime | Mean |" in page
    assert "| 5 | The offer | 134.5 | " in page
    header, units, *rows = paths[-1].read_text(encoding="utf-8").splitlines()
    assert header.startswith("tariff_local_per_kwh,output,label,unit,period,regime")
    assert units.startswith("local/kWh,,,,")
    assert len(rows) == 3 * 2 * 2


def test_a_study_without_levels_has_no_table_by_level(results: Results, tmp_path: Path):
    assert level_table(results).empty
    written = write_tables(results, tmp_path)
    assert "levels.csv" not in [path.name for path in written]
    page = written[0].read_text(encoding="utf-8")
    assert "By level" not in page
    assert "Averages over" not in page


def test_the_figure_has_a_line_per_regime_and_fills_the_dots_that_differ(priced: Results, tmp_path: Path):
    frame = levels.load(priced)
    with style():
        figure = levels.draw(frame)
        figure.draw_without_rendering()
    axes = figure.axes[1]  # Money
    lines = {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}
    assert set(lines) == {"status-quo", "The offer"}
    expected = frame[(frame["regime"] == "offer") & (frame["output"] == "net_fiscal_usd")]
    assert lines["The offer"].get_ydata() == pytest.approx(expected["mean"].to_numpy() / 1e6)
    filled = [
        line for line in axes.lines if line.get_marker() == "o" and line.get_markerfacecolor() != "white"
    ]
    assert sorted(x for line in filled for x in line.get_xdata()) == PRICES
    assert "The differences are in the table" in levels.caption(frame)
    # Its default figures are those that it can draw: no series, hence none over time.
    names = {path.stem for path in draw_figures(priced, tmp_path, ["levels"])}
    assert names == {"levels"}


def test_two_factors_are_sent_to_the_map_in_one_line(tmp_path: Path):
    design = {"levels": {"tariff_local_per_kwh": PRICES, "levy_local_per_kwh": [0.0, 1.0]}}
    results = swept(tmp_path, design=design)
    with pytest.raises(
        StoreError, match="varies 2 factors in levels; the figure levels shows one, tariff_levy"
    ):
        levels.load(results)
    with pytest.raises(StoreError, match=r"figure levels needs .* \(for two: tariff_levy_map\)"):
        draw_figures(replace(results, sweep=as_study(results, "price")), tmp_path, ["levels"])


def as_study(results: Results, name: str) -> dict:
    return {**results.sweep, "study": {**results.study, "name": name}}


def test_words_as_levels_are_drawn_side_by_side(tmp_path: Path):
    def by_word(task: fakes.Task) -> fakes.Outcome:
        value = float(task.spec.seed) * (2.0 if dict(task.spec.overrides)["rule"] == "b" else 1.0)
        return fakes.Outcome(pd.DataFrame(), pd.DataFrame(), {"energised_mw": value, "net_fiscal_usd": value})

    study = fakes.study(
        outputs=["energised_mw"], minimise=[], series=False, design={"levels": {"rule": ["b", "a"]}}
    )
    sweep_plan(fakes.plan(study), tmp_path, workers=1, execute=by_word)
    frame = levels.load(load_results(tmp_path))
    with style():
        figure = levels.draw(frame)
        figure.draw_without_rendering()
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == ["b", "a"]


def test_shipped_studies_can_draw_the_figures_made_for_them():
    for name, spec in figure_specs().items():
        assert set(spec.needs) <= set(NEEDS), name
        if spec.reads_runs:
            assert obstacle(spec, load_study(spec.study).model_dump(mode="json")) == "", name


@pytest.mark.parametrize(
    ("figure", "needs"),
    [
        ("fan_charts", r"monthly series \(series = true\)"),
        ("tariff_levy_map", r"\[design.levels\] of tariff_local_per_kwh, .* of levy_local_per_kwh"),
        ("sobol_bars", "a sobol design"),
        ("pareto_front", r"\[search\]"),
        ("levels", r"\[design.levels\] of one factor"),
    ],
)
def test_a_study_that_lists_a_figure_it_cannot_draw_is_refused_before_it_runs(figure: str, needs: str):
    study = fakes.study(figures=[figure], series=False)
    with pytest.raises(StudyError, match=f"study fake: figures: figure {figure} needs {needs}"):
        _check_names(study, output_registry())


def test_the_study_of_the_price_compares_every_price_with_no_framework_and_stays_small():
    study = load_study("price")
    assert level_names(study.model_dump()) == ["tariff_local_per_kwh"]
    assert study.design.levels["tariff_local_per_kwh"] == [5.0, 8.0, 11.0, 14.0, 17.0, 20.0, 23.0, 28.0]
    assert len(make_plan(study, "quick").tasks) == 160
    assert len(make_plan(study, "full").tasks) == 1600
    assert study.overrides["lender_active"] == 0.0
    facts = factor_facts(make_plan(study, "quick"))
    assert facts == {"tariff_local_per_kwh": {"unit": "PKR/kWh", "label": "Offered energy price"}}


def test_a_second_study_in_a_directory_has_a_folder_of_its_own(tmp_path: Path):
    first = swept(tmp_path)
    second = swept(tmp_path, name="again")
    assert publication_folder(first) == tmp_path
    assert publication_folder(second) == tmp_path / "studies" / "again"
    headline = swept(tmp_path, name="headline")
    assert publication_folder(headline) == tmp_path
    assert publication_folder(first) == tmp_path / "studies" / "which"
