"""Outcomes by level: what each value of a policy lever or parameter of a design brings under each regime."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from experiments.analysis import (
    PERIOD_OF,
    bca_interval,
    difference_columns,
    outcome_matrix,
    points_per_replicate,
    quantiles,
    replicates,
)
from experiments.units import number

if TYPE_CHECKING:
    from experiments.results import Results

# Units of the columns of levels.csv beside those of the levels; "unit" is named in the row's own column.
UNITS = {
    "n": "runs",
    "points": "points in a replicate",
    "pairs": "pairs of replicates",
    "correlation": "1",
    **dict.fromkeys(
        (
            "mean", "mean_low", "mean_high", "p05", "p95", "difference", "difference_low", "difference_high",
            "resolvable",
        ),
        "unit",
    ),
}  # fmt: skip


def level_names(study: Mapping[str, Any]) -> list[str]:
    """List what a study varies in levels of more than one value (not where factors move one at a time)."""
    if study["design"]["kind"] == "one-at-a-time":
        return []
    return [name for name, values in study["design"]["levels"].items() if len(values) > 1]


def factor_label(results: Results, name: str) -> str:
    """Name a factor with its unit, for a heading or an axis."""
    about = results.sweep.get("factors", {}).get(name, {})
    unit = about.get("unit", "")
    return f"{about.get('label') or name} ({unit})" if unit not in ("", "1") else about.get("label") or name


def level_units(results: Results) -> dict[str, str]:
    """Return the units of the columns of :func:`level_table`."""
    known = results.sweep.get("factors", {})
    return {name: known.get(name, {}).get("unit", "") for name in level_names(results.study)} | UNITS


def at_each_level(results: Results, names: Sequence[str]) -> Iterator[tuple[dict[str, Any], Results]]:
    """Give every combination of the levels with the results there, in the order of the design."""
    columns = [f"set_{name}" for name in names]
    for values, points in results.points.groupby(columns, sort=False):
        here = results.runs[results.runs["point"].isin(points["point"])]
        if len(here):
            yield dict(zip(names, values, strict=True)), replace(results, runs=here)


def level_table(results: Results, outputs: Sequence[str] | None = None) -> pd.DataFrame:
    """Tabulate every outcome at every combination of levels under every regime; empty without levels.

    A column per level, then ``mean`` with its 95 % interval (``mean_low``, ``mean_high``), 5 and 95 % of runs
    and the paired difference to the baseline at the same level with its interval.
    """
    names = level_names(results.study)
    if not names:
        return pd.DataFrame()
    rows = []
    for setting, here in at_each_level(results, names):
        points = points_per_replicate(here)
        for output in outputs or results.study["outputs"]:
            worlds = outcome_matrix(here.runs, output, results.regimes)
            matrix = replicates(worlds, here)
            for regime in results.regimes:
                low, high = bca_interval(matrix[regime].dropna())
                p05, _, p95 = quantiles(worlds[regime])
                rows.append(
                    {
                        **setting,
                        "output": output,
                        "label": results.output_label(output),
                        "unit": results.unit(output),
                        "period": PERIOD_OF[results.outputs[output]["aggregation"]],
                        "regime": regime,
                        "regime_label": results.label(regime),
                        "n": int(worlds[regime].notna().sum()),
                        "mean": float(worlds[regime].mean()),
                        "mean_low": low,
                        "mean_high": high,
                        "p05": p05,
                        "p95": p95,
                        "points": points,
                        **difference_columns(matrix, regime, results.baseline),
                    }
                )
    return pd.DataFrame(rows)


def averaged_text(study: Mapping[str, Any], points: int) -> str:
    """Say over what the tables of all runs average; empty if there is one point only."""
    if points == 1:
        return ""
    names = level_names(study)
    levels = [f"`{name}` ({len(study['design']['levels'][name])} levels)" for name in names]
    over = " and ".join(levels) if levels else f"the {points} points of the design"
    told = '; "By level" below has each level alone' if levels else ""
    return f"**Averages over {over}**{told}."


def setting_text(value: Any) -> str:
    """Write the value of a level."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return number(float(value))
