"""The model as a plain function of parameters, for the tools of others.

With SALib::

    model = ModelFunction("pakistan", "pakistan-2025", outputs=("net_fiscal_usd",), seeds=(1, 2))
    problem = model.problem(["mining_pue", "deterrence_weight"])
    sample = SALib.sample.sobol.sample(problem, 64)
    SALib.analyze.sobol.analyze(problem, model.evaluate(problem, sample)[:, 0])

With EMA Workbench (which is not a dependency of WattLab)::

    ema = Model("wattlab", function=model)
    ema.uncertainties = [RealParameter(name, *bounds) for name, bounds in model.ranges(names).items()]
    ema.levers = [RealParameter("levy_local_per_kwh", 0.0, 10.0)]
    ema.outcomes = [ScalarOutcome(name) for name in model.outputs]

A run that fails raises its error: it never returns the outcome of another run. For thousands of runs a study
is the better way, because it stores, resumes and runs on all processors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.design import varied
from experiments.errors import StudyError, unknown_name
from experiments.factors import Value
from experiments.plan import design_registry

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class ModelFunction:
    """The model as a function: keyword arguments are parameters or instruments, outcomes a dict by name.

    An outcome is the summary value of an output, averaged over ``seeds``, the same ones in every call, so
    that differences between calls are paired. Instances are small and can be sent to other processes.
    """

    country: str
    regime: str
    outputs: tuple[str, ...]
    months: int = 120
    seeds: tuple[int, ...] = (1,)
    start: str = "2025-06"
    drivers: str = "replay"
    population: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        from sim import outputs

        for name in self.outputs:
            if name not in outputs():
                raise StudyError(unknown_name("output", name, outputs()))
        if not (self.outputs and self.seeds):
            raise StudyError("a model function needs at least one output and one seed")

    def __call__(self, **settings: Value) -> dict[str, float]:
        """Run the model with these settings; raises ScenarioError for a name or value that is not allowed."""
        from sim import simulate

        scenario = varied(_loaded(self), settings)
        runs = [simulate(scenario, seed=seed).summary() for seed in self.seeds]
        return {name: float(np.mean([run[name]["value"] for run in runs])) for name in self.outputs}

    def ranges(self, names: Sequence[str]) -> dict[str, tuple[float, float]]:
        """Return the bounds of parameters or instruments, as the country has them."""
        registry = design_registry(self.country)
        for name in names:
            if name not in registry:
                raise StudyError(unknown_name("parameter", name, registry))
        return {name: (float(registry[name].low), float(registry[name].high)) for name in names}

    def problem(self, names: Sequence[str]) -> dict[str, Any]:
        """Describe parameters in the form that SALib wants, uniform between their bounds."""
        bounds = [list(pair) for pair in self.ranges(names).values()]
        return {"num_vars": len(names), "names": list(names), "bounds": bounds}

    def evaluate(self, problem: Mapping[str, Any], sample: NDArray[np.float64]) -> NDArray[np.float64]:
        """Run every row of a SALib sample: rows x outputs."""
        names = problem["names"]
        rows = [self(**dict(zip(names, row, strict=True))) for row in np.asarray(sample).tolist()]
        return np.array([[row[name] for name in self.outputs] for row in rows])


@lru_cache(maxsize=8)
def _loaded(function: ModelFunction) -> Any:
    from sim import load_scenario

    return load_scenario(
        function.country,
        regime=function.regime,
        start=function.start,
        months=function.months,
        drivers=function.drivers,
        population=dict(function.population),
    )
