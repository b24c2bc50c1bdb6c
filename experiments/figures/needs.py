"""What a figure needs of the study whose runs it reads, so that a study is told before it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from experiments.levels import level_names
from experiments.sampling import LISTED

if TYPE_CHECKING:
    from experiments.figures import FigureSpec

Study = Mapping[str, Any]
# The words of ``needs`` in figures.toml: whether a study (as plain data) has it, and what it is called.
NEEDS: dict[str, tuple[Callable[[Study], bool], str]] = {
    "series": (lambda study: bool(study["series"]), "monthly series (series = true)"),
    "rivals": (lambda study: len(study["regimes"]) > 1, "more than one regime"),
    "goals": (lambda study: bool(study["goals"]), "[goals]"),
    "search": (lambda study: study["search"] is not None, "[search]"),
    "variants": (lambda study: bool(study["design"].get("variants")), "[design.variants]"),
    "sobol": (lambda study: study["design"]["kind"] == "sobol", "a sobol design"),
    "morris": (lambda study: study["design"]["kind"] == "morris", "a morris design"),
    "one-at-a-time": (
        lambda study: study["design"]["kind"] == "one-at-a-time",
        "a one-at-a-time design",
    ),
    "sample": (
        lambda study: study["design"]["kind"] not in (*LISTED, "one-at-a-time"),
        "a sampled design",
    ),
    "one-lever": (
        lambda study: len(level_names(study)) == 1,
        "[design.levels] of one factor (for two: tariff_levy_map)",
    ),
}


def obstacle(spec: FigureSpec, study: Study) -> str:
    """Say in one line why a study cannot draw a figure from its own runs; empty if it can."""
    if not spec.reads_runs:
        return ""
    missing = [f"[design.levels] of {name}" for name in spec.levels if name not in level_names(study)]
    missing += [NEEDS[need][1] for need in spec.needs if not NEEDS[need][0](study)]
    return f"figure {spec.name} needs {', '.join(missing)}" if missing else ""
