"""How results are written in text and tables: one scale per output, intervals, lists of seeds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from experiments.units import scale_for

if TYPE_CHECKING:
    import pandas as pd

# Significant digits of the largest number of an output; the others get as many decimals.
DIGITS = 4
_TEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "$": r"\$",
    "{": r"\{", "}": r"\}", "−": "$-$", "–": "--", "Δ": r"$\Delta$",
}  # fmt: skip


@dataclass(frozen=True)
class Format:
    """How the numbers of one output are written: divided by ``factor``, in ``unit``, with these decimals."""

    factor: float
    unit: str
    decimals: int

    def show(self, value: float, *, signed: bool = False) -> str:
        """Write a value without its unit; "n/a" if it is not a number."""
        if math.isnan(value):
            return "n/a"
        text = f"{abs(value) / self.factor:,.{self.decimals}f}"
        if not any(digit in text for digit in "123456789"):
            return text
        return f"−{text}" if value < 0 else f"+{text}" if signed else text

    def interval(self, low: float, high: float, *, signed: bool = False) -> str:
        """Write an interval without its unit."""
        return f"{self.show(low, signed=signed)} to {self.show(high, signed=signed)}"

    def with_unit(self, text: str) -> str:
        """Add the unit to a written number."""
        return f"{text} {self.unit}".strip()


def format_of(rows: pd.DataFrame) -> Format:
    """Choose the format of the rows of one output in a comparison (``mean``, ``p05``, ``p95``, ``unit``)."""
    largest = float(rows[["mean", "p05", "p95"]].abs().max().max())
    return format_for(rows["unit"].iloc[0], largest)


def format_for(unit: str, largest: float, digits: int = DIGITS) -> Format:
    """Choose the format in which ``largest`` (in ``unit``) has ``digits`` significant digits."""
    scale = scale_for(unit, largest)
    shown = abs(largest) / scale.factor
    if not (math.isfinite(shown) and shown > 0.0):
        return Format(scale.factor, scale.unit, 0)
    magnitude = math.floor(math.log10(shown))
    return Format(scale.factor, scale.unit, max(0, digits - 1 - magnitude))


def pairs_text(rows: pd.DataFrame) -> str:
    """Say on what the contrasts of a comparison rest: pairs, or seeds whose points are averaged first."""
    pairs = int(rows["pairs"].min()) if rows["pairs"].notna().any() else 0
    points = int(rows["points"].max())
    if points == 1:
        return f"{pairs} pair{'' if pairs == 1 else 's'} of runs with the same seed"
    return (
        f"{pairs} seed{'' if pairs == 1 else 's'} x {points} points, averaged over the points of a seed first"
    )


def seed_text(seeds: list[int]) -> str:
    """Write a list of seeds for people: their number and their range."""
    whole = seeds == list(range(seeds[0], seeds[-1] + 1))
    span = f"{seeds[0]}–{seeds[-1]}" if whole and len(seeds) > 1 else ", ".join(map(str, seeds))
    return f"{len(seeds)} seed{'s' if len(seeds) > 1 else ''} ({span})"


def listed(names: list[str]) -> str:
    """Join names as in a sentence: "a", "a and b", "a, b and c"; "none" without any."""
    if len(names) < 2:
        return names[0] if names else "none"
    return f"{', '.join(names[:-1])} and {names[-1]}"


def tex(text: str) -> str:
    """Escape a text for LaTeX."""
    return "".join(_TEX.get(sign, sign) for sign in text)
