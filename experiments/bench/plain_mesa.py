"""The same rules as an ordinary Mesa model: firms are objects with attributes of their own, outputs are
collected by a DataCollector, runs are made by ``mesa.batch_run``.

Firms run the very procedures of ``agents`` as plain Python, so this model gives the results of the column
engine (a test compares them), and the ratio of the two times is the price of the ordinary way. It is the
faster kind of ordinary model: attributes are Python numbers and lists, the grid is cleared by compiled code,
and the month's checks of stocks are left out.

Run as ``python -m experiments.bench.plain_mesa``, because it switches compilation off for its process.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import mesa
import numpy as np
from mesa.agent import AgentSet

from agents.base import Columns
from agents.firm import FLOWS
from sim.books import Books
from sim.compiled import Kernel
from sim.dispatch import compiled_dispatch
from sim.engines import ObjectEngine
from sim.model import WattLabModel
from sim.power import MonthOfPower
from sim.result import simulate
from sim.scenario import Scenario, load_scenario
from sim.state import MONTH_DRAWS, State
from sim.streams import fill_uniforms, uniforms
from sim.variables import outputs

FIRM_KINDS = tuple(MONTH_DRAWS)


def plain_values(record: Any) -> dict[str, Any]:
    """Columns of a record as Python numbers and lists."""
    return {name: np.asarray(record[name]).tolist() for name in record.dtype.names}


def plain_class(columns: type[Columns]) -> type[mesa.Agent]:
    """Make a Mesa agent class with the procedures of a column class and ordinary attributes."""

    def start(agent: Any, model: mesa.Model, record: Any) -> None:
        mesa.Agent.__init__(agent, model)
        agent.__dict__.update(plain_values(record))

    return type(columns.__name__, (mesa.Agent, columns), {"__init__": start, "__doc__": columns.__doc__})


class Firms(list[Any]):
    """Firms in order of slot; a column by name is an array made on the spot."""

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            return np.array([getattr(firm, key) for firm in self])
        return super().__getitem__(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        if not isinstance(key, str):
            super().__setitem__(key, value)
            return
        for firm, own in zip(self, np.broadcast_to(value, (len(self), *np.shape(value)[1:])), strict=True):
            setattr(firm, key, own.tolist())

    def flows(self) -> np.ndarray:
        """Flows of the month, as records with one field."""
        rows = [([getattr(firm, name) for name in FLOWS],) for firm in self]
        return np.array(rows, np.dtype((np.record, [("flows", np.float64, (len(FLOWS),))])))


class PlainState(State):
    """The state of a run with firms as objects; single records (operator, government, world) stay records."""

    def __init__(self, state: State, model: mesa.Model) -> None:
        self.__dict__.update({k: v for k, v in state.__dict__.items() if not k.endswith("_flows")})
        for kind in FIRM_KINDS:
            records = state.agents(kind)
            made = plain_class(_columns_of(kind))
            setattr(self, kind, Firms(made(model, record) for record in records))

    @property
    def miner_flows(self) -> np.ndarray:  # type: ignore[override]
        """Flows of home miners."""
        return self.miners.flows()  # type: ignore[attr-defined]

    @property
    def world_flows(self) -> np.ndarray:  # type: ignore[override]
        """Flows of miners abroad."""
        return self.world_miners.flows()  # type: ignore[attr-defined]

    @property
    def ai_flows(self) -> np.ndarray:  # type: ignore[override]
        """Flows of AI firms."""
        return self.ai_firms.flows()  # type: ignore[attr-defined]

    def begin_month(self, seed: int, t: int) -> None:
        """Start a month: no flow has happened yet; every firm makes its draws."""
        for kind in FIRM_KINDS:
            firms, (purpose, slots) = self.agents(kind), MONTH_DRAWS[kind]
            draws = uniforms(seed, purpose, np.full(len(firms), t), np.arange(len(firms)), slots)
            for firm, own in zip(firms, draws.tolist(), strict=True):
                firm.__dict__.update(dict.fromkeys(FLOWS, 0.0))
                firm.entered = 0
                firm.draws[: len(own)] = own
        for firm in self.miners:
            firm.seized_ths = [0.0] * len(firm.seized_ths)


def _columns_of(kind: str) -> type[Columns]:
    from sim.state import KINDS

    return KINDS[kind]


class PlainEngine(ObjectEngine):
    """Agents act one by one; what firms observe is handed to them as plain attributes."""

    name = "plain"

    def act(self, model: WattLabModel, procedure: str, *kinds: str) -> None:
        """Let the agents of each kind carry out a procedure."""
        state = model.state
        for kind in kinds:
            if kind not in FIRM_KINDS:
                super().act(model, procedure, kind)
                continue
            seen = [SimpleNamespace(**plain_values(row[0])) for row in (state.world, state.policy, state.par)]
            model.agent_set(kind).do(procedure, *seen)


class PlainModel(WattLabModel):
    """The model with ordinary firms."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        super().__init__(scenario, seed, engine="objects")
        self.engine = PlainEngine()
        self.state = PlainState(self.state, self)
        for kind in FIRM_KINDS:
            self.agent_sets[kind] = AgentSet(list(self.state.agents(kind)), random=self.random)
        self.collector = mesa.DataCollector(model_reporters={name: reporter(name) for name in outputs()})

    def record(self, t: int, power: MonthOfPower) -> None:
        """Close the books and collect the outputs."""
        self.books.close(t, power)
        self.collector.collect(self)


def reporter(name: str) -> Callable[[PlainModel], float]:
    """Read one output of the month."""

    def read(model: PlainModel) -> float:
        books: Books = model.books
        return books.row[name]

    return read


class BatchModel(PlainModel):
    """The default scenario with the keyword arguments that ``mesa.batch_run`` hands over."""

    def __init__(self, months: int = 120, number: int = 0, seed: int | None = None, rng: Any = None) -> None:
        super().__init__(load_scenario(months=months), number)
        self.datacollector = self.collector


def switch_compilation_off() -> None:
    """Run everything in this process as plain Python, except the grid's dispatch and the drawing of luck."""
    simulate(load_scenario(months=1))
    kept = (compiled_dispatch, fill_uniforms)
    for module in [module for name, module in sys.modules.items() if name.startswith("sim.")]:
        for value in vars(module).values():
            if isinstance(value, Kernel) and value not in kept:
                value.fast = value.plain


def batch_seconds(months: int, runs: int) -> float:
    """Seconds per run of ``mesa.batch_run`` in one process."""
    started = time.perf_counter()
    mesa.batch_run(
        BatchModel,
        {"months": months, "number": list(range(runs))},
        number_processes=1,
        display_progress=False,
    )
    return (time.perf_counter() - started) / runs


def first_months(months: int, population: dict[str, int], seed: int) -> dict[str, list[float]]:
    """Outputs of a run as the DataCollector has them."""
    model = PlainModel(load_scenario(months=months, population=population), seed)
    for _ in range(months):
        model.step()
    return model.collector.get_model_vars_dataframe().to_dict("list")


def main() -> None:
    """Print seconds per run as JSON, or the outputs of one small run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--months", type=int, default=120)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--population", type=json.loads, default=None)
    options = parser.parse_args()
    switch_compilation_off()
    if options.population is not None:
        answer: object = first_months(options.months, options.population, options.runs)
    else:
        answer = batch_seconds(options.months, options.runs)
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
