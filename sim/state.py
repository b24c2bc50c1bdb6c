"""The state of a run: one record array per kind of agent, the world record, and views for summing flows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.ai_firm import AiFirm
from agents.base import new_records
from agents.consumer import Consumer
from agents.firm import FLOWS
from agents.government import Government
from agents.grid_operator import GridOperator
from agents.lender import Lender
from agents.miner import Miner
from agents.worker import SkillPool
from agents.world import World
from sim.compiled import kernel

FloatArray = npt.NDArray[np.float64]
FLOW_INDEX = {name: position for position, name in enumerate(FLOWS)}

KINDS: dict[str, type] = {
    "miners": Miner,
    "world_miners": Miner,
    "ai_firms": AiFirm,
    "consumers": Consumer,
    "skills": SkillPool,
    "operator": GridOperator,
    "government": Government,
    "lender": Lender,
}


def word_view(records: np.ndarray) -> FloatArray:
    """Matrix view (agents x words of eight bytes) of records; columns of integers are not numbers in it."""
    return records.view(np.float64).reshape(len(records), records.dtype.itemsize // 8)


def flow_view(records: np.ndarray) -> FloatArray:
    """Matrix view (agents x flows) of the contiguous flow columns of firm records."""
    fields: Any = records.dtype.fields or {}
    first = int(fields[FLOWS[0]][1]) // 8
    return word_view(records)[:, first : first + len(FLOWS)]


@kernel
def _clear(flows):  # type: ignore[no-untyped-def]
    for i in range(flows.shape[0]):
        for j in range(flows.shape[1]):
            flows[i, j] = 0.0


@kernel
def clear_events(miners, ai_firms):  # type: ignore[no-untyped-def]
    """Forget last month's entries and seizures."""
    for i in range(len(miners)):
        miners[i].entered = 0
        for generation in range(len(miners[i].seized_ths)):
            miners[i].seized_ths[generation] = 0.0
    for i in range(len(ai_firms)):
        ai_firms[i].entered = 0


@kernel
def deal_draws(agents, draws):  # type: ignore[no-untyped-def]
    """Hand every agent its draws of the month (agents x slots)."""
    for i in range(draws.shape[0]):
        for slot in range(draws.shape[1]):
            agents[i].draws[slot] = draws[i, slot]


@dataclass
class State:
    """Arrays that the month works on. ``par`` and ``policy`` have one row; agents are rows of the others.

    ``words`` has the records of each kind as a matrix (see ``word_view``).
    """

    miners: np.ndarray
    world_miners: np.ndarray
    ai_firms: np.ndarray
    consumers: np.ndarray
    skills: np.ndarray
    operator: np.ndarray
    government: np.ndarray
    lender: np.ndarray
    world: np.ndarray
    policy: np.ndarray
    par: np.ndarray
    words: dict[str, FloatArray] = field(init=False)
    miner_flows: FloatArray = field(init=False)
    world_flows: FloatArray = field(init=False)
    ai_flows: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        self.words = {kind: word_view(self.agents(kind)) for kind in KINDS}
        self.miner_flows = flow_view(self.miners)
        self.world_flows = flow_view(self.world_miners)
        self.ai_flows = flow_view(self.ai_firms)

    def agents(self, kind: str) -> np.ndarray:
        """Records of a kind by name (see ``KINDS``)."""
        records: np.ndarray = getattr(self, kind)
        return records

    def clear_flows(self) -> None:
        """Start a month: no flow has happened yet."""
        for flows in (self.miner_flows, self.world_flows, self.ai_flows):
            _clear(flows)
        clear_events(self.miners, self.ai_firms)


def empty_state(sizes: dict[str, int], policy: np.ndarray, par: np.ndarray) -> State:
    """Allocate zeroed records for every kind of agent."""
    arrays: dict[str, Any] = {kind: new_records(columns, sizes[kind]) for kind, columns in KINDS.items()}
    return State(**arrays, world=new_records(World, 1), policy=policy, par=par)
