"""Compare the model with published facts: targets with tolerances, simulated values, pass or miss."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.table import Table

from experiments.display import json_number, plain_table
from experiments.errors import StudyError, unknown_name
from experiments.units import number

if TYPE_CHECKING:
    import pandas as pd

Measures = Mapping[str, float]
# A value that equals the edge of its range may differ from it in the last digit
ROUNDING = 1e-12


@dataclass(frozen=True)
class Target:
    """A published fact and the range in which the model's value counts as right."""

    id: str
    part: str
    kind: str
    target: float
    unit: str
    low: float
    high: float
    tolerance: str
    source: str


@dataclass(frozen=True)
class Check:
    """A target with the model's value and, where they exist, that of a plain regression and the model's
    own when each month is predicted from the others.
    """

    target: Target
    simulated: float
    regression: float | None
    left_out: float | None = None

    @property
    def passed(self) -> bool:
        """True if the simulated value lies within the tolerance, or on its edge but for rounding."""
        low, high, found = self.target.low, self.target.high, self.simulated
        on_edge = math.isclose(found, low, rel_tol=ROUNDING) or math.isclose(found, high, rel_tol=ROUNDING)
        return low <= found <= high or on_edge

    @property
    def regression_wins(self) -> bool:
        """True if the plain regression is nearer to the target than the model."""
        return self.regression is not None and (
            abs(self.regression - self.target.target) < abs(self.simulated - self.target.target)
        )


def _measure_grid() -> tuple[Measures, Measures]:
    from experiments.validation.grid import measure_grid

    return measure_grid()


def _measure_bitcoin() -> tuple[Measures, Measures]:
    from experiments.validation.bitcoin import measure_bitcoin

    return measure_bitcoin()


def _measure_regimes() -> tuple[Measures, Measures]:
    from experiments.validation.regimes import measure_regimes

    return measure_regimes()


def _measure_ai() -> tuple[Measures, Measures]:
    from experiments.validation.ai import measure_ai

    return measure_ai()


def _measure_labour() -> tuple[Measures, Measures]:
    from experiments.validation.labour import measure_labour

    return measure_labour()


MEASURES: dict[str, Callable[[], tuple[Measures, Measures]]] = {
    "grid": _measure_grid,
    "bitcoin": _measure_bitcoin,
    "ai": _measure_ai,
    "labour": _measure_labour,
    "regimes": _measure_regimes,
}


def load_targets(part: str) -> list[Target]:
    """Read the targets of a part (``sim/data/targets/PART.csv``), in file order."""
    from sim.parameters import data_text

    found = []
    for row in csv.DictReader(data_text("targets", f"{part}.csv").splitlines()):
        numbers = {name: float(row[name]) for name in ("target", "low", "high")}
        text = {name: row[name] for name in ("id", "part", "kind", "unit", "tolerance", "source")}
        found.append(Target(**text, **numbers))  # type: ignore[arg-type]
    return found


def load_left_out(part: str) -> dict[str, float]:
    """Read the leave-one-month-out errors of a part (``sim/data/targets/PART_left_out.csv``) by target id;
    a part without such a file has none.
    """
    from sim.parameters import data_text

    try:
        text = data_text("targets", f"{part}_left_out.csv")
    except FileNotFoundError:
        return {}
    rows = csv.DictReader(text.splitlines())
    return {row["id"]: float(row["left_out"]) for row in rows}


def validate(part: str | None = None) -> list[Check]:
    """Simulate what the targets of a part ask for; without a part, of all parts that have targets."""
    if part is not None and part not in MEASURES:
        raise StudyError(unknown_name("part", part, MEASURES))
    checks = []
    for name in MEASURES if part is None else (part,):
        simulated, regression = MEASURES[name]()
        left_out = load_left_out(name)
        for target in load_targets(name):
            key = target.id.removeprefix(f"{name}.")
            checks.append(Check(target, simulated[key], regression.get(key), left_out.get(target.id)))
    return checks


def as_document(checks: list[Check]) -> list[dict[str, Any]]:
    """Arrange checks for other programs; a value that is not finite becomes null."""
    return [
        {
            "id": check.target.id,
            "part": check.target.part,
            "kind": check.target.kind,
            "target": check.target.target,
            "unit": check.target.unit,
            "simulated": json_number(check.simulated),
            "low": check.target.low,
            "high": check.target.high,
            "passed": check.passed,
            "source": check.target.source,
            "tolerance": check.target.tolerance,
            "left_out": check.left_out,
            "regression": None if check.regression is None else json_number(check.regression),
        }
        for check in checks
    ]


def evidence(size: str) -> pd.DataFrame:
    """Tabulate all checks for the report; they do not depend on the size."""
    import pandas as pd

    frame = pd.DataFrame(as_document(validate()))
    frame.attrs["units"] = dict.fromkeys(("target", "simulated", "low", "high"), "unit")
    return frame


def checks_table(checks: list[Check]) -> Table:
    """Arrange checks for people: misses are in capitals, and so is a regression that does better.

    (f) fitted, (p) predicted; left out: error when each month is predicted from the others.
    """
    heads = ("target", "published", "simulated", "allowed", "unit", "left out", "regression", "")
    table = plain_table(heads, right=("published", "simulated", "left out", "regression"))
    for check in checks:
        goal = check.target
        table.add_row(
            f"{goal.id.removeprefix(goal.part + '.')} ({goal.kind[0]})",
            number(goal.target),
            number(check.simulated),
            f"{number(goal.low)} to {number(goal.high)}",
            goal.unit,
            "" if check.left_out is None else number(check.left_out, 3),
            regression_note(check),
            "pass" if check.passed else "MISS",
        )
    return table


def regression_note(check: Check) -> str:
    """Write what a plain regression gives, and in capitals that it does better than the model."""
    line = "" if check.regression is None else number(check.regression, 3)
    return f"{line} BETTER" if check.regression_wins else line


def summary_line(checks: list[Check]) -> str:
    """Say how many targets are met, by kind, and how often a model without mechanism is nearer."""
    parts = []
    for kind in dict.fromkeys(check.target.kind for check in checks):
        mine = [check.passed for check in checks if check.target.kind == kind]
        parts.append(f"{kind} {sum(mine)} of {len(mine)}")
    better = sum(check.regression_wins for check in checks)
    lines = sum(check.regression is not None and math.isfinite(check.regression) for check in checks)
    line = f"; a plain regression or naive model is nearer in {better} of {lines}" if lines else ""
    return f"passed: {', '.join(parts)}{line}"
