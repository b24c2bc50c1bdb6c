"""The parameter registry: every number of the model with unit, bounds, status and source
(``data/parameters.csv``).
"""

from __future__ import annotations

import csv
import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

import numpy as np

from sim.errors import ScenarioError, unknown

STATUSES = ("measured", "estimated", "calibrated", "assumed")
DISTRIBUTIONS = ("fixed", "uniform", "triangular", "normal", "lognormal", "discrete")


@dataclass(frozen=True)
class Parameter:
    """One row of the registry; ``low`` and ``high`` bound what a scenario may set and what a sweep
    samples.
    """

    name: str
    block: str
    symbol: str
    unit: str
    value: float
    low: float
    high: float
    distribution: str
    status: str
    source: str
    locator: str
    price_year: str
    note: str


def data_text(*path: str) -> str:
    """Read a text file of the package's data folder."""
    return resources.files("sim").joinpath("data", *path).read_text(encoding="utf-8")


@functools.cache
def parameters() -> dict[str, Parameter]:
    """Read the registry: name -> row, in file order. Raises ScenarioError for a row without provenance or
    bounds.
    """
    found: dict[str, Parameter] = {}
    for row in csv.DictReader(data_text("parameters.csv").splitlines()):
        name = row["name"]
        if name in found:
            raise ScenarioError(f"parameters.csv: {name} appears twice")
        value = float(row["value"])
        low = float(row["low"]) if row["low"] else value
        high = float(row["high"]) if row["high"] else value
        parameter = Parameter(
            name, row["block"], row["symbol"], row["unit"], value, low, high, row["distribution"],
            row["status"], row["source"], row["locator"], row["price_year"], row["note"],
        )  # fmt: skip
        check(parameter)
        found[name] = parameter
    return found


def check(parameter: Parameter) -> None:
    """Refuse a row whose bounds do not hold its value or whose provenance is missing."""
    p = parameter
    if not p.low <= p.value <= p.high:
        raise ScenarioError(
            f"parameters.csv: {p.name} = {p.value} lies outside its bounds [{p.low}, {p.high}]"
        )
    if p.status not in STATUSES:
        raise ScenarioError(
            f"parameters.csv: {p.name} has status '{p.status}'; allowed: {', '.join(STATUSES)}"
        )
    if p.distribution not in DISTRIBUTIONS:
        raise ScenarioError(
            f"parameters.csv: {p.name} has distribution '{p.distribution}'; "
            f"allowed: {', '.join(DISTRIBUTIONS)}"
        )
    if not (p.note if p.status == "assumed" else p.source):
        missing = "rationale" if p.status == "assumed" else "source"
        raise ScenarioError(f"parameters.csv: {p.name} is {p.status} but gives no {missing}")
    if not p.unit:
        raise ScenarioError(f"parameters.csv: {p.name} has no unit (write 1 for a pure number)")


def checked_value(name: str, value: object, where: str) -> float:
    """Return a value as float if the parameter exists and allows it; ScenarioError otherwise."""
    registry = parameters()
    if name not in registry:
        raise unknown("parameter", name, registry, where)
    parameter = registry[name]
    unit = "" if parameter.unit == "1" else f" {parameter.unit}"
    allowed = f"allowed: {parameter.low:g} to {parameter.high:g}{unit}"
    if isinstance(value, bool) and (parameter.low, parameter.high) == (0.0, 1.0):
        text = str(value).lower()
        raise ScenarioError(f"{where}: {name} = {text} is not allowed; allowed: 0 (no) to 1 (yes)")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ScenarioError(f"{where}: {name} = {value!r} is not a finite number; {allowed}")
    if not parameter.low <= value <= parameter.high:
        raise ScenarioError(f"{where}: {name} = {value:g} is out of range; {allowed}")
    return float(value)


@functools.cache
def parameter_dtype() -> np.dtype:
    """Record type with one field per parameter; one object, as in ``agents.base.record_dtype``."""
    return np.dtype((np.record, [(name, np.float64) for name in parameters()]))


def parameter_record(values: Mapping[str, float]) -> np.ndarray:
    """Build the one-row record that rules read: registry defaults overwritten by ``values`` (already
    checked).
    """
    row = tuple(values.get(name, parameter.value) for name, parameter in parameters().items())
    return np.array([row], parameter_dtype())
