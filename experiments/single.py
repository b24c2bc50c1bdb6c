"""One run for a person or another program: settings from the command line, the JSON document, files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.display import console, headline_table, json_number, summary_table
from experiments.errors import ExperimentError
from experiments.factors import Value
from experiments.notes import counted, offer_line, price_line
from experiments.progress import duration
from experiments.store import atomic_write
from experiments.tables import csv_with_units

if TYPE_CHECKING:
    import pandas as pd


def parse_assignments(assignments: Sequence[str]) -> dict[str, Value]:
    """Read ``name=value`` pairs; numbers become numbers, true and false become bool, the rest stays text."""
    found: dict[str, Value] = {}
    for text in assignments:
        name, separator, value = text.partition("=")
        if not separator or not name.strip() or not value.strip():
            raise ExperimentError(f"--set needs name=value, got '{text}'")
        if name.strip() in found:
            raise ExperimentError(f"--set gives {name.strip()} twice")
        found[name.strip()] = _value(value.strip())
    return found


def _value(text: str) -> Value:
    if text in ("true", "false"):
        return text == "true"
    try:
        return float(text)
    except ValueError:
        return text


def as_document(result: Any, seed: int, engine: str) -> dict[str, Any]:
    """Make the stable JSON document of a run; values that are not finite become null."""
    scenario = result.scenario
    from sim import outputs

    summary = {
        name: {
            "value": json_number(entry["value"]),
            "unit": entry["unit"],
            "aggregation": outputs()[name].aggregation,
        }
        for name, entry in result.summary().items()
    }
    return {
        "scenario_hash": scenario.hash,
        "country": scenario.country,
        "regime": scenario.regime,
        "seed": seed,
        "months": scenario.months,
        "engine": engine,
        "wall_s": float(result.wall_s),
        "summary": summary,
    }


def run_text(
    result: Any, document: Mapping[str, Any], *, paths: Sequence[str] = (), everything: bool = False
) -> None:
    """Print a run: lines that say what was run and in which money, then its headline or every output.

    ``paths`` are the files that were given in place of a shipped country or regime.
    """
    from sim import outputs

    screen, registry, scenario = console(), outputs(), result.scenario
    lines = [
        f"{document['regime']} in {document['country']}, {counted(document['months'])}, "
        f"seed {document['seed']}, engine {document['engine']} ({duration(document['wall_s'])}); "
        f"scenario {document['scenario_hash']}",
        *(f"from {path}" for path in paths),
        f"{scenario.regime_data.title}; USD are real (constant prices) and not discounted",
        price_line(scenario),
        offer_line(result.months),
    ]
    for text in lines:
        screen.print(text, markup=False, soft_wrap=True)
    finite = {name: entry for name, entry in document["summary"].items() if entry["value"] is not None}
    screen.print()
    screen.print((summary_table if everything else headline_table)(finite, registry))
    missing = [name for name in document["summary"] if name not in finite]
    if missing and everything:
        screen.print(f"not defined in this run: {', '.join(missing)}")
    if not everything:
        screen.print(f"--all shows all {len(document['summary'])} outputs, --out DIR keeps every month")


def write_run(result: Any, document: Mapping[str, Any], registry: Mapping[str, Any], out: Path) -> None:
    """Write series (CSV with a units row), the agents' final state, the summary and the scenario."""
    months = result.months.rename_axis("month").reset_index()
    units = {name: output.unit for name, output in registry.items()}
    files = {
        "summary.json": json.dumps(document, indent=1, allow_nan=False) + "\n",
        "scenario.json": result.scenario.canonical_json() + "\n",
        "months.csv": csv_with_units(months, {"month": "calendar month", **units}),
        "days.csv": csv_with_units(result.days.reset_index(drop=True), day_units(result.days)),
    }
    for kind, frame in result.agents.items():
        files[f"agents_{kind}.csv"] = frame.to_csv(index=False, lineterminator="\n")
    for name, text in files.items():
        atomic_write(out / name, text.encode())


def day_units(days: pd.DataFrame) -> dict[str, str]:
    """Name the units of the columns of the typical day, which are all power or price, by their endings."""
    endings = {"_usd_per_mwh": "USD/MWh", "_mw": "MW"}
    found = {"hour": "hour of day"}
    for name in map(str, days.columns):
        found.update((name, unit) for ending, unit in endings.items() if name.endswith(ending))
    return found
