"""The report says what the numbers say, holds its pictures, and cannot quote what does not exist."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from experiments.analysis import compare
from experiments.errors import StoreError
from experiments.evidence import gather_evidence
from experiments.report import page, reading, write_report
from experiments.report.numbers import Number, numbers_csv, numbers_of, numbers_tex
from experiments.results import Results, load_results

OUTPUTS = ["investment_usd", "jobs_total", "net_fiscal_usd", "arrears_usd"]
FUNCTIONS = {"validation": f"{__name__}:two_checks"}


def two_checks(size: str) -> pd.DataFrame:
    rows = [
        ("a.met", "grid", "fitted", 1.0, 0.0, 2.0, 1.5, True),
        ("a.off", "grid", "predicted", 1, 0, 2, 3, False),
    ]
    frame = pd.DataFrame(rows, columns=["id", "part", "kind", "target", "low", "high", "simulated", "passed"])
    frame["unit"] = "MW"
    frame.attrs["units"] = {"target": "unit"}
    return frame


def _stand_in(figures: Path, name: str, other: str) -> None:
    """Let one figure stand for another, which a study of its own would draw."""
    for path in list(figures.glob(f"{name}.*")):
        content = path.read_bytes()
        if path.suffix == ".json":
            content = json.dumps(json.loads(content) | {"name": other, "figure": 99}).encode()
        path.with_name(f"{other}{path.suffix}").write_bytes(content)


@pytest.fixture(scope="module")
def made(results_dir: Path, drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("report") / "results"
    shutil.copytree(results_dir, root)
    shutil.copytree(drawn, root / "figures")
    _stand_in(root / "figures", "fan_charts", "what_if")
    _stand_in(root / "figures", "fan_charts", "rule_swaps")
    results = load_results(root)
    gather_evidence(root, "quick", on_step=str, functions=FUNCTIONS)
    _write(compare(results, OUTPUTS), results, root)
    return root


def _write(table: pd.DataFrame, results: Results, root: Path) -> None:
    """Write the report without the study of one assumption at a time, which was not run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "changes", lambda study: ["no change"])
        patch.setattr(Results, "of_study", lambda self, name: self)
        write_report(table, results, root)


@pytest.fixture
def table(made: Path) -> pd.DataFrame:
    return compare(load_results(made), OUTPUTS)


@pytest.fixture
def results(made: Path) -> Results:
    return load_results(made)


def test_the_html_report_needs_no_other_file(made: Path):
    text = (made / "report.html").read_text(encoding="utf-8")
    figures = len(list((made / "figures").glob("*.pdf")))
    assert text.count('src="data:image/') == text.count("<img ") == figures
    assert re.findall(r'(?:src|href)="(?!data:|#)', text) == []
    assert "<script" not in text
    assert "{{" not in text


def test_the_markdown_report_names_pictures_that_exist(made: Path):
    text = (made / "report.md").read_text(encoding="utf-8")
    pictures = re.findall(r"\]\((figures/[^)]+)\)", text)
    assert len(pictures) == len(set(pictures)) == len(list((made / "figures").glob("*.png")))
    assert all((made / name).exists() for name in pictures)
    for heading in (
        "Question",
        "Headline results",
        "Method in one page",
        "Regime by regime",
        "Robustness",
        "Limits",
    ):
        assert f"\n## {heading}" in text


def test_a_regime_is_told_apart_only_if_its_interval_leaves_out_zero(table: pd.DataFrame, results: Results):
    rows = table[table["output"] == "net_fiscal_usd"]
    line = next(text for text in reading.headline(table, results) if text.startswith("- **Net fiscal**"))
    told, _, alike = line.partition("Not told apart from it: ")
    for row in rows[rows["difference"].notna()].to_dict("records"):
        outside = row["difference_low"] > 0 or row["difference_high"] < 0
        assert (row["regime_label"] in alike) is not outside
        if outside:
            assert f"{'more' if row['difference'] > 0 else 'less'} under" in told


def test_the_offer_is_compared_with_the_largest_mean_load(table: pd.DataFrame, results: Results):
    means = results.runs.groupby("regime")["energised_mw"].mean()
    line = reading.headline(table, results)[0]
    assert f"is {results.label(means.idxmax())}, with {means.max():,.1f} MW on average" in line
    assert f"{means.max() / 2000:.1%} of the 2,000 MW" in line


def test_numbers_are_the_same_in_csv_and_latex_and_in_full(table: pd.DataFrame, results: Results):
    numbers = numbers_of(table, results)
    mean = results.runs.loc[results.runs["regime"] == "ban", "jobs_total"].mean()
    assert numbers["ban/jobs_total/mean"] == Number(f"{mean:,.0f}", pytest.approx(mean), "jobs")
    assert f"\\wattlabnumber{{ban/jobs_total/mean}}{{{mean:,.0f}}}" in numbers_tex(numbers)
    csv = numbers_csv(numbers).splitlines()
    assert len(csv) == 1 + len(numbers)
    assert "status-quo/jobs_total/contrast" not in numbers  # The baseline has no difference to itself.


def test_latex_numbers_have_no_sign_that_latex_reads_as_a_command(table: pd.DataFrame, results: Results):
    values = re.findall(r"\\wattlabnumber\{[^}]*\}\{(.*)\}", numbers_tex(numbers_of(table, results)))
    assert values
    assert [value for value in values if re.search(r"(?<!\\)[%&#_]|−", value)] == []


def test_an_unknown_number_or_figure_stops_the_report(made: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(StoreError, match="there is no study/"):
        page.fill({}, {"headline": []}, made / "figures")
    monkeypatch.setattr(page, "FIELD", re.compile(r"\{\{(block:[^{}]+)\}\}"))
    with pytest.raises(StoreError, match="there is no block:headline"):
        page.fill({}, {}, made / "figures")


def test_misses_are_listed_with_what_was_allowed():
    lines = reading.validation(two_checks("quick"))
    assert "| grid | fitted | 1 | 1 |" in lines
    assert "- `a.off` (predicted): simulated 3, published 1, allowed 0 to 2 MW" in lines
    assert not any("a.met" in line for line in lines)


def test_writing_again_gives_the_same_bytes(made: Path, table: pd.DataFrame, results: Results):
    names = ("report.md", "report.html", "numbers.csv", "numbers.tex")
    before = {name: (made / name).read_bytes() for name in names}
    _write(table, results, made)
    assert {name: (made / name).read_bytes() for name in names} == before
