"""Parameter points of a study: factorial levels, or samples from the registry's bounds and distributions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import product
from typing import TYPE_CHECKING, Any, Protocol

from experiments.errors import StudyError, unknown_name

if TYPE_CHECKING:
    from experiments.design import Design, Uncertain

Value = float | int | bool | str
# Half-width of the 90 % interval of a standard normal: registry bounds of (log)normal rows are 5-95 %.
Z_90 = 1.6448536269514722
DISTRIBUTIONS = ("uniform", "loguniform", "triangular", "normal", "lognormal", "discrete")


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


def design_points(
    design: Design, points: int | None, registry: Mapping[str, Parameter]
) -> list[dict[str, Value]]:
    """Return the parameter points of a design; ``points`` overrides the number in the study."""
    return DESIGNS[design.kind](design, points or design.points, registry)


def _factorial(design: Design, points: int, registry: Mapping[str, Parameter]) -> list[dict[str, Value]]:
    names = list(design.levels)
    return [dict(zip(names, values, strict=True)) for values in product(*design.levels.values())]


def _latin_hypercube(
    design: Design, points: int, registry: Mapping[str, Parameter]
) -> list[dict[str, Value]]:
    from scipy.stats import qmc

    names = sorted(design.uncertain)
    rows = {name: _bounds(name, design.uncertain[name], registry) for name in names}
    draws = qmc.LatinHypercube(d=len(names), rng=design.seed).random(points)
    levels = _factorial(design, 1, registry)
    sampled = [
        {name: quantile(u, *rows[name]) for name, u in zip(names, row, strict=True)} for row in draws.tolist()
    ]
    return [{**level, **point} for point in sampled for level in levels]


def _bounds(
    name: str, uncertain: Uncertain, registry: Mapping[str, Parameter]
) -> tuple[str, float, float | None, float]:
    row = registry.get(name)
    if row is None:
        raise StudyError(f"design.uncertain: {unknown_name('parameter', name, registry)}")
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


DesignFunction = Callable[["Design", int, Mapping[str, Parameter]], list[dict[str, Value]]]
# A new design (Sobol, Morris) is one more entry here.
DESIGNS: dict[str, DesignFunction] = {"factorial": _factorial, "latin-hypercube": _latin_hypercube}
