"""The headline table as Markdown, CSV and LaTeX: mean, 90 % interval, paired difference to the baseline.

Where a design has levels, a table by level as well: the others average over them.
"""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from experiments.analysis import compare
from experiments.levels import (
    averaged_text,
    factor_label,
    level_names,
    level_table,
    level_units,
    setting_text,
)
from experiments.new_load import new_load_section
from experiments.results import Results
from experiments.store import atomic_write
from experiments.units import number
from experiments.wording import Format, format_of, pairs_text, seed_text, tex

HEADLINE_OUTPUTS = 4
# Pairs that correlate less than this should be more (P2 of the publication bar).
CORRELATION_TARGET = 0.8
# Units of the columns of results.csv; "unit" stands for the unit named in the row's own column.
CSV_UNITS = {
    "n": "runs",
    "mean": "unit",
    "p05": "unit",
    "p50": "unit",
    "p95": "unit",
    "points": "points in a replicate",
    "pairs": "pairs of replicates",
    "difference": "unit",
    "difference_low": "unit",
    "difference_high": "unit",
    "correlation": "1",
    "resolvable": "unit",
    "p_best": "share",
    "regret": "unit",
    "simultaneous_low": "unit",
    "simultaneous_high": "unit",
    "best_low": "unit",
    "best_high": "unit",
}


def write_tables(results: Results, out: Path, table: pd.DataFrame | None = None) -> list[Path]:
    """Write ``results.md``, ``results.csv`` and ``results.tex`` from one comparison, and ``levels.csv`` if
    the design has levels; returns the paths.
    """
    table = compare(results) if table is None else table
    levels = level_table(results)
    contents = {
        "results.md": markdown(table, results, levels),
        "results.csv": csv_with_units(table, CSV_UNITS),
        "results.tex": latex(table, results),
    }
    if not levels.empty:
        contents["levels.csv"] = csv_with_units(levels, level_units(results))
    for name, text in contents.items():
        atomic_write(out / name, text.encode())
    return [out / name for name in contents]


def csv_with_units(frame: pd.DataFrame, units: dict[str, str]) -> str:
    """Write a frame as CSV whose second line holds the unit of each column (empty for names)."""
    header, _, body = frame.to_csv(index=False, lineterminator="\n").partition("\n")
    cells = pd.DataFrame([{name: units.get(name, "") for name in frame.columns}])
    return header + "\n" + cells.to_csv(index=False, header=False, lineterminator="\n") + body


def markdown(table: pd.DataFrame, results: Results, levels: pd.DataFrame | None = None) -> str:
    """Compose the results page: what was run, the headline table, outcomes by level, one table per output,
    how to read them.
    """
    study, sweep = results.study, results.sweep
    seeds = sorted(set(results.runs["seed"]))
    averaged = averaged_text(study, len(results.points))
    lines = [
        f"# {study['title'] or study['name']}",
        "",
        *([study["description"].strip(), ""] if study["description"].strip() else []),
        f"{results.country}, {len(results.regimes)} regimes, {_months(results)}, {seed_text(seeds)}"
        f" shared by all regimes; {len(results.runs)} of {results.planned} runs finished. "
        f"Code {sweep['code_version']}, plan `{sweep['plan_id']}`; everything else is in `manifest.json`.",
        "",
        "## Headline",
        "",
        *([averaged, ""] if averaged else []),
        *headline_table(table, results),
        "",
        *precision(table, results),
        "",
        *([] if levels is None or levels.empty else _levels_section(levels, results)),
    ]
    for output in dict.fromkeys(table["output"]):
        lines += [*_output_table(table[table["output"] == output], results), ""]
    lines += [*new_load_section(results), *_reading(results)]
    return "\n".join(lines) + "\n"


