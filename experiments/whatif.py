"""What one assumption at a time changes: outcomes and paired differences at each end of each assumption."""

from __future__ import annotations

import math

import pandas as pd

from experiments.analysis import paired_difference
from experiments.errors import StoreError
from experiments.results import Results

PREFIX = "set_"


def settings_of(results: Results) -> dict[int, tuple[str, float]]:
    """Return the name and value that each design point sets; a point without one has the defaults."""
    found = {}
    columns = [name for name in results.points.columns if name.startswith(PREFIX)]
    for row in results.points.to_dict("records"):
        given = [(name.removeprefix(PREFIX), row[name]) for name in columns if not _missing(row[name])]
        if len(given) > 1:
            raise StoreError(
                f"point {row['point']} moves {len(given)} assumptions; it has to be one at a time"
            )
        found[int(row["point"])] = (given[0][0], float(given[0][1])) if given else ("", math.nan)
    return found


def moved(results: Results, outputs: list[str]) -> pd.DataFrame:
    """Tabulate, for every point, regime and output, the mean and the paired difference to the baseline.

    Columns: ``assumption`` (empty: all defaults), ``value``, ``regime``, ``regime_label``, ``output``,
    ``mean``, ``difference``, ``difference_low``, ``difference_high``.
    """
    rows = []
    for point, (name, value) in settings_of(results).items():
        here = results.runs[results.runs["point"] == point]
        for output in outputs:
            table = here.pivot(index="seed", columns="regime", values=output)
            for regime in results.regimes:
                found = paired_difference(table[regime], table[results.baseline])
                if regime == results.baseline:
                    found = paired_difference([], [])
                rows.append(
                    {
                        "assumption": name,
                        "value": value,
                        "regime": regime,
                        "regime_label": results.label(regime),
                        "output": output,
                        "mean": float(table[regime].mean()),
                        "difference": found.mean,
                        "difference_low": found.low,
                        "difference_high": found.high,
                    }
                )
    return pd.DataFrame(rows)


def _missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
