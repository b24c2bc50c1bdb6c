"""Fit named free parameters to published targets (Optuna), and write the result into the parameter registry.

A calibration is a TOML file: what to simulate, the free parameters, the targets. It minimises the mean square
of the misses in units of their tolerances over the same seeds in every trial. More targets than parameters
are required (C3), and what the targets do not identify is reported as a wide interval, to be swept and not
fixed.
"""

from __future__ import annotations

import csv
import io
import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from experiments.design import RunSpec, varied
from experiments.errors import StudyError, unknown_name
from experiments.plan import design_registry
from experiments.store import atomic_write

# Trials this much worse than the best (in mean squared misses) still explain the targets.
EQUAL_LOSS = 1.0
STARTUP_SHARE = 0.25

Measures = Mapping[str, float]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bounds(_Model):
    """Bounds of a free parameter; what is left out comes from the registry."""

    low: float | None = None
    high: float | None = None


class Target(_Model):
    """A published value of an output in a month, or its mean over months, with the miss that is tolerable."""

    id: str
    output: str
    first: str = Field(pattern=r"^\d{4}-\d{2}$")
    last: str = Field(default="", pattern=r"^(\d{4}-\d{2})?$")
    value: float
    tolerance: float = Field(gt=0)
    source: str = Field(min_length=1)


class Calibration(_Model):
    """One calibration file."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    title: str = ""
    country: str
    regime: str
    start: str = "2025-06"
    months: int = Field(ge=1)
    drivers: str = "replay"
    population: dict[str, int] = {}
    seeds: list[int] = Field(min_length=1)
    trials: int = Field(default=200, ge=8)
    seed: int = Field(default=1, ge=0)
    free: dict[str, Bounds] = Field(min_length=1)
    target: list[Target] = Field(min_length=1)

    @model_validator(mode="after")
    def _determined(self) -> Calibration:
        if len(self.target) <= len(self.free):
            raise ValueError(
                f"{len(self.target)} targets cannot determine {len(self.free)} parameters: more are needed"
            )
        if len({target.id for target in self.target}) < len(self.target):
            raise ValueError("target: an id is given twice")
        return self


@dataclass(frozen=True)
class Fit:
    """A finished calibration: best values, which range fits about equally well, misses in tolerances."""

    values: dict[str, float]
    equally_good: dict[str, tuple[float, float]]
    misses: dict[str, float]
    loss: float
    trials: int


def load_calibration(path: Path) -> Calibration:
    """Read and check a calibration file; every problem is one line."""
    try:
        return Calibration.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise StudyError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{path}: not valid TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise StudyError(f"{path}: {where}{': ' if where else ''}{first['msg']}") from error


def free_bounds(calibration: Calibration) -> dict[str, tuple[float, float]]:
    """Return the bounds of every free parameter; StudyError if the country file overrules the registry."""
    from sim.countries import load_country

    registry = design_registry(calibration.country)
    own = load_country(calibration.country).values
    found = {}
    for name, bounds in calibration.free.items():
        if name not in registry:
            raise StudyError(f"free: {unknown_name('parameter', name, registry)}")
        if name in own:
            raise StudyError(f"free: {name} is set by country {calibration.country}; calibrate it there")
        row = registry[name]
        low = row.low if bounds.low is None else bounds.low
        high = row.high if bounds.high is None else bounds.high
        if not low < high:
            raise StudyError(f"free: {name} needs low < high, got {low:g} and {high:g}")
        found[name] = (float(low), float(high))
    return found


def simulated_measures(calibration: Calibration) -> Callable[[dict[str, float]], Measures]:
    """Make the function that simulates every target for given parameter values, over the seeds."""
    from sim import outputs, simulate

    for target in calibration.target:
        if target.output not in outputs():
            raise StudyError(f"target {target.id}: {unknown_name('output', target.output, outputs())}")
    population = tuple(sorted(calibration.population.items()))
    spec = RunSpec(
        calibration.country,
        calibration.regime,
        calibration.months,
        0,
        start=calibration.start,
        drivers=calibration.drivers,
        population=population,
    )
    base = spec.load()

    def measure(values: dict[str, float]) -> Measures:
        scenario = varied(base, dict(values))
        runs = [simulate(scenario, seed=seed).months for seed in calibration.seeds]
        return {t.id: float(np.mean([_measured(months, t) for months in runs])) for t in calibration.target}

    return measure


def _measured(months: Any, target: Target) -> float:
    chosen = months.loc[target.first : target.last or target.first, target.output]
    if chosen.empty:
        raise StudyError(f"target {target.id}: the run has no month {target.first}")
    return float(chosen.mean())


def fit(
    calibration: Calibration,
    bounds: Mapping[str, tuple[float, float]],
    measure: Callable[[dict[str, float]], Measures],
    on_trial: Callable[[int, float], None] | None = None,
) -> Fit:
    """Search the free parameters for the smallest mean squared miss (tree-structured Parzen estimator).

    Seeded: the same calibration gives the same fit. Raises StudyError for a measure that is not finite.
    """
    try:
        import optuna
    except ImportError as error:
        raise StudyError("this needs Optuna: pip install -e '.[calibration]'") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    startup = max(4, int(STARTUP_SHARE * calibration.trials))
    sampler = optuna.samplers.TPESampler(seed=calibration.seed, multivariate=True, n_startup_trials=startup)
    study = optuna.create_study(sampler=sampler, direction="minimize")

    def objective(trial: Any) -> float:
        values = {name: trial.suggest_float(name, *pair) for name, pair in bounds.items()}
        misses = misses_of(calibration, measure(values))
        trial.set_user_attr("misses", misses)
        loss = float(np.mean(np.square(list(misses.values()))))
        if on_trial:
            on_trial(trial.number + 1, loss)
        return loss

    study.optimize(objective, n_trials=calibration.trials)
    best, least = study.best_trial, study.best_value
    good = [trial for trial in study.trials if trial.value is not None and trial.value <= least + EQUAL_LOSS]
    ranges = {name: (min(t.params[name] for t in good), max(t.params[name] for t in good)) for name in bounds}
    return Fit(dict(best.params), ranges, best.user_attrs["misses"], float(least), len(study.trials))


def misses_of(calibration: Calibration, measures: Measures) -> dict[str, float]:
    """Miss of every target in units of its tolerance."""
    found = {}
    for target in calibration.target:
        value = measures[target.id]
        if not math.isfinite(value):
            raise StudyError(f"target {target.id}: the simulated value is not finite")
        found[target.id] = (value - target.value) / target.tolerance
    return found


def write_calibrated(
    registry: Path, values: Mapping[str, float], *, target_set: str, date: str, note: str
) -> None:
    """Write fitted values into the parameter registry: value, status ``calibrated``, source and date.

    Other rows stay as they are, byte for byte. Raises StudyError if a parameter has no row.
    """
    lines = registry.read_text(encoding="utf-8").splitlines(keepends=True)
    header = next(csv.reader([lines[0]]))
    open_names = set(values)
    for place, line in enumerate(lines[1:], start=1):
        row = dict(zip(header, next(csv.reader([line])), strict=True))
        name = row["name"]
        if name not in open_names:
            continue
        open_names.remove(name)
        row |= {
            "value": f"{values[name]:.4g}",
            "status": "calibrated",
            "source": f"calibration {target_set}",
            "locator": f"fitted on {date}",
            "note": note,
        }
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerow(row[column] for column in header)
        lines[place] = buffer.getvalue()
    if open_names:
        raise StudyError(f"{registry}: no row for {', '.join(sorted(open_names))}")
    atomic_write(registry, "".join(lines).encode())