def precision(table: pd.DataFrame, results: Results) -> list[str]:
    """State pairs, achieved correlation and smallest resolvable effect of the headline outputs (P2, P3)."""
    contrasts = table[table["difference"].notna()]
    if contrasts.empty:
        return ["One regime only: nothing to compare."]
    lines = [
        f"Each contrast with {results.label(results.baseline)} rests on {pairs_text(contrasts)}. "
        "Smallest difference that all contrasts resolve (t test, size 0.01, power 0.95), and correlation "
        "that pairing achieved:",
        "",
    ]
    for output in list(dict.fromkeys(contrasts["output"]))[:HEADLINE_OUTPUTS]:
        rows = contrasts[contrasts["output"] == output]
        lines.append(f"- {rows['label'].iloc[0]}: {_precision_of(rows)}")
    return lines


def _precision_of(rows: pd.DataFrame) -> str:
    form = format_of(rows)
    weakest = rows["correlation"].min()
    widest = rows["resolvable"].max() / form.factor
    effect = "too few replicates" if math.isnan(widest) else f"{number(widest, 3)} {form.unit}".strip()
    if math.isnan(weakest):
        return f"{effect}; correlation not defined (an outcome that does not vary)."
    text = f"{effect}; correlation {weakest:.2f} or more"
    low = rows.loc[rows["correlation"] < CORRELATION_TARGET, "regime_label"]
    return (
        f"{text}, below the target of {CORRELATION_TARGET} for {', '.join(low)}." if len(low) else f"{text}."
    )


def headline_table(table: pd.DataFrame, results: Results) -> list[str]:
    """Arrange the headline outputs of all regimes: level, interval and difference to the baseline."""
    outputs = list(dict.fromkeys(table["output"]))[:HEADLINE_OUTPUTS]
    columns, forms = [], {}
    for output in outputs:
        rows = table[table["output"] == output]
        forms[output] = format_of(rows)
        columns.append(_heading(rows, forms[output]))
    lines = [f"| Regime | {' | '.join(columns)} |", "|---|" + "---|" * len(columns)]
    for regime in results.regimes:
        cells = []
        for output in outputs:
            row = table[(table["output"] == output) & (table["regime"] == regime)].iloc[0]
            cells.append(_headline_cell(row, forms[output]))
        lines.append(f"| {results.label(regime)} | {' | '.join(cells)} |")
    baseline = results.label(results.baseline)
    note = f"Mean [90 % interval over runs]; Δ: paired difference to {baseline} (95 % BCa interval)."
    return [*lines, "", note]


def _headline_cell(row: pd.Series, form: Format) -> str:
    level = f"{form.show(row['mean'])} [{form.interval(row['p05'], row['p95'])}]"
    if math.isnan(row["difference"]):
        return level
    return f"{level}; Δ {_difference(row, form)}"


def _levels_section(levels: pd.DataFrame, results: Results) -> list[str]:
    """Arrange the headline outputs by level and regime."""
    names = level_names(results.study)
    heads = [factor_label(results, name) for name in names]
    lines = [
        "## By level",
        "",
        f"Differences are to {results.label(results.baseline)} at the same level and seeds; intervals are "
        "95 % BCa intervals of the mean. `levels.csv` has every output.",
        "",
    ]
    for output in list(dict.fromkeys(levels["output"]))[:HEADLINE_OUTPUTS]:
        rows = levels[levels["output"] == output]
        form = format_of(rows)
        lines += [
            f"### {_heading(rows, form)}, by level",
            "",
            f"| {' | '.join(heads)} | Regime | Mean | 95 % interval | Difference | 95 % interval |",
            "|---:" * len(names) + "|---|---:|---:|---:|---:|",
        ]
        for row in rows.to_dict("records"):
            contrast = ["–", "–"]
            if not math.isnan(row["difference"]):
                interval = form.interval(row["difference_low"], row["difference_high"], signed=True)
                contrast = [form.show(row["difference"], signed=True), interval]
            cells = [setting_text(row[name]) for name in names]
            cells += [row["regime_label"], form.show(row["mean"])]
            cells += [form.interval(row["mean_low"], row["mean_high"]), *contrast]
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    return lines


