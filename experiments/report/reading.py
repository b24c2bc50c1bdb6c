"""What the numbers say, in sentences that follow from them by rule."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from experiments.report.numbers import contrast_text
from experiments.results import Results
from experiments.tables import HEADLINE_OUTPUTS, precision
from experiments.whatif import moved
from experiments.wording import format_for, format_of, listed

# The load in operation at the end of the horizon, by who runs it.
LOADS = {
    "mining_licensed_mw": "licensed mining",
    "mining_grey_mw": "grey mining",
    "mining_theft_mw": "mining on stolen power",
    "ai_mw": "AI",
}
# Who pays: what a regime does to the bills of others and to the books of the state.
# What speaks against a finding that a difference lies on one side of zero.
REVERSALS = {"above": ("below",), "below": ("above",), "not told apart from": ("above", "below")}
LOAD, MONEY = "energised_mw", "net_fiscal_usd"
PAYERS = ("net_public_usd", "consumer_bill_usd", "arrears_usd", "tax_total_usd", "stolen_mwh")


def resolved(row: dict[str, Any]) -> bool:
    """Tell whether the interval of a paired difference leaves out zero."""
    return bool(row["difference_low"] > 0.0 or row["difference_high"] < 0.0)


def headline(table: pd.DataFrame, results: Results) -> list[str]:
    """State the load against the offer, then for each headline output who differs from the baseline."""
    lines = [_offer(results)]
    for output in list(dict.fromkeys(table["output"]))[:HEADLINE_OUTPUTS]:
        rows = table[table["output"] == output]
        form, label = format_of(rows), rows["label"].iloc[0]
        ordered = rows.sort_values("mean")
        low, high = ordered.iloc[0], ordered.iloc[-1]
        text = (
            f"- **{label}** ({rows['period'].iloc[0]}): from {form.with_unit(form.show(low['mean']))} "
            f"[{form.interval(low['p05'], low['p95'])}] under {low['regime_label']} to "
            f"{form.with_unit(form.show(high['mean']))} [{form.interval(high['p05'], high['p95'])}] under "
            f"{high['regime_label']}."
        )
        lines.append(f"{text} {_who_differs(rows, results)}")
    return lines


def _offer(results: Results) -> str:
    """Compare the load that uses the offer with the largest offer of any regime."""
    offer_mw = float(results.months(["quota_mw"])["quota_mw"].max())
    runs = results.runs.groupby("regime")["energised_mw"]
    best = str(runs.mean().idxmax())
    low, high = runs.get_group(best).quantile([0.05, 0.95])
    form = format_for("MW", runs.mean()[best])
    above = float((results.runs["energised_mw"] >= offer_mw).mean()) if offer_mw else math.nan
    share = f", {runs.mean()[best] / offer_mw:.1%} of the {offer_mw:,.0f} MW on offer" if offer_mw else ""
    return (
        f"- **Load against the offer**: the regime with the most licensed mining and AI load at the end of "
        f"the horizon is {results.label(best)}, with {form.show(runs.mean()[best])} MW on average "
        f"[{form.interval(low, high)}]{share}. Share of all runs that use the whole offer: {above:.1%}."
    )


def _who_differs(rows: pd.DataFrame, results: Results) -> str:
    contrasts = rows[rows["difference"].notna()]
    if contrasts.empty:
        return ""
    told = (contrasts["difference_low"] > 0.0) | (contrasts["difference_high"] < 0.0)
    sides = {
        "more": contrasts[told & (contrasts["difference"] > 0)],
        "less": contrasts[told & (contrasts["difference"] < 0)],
    }
    parts = [
        f"{side} under "
        + "; ".join(
            [f"{row['regime_label']}, {contrast_text(row, rows)}" for row in found.to_dict("records")]
        )
        for side, found in sides.items()
        if len(found)
    ]
    alike = contrasts.loc[~told, "regime_label"].tolist()
    text = f"Against {results.label(results.baseline)}: {'. '.join(parts)}." if parts else ""
    return f"{text} Not told apart from it: {listed(alike)}.".strip() if alike else text


def regimes(table: pd.DataFrame, results: Results) -> list[str]:
    """Read the results regime by regime: rules, load, contrasts, who pays."""
    lines: list[str] = []
    rules = regime_texts(results)
    for regime in results.regimes:
        text = rules.get(regime, {})
        lines += [f"### {results.label(regime)}", ""]
        lines += [f"*Rules.* {' '.join(text['description'].split())}", ""] if text.get("description") else []
        lines += [f"*Load.* {_loads(regime, results)}", ""]
        mine = table[table["regime"] == regime]
        if regime == results.baseline:
            lines += ["*Baseline*: every difference in this report is taken to this regime.", ""]
            continue
        outputs = list(dict.fromkeys(table["output"]))
        lines += [f"*Outcome.* {_contrasts(mine, table, outputs[:HEADLINE_OUTPUTS], results)}", ""]
        payers = [name for name in PAYERS if name in outputs]
        lines += [f"*Who pays.* {_contrasts(mine, table, payers, results)}", ""] if payers else []
    return lines


def regime_texts(results: Results) -> dict[str, dict[str, str]]:
    """Read title and description of each regime from the stored scenarios."""
    found = {}
    for text in results.store.read_scenarios(results.sweep["plan_id"]).values():
        try:
            regime = json.loads(text)["regime"]
        except (ValueError, KeyError, TypeError):
            continue  # Not a scenario of the model (studies of stand-ins have none): nothing to quote.
        found[regime["name"]] = {"title": regime["title"], "description": regime["description"]}
    return found


def _loads(regime: str, results: Results) -> str:
    runs = results.runs[results.runs["regime"] == regime]
    parts = []
    for output, label in LOADS.items():
        low, high = runs[output].quantile([0.05, 0.95])
        form = format_for("MW", max(abs(runs[output].mean()), abs(high)), digits=3)
        parts.append(f"{label} {form.show(runs[output].mean())} MW [{form.interval(low, high)}]")
    return f"In the last month, mean over runs: {listed(parts)}."


def _contrasts(mine: pd.DataFrame, table: pd.DataFrame, outputs: list[str], results: Results) -> str:
    told: list[str] = []
    alike: list[str] = []
    for row in mine[mine["output"].isin(outputs)].to_dict("records"):
        text = f"{row['label']} {contrast_text(row, table)}"
        (told if resolved(row) else alike).append(text)
    baseline = results.label(results.baseline)
    text = f"Against {baseline}: {'; '.join(told)}." if told else ""
    return f"{text} Not told apart from {baseline}: {'; '.join(alike)}.".strip() if alike else text


def robustness(table: pd.DataFrame, results: Results) -> Iterator[str]:
    """State what the number of runs can resolve and what failed."""
    yield from precision(table, results)
    yield ""
    failed = len(results.failed)
    yield (
        f"Runs planned {results.planned}, finished {len(results.runs)}, failed {failed}. Intervals are per "
        "contrast, not simultaneous: with many contrasts, about one in twenty of those without an effect is "
        "told apart by chance."
    )


def changes(results: Results) -> list[str]:
    """List which single assumption changes a conclusion of the study of one assumption at a time."""
    table = moved(results, [LOAD, MONEY])
    count = len({name for name in table["assumption"] if name})
    lines = [
        f"{count} assumptions, one at a time at the ends of their ranges, "
        f"{len(set(results.runs['seed']))} seeds each (study `{results.study['name']}`). So few pairs "
        "leave many differences undecided; a reversal is what counts.",
        "",
    ]
    for regime in results.regimes:
        mine = table[table["regime"] == regime]
        if regime == results.baseline:
            continue
        lines += [
            _load_changes(mine[mine["output"] == LOAD]),
            _sign_changes(mine[mine["output"] == MONEY], results),
        ]
    return lines


def _load_changes(rows: pd.DataFrame) -> str:
    default = rows[rows["assumption"] == ""].iloc[0]
    others = rows[rows["assumption"] != ""].sort_values("mean")
    low, high = others.iloc[0], others.iloc[-1]
    return (
        f"- **{default['regime_label']}, load at the end**: {_plain(default['mean'])} MW at the defaults, "
        f"from {_plain(low['mean'])} MW ({_named(low)}) to {_plain(high['mean'])} MW ({_named(high)})."
    )


def _sign_changes(rows: pd.DataFrame, results: Results) -> str:
    """Count on which side of zero the net fiscal difference lies, and name the settings that reverse it."""
    default = rows[rows["assumption"] == ""].iloc[0]
    others = rows[rows["assumption"] != ""].to_dict("records")
    sides: dict[str, list[str]] = {"above": [], "below": [], "not told apart from": []}
    for row in others:
        sides[_side(row)].append(_named(row))
    said = _side(default)
    counts = listed([f"{side} it in {len(names)}" for side, names in sides.items()])
    text = (
        f"- **{default['regime_label']}, net fiscal outcome**: at the defaults {said} that of "
        f"{results.label(results.baseline)}; over {len(others)} settings {counts}"
    )
    reversing = [
        f"{side} at {listed(names)}" for side, names in sides.items() if side in REVERSALS[said] and names
    ]
    return f"{text}. Reversed: {'; '.join(reversing)}." if reversing else f"{text}; no setting reverses it."


def _side(row: Mapping[str, Any] | pd.Series) -> str:
    if row["difference_low"] > 0.0:
        return "above"
    return "below" if row["difference_high"] < 0.0 else "not told apart from"


def _named(row: Mapping[str, Any] | pd.Series) -> str:
    return f"`{row['assumption']}` = {_plain(row['value'])}"


def validation(checks: pd.DataFrame) -> list[str]:
    """Summarise the comparison with published facts by part and kind, and list every miss."""
    lines = ["| Part | Kind | Met | Targets |", "|---|---|---:|---:|"]
    for (part, kind), rows in checks.groupby(["part", "kind"], sort=False):
        lines.append(f"| {part} | {kind} | {int(rows['passed'].sum())} | {len(rows)} |")
    missed = checks[~checks["passed"].astype(bool)]
    lines += ["", f"Misses ({len(missed)} of {len(checks)}):" if len(missed) else "No target is missed.", ""]
    for row in missed.to_dict("records"):
        lines.append(
            f"- `{row['id']}` ({row['kind']}): simulated {_plain(row['simulated'])}, published "
            f"{_plain(row['target'])}, allowed {_plain(row['low'])} to {_plain(row['high'])} {row['unit']}"
        )
    return lines


def _plain(value: float) -> str:
    from experiments.units import number

    return number(float(value))
