"""Turn numbers with registry units into text and axis scales a reader takes in at once."""

from __future__ import annotations

import math
from typing import NamedTuple


class Scale(NamedTuple):
    """Divide a value by ``factor`` to show it in ``unit``."""

    factor: float
    unit: str


# From the largest step down; a value is shown in the first step it reaches.
_STEPS: dict[str, tuple[Scale, ...]] = {
    "USD": (Scale(1e9, "billion USD"), Scale(1e6, "million USD")),
    "MWh": (Scale(1e6, "TWh"), Scale(1e3, "GWh")),
    "t": (Scale(1e6, "Mt"), Scale(1e3, "kt")),
    "share": (Scale(0.01, "%"),),
}
# Megawatts stay megawatts: the offer of 2,000 MW is the yardstick of every figure.
_SIGNIFICANT = 4


def base_unit(unit: str) -> str:
    """Reduce a registry unit to the key of its scale: what stands before a blank, as in ``"t CO2"``."""
    return unit.split(" ")[0]


def _suffix(unit: str) -> str:
    return unit[len(base_unit(unit)) :]


def scale_for(unit: str, largest: float) -> Scale:
    """Choose the scale in which ``largest`` (in ``unit``) reads best; factor 1 when none applies."""
    size = abs(largest)
    base = base_unit(unit)
    for factor, shown in _STEPS.get(base, ()):
        if size >= factor or base == "share":
            return Scale(factor, shown + _suffix(unit))
    return Scale(1.0, display_unit(unit))


def display_unit(unit: str) -> str:
    """Spell a registry unit for people; pure numbers have no unit."""
    return "" if unit in ("", "1", "-") else unit


def number(value: float, digits: int = _SIGNIFICANT) -> str:
    """Write a number with ``digits`` significant digits, thousands separated, if possible no exponent."""
    if not math.isfinite(value):
        return "n/a"
    if value == 0.0:
        return "0"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    if decimals <= 0:
        return f"{round(value):,}"
    if decimals > 9:
        return f"{value:.{digits - 1}g}"
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def quantity(value: float, unit: str, digits: int = _SIGNIFICANT) -> tuple[str, str]:
    """Write a value and its unit for a table cell, in the scale that suits the value."""
    scale = scale_for(unit, value)
    return number(value / scale.factor, digits), scale.unit
