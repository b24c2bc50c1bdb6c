"""The analysis that suits a study: tables as CSV with units, and a page that puts them into words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from experiments.analysis import replicate_matrix
from experiments.discovery import discover
from experiments.inference import settled
from experiments.robust import regret_table, satisficing_table
from experiments.sampling import LISTED
from experiments.sensitivity import indices_of
from experiments.store import atomic_write
from experiments.tables import csv_with_units
from experiments.variance import variance_split

if TYPE_CHECKING:
    from experiments.results import Results

FOLDER = "analysis"
# An index of this size should be known to this half-width (A1 of the publication bar).
LARGE_INDEX, WANTED_HALF_WIDTH = 0.1, 0.05
UNITS = {
    "standard_deviation": "unit", "mu": "unit", "mu_star": "unit", "sigma": "unit", "mean_regret": "unit",
    "p95_regret": "unit", "largest_regret": "unit", "worlds": "worlds", "replicates": "replicates",
    "low": "unit of the factor", "high": "unit of the factor",
}  # fmt: skip


def analyses_of(results: Results) -> dict[str, Callable[[Results], pd.DataFrame]]:
    """List the analyses that the design and the goals of a study allow, by the name of their table."""
    design, several = results.study["design"], len(results.regimes) > 1
    sampled = design["kind"] not in (*LISTED, "one-at-a-time")
    found: dict[str, Callable[[Results], pd.DataFrame]] = {}
    if design["kind"] not in ("sobol", "morris"):  # Their points are no replicates of each other.
        found["replicates"] = settling
    if sampled and results.complete:  # Indices need every point.
        found |= {"sensitivity": indices_of, "variance": variance_split}
    if several:
        found["regret"] = regret_table
    if results.study["goals"]:
        found["satisficing"] = satisficing_table
        if sampled:
            found["scenarios"] = scenarios
    return found


def settling(results: Results) -> pd.DataFrame:
    """Tell for each regime and output whether its mean has settled over the replicates (P4)."""
    rows = []
    outcomes = {output: replicate_matrix(results, output) for output in results.study["outputs"]}
    for regime in results.regimes:
        for output, matrix in outcomes.items():
            values = matrix[regime].dropna()
            row = {"regime": regime, "output": output, "replicates": len(values), "settled": settled(values)}
            rows.append(row)
    return pd.DataFrame(rows)


def scenarios(results: Results) -> pd.DataFrame:
    """Find the boxes in which each regime fails the goals of the study."""
    return pd.concat([discover(results, regime) for regime in results.regimes], ignore_index=True)


def write_analysis(results: Results, root: Path, on_step: Callable[[str], None]) -> list[Path]:
    """Write the tables and the page of a study into ``root/analysis/STUDY``; returns the paths."""
    folder = root / FOLDER / results.study["name"]
    folder.mkdir(parents=True, exist_ok=True)
    tables, paths = {}, []
    for name, analyse in analyses_of(results).items():
        on_step(f"analysis: {name}")
        table = analyse(results)
        if table.empty:
            continue
        tables[name] = table
        paths.append(folder / f"{name}.csv")
        atomic_write(paths[-1], csv_with_units(table, _units(table)).encode())
    paths.append(folder / "analysis.md")
    atomic_write(paths[-1], page(tables, results).encode())
    return paths


def _units(table: pd.DataFrame) -> dict[str, str]:
    stems = {name: name.removesuffix("_low").removesuffix("_high") for name in map(str, table.columns)}
    numbers = set(map(str, table.select_dtypes("number").columns))
    return {name: UNITS.get(stem, "share" if name in numbers else "") for name, stem in stems.items()}


def page(tables: dict[str, pd.DataFrame], results: Results) -> str:
    """Compose the page: what was run, then each table in words."""
    study = results.study
    lines = [
        f"# Analysis of {study['title'] or study['name']}",
        "",
        f"{len(results.runs)} of {results.planned} runs, {study['design']['kind']} design of "
        f"{len(results.points)} points, {len(set(results.runs['seed']))} seeds "
        f"({study['design']['seeds']}); code {results.sweep['code_version']}, "
        f"plan `{results.sweep['plan_id']}`. Every number is in the CSV files beside this page.",
        "",
    ]
    if not results.complete:
        missing = results.planned - len(results.runs)
        lines += [
            f"**INCOMPLETE: {missing} of {results.planned} runs are missing or failed.** Indices and the"
        ]
        lines += ["split of the variance, if the design has any, need every run and are left out.", ""]
    writers = {"sensitivity": sensitivity_text, "variance": variance_text, "replicates": settling_text}
    for name, table in tables.items():
        lines += [f"## {name.capitalize()}", "", *writers.get(name, plain_text)(table, results), ""]
    return "\n".join(lines)


def markdown(table: pd.DataFrame) -> list[str]:
    """Write a frame as a Markdown table with three significant digits."""
    names = list(map(str, table.columns))
    numbers = [pd.api.types.is_numeric_dtype(table[name]) for name in names]
    rows = [
        [f"{value:.3g}" if isinstance(value, float) else str(value) for value in row]
        for row in table.itertuples(index=False)
    ]
    rule = ["---:" if number else "---" for number in numbers]
    return [f"| {' | '.join(cells)} |" for cells in (names, rule, *rows)]


def plain_text(table: pd.DataFrame, results: Results) -> list[str]:
    """Write a table as it is."""
    return markdown(table)


def settling_text(table: pd.DataFrame, results: Results) -> list[str]:
    """Say which means have not settled yet."""
    open_ones = table[~table["settled"]]
    if open_ones.empty:
        return ["Mean and variation of every output changed by less than 1 % over the last fifth."]
    listed = open_ones.groupby("output")["regime"].agg(", ".join)
    return ["Not settled to 1 % over the last fifth of the replicates (more of them are needed):", ""] + [
        f"- {results.output_label(str(output))}: {regimes}" for output, regimes in listed.items()
    ]


def _interval(row: pd.Series, name: str) -> str:
    if pd.isna(row[name]):
        return "n/a"
    if pd.isna(row[f"{name}_low"]):
        return f"{row[name]:.2f}"
    return f"{row[name]:.2f} [{row[f'{name}_low']:.2f}, {row[f'{name}_high']:.2f}]"


def sensitivity_text(table: pd.DataFrame, results: Results) -> list[str]:
    """Write one table per output and regime: every index with its interval, the largest first."""
    sobol = "total" in table.columns
    names = [name for name in ("first", "total", "shapley", "pawn") if name in table.columns]
    order = "total" if sobol else "mu_star" if "mu_star" in table.columns else "pawn"
    lines = ["Each with its 95 % interval. What an index gives to the dummy is noise.", ""]
    for (regime, output), part in table.groupby(["regime", "output"], sort=False):
        lines += [f"### {results.output_label(str(output))}, {results.label(str(regime))}", ""]
        ranked = part.sort_values(order, ascending=False)
        if names:
            cells = {"factor": ranked["factor"]} | {
                name: [_interval(row, name) for _, row in ranked.iterrows()] for name in names
            }
            lines += markdown(pd.DataFrame(cells))
        else:
            lines += markdown(ranked[["factor", "mu_star", "mu_star_low", "mu_star_high", "mu", "sigma"]])
        lines += ["", *(_quality(part) if sobol else [])]
    return lines


def _quality(part: pd.DataFrame) -> list[str]:
    """Hold the indices against the publication bar: half-widths of large ones, and the dummy."""
    if part["total"].isna().all():
        return ["The outcome does not vary.", ""]
    half = (part["total_high"] - part["total_low"]) / 2.0
    wide = part.loc[(part["total"] > LARGE_INDEX) & (half > WANTED_HALF_WIDTH), "factor"]
    text = (
        f"half-width above {WANTED_HALF_WIDTH}: {', '.join(wide)}" if len(wide) else "all large ones precise"
    )
    dummy = part[part["factor"] == "dummy"]
    noise = f"; total of the dummy {_interval(dummy.iloc[0], 'total')}" if len(dummy) else ""
    return [f"Precision of totals above {LARGE_INDEX}: {text}{noise}.", ""]


def variance_text(table: pd.DataFrame, results: Results) -> list[str]:
    """Say how the spread of every output divides into ignorance, luck and both together."""
    cells = {
        "output": [results.output_label(name) for name in table["output"]],
        "regime": [results.label(name) for name in table["regime"]],
        "standard deviation": table["standard_deviation"],
    } | {
        name: [_interval(row, name) for _, row in table.iterrows()]
        for name in ("epistemic", "aleatory", "joint")
    }
    told = (
        "Epistemic: between parameter points; aleatory: between seeds; joint: luck that depends on the point."
    )
    return [told, "", *markdown(pd.DataFrame(cells))]
