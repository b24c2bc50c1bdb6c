"""Every number that a text may quote, by key: for the report, for LaTeX (``numbers.tex``) and as CSV.

Keys are ``REGIME/OUTPUT/WHAT`` and ``study/WHAT``, for instance ``ban/net_fiscal_usd/contrast``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from experiments.results import Results
from experiments.wording import format_for, format_of, tex

# What is written about each output of each regime; the signed ones compare with the baseline.
LEVELS = {"mean": "mean", "low": "p05", "high": "p95", "median": "p50", "regret": "regret"}
CONTRASTS = {
    "difference": "difference",
    "difference_low": "difference_low",
    "difference_high": "difference_high",
}


class Number(NamedTuple):
    """A number as a text writes it, and in full with its unit (empty for a text that holds several)."""

    text: str
    value: float | None = None
    unit: str = ""


def numbers_of(table: pd.DataFrame, results: Results) -> dict[str, Number]:
    """Collect the quotable numbers of a comparison (``experiments.analysis.compare``), in a fixed order."""
    found = _study_numbers(table, results)
    for output in dict.fromkeys(table["output"]):
        rows = table[table["output"] == output]
        form = format_of(rows)
        for row in rows.to_dict("records"):
            key, unit = f"{row['regime']}/{output}", row["unit"]
            for what, column in LEVELS.items():
                found[f"{key}/{what}"] = Number(form.show(row[column]), row[column], unit)
            spread = form.interval(row["p05"], row["p95"])
            found[f"{key}/level"] = Number(f"{form.with_unit(form.show(row['mean']))} [{spread}]")
            found[f"{key}/unit"] = Number(form.unit)
            found[f"{key}/p_best"] = Number(f"{row['p_best']:.2f}", row["p_best"], "share")
            if math.isnan(row["difference"]):
                continue
            for what, column in CONTRASTS.items():
                found[f"{key}/{what}"] = Number(form.show(row[column], signed=True), row[column], unit)
            found[f"{key}/contrast"] = Number(contrast_text(row, table))
    return found


def contrast_text(row: Mapping[str, Any], table: pd.DataFrame) -> str:
    """Write a paired difference with its unit and interval, in a scale that suits the differences."""
    rows = table[table["output"] == row["output"]]
    largest = float(rows[list(CONTRASTS.values())].abs().max().max())
    form = format_for(row["unit"], largest, digits=3)
    interval = form.interval(row["difference_low"], row["difference_high"], signed=True)
    return f"{form.with_unit(form.show(row['difference'], signed=True))} ({interval})"


def _study_numbers(table: pd.DataFrame, results: Results) -> dict[str, Number]:
    seeds, months = set(results.runs["seed"]), int(results.runs["months"].max())
    pairs = table["pairs"].min()
    counts = {
        "runs": len(results.runs),
        "planned_runs": results.planned,
        "seeds": len(seeds),
        "regimes": len(results.regimes),
        "months": months,
        "years": months / 12,
        "pairs": 0 if math.isnan(pairs) else int(pairs),
    }
    found = {f"study/{name}": Number(f"{value:,g}", value, "1") for name, value in counts.items()}
    texts = {
        "country": results.country.capitalize(),
        "baseline": results.label(results.baseline),
        "code_version": results.sweep["code_version"],
        "plan": results.sweep["plan_id"],
        "title": results.study["title"] or results.study["name"],
    }
    return found | {f"study/{name}": Number(text) for name, text in texts.items()}


def numbers_csv(numbers: dict[str, Number]) -> str:
    """Write the numbers as CSV: key, text, value in full, unit."""
    rows = [(key, number.text, number.value, number.unit) for key, number in numbers.items()]
    frame = pd.DataFrame(rows, columns=["key", "text", "value", "unit"])
    return frame.to_csv(index=False, lineterminator="\n")


def numbers_tex(numbers: dict[str, Number]) -> str:
    r"""Write the numbers as LaTeX: ``\wattlab{ban/jobs_total/mean}`` prints one; unknown keys are errors."""
    lines = [
        "% Numbers of the results for LaTeX: \\wattlab{KEY}; the keys are those of numbers.csv.",
        r"\newcommand{\wattlab}[1]{\ifcsname wattlab@\detokenize{#1}\endcsname",
        r"  \csname wattlab@\detokenize{#1}\endcsname\else",
        r"  \errmessage{wattlab: no number \detokenize{#1}}\fi}",
        r"\newcommand{\wattlabnumber}[2]{\expandafter\gdef\csname wattlab@\detokenize{#1}\endcsname{#2}}",
    ]
    lines += [f"\\wattlabnumber{{{key}}}{{{tex(number.text)}}}" for key, number in numbers.items()]
    return "\n".join(lines) + "\n"
