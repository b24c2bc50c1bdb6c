"""Designs: the points of a study, from all combinations of levels to samples for sensitivity analysis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from experiments.errors import StudyError
from experiments.factors import Factor, Parameter, Setting, factors_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from experiments.design import Design

# The column of a design in which the seed is itself a factor.
LUCK = "luck"
# Levels of a Morris grid: the elementary effect is taken over two thirds of the range.
MORRIS_LEVELS = 4


@dataclass(frozen=True)
class Points:
    """The points of a design: what each sets, and where it lies in the unit cube of the factors.

    ``units`` has one row per point and one column per factor; it is empty for designs that list their points.
    ``luck`` gives each point its place in the list of seeds when the seed is a factor, else None.
    """

    settings: list[Setting]
    factors: tuple[str, ...] = ()
    units: NDArray[np.float64] | None = None
    luck: NDArray[np.float64] | None = None


def design_points(design: Design, points: int | None, registry: Mapping[str, Parameter]) -> Points:
    """Return the points of a design; ``points`` overrides the number in the study."""
    return DESIGNS[design.kind](design, points or design.points, registry)


def _levels(design: Design) -> list[Setting]:
    """All combinations of the levels and of one variant of each group, the last group varying fastest.

    Groups come in the order of their names, which a stored study keeps.
    """
    choices: list[list[Setting]] = [
        [{name: value} for value in values] for name, values in design.levels.items()
    ]
    choices += [[variant.values for variant in design.variants[group]] for group in sorted(design.variants)]
    return [{name: value for part in parts for name, value in part.items()} for parts in product(*choices)]


def _factorial(design: Design, points: int, registry: Mapping[str, Parameter]) -> Points:
    return Points(_levels(design))


def _one_at_a_time(design: Design, points: int, registry: Mapping[str, Parameter]) -> Points:
    """Every factor at each of its extremes with all others at their defaults; first the defaults alone."""
    moved = [setting for factor in factors_of(design, registry) for setting in factor.extremes]
    return Points([{**level, **setting} for setting in [{}, *moved] for level in _levels(design)])


def _latin_hypercube(design: Design, points: int, registry: Mapping[str, Parameter]) -> Points:
    from scipy.stats import qmc

    factors = factors_of(design, registry)
    columns = len(factors) + _luck_columns(design)
    return _placed(design, factors, qmc.LatinHypercube(d=columns, rng=design.seed).random(points))


def _quasi_random(design: Design, points: int, registry: Mapping[str, Parameter]) -> Points:
    """Scrambled Sobol' points: more points leave the first ones as they are, so that a study can grow."""
    from scipy.stats import qmc

    factors = factors_of(design, registry)
    columns = len(factors) + _luck_columns(design)
    sequence = qmc.Sobol(d=columns, scramble=True, rng=design.seed)
    return _placed(design, factors, sequence.random_base2((points - 1).bit_length())[:points])


def _sobol(design: Design, points: int, registry: Mapping[str, Parameter]) -> Points:
    """Saltelli's design for first, second and total Sobol indices: N(2D + 2) points for N = ``points``."""
    if points & (points - 1):
        raise StudyError(f"design.points: a sobol design needs a power of two, got {points}")
    factors = factors_of(design, registry)
    problem = salib_problem(design, [factor.name for factor in factors])
    sample = salib("sample.sobol").sample(problem, points, calc_second_order=True, seed=design.seed)
    return _placed(design, factors, sample)


def _morris(design: Design, points: int, registry: Mapping[str, Parameter]) -> Points:
    """Morris' trajectories for elementary effects: r(D + 1) points for r = ``points``."""
    factors = factors_of(design, registry)
    problem = salib_problem(design, [factor.name for factor in factors])
    sample = salib("sample.morris").sample(problem, points, num_levels=MORRIS_LEVELS, seed=design.seed)
    return _placed(design, factors, sample)


def salib_problem(design: Design, names: Sequence[str]) -> dict[str, object]:
    """Describe the unit cube of the factors in the form that SALib wants; luck, if a factor, is the last."""
    columns = [*names, *([LUCK] if _luck_columns(design) else [])]
    return {"num_vars": len(columns), "names": columns, "bounds": [[0.0, 1.0]] * len(columns)}


def salib(module: str) -> ModuleType:
    """Import a module of SALib; one clear line when it is not installed."""
    from importlib import import_module

    try:
        return import_module(f"SALib.{module}")
    except ImportError as error:
        raise StudyError("this needs SALib: pip install -e '.[sensitivity]'") from error


def _luck_columns(design: Design) -> int:
    return int(design.seeds == "factor")


def _placed(design: Design, factors: list[Factor], sample: NDArray[np.float64]) -> Points:
    """Give every row of the sample its setting, and repeat it for every combination of levels."""
    levels = _levels(design)
    settings: list[Setting] = []
    for row in sample.tolist():
        point: Setting = {}
        for factor, u in zip(factors, row, strict=False):
            point |= factor.at(u)
        settings += [{**level, **point} for level in levels]
    units = np.repeat(sample, len(levels), axis=0)
    names = [factor.name for factor in factors]
    if not _luck_columns(design):
        return Points(settings, tuple(names), units)
    return Points(settings, (*names, LUCK), units, units[:, -1])


DesignFunction = Callable[["Design", int, Mapping[str, Parameter]], Points]
DESIGNS: dict[str, DesignFunction] = {
    "factorial": _factorial,
    "one-at-a-time": _one_at_a_time,
    "latin-hypercube": _latin_hypercube,
    "quasi-random": _quasi_random,
    "sobol": _sobol,
    "morris": _morris,
}
LISTED = ("factorial",)
