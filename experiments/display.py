"""Text for people: the summary of a run, lists of names, and what one name means."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from experiments.errors import StudyError, unknown_name
from experiments.units import display_unit, number, quantity

# Value of a rate or a length that means the host country's own.
AS_IN_COUNTRY = -1
# Width where there is no terminal that says its own.
PLAIN_WIDTH = 110
SUMMARY = ("", "value", "unit", "over months")
# Groups of the output registry in reading order, and their headings.
GROUPS = {
    "money": "Investment and money",
    "labour": "Jobs",
    "tax": "Public money",
    "grid": "Grid",
    "allocation": "Allocation",
    "mining": "Mining",
    "ai": "AI",
    "bitcoin": "Bitcoin network",
    "macro": "Economy",
    "unit_cost": "Cost of a new megawatt-hour",
}
# What a run is asked first: load, jobs, money, bills, grid.
HEADLINE = (
    "energised_mw", "offer_mw", "mining_mw", "ai_mw", "jobs_total", "investment_usd", "tax_total_usd",
    "net_fiscal_usd", "net_public_usd", "consumer_bill_usd", "arrears_usd", "shed_mwh", "emissions_t",
)  # fmt: skip
# How the months of an output became one value.
OVER_MONTHS = {"sum": "total", "mean": "mean", "last": "last month", "max": "highest month"}


def console() -> Console:
    """Make a console for stdout; a pipe or file is as wide as COLUMNS says, else fairly wide."""
    out = Console(highlight=False)
    if out.is_terminal or os.environ.get("COLUMNS", "").isdigit():
        return out
    return Console(highlight=False, width=PLAIN_WIDTH)


def plain_table(columns: Sequence[str], right: Sequence[str] = ()) -> Table:
    """Make an unframed table; the columns in ``right`` are aligned to the right, names in the first column
    are never broken, so that they can be copied.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for place, name in enumerate(columns):
        justify = "right" if name in right else "left"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=place == 0)  # type: ignore[arg-type]
    return table


def summary_table(summary: Mapping[str, Mapping[str, Any]], registry: Mapping[str, Any]) -> Table:
    """Arrange the outputs of one run by group: label, value, unit, what the value is of the months."""
    table = plain_table(SUMMARY, right=("value",))
    for group in ordered_groups(registry):
        names = [name for name in summary if registry[name].group == group]
        if not names:
            continue
        table.add_row(f"[bold]{GROUPS.get(group, group)}[/bold]")
        for name in names:
            table.add_row(*_summary_cells(summary[name], registry[name], indent="  "))
    return table


def headline_table(summary: Mapping[str, Mapping[str, Any]], registry: Mapping[str, Any]) -> Table:
    """Arrange the few outputs of a run that are asked first."""
    table = plain_table(SUMMARY, right=("value",))
    for name in HEADLINE:
        if name in summary:
            table.add_row(*_summary_cells(summary[name], registry[name]))
    return table


def _summary_cells(entry: Mapping[str, Any], output: Any, indent: str = "") -> tuple[str, str, str, str]:
    value, unit = quantity(float(entry["value"]), entry["unit"])
    return f"{indent}{output.label}", value, unit, OVER_MONTHS[output.aggregation]


def ordered_groups(registry: Mapping[str, Any]) -> list[str]:
    """List the groups of the registry: the known ones in reading order, then others as they come."""
    found = list(dict.fromkeys(output.group for output in registry.values()))
    return [name for name in GROUPS if name in found] + [name for name in found if name not in GROUPS]


def json_number(value: float) -> float | None:
    """Return a number that JSON can hold; what is not finite becomes null."""
    return float(value) if math.isfinite(value) else None


def names_table(rows: Iterable[tuple[str, str, str]]) -> Table:
    """Arrange name, home and title."""
    table = plain_table(("name", "home", "title"))
    for row in rows:
        table.add_row(*row)
    return table


