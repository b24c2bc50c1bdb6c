"""Make the golden table, and rewrite it on purpose: ``python -m tests.golden.record "the reason"``.

The reason must stand in CHANGELOG.md as a line tagged **Changes results**; the table keeps it, so that
numbers and explanation move together.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from sim import load_scenario, simulate

TABLE = Path(__file__).with_name("golden.csv")
CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"
TAG = "**Changes results**"
REASON = "# reason: "
REGIMES = ("pakistan-status-quo", "pakistan-2025", "kazakhstan", "malaysia")
POPULATION = {"miners": 120, "world_miners": 60, "ai_firms": 24}
MONTHS, SEED = 24, 7


def golden_table() -> pd.DataFrame:
    """Summary of every output over 24 months of a few regimes: one row per output, one column per regime."""
    columns = {}
    for regime in REGIMES:
        scenario = load_scenario("pakistan", regime=regime, months=MONTHS, population=POPULATION)
        columns[regime] = {name: found["value"] for name, found in simulate(scenario, SEED).summary().items()}
    return pd.DataFrame(columns).rename_axis("output")


def recorded() -> tuple[str, pd.DataFrame]:
    """The reason for the last change, and the table as it was recorded."""
    reason = TABLE.read_text(encoding="utf-8").splitlines()[0].removeprefix(REASON)
    return reason, pd.read_csv(TABLE, comment="#", index_col="output")


def explained(reason: str) -> bool:
    """Whether the changelog has a line tagged as a change of results that gives this reason."""
    text = " ".join(CHANGELOG.read_text(encoding="utf-8").split())
    return any(entry.strip().startswith(reason) for entry in text.split(f"{TAG}:")[1:])


def main(arguments: list[str]) -> int:
    """Rewrite the table for a reason that the changelog explains."""
    if len(arguments) != 1 or not arguments[0].strip():
        sys.stderr.write('usage: python -m tests.golden.record "the first words of the changelog line"\n')
        return 2
    if not explained(arguments[0]):
        sys.stderr.write(f"CHANGELOG.md has no line '{TAG}: {arguments[0]} ...': write it first\n")
        return 1
    rows = golden_table().to_csv(float_format="%.9g", lineterminator="\n")
    TABLE.write_text(f"{REASON}{arguments[0]}\n{rows}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
