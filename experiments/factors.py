"""Uncertain factors of a study: what a number in [0, 1] means for a parameter, instrument or joint table.

A factor is one column of a design. Most set one parameter; a joint table sets several at once, because its
rows were found plausible together; the dummy sets nothing, and every index that gives it weight is noise.
"""

from __future__ import annotations

import csv
import math
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from experiments.errors import StudyError, unknown_name

if TYPE_CHECKING:
    from experiments.design import Design, Joint, Uncertain

Value = float | int | bool | str
Setting = dict[str, Value]
# Half-width of the 90 % interval of a standard normal: registry bounds of (log)normal rows are 5-95 %.
Z_90 = 1.6448536269514722
TAIL = 0.05
DISTRIBUTIONS = ("uniform", "loguniform", "triangular", "normal", "lognormal", "discrete")
DUMMY = "dummy"


class Parameter(Protocol):
    """What a design needs to know of a registry row."""

    @property
    def value(self) -> Any:
        """Default."""

    @property
    def low(self) -> Any:
        """Lower bound, or 5 % quantile of a normal or lognormal."""

    @property
    def high(self) -> Any:
        """Upper bound, or 95 % quantile."""

    @property
    def distribution(self) -> str:
        """Name of the distribution."""


@dataclass(frozen=True)
class Factor:
    """One column of a design: ``at(u)`` is what it sets at u in [0, 1], ``extremes`` are outer settings."""

    name: str
    at: Callable[[float], Setting]
    extremes: tuple[Setting, ...]


def factors_of(design: Design, registry: Mapping[str, Parameter]) -> list[Factor]:
    """List the factors of a design, by name; the dummy, if there is one, comes last."""
    found = [_uncertain(name, item, registry) for name, item in selected(design, registry).items()]
    found += [_joint(name, item, registry) for name, item in design.joint.items()]
    found.sort(key=lambda factor: factor.name)
    if design.dummy:
        found.append(Factor(DUMMY, lambda u: {}, ()))
    names = [name for factor in found for name in (factor.extremes[0] if factor.extremes else {})]
    for name in names:
        if names.count(name) > 1:
            raise StudyError(f"design: {name} is set by two factors")
    return found


def selected(design: Design, registry: Mapping[str, Parameter]) -> dict[str, Uncertain]:
    """Add to the parameters named in a design those that it selects by block and status."""
    from experiments.design import Uncertain

    joint = {name for item in design.joint.values() for name in item.parameters}
    found = dict(design.uncertain)
    for choice in design.select:
        for name, row in registry.items():
            described = (getattr(row, "block", ""), getattr(row, "status", ""))
            wanted = all(
                not allowed or value in allowed
                for value, allowed in zip(described, (choice.block, choice.status), strict=True)
            )
            varies = row.distribution in DISTRIBUTIONS and row.low < row.high
            if wanted and varies and name not in joint and name not in choice.without:
                found.setdefault(name, Uncertain())
    return found


def _uncertain(name: str, uncertain: Uncertain, registry: Mapping[str, Parameter]) -> Factor:
    row = registry.get(name)
    if row is None:
        raise StudyError(f"design.uncertain: {unknown_name('parameter', name, registry)}")
    values = uncertain.values or list(getattr(row, "choices", ()))
    if values:
        pick = _by_weight(f"design.uncertain.{name}", uncertain.weights or [1.0] * len(values))
        return Factor(name, lambda u: {name: values[pick(u)]}, tuple({name: value} for value in values))
    law = _bounds(name, uncertain, registry)
    kind, low, _, high = law
    # The registry refuses values outside its bounds, so the tails of a (log)normal are cut there.
    cut = TAIL if kind in ("normal", "lognormal") else 0.0

    def at(u: float) -> Setting:
        return {name: min(max(quantile(cut + u * (1.0 - 2.0 * cut), *law), low), high)}

    return Factor(name, at, ({name: low}, {name: high}))


def _by_weight(where: str, weights: list[float]) -> Callable[[float], int]:
    """Pick a place by weight: equal shares of [0, 1] in proportion to the weights, in their order."""
    if any(not math.isfinite(weight) or weight < 0.0 for weight in weights) or sum(weights) <= 0.0:
        raise StudyError(f"{where}: weights must be zero or more and not all zero")
    steps = list(accumulate(weights))
    last = max(place for place, weight in enumerate(weights) if weight > 0.0)
    return lambda u: min(bisect_right(steps, u * steps[-1]), last)


