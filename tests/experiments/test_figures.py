"""Figures and tables: the plotted numbers are right, every file is there, small results stay readable."""

from __future__ import annotations

import contextlib
import json
import re
import zlib
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from experiments import figures
from experiments.errors import StoreError
from experiments.figures import draw_figures, figure_specs
from experiments.figures.base import ENDINGS, WIDTH_MM, style, years_of
from experiments.results import Results, load_results
from experiments.runner import sweep_plan
from experiments.tables import csv_with_units, write_tables
from tests.experiments import fakes

NAMES = fakes.FIGURES
OF_RUNS = [name for name in NAMES if figure_specs()[name].reads_runs]


def frame_of(name: str, results: Results) -> pd.DataFrame:
    return import_module(f"experiments.figures.{name}").load(results)


def test_the_manifest_numbers_the_figures_without_gaps():
    assert [spec.number for spec in figure_specs().values()] == list(range(1, len(figure_specs()) + 1))
    assert {spec.width for spec in figure_specs().values()} <= set(WIDTH_MM)
    assert [name for name, spec in figure_specs().items() if not spec.interval] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_is_six_files_of_the_right_size(drawn: Path, name: str):
    assert (drawn / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    height, width, _ = imread(drawn / f"{name}.png").shape
    assert width == pytest.approx(WIDTH_MM[figure_specs()[name].width] / 25.4 * 300, abs=1)
    assert height < 240 / 25.4 * 300
    header, units, *rows = (drawn / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    assert header.count(",") == units.count(",")
    assert any(units.split(","))
    assert rows
    caption = (drawn / f"{name}.txt").read_text(encoding="utf-8")
    assert caption.startswith(f"Figure {figure_specs()[name].number}. ")
    assert "Code version " in caption
    assert f"Intervals: {figure_specs()[name].interval}." in caption
    facts = json.loads((drawn / f"{name}.json").read_text(encoding="utf-8"))
    if name in OF_RUNS:
        for part in ("n = 8 runs per regime", "8 seeds (1–8)", "Scenario hashes: status-quo "):
            assert part in caption
        assert facts["runs_by_regime"] == {"status-quo": 8, "offer": 8, "ban": 8}
        assert facts["seeds"] == list(range(1, 9))
    else:
        assert f"evidence/{figure_specs()[name].evidence[0]}.csv" in caption
    assert set(facts["units"]) <= set(header.split(","))
    assert all(f"{column}" in caption for column in facts["units"])


@pytest.mark.parametrize("name", NAMES)
def test_text_in_figures_is_at_least_six_points_and_fonts_are_embedded(
    drawn: Path, results: Results, name: str
):
    module = import_module(f"experiments.figures.{name}")
    with style():
        figure = module.draw(module.load(results))
    shown = [
        text for text in figure.findobj(lambda artist: hasattr(artist, "get_fontsize")) if text.get_text()
    ]
    assert min(text.get_fontsize() for text in shown) >= 6.0
    assert b"/FontFile2" in (drawn / f"{name}.pdf").read_bytes()


def test_drawing_twice_gives_the_same_bytes(drawn: Path, results: Results, tmp_path: Path):
    draw_figures(results, tmp_path, ["outcomes_by_regime"])
    for ending in ENDINGS:
        file = f"outcomes_by_regime.{ending}"
        assert (tmp_path / file).read_bytes() == (drawn / file).read_bytes(), ending


def test_outcomes_are_means_over_runs_in_the_order_of_the_study(results: Results):
    frame = frame_of("outcomes_by_regime", results)
    jobs = frame[frame["output"] == "jobs_total"]
    assert jobs["regime"].tolist() == fakes.REGIMES
    means = results.runs.groupby("regime")["jobs_total"].mean()
    assert jobs.set_index("regime")["mean"].to_dict() == pytest.approx(means.to_dict())


def test_fans_sum_flows_over_twelve_months_and_leave_stocks_alone(results: Results):
    frame = frame_of("fan_charts", results)
    months = results.months(["net_fiscal_usd", "arrears_usd"])
    mine = months[months["regime"] == "offer"]
    last = sorted(mine["month"].unique())[-12:]
    fiscal = mine[mine["month"].isin(last)].groupby("seed")["net_fiscal_usd"].sum()
    arrears = mine[mine["month"] == last[-1]]["arrears_usd"]
    cell = frame[(frame["regime"] == "offer") & (frame["month"] == last[-1])].set_index("output")
    assert cell.loc["net_fiscal_usd", "p50"] == pytest.approx(fiscal.median())
    assert cell.loc["net_fiscal_usd", "unit"] == "USD per year"
    assert cell.loc["arrears_usd", "p95"] == pytest.approx(arrears.quantile(0.95))
    assert frame[frame["output"] == "net_fiscal_usd"]["month"].nunique() == 24 - 11
    levels = frame[["p05", "p25", "p50", "p75", "p95"]].to_numpy()
    assert (np.diff(levels, axis=1) >= 0).all()


def test_energised_megawatts_are_means_of_the_last_twelve_months(results: Results):
    frame = frame_of("energised_vs_offer", results).set_index("regime")
    months = results.months(["ai_mw"])
    last = sorted(months["month"].unique())[-12:]
    expected = months[(months["regime"] == "ban") & months["month"].isin(last)]["ai_mw"].mean()
    assert frame.loc["ban", "ai_mw"] == pytest.approx(expected)
    parts = ["mining_licensed_mw", "mining_grey_mw", "mining_theft_mw", "ai_mw"]
    assert frame[parts].sum(axis=1).to_numpy() == pytest.approx(frame["total_mw"].to_numpy())
    assert (frame["largest_offer_mw"] == 2000.0).all()
    held = results.months(["offer_mw"])
    held = held[(held["regime"] == "offer") & held["month"].isin(last)]["offer_mw"].mean()
    assert frame.loc["offer", "offer_mw"] == pytest.approx(held)


def test_the_parts_of_public_revenue_add_up_to_the_net(results: Results):
    frame = frame_of("tax_by_instrument", results)
    nets = ("net_fiscal_usd", "net_public_usd")
    parts = [name for name in frame.columns if name.endswith("_usd") and name not in nets]
    summary = results.runs.groupby("regime", sort=False)["net_fiscal_usd"].mean()
    assert frame["net_fiscal_usd"].to_numpy() == pytest.approx(summary[frame["regime"]].to_numpy())
    assert frame[parts].sum(axis=1).to_numpy() == pytest.approx(frame["net_public_usd"].to_numpy())
    power_system = ["special_gap_others_usd", "stolen_cost_usd"]
    treasury = [name for name in parts if name not in power_system]
    assert frame[treasury].sum(axis=1).to_numpy() == pytest.approx(frame["net_fiscal_usd"].to_numpy())


def test_compliance_shares_add_to_one(results: Results):
    frame = frame_of("compliance_over_time", results)
    shares = frame[[name for name in frame.columns if name.endswith("_share")]].sum(axis=1)
    assert shares.to_numpy() == pytest.approx(1.0)
    assert len(frame) == 3 * 24


def test_the_typical_day_has_four_seasons_of_24_hours_of_one_regime(results: Results):
    frame = frame_of("typical_day", results)
    assert set(frame["regime"]) == {results.featured[0]}
    assert frame.groupby(["output", "season"], observed=True).size().unique().tolist() == [24]
    assert list(frame["season"].unique()) == ["winter", "spring", "summer", "autumn"]


def idle(task: fakes.Task) -> fakes.Outcome:
    made = fakes.execute(task)
    silent = [name for name in made.months if name != "quota_mw"]
    made.months[silent] = 0.0
    made.days[["mining_mw", "ai_mw"]] = 0.0
    return fakes.Outcome(made.months, made.days, dict.fromkeys(made.summary, 0.0))


@pytest.mark.parametrize("months", [3, 24])
def test_results_in_which_nothing_happens_and_short_ones_can_be_drawn(tmp_path: Path, months: int):
    study = fakes.study(months=months, sizes={"quick": {"seeds": 1}}, regimes=["status-quo", "ban"])
    sweep_plan(fakes.plan(study), tmp_path, workers=1, execute=idle)
    results = load_results(tmp_path)
    for name in OF_RUNS:
        with style():
            import_module(f"experiments.figures.{name}").draw(
                frame_of(name, results)
            ).draw_without_rendering()
    assert len(write_tables(results, tmp_path)) == 3


def test_missing_or_failed_runs_are_not_drawn_silently(tmp_path: Path):
    sweep_plan(fakes.plan(), tmp_path, workers=1, execute=fakes.fails_for_seed_3)
    results = load_results(tmp_path)
    with pytest.raises(StoreError, match="of 24 runs of fake-quick-test 1 failed and 0 are missing"):
        draw_figures(results, tmp_path / "figures", ["outcomes_by_regime"])
    assert list((tmp_path / "figures").iterdir()) == []
    draw_figures(results, tmp_path / "figures", ["outcomes_by_regime"], allow_incomplete=True)
    drawn = tmp_path / "figures" / "outcomes_by_regime"
    assert "INCOMPLETE: 1 of 24 runs" in drawn.with_suffix(".txt").read_text(encoding="utf-8")
    assert b"INCOMPLETE" in _text_of_pdf(drawn.with_suffix(".pdf").read_bytes())


def _text_of_pdf(content: bytes) -> bytes:
    """Put the text of a PDF together, without the kerning between its letters."""
    found = b""
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
        with contextlib.suppress(zlib.error):
            found += b"".join(re.findall(rb"\(([^()]*)\)", zlib.decompress(stream)))
    return found.replace(b"\0", b"")  # Letters are two bytes.


def test_a_figure_of_another_study_needs_that_study_in_the_directory(results: Results, monkeypatch):
    other = replace(figure_specs()["fan_charts"], name="other", study="elsewhere")
    monkeypatch.setattr(figures, "figure_specs", lambda: {**figure_specs(), "other": other})
    with pytest.raises(StoreError, match="no sweep of the study 'elsewhere'"):
        draw_figures(results, results.store.root / "unused", ["other"])


def test_an_unknown_figure_is_one_clear_line(results: Results, tmp_path: Path):
    with pytest.raises(StoreError, match="unknown figure 'fan_chart'; did you mean 'fan_charts'"):
        draw_figures(results, tmp_path, ["fan_chart"])


def test_years_are_decimal():
    assert years_of(["2025-01", "2025-07"]).tolist() == [2025.0, 2025.5]


def test_tables_hold_the_same_numbers_in_three_forms(results: Results, tmp_path: Path):
    write_tables(results, tmp_path)
    table = pd.read_csv(tmp_path / "results.csv", skiprows=[1])
    row = table[(table["output"] == "jobs_total") & (table["regime"] == "ban")].iloc[0]
    mean = results.runs.loc[results.runs["regime"] == "ban", "jobs_total"].mean()
    assert row["mean"] == pytest.approx(mean)
    page = (tmp_path / "results.md").read_text(encoding="utf-8")
    latex = (tmp_path / "results.tex").read_text(encoding="utf-8")
    assert f"{mean:,.0f}" in page
    assert f"{mean:,.0f}" in latex
    assert "| The offer |" in page
    assert "rests on 8 pairs" in page
    assert "failed" not in page


def test_failed_runs_are_told_in_the_results_page(tmp_path: Path):
    sweep_plan(fakes.plan(), tmp_path, workers=1, execute=fakes.fails_for_seed_3)
    write_tables(load_results(tmp_path), tmp_path)
    page = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert "23 of 24 runs finished" in page
    assert "**1 runs failed** (ban 1)" in page


def test_a_units_row_stands_below_the_header():
    frame = pd.DataFrame({"name": ["a,b"], "load": [1.5]})
    assert csv_with_units(frame, {"load": "MW"}) == 'name,load\n,MW\n"a,b",1.5\n'
