"""Run a scenario once and hand back everything: monthly outputs, final agents, ledger, typical days."""

from __future__ import annotations

import functools
import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sim.errors import ScenarioError
from sim.ledger import Ledger
from sim.scenario import Scenario
from sim.variables import outputs

if TYPE_CHECKING:
    from sim.model import WattLabModel


@dataclass(frozen=True)
class Result:
    """What a run produced; ``months`` has one row per month and units in ``.attrs``."""

    scenario: Scenario
    seed: int
    engine: str
    months: pd.DataFrame
    days: pd.DataFrame
    records: dict[str, np.ndarray]
    ledger: Ledger
    wall_s: float

    @functools.cached_property
    def agents(self) -> dict[str, pd.DataFrame]:
        """Final agents by kind, made when first asked for: hundreds of columns that few runs look at."""
        return {kind: agent_table(records) for kind, records in self.records.items()}

    def summary(self) -> dict[str, dict[str, object]]:
        """One value per output, aggregated over the run as its registry entry says: name -> value, unit."""
        # One matrix: pandas copies the notes of a frame, here all units, at every access to a column
        values = self.months.to_numpy()
        place = {name: column for column, name in enumerate(self.months.columns)}
        return {
            name: {"value": output.aggregate(values[:, place[name]]), "unit": output.unit}
            for name, output in outputs().items()
        }


@contextmanager
def paused_collector() -> Iterator[None]:
    """Pause the cyclic garbage collector: a run makes few cycles, and scanning compiled code is costly."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def agent_table(records: np.ndarray) -> pd.DataFrame:
    """Final state of a kind of agent as a table; columns by generation, hour or skill are numbered."""
    columns = {}
    for name in records.dtype.names or ():
        values = records[name]
        if values.ndim == 1:
            columns[name] = values.copy()
        else:
            columns |= {f"{name}_{j:02d}": values[:, j].copy() for j in range(values.shape[1])}
    return pd.DataFrame(columns)


def simulate(
    scenario: Scenario,
    seed: int = 0,
    *,
    engine: str = "columns",
    on_month: Callable[[int], None] | None = None,
) -> Result:
    """Simulate a scenario. The seed fixes all luck; the engine ("columns" or "objects") does not change
    results.

    ``on_month`` is called with the number of months done. Raises ScenarioError for a bad seed or engine.
    """
    from sim.engines import ENGINES
    from sim.model import WattLabModel

    if engine not in ENGINES:
        raise ScenarioError(f"engine = {engine!r} is not allowed; allowed: {', '.join(ENGINES)}")
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**63:
        raise ScenarioError(f"seed = {seed!r} is not allowed; allowed: 0 to 2^63 - 1")
    started = time.perf_counter()
    with paused_collector():
        model = WattLabModel(scenario, seed, engine)
        try:
            for month in range(scenario.months):
                model.step()
                if on_month is not None:
                    on_month(month + 1)
            return collect(model, time.perf_counter() - started)
        finally:
            model.close()


def collect(model: WattLabModel, wall_s: float) -> Result:
    """Gather the result of a finished run."""
    from sim.state import KINDS

    return Result(
        scenario=model.scenario,
        seed=model.seed,
        engine=model.engine.name,
        months=model.books.outputs(),
        days=model.books.typical_days(),
        records={kind: model.state.agents(kind) for kind in KINDS},
        ledger=model.books.ledger,
        wall_s=wall_s,
    )