def _joint(name: str, joint: Joint, registry: Mapping[str, Parameter]) -> Factor:
    """Make one factor of a table: each row is a setting of all its parameters, drawn by its weight."""
    where = f"design.joint.{name}"
    rows = read_table(joint.table, where)
    for column in (*joint.parameters, *([joint.weight] if joint.weight else [])):
        if column not in rows[0]:
            raise StudyError(f"{where}: {joint.table}: {unknown_name('column', column, rows[0])}")
    for parameter in joint.parameters:
        if parameter not in registry:
            raise StudyError(f"{where}: {unknown_name('parameter', parameter, registry)}")
    weights = [_number(row[joint.weight], where) if joint.weight else 1.0 for row in rows]
    settings: list[Setting] = [
        {parameter: _number(row[parameter], where) for parameter in joint.parameters} for row in rows
    ]
    pick = _by_weight(where, weights)
    likely = tuple(setting for setting, weight in zip(settings, weights, strict=True) if weight > 0.0)
    return Factor(name, lambda u: settings[pick(u)], likely)


def read_table(table: str, where: str) -> list[dict[str, str]]:
    """Read a table of a joint prior: a shipped one of ``sim/data/targets`` by file name, or any path."""
    from sim.parameters import data_text

    try:
        text = (
            Path(table).read_text(encoding="utf-8")
            if Path(table).is_absolute()
            else data_text("targets", table)
        )
    except OSError as error:
        raise StudyError(f"{where}: {table}: {(error.strerror or str(error)).lower()}") from error
    rows = list(csv.DictReader(text.splitlines()))
    if not rows:
        raise StudyError(f"{where}: {table} has no rows")
    return rows


def _number(text: str, where: str) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):
        raise StudyError(f"{where}: {text!r} is not a number") from None


def _bounds(
    name: str, uncertain: Uncertain, registry: Mapping[str, Parameter]
) -> tuple[str, float, float | None, float]:
    row = registry[name]
    low = row.low if uncertain.low is None else uncertain.low
    high = row.high if uncertain.high is None else uncertain.high
    if not (isinstance(low, int | float) and isinstance(high, int | float) and low < high):
        raise StudyError(f"design.uncertain.{name}: needs low < high, got low {low!r} and high {high!r}")
    kind = uncertain.distribution or row.distribution
    if kind not in DISTRIBUTIONS:
        raise StudyError(f"design.uncertain.{name}: {unknown_name('distribution', kind, DISTRIBUTIONS)}")
    if kind in ("lognormal", "loguniform") and low <= 0:
        raise StudyError(f"design.uncertain.{name}: a {kind} needs low > 0, got {low!r}")
    mode = row.value if isinstance(row.value, int | float) and low <= row.value <= high else None
    return kind, float(low), mode, float(high)


def quantile(u: float, kind: str, low: float, mode: float | None, high: float) -> float:
    """Map a uniform draw to a parameter value.

    ``low`` and ``high`` are bounds, except for ``normal`` and ``lognormal``, where they are the 5 % and 95 %
    quantiles; ``mode`` (the default value) is the peak of a triangular; ``discrete`` picks low, mode or high.
    """
    if kind == "triangular":
        peak = (low + high) / 2 if mode is None else mode
        split = (peak - low) / (high - low)
        if u < split:
            return low + math.sqrt(u * (high - low) * (peak - low))
        return high - math.sqrt((1.0 - u) * (high - low) * (high - peak))
    if kind == "discrete":
        values = sorted({low, high} if mode is None else {low, mode, high})
        return values[min(int(u * len(values)), len(values) - 1)]
    if kind in ("normal", "lognormal"):
        from scipy.special import ndtri

        a, b = (math.log(low), math.log(high)) if kind == "lognormal" else (low, high)
        x = (a + b) / 2 + (b - a) / (2 * Z_90) * float(ndtri(u))
        return math.exp(x) if kind == "lognormal" else x
    if kind == "loguniform":
        return math.exp(math.log(low) + u * (math.log(high) - math.log(low)))
    return low + u * (high - low)
