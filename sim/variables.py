"""The registry of output variables: it drives recording, labels, tables and documentation
(``data/outputs.csv``).
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.errors import ModelError
from sim.parameters import data_text

AGGREGATIONS: dict[str, Callable[[npt.NDArray[np.float64]], np.float64]] = {
    "sum": np.sum,
    "mean": np.mean,
    "last": lambda values: values[-1],
    "max": np.max,
}


@dataclass(frozen=True)
class Output:
    """One output variable."""

    name: str
    unit: str
    label: str
    symbol: str
    aggregation: str
    group: str
    definition: str

    def aggregate(self, values: npt.NDArray[np.float64]) -> float:
        """Summarise monthly values over a run."""
        return float(AGGREGATIONS[self.aggregation](values))


@functools.cache
def outputs() -> dict[str, Output]:
    """Read the registry, name -> output, in file order."""
    return {row["name"]: Output(**row) for row in csv.DictReader(data_text("outputs.csv").splitlines())}


@functools.cache
def month_index(labels: tuple[str, ...]) -> pd.Index:
    """Index of the months of a run; runs of a study share it."""
    return pd.Index(labels, name="month")


@functools.cache
def output_index() -> pd.Index:
    """Names of the outputs as an index of columns."""
    return pd.Index(list(outputs()))


def output_table(labels: Sequence[str], columns: Mapping[str, npt.NDArray[np.float64]]) -> pd.DataFrame:
    """Outputs as a table: one row per month, columns in the order of the registry, units in ``.attrs``.

    Raises ModelError naming outputs that are missing or unknown, or not finite in a month.
    """
    known = outputs()
    if columns.keys() != known.keys():
        raise ModelError(f"outputs missing or unknown: {', '.join(sorted(columns.keys() ^ known.keys()))}")
    values = np.empty((len(labels), len(known)))
    for place, name in enumerate(known):
        values[:, place] = columns[name]
    good = np.isfinite(values)
    if not good.all():
        t = int(good.all(axis=1).argmin())
        bad = [name for name, fine in zip(known, good[t], strict=True) if not fine]
        raise ModelError(f"{labels[t]}: output not finite: {', '.join(bad)}")
    table = pd.DataFrame(values, index=month_index(tuple(labels)), columns=output_index())
    table.attrs["units"] = {name: output.unit for name, output in known.items()}
    return table
