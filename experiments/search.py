"""Policy search: which settings of a regime's instruments no other setting beats (NSGA-II by pymoo).

A candidate is a setting of the instruments of ``[search]``. It is judged in every world of the study (point
of the design and seed, the same for all candidates) by one number per objective, so that luck does not
decide. All its runs go through the store like those of any study: a search that was stopped goes on where it
was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from experiments.design import INSTRUMENT, Design, Search, SizeName, Study, points_of
from experiments.errors import StudyError
from experiments.factors import Factor, Setting, factors_of
from experiments.plan import Plan, design_registry, make_plan
from experiments.regime_file import write_regime
from experiments.runner import SweepResult, sweep_plan
from experiments.sampling import Points
from experiments.store import Store

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDER = "regimes"


@dataclass(frozen=True)
class Found:
    """Candidates that no other beats: what they set, and the value of every objective in its own sense."""

    settings: list[Setting]
    values: pd.DataFrame
    evaluated: int
    result: SweepResult

    @property
    def complete(self) -> bool:
        """True if the search came to its end."""
        return not self.result.interrupted


Planner = Callable[[Study, SizeName, Points], Plan]


def search(
    study: Study, size: SizeName, out: Path, *, planner: Planner | None = None, **options: Any
) -> Found:
    """Search the instruments of a study; options as in :func:`experiments.runner.sweep_plan`.

    Raises StudyError if the study has no ``[search]`` or a run of a candidate fails.
    """
    if study.search is None:
        raise StudyError(f"study {study.name} has no [search]")
    if study.design.seeds != "shared" or len(study.regimes) != 1:
        raise StudyError(f"study {study.name}: a search needs one regime and shared seeds")
    task = _Search(study, study.search, size, out, planner or plan_points, options)
    candidates, objectives, result = task.run()
    best = _not_beaten(objectives * task.signs)
    # The last sweep of the study is the front itself, all of it stored already: figures read that.
    if not result.interrupted:
        result = task.sweep([candidates[place] for place in best])
    values = pd.DataFrame(objectives[best], columns=list(task.search.objectives))
    return Found([candidates[place] for place in best], values, len(candidates), result)


def plan_points(study: Study, size: SizeName, points: Points) -> Plan:
    """Plan the runs of the given points, under the name of the study."""
    return make_plan(study, size, points)


def instrument_factors(search: Search, registry: Any) -> list[Factor]:
    """Make a factor of every instrument that is searched."""
    return factors_of(Design(kind="quasi-random", uncertain=search.instruments), registry)


@dataclass
class _Search:
    study: Study
    search: Search
    size: SizeName
    out: Path
    planner: Planner
    options: dict[str, Any]

    def __post_init__(self) -> None:
        registry = design_registry(self.study.countries[0])
        self.factors = instrument_factors(self.search, registry)
        self.worlds = points_of(self.study, self.size, registry).settings
        # pymoo minimises everything.
        self.signs = np.array([-1.0 if sense == "max" else 1.0 for sense in self.search.objectives.values()])

    def run(self) -> tuple[list[Setting], NDArray[np.float64], SweepResult]:
        """Evolve the population; return every candidate that was judged, with its objectives."""
        algorithm, problem = self._algorithm()
        from pymoo.core.evaluator import Evaluator
        from pymoo.problems.static import StaticProblem

        candidates: list[Setting] = []
        objectives: list[NDArray[np.float64]] = []
        while True:
            population = algorithm.ask()
            settings = [self.setting(row) for row in population.get("X")]
            result = self.sweep(settings)
            if result.interrupted:
                return candidates, np.reshape(objectives, (len(candidates), -1)), result
            values = self.judge(result)
            candidates += settings
            objectives += list(values)
            Evaluator().eval(StaticProblem(problem, F=values * self.signs), population)
            algorithm.tell(infills=population)
            if not algorithm.has_next():
                return candidates, np.array(objectives), result

    def _algorithm(self) -> tuple[Any, Any]:
        try:
            from pymoo.algorithms.moo.nsga2 import NSGA2
            from pymoo.core.problem import Problem
        except ImportError as error:
            raise StudyError("this needs pymoo: pip install -e '.[search]'") from error
        problem = Problem(n_var=len(self.factors), n_obj=len(self.signs), xl=0.0, xu=1.0)
        algorithm = NSGA2(pop_size=self.search.population)
        generations = ("n_gen", self.search.generations)
        algorithm.setup(problem, termination=generations, seed=self.search.seed, verbose=False)
        return algorithm, problem

    def setting(self, row: NDArray[np.float64]) -> Setting:
        """Turn a point of the unit cube into a setting of the instruments, rounded to three digits."""
        found: Setting = {}
        for factor, u in zip(self.factors, row, strict=True):
            found |= {name: _rounded(value) for name, value in factor.at(float(u)).items()}
        return found

    def sweep(self, candidates: Sequence[Setting]) -> SweepResult:
        """Run candidates in all worlds, those that are not stored yet."""
        settings = [{**world, **candidate} for candidate in candidates for world in self.worlds]
        plan = self.planner(self.study, self.size, Points(settings))
        result = sweep_plan(plan, self.out, **self.options)
        if result.failed:
            raise StudyError(f"study {self.study.name}: {result.failed} runs of the search failed")
        return result

    def judge(self, result: SweepResult) -> NDArray[np.float64]:
        """Value every objective of every candidate over its worlds: candidates x objectives."""
        names = list(self.search.objectives)
        rows = Store(self.out).read("runs", ["run_id", "status", *names])
        rows = rows.drop_duplicates("run_id", keep="last").set_index("run_id")
        order = sorted(result.plan.rows, key=lambda task: task.spec.point)
        table = rows.loc[[task.run_id for task in order], names].to_numpy(dtype=float)
        if not np.isfinite(table).all():
            raise StudyError(f"study {self.study.name}: an objective is not finite in some world")
        candidates = len(result.plan.points.settings) // len(self.worlds)
        values = table.reshape(candidates, -1, len(names))
        return np.stack([self._over_worlds(values[:, :, k], k) for k in range(len(names))], axis=1)

    def _over_worlds(self, values: NDArray[np.float64], k: int) -> NDArray[np.float64]:
        """Mean over the worlds, or over the worst fifth of them (at least one)."""
        if self.search.judged_by == "mean":
            return values.mean(axis=1)
        worst = max(1, values.shape[1] // 5)
        ordered = np.sort(values * self.signs[k], axis=1)
        return self.signs[k] * ordered[:, -worst:].mean(axis=1)


def _rounded(value: Any) -> Any:
    return float(f"{value:.3g}") if isinstance(value, float) else value


def _not_beaten(objectives: NDArray[np.float64]) -> list[int]:
    """Places of the candidates that no other beats (all objectives to be minimised), without repetitions."""
    if not len(objectives):
        return []
    from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

    front = NonDominatedSorting().do(objectives, only_non_dominated_front=True)
    first = {tuple(objectives[place]): int(place) for place in reversed(sorted(front))}
    return sorted(first.values())


def write_regimes(study: Study, size: SizeName, found: Found, folder: Path) -> list[Path]:
    """Write every candidate of the front as a regime file that runs like any other."""
    from sim import instruments

    assert study.search is not None
    fixed = {name: value for name, value in study.overrides.items() if name in instruments()}
    source = (
        f"found by policy search {study.name} ({size}, {found.evaluated} candidates, seed "
        f"{study.search.seed}): not beaten in {', '.join(study.search.objectives)}"
    )
    return [
        write_regime(
            study.regimes[0],
            {name.removeprefix(INSTRUMENT): value for name, value in {**fixed, **setting}.items()},
            folder / f"{study.name}-{number:02d}.toml",
            title=f"{study.title or study.name}, choice {number}",
            source=source,
        )
        for number, setting in enumerate(found.settings, start=1)
    ]


def front_table(found: Found) -> pd.DataFrame:
    """List the front: what each candidate sets and the value of every objective."""
    settings = pd.DataFrame(found.settings)
    return pd.concat([settings, found.values], axis=1)
