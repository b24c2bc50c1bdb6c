"""The registry of output variables: it drives recording, labels, tables and documentation
(``data/outputs.csv``).
"""

from __future__ import annotations

import csv
import functools
import math
import operator
from collections.abc import Callable
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


class Recorder:
    """Monthly outputs of a run; a month is complete only if every registered output was written and is
    finite.
    """

    def __init__(self, labels: tuple[str, ...]) -> None:
        self.labels = labels
        self.names = tuple(outputs())
        self.in_order = operator.itemgetter(*self.names)
        self.values = np.full((len(labels), len(self.names)), np.nan)

    def record(self, t: int, row: dict[str, float]) -> None:
        """Store a month. Raises ModelError naming an output that is missing, unknown or not finite."""
        if row.keys() != outputs().keys():
            wrong = sorted(row.keys() ^ outputs().keys())
            raise ModelError(f"{self.labels[t]}: outputs missing or unknown: {', '.join(wrong)}")
        values = self.in_order(row)
        if not all(map(math.isfinite, values)):
            bad = [name for name in self.names if not math.isfinite(row[name])]
            raise ModelError(f"{self.labels[t]}: output not finite: {', '.join(bad)}")
        self.values[t] = values

    def frame(self) -> pd.DataFrame:
        """Outputs as a table: one row per month, units in ``.attrs``."""
        table = pd.DataFrame(
            self.values.copy(), index=pd.Index(self.labels, name="month"), columns=list(self.names)
        )
        table.attrs["units"] = {name: output.unit for name, output in outputs().items()}
        return table
