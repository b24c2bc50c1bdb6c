"""Reference pages in Markdown, generated from the registries and from validation: ``docs/*.md``.

``make docs`` writes them; a test compares them with what the code says.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from experiments.display import GROUPS, ordered_groups
from experiments.units import display_unit, number
from experiments.validate import regression_note, summary_line

if TYPE_CHECKING:
    from experiments.validate import Check

CHECK_HEADS = (
    "Target", "Kind", "Published", "Simulated", "Allowed", "Unit", "Left out", "Regression", "Verdict",
)  # fmt: skip


def parameters_page(registry: Mapping[str, Any]) -> str:
    """Compose the page of all parameters, by block: value, bounds, status, source and rationale."""
    counts: dict[str, int] = {}
    for row in registry.values():
        counts[row.status] = counts.get(row.status, 0) + 1
    told = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    lines = [
        "# Parameters",
        "",
        "Made by `wattlab parameters --markdown` from `sim/data/parameters.csv`; a country file overrides "
        "what it knows better.",
        f"{len(registry)} rows: {told}. Bounds are what a scenario may set and a sweep samples; of a "
        "(log)normal they are the 5 % and 95 % quantiles.",
    ]
    for block in dict.fromkeys(row.block for row in registry.values()):
        lines += ["", f"## {block.replace('_', ' ').capitalize()}", ""]
        rows = [row for row in registry.values() if row.block == block]
        heads = ("Name", "Symbol", "Value", "Range", "Unit", "Distribution", "Status", "Source and rationale")
        lines += _table(heads, (_parameter(row) for row in rows))
    return "\n".join(lines) + "\n"


def _parameter(row: Any) -> list[str]:
    source = "; ".join(part for part in (row.source, row.locator, row.note) if part)
    year = f" (prices of {row.price_year})" if row.price_year else ""
    return [
        f"`{row.name}`",
        row.symbol,
        number(float(row.value)),
        f"{number(float(row.low))} to {number(float(row.high))}",
        f"{row.unit}{year}",
        row.distribution,
        row.status,
        source,
    ]


def outputs_page(registry: Mapping[str, Any]) -> str:
    """Compose the page of all outputs, by group: unit, how months become one number, definition."""
    lines = ["# Outputs", "", "Made by `wattlab outputs --markdown` from `sim/data/outputs.csv`."]
    for group in ordered_groups(registry):
        lines += ["", f"## {GROUPS.get(group, group.capitalize())}", ""]
        rows = [row for row in registry.values() if row.group == group]
        lines += _table(
            ("Name", "Unit", "Over months", "Label", "Definition"),
            ([f"`{r.name}`", display_unit(r.unit), r.aggregation, r.label, r.definition] for r in rows),
        )
    return "\n".join(lines) + "\n"


def validation_page(checks: Sequence[Check]) -> str:
    """Compose the page of all comparisons with published facts: misses in bold, sources below."""
    lines = [
        "# Validation",
        "",
        "Made by `wattlab validate --markdown`. Fitted: the target was used to set parameters; predicted: it "
        "was not. A miss stays.",
        "",
        f"In all, {summary_line(list(checks))}.",
    ]
    for part in dict.fromkeys(check.target.part for check in checks):
        mine = [check for check in checks if check.target.part == part]
        lines += ["", f"## {part.capitalize()}", ""]
        lines += _table(CHECK_HEADS, (_check(check) for check in mine))
        lines += ["", "Sources and tolerances:", ""]
        for check in mine:
            goal = check.target
            lines.append(f"- `{goal.id}`: {goal.source}. Tolerance: {goal.tolerance}.")
        if part == "bitcoin":
            lines += inference_section()
    return "\n".join(lines) + "\n"


def inference_section() -> list[str]:
    """Sum up the stored inference of the world's miners (``sim/data/targets/bitcoin_fit_*.csv``)."""
    from experiments.validation.bitcoin_fit import IDENTIFIED
    from sim.parameters import data_text

    def rows(name: str) -> list[dict[str, str]]:
        return list(csv.DictReader(data_text("targets", f"bitcoin_{name}.csv").splitlines()))

    known = {row["quantity"]: float(row["value"]) for row in rows("fit_summary")}
    published = float(rows("ensemble")[0]["implausibility"])
    lines = [
        "",
        "### What 2017-2020 say about the world's miners",
        "",
        f"History matching on seventeen facts keeps {known['surviving_share'] * 100.0:.1f} % of the prior "
        f"(implausibility below 3; the published set, the medians, has {published:.2f}). Narrower: by how "
        f"much the 90 % interval of the posterior is shorter than that of the prior; from "
        f"{IDENTIFIED * 100.0:.0f} % a parameter counts as identified, the others "
        "are swept over their prior. Second mean: of an estimator without weights; agree: each mean lies in "
        f"the interval of the other. Recovered: share of {known['known_draws']:.0f} known draws inside the "
        "90 % interval inferred from their own runs. Made by `python -m experiments.validation.bitcoin_fit`.",
        "",
    ]
    heads = ("Parameter", "Prior", "5-95 %", "Median", "Narrower", "Second mean", "Agree", "Recovered")
    return lines + _table(heads, map(_inferred, rows("fit_parameters")))


def _inferred(row: Mapping[str, str]) -> list[str]:
    def value(column: str) -> str:
        return number(float(row[column]), 3)

    narrower = f"{round(float(row['narrower']) * 100.0)} %"
    return [
        row["parameter"],
        f"{value('prior_low')} to {value('prior_high')}",
        f"{value('low')} to {value('high')}",
        value("median"),
        f"**{narrower}**" if row["identified"] == "True" else narrower,
        value("second_mean"),
        "yes" if row["agree"] == "True" else "**no**",
        f"{float(row['recovery_coverage']) * 100.0:.0f} %",
    ]


def _check(check: Check) -> list[str]:
    goal = check.target
    return [
        f"`{goal.id}`",
        goal.kind,
        number(goal.target),
        number(check.simulated),
        f"{number(goal.low)} to {number(goal.high)}",
        goal.unit,
        "" if check.left_out is None else number(check.left_out, 3),
        regression_note(check),
        "met" if check.passed else "**missed**",
    ]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    return lines + [f"| {' | '.join(_cell(text) for text in row)} |" for row in rows]


def _cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", r"\|")