def _output_table(rows: pd.DataFrame, results: Results) -> list[str]:
    form = format_of(rows)
    better = "less is better" if rows["output"].iloc[0] in results.minimise else "more is better"
    lines = [
        f"### {_heading(rows, form)}",
        "",
        f"`{rows['output'].iloc[0]}`; best and regret: {better}.",
        "",
        "| Regime | Mean | 90 % interval | Difference | 95 % interval | Correlation | P(best) | Regret |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows.to_dict("records"):
        if math.isnan(row["difference"]):
            contrast = ["–", "–", "–"]
        else:
            rho = "n/a" if math.isnan(row["correlation"]) else f"{row['correlation']:.2f}"
            interval = form.interval(row["difference_low"], row["difference_high"], signed=True)
            contrast = [form.show(row["difference"], signed=True), interval, rho]
        cells = [
            row["regime_label"],
            form.show(row["mean"]),
            form.interval(row["p05"], row["p95"]),
            *contrast,
            f"{row['p_best']:.2f}",
            form.show(row["regret"]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def latex(table: pd.DataFrame, results: Results) -> str:
    """Compose the same numbers as a booktabs table over pages, one block per output."""
    lines = [
        "% Needs the packages booktabs and longtable.",
        r"\begin{longtable}{lrrrr}",
        r"\toprule",
        r"Regime & Mean & 90\,\% interval & Difference & 95\,\% interval \\",
        r"\endhead",
        r"\bottomrule",
        r"\endfoot",
    ]
    for output in dict.fromkeys(table["output"]):
        rows = table[table["output"] == output]
        form = format_of(rows)
        lines += [r"\midrule", rf"\multicolumn{{5}}{{l}}{{\emph{{{tex(_heading(rows, form))}}}}} \\"]
        for row in rows.to_dict("records"):
            cells = [
                row["regime_label"],
                form.show(row["mean"]),
                form.interval(row["p05"], row["p95"]),
                form.show(row["difference"], signed=True),
                form.interval(row["difference_low"], row["difference_high"], signed=True),
            ]
            if math.isnan(row["difference"]):
                cells[3:] = ["–", "–"]
            lines.append(" & ".join(map(tex, cells)) + r" \\")
    lines += [r"\end{longtable}", ""]
    return "\n".join(lines)


def _reading(results: Results) -> list[str]:
    lines = [
        "## How to read this",
        "",
        "- *90 % interval*: 5 % and 95 % quantiles over runs: how different one future can be from another.",
        "- *Difference*: mean over pairs of runs with the same seed (same prices, weather and luck), with a",
        "  95 % BCa bootstrap interval of that mean. Points that share their seeds are averaged within each",
        "  seed first: the seed is what is repeated. Intervals are per contrast; `results.csv` has those",
        "  that hold for all regimes at once (`simultaneous_low`, `_high`) and those of the difference to",
        "  the best other regime (Hsu: `best_low`, `best_high`; where `best_high` is 0, it is not the best).",
        "- *P(best)*: share of these replicates in which the regime is best; *regret*: mean shortfall from",
        "  the best.",
        "- `results.csv` has every number in full, and the smallest effect that each contrast resolves.",
    ]
    if not results.failed.empty:
        counts = results.failed.groupby("regime").size()
        listed = ", ".join(f"{results.label(regime)} {count}" for regime, count in counts.items())
        lines.append(f"- **{len(results.failed)} runs failed** ({listed}); errors are in `runs/`.")
    return lines


def _heading(rows: pd.DataFrame, form: Format) -> str:
    label, period = rows["label"].iloc[0], rows["period"].iloc[0]
    return f"{label} ({form.unit}, {period})" if form.unit else f"{label} ({period})"


def _difference(row: pd.Series, form: Format) -> str:
    interval = form.interval(row["difference_low"], row["difference_high"], signed=True)
    return f"{form.show(row['difference'], signed=True)} ({interval})"


def _months(results: Results) -> str:
    months = sorted(set(results.runs["months"]))
    return f"{' or '.join(map(str, months))} months"