def parameter_rows(registry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the parameter registry as plain rows."""
    fields = (
        "block", "name", "symbol", "unit", "value", "low", "high", "distribution", "status", "source",
        "locator", "price_year", "note",
    )  # fmt: skip
    return [{field: getattr(row, field) for field in fields} for row in registry.values()]


def output_rows(registry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the output registry as plain rows."""
    fields = ("group", "name", "unit", "label", "symbol", "aggregation", "definition")
    return [{field: getattr(row, field) for field in fields} for row in registry.values()]


def parameters_table(registry: Mapping[str, Any]) -> Table:
    """Arrange the parameters: name, value, bounds, unit, status."""
    table = plain_table(("name", "value", "low", "high", "unit", "status"), right=("value", "low", "high"))
    for row in registry.values():
        values = (number(float(row.value)), number(float(row.low)), number(float(row.high)))
        table.add_row(row.name, *values, row.unit, row.status)
    return table


def outputs_table(registry: Mapping[str, Any]) -> Table:
    """Arrange the outputs: name, unit, how months become one number, label."""
    table = plain_table(("name", "unit", "over months", "label"))
    for group in ordered_groups(registry):
        for row in registry.values():
            if row.group == group:
                table.add_row(row.name, display_unit(row.unit), row.aggregation, row.label)
    return table


def describe(name: str) -> list[str | Table]:
    """Explain a regime, country, instrument, parameter or output, whichever has this name."""
    from sim import instruments, list_countries, list_regimes, outputs, parameters

    if name in list_regimes():
        return _describe_regime(name)
    if name in list_countries():
        return _describe_country(name)
    found: list[str | Table] = []
    for kind, registry in (
        ("parameter", parameters()),
        ("instrument", instruments()),
        ("output", outputs()),
    ):
        if name in registry:
            found += [f"{kind} {name}", _fields_table(registry[name])]
    if not found:
        known = [*list_regimes(), *list_countries(), *parameters(), *instruments(), *outputs()]
        raise StudyError(unknown_name("name", name, known))
    return found


def _fields_table(row: Any) -> Table:
    table = plain_table(("field", "value"))
    for field, value in vars(row).items():
        if isinstance(value, tuple):
            value = ", ".join(map(str, value))
        shown = number(value, 6) if isinstance(value, float) else str(value)
        if field != "name" and shown:
            table.add_row(field, shown)
    return table


def _describe_regime(name: str) -> list[str | Table]:
    from sim import instruments
    from sim.regimes import load_regime

    regime, known = load_regime(name), instruments()
    heading = f"regime {regime.name}: {regime.title} (home: {regime.home}; local prices in {regime.currency})"
    found: list[str | Table] = [heading, regime.description.strip()]
    parts = [("start", regime.base, regime.base_sources)]
    for event in regime.event:
        parts.append((event.month or f"month {event.after_months}", event.set, {"": event.source}))
    for when, settings, sources in parts:
        table = plain_table((f"from {when}", "value (allowed), source"))
        for key, value in settings.items():
            text = _setting(value, known[key], regime.currency)
            table.add_row(key, _above(text, sources.get(key, sources.get("", ""))))
        found += ["", table]
    return found


def _describe_country(name: str) -> list[str | Table]:
    from sim.countries import load_country

    country = load_country(name)
    table = plain_table(("value of", "value (range), status, source"))
    for key, row in country.values.items():
        span = "" if row.low is None or row.high is None else f" ({number(row.low)} to {number(row.high)})"
        text = f"{number(row.value)} {display_unit(row.unit)}".strip() + f"{span}, {row.status}"
        table.add_row(key, _above(text, row.source or row.note))
    capacity_mw = sum(plant.capacity_mw for plant in country.plant)
    heading = (
        f"country {country.name}: {country.title} (currency {country.currency}; {len(country.plant)} plants, "
        f"{number(capacity_mw)} MW; zones: {', '.join(country.zones)})"
    )
    return [heading, table]


def _above(text: str, source: str) -> str:
    """Put a source under a value; neither is markup."""
    return escape(f"{text}\n{source}" if source else text)


def _setting(value: Any, instrument: Any, currency: str) -> str:
    """Write the value of an instrument with its unit and what is allowed."""
    if instrument.kind == "bool":
        return "yes" if value else "no"
    if instrument.kind == "choice":
        return f"{value} (or {', '.join(name for name in instrument.choices if name != value)})"
    unit = display_unit(instrument.unit.replace("local", currency))
    allowed = f"{number(instrument.low)} to {number(instrument.high)}"
    if value == instrument.low == AS_IN_COUNTRY:
        return f"{AS_IN_COUNTRY}: as in the country ({allowed})"
    return f"{number(float(value))} {unit}".rstrip() + f" ({allowed})"


def bench_table(document: Mapping[str, Any]) -> Table:
    """Arrange the measurements of a benchmark: one row per number; spread where runs were repeated."""
    table = plain_table(("", "median", "spread"), right=("median", "spread"))
    spread = document["spread"]
    rows: dict[str, float | None] = {}
    for name, value in document.items():
        if isinstance(value, list):
            rows |= {f"{name} {size:g}": number_at for size, number_at in value}
        elif isinstance(value, Mapping) and name != "spread":
            rows |= {f"{name} {part}": share for part, share in value.items()}
        elif not isinstance(value, Mapping):
            rows[name] = value
    for name, value in rows.items():
        shown = "" if value is None else f"{value:.4g}"
        table.add_row(name, shown, f"{spread[name]:.1%}" if name in spread else "")
    return table
