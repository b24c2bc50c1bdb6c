"""The state of a run: one record array per kind of agent, the world record, and views for summing flows."""

from __future__ import annotations

import functools
from collections import namedtuple
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from numba.extending import register_jitable

from agents.ai_firm import AiFirm
from agents.base import DRAWS, new_records
from agents.consumer import Consumer
from agents.firm import FLOWS, in_business
from agents.government import Government
from agents.grid_operator import GridOperator
from agents.lender import Lender
from agents.miner import Miner
from agents.worker import SkillPool
from agents.world import WORLD_MINER_DRAWS, World
from sim.compiled import kernel
from sim.streams import PURPOSES, draw_uniforms

FloatArray = npt.NDArray[np.float64]
# Place of every flow among the flows of a firm, by name: ``FLOW.bill_usd``
FLOW: Any = namedtuple("Flow", FLOWS)(*range(len(FLOWS)))

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
# Records that are kept as they are at the end of every month; they lie side by side
KEPT = ("world", "policy", "par", "operator", "lender", "skills", "consumers")
# What firms draw every month: purpose and number of draws, by kind
MONTH_DRAWS = {
    "miners": ("miner_month", DRAWS),
    "world_miners": ("world_miner_month", WORLD_MINER_DRAWS),
    "ai_firms": ("ai_month", DRAWS),
}
MINER_LUCK, WORLD_MINER_LUCK, AI_LUCK = (PURPOSES[purpose] for purpose, _ in MONTH_DRAWS.values())


def side_by_side(records: list[np.ndarray]) -> tuple[FloatArray, list[np.ndarray]]:
    """Move records into one block: returns its words of eight bytes (columns of integers are not numbers in
    it), and the records as views of it, in the same order.
    """
    words = np.concatenate([array.view(np.float64) for array in records])
    ends = np.cumsum([array.nbytes // words.itemsize for array in records])[:-1]
    parts = np.split(words, ends)
    return words, [part.view(array.dtype) for part, array in zip(parts, records, strict=True)]


@functools.cache
def _flow_dtype(form: np.dtype) -> np.dtype:
    """Type of firm records in which one field, ``flows``, is seen: all flow columns, which lie side by side.

    One object per type, as in ``agents.base.record_dtype``.
    """
    fields: Any = form.fields
    seen: Any = {
        "names": ["flows"],
        "formats": [(np.float64, len(FLOWS))],
        "offsets": [fields[FLOWS[0]][1]],
        "itemsize": form.itemsize,
    }
    return np.dtype((np.record, np.dtype(seen)))


def flow_records(records: np.ndarray) -> np.ndarray:
    """View of firm records with all flows in one field, ``flows``."""
    return records.view(_flow_dtype(records.dtype))


def flow_view(records: np.ndarray) -> FloatArray:
    """Matrix view (agents x flows) of the flow columns of firm records."""
    flows: FloatArray = flow_records(records)["flows"]
    return flows


@register_jitable
def _begin(firms, flows, seed, purpose, draws, t):  # type: ignore[no-untyped-def]
    """Start month ``t`` of firms: no flow has happened yet; every firm makes its draws."""
    for i in range(len(firms)):
        firm = firms[i]
        if in_business(firm):
            flows[i].flows[:] = 0.0
        draw_uniforms(firm.draws, draws, seed, purpose, t, firm.agent_id)


@kernel
def _begin_month(  # type: ignore[no-untyped-def]
    miners, world_miners, ai_firms, miner_flows, world_flows, ai_flows, seed, t
):
    """Start the month of all firms; forget last month's entries and seizures at home."""
    _begin(miners, miner_flows, seed, MINER_LUCK, DRAWS, t)
    _begin(world_miners, world_flows, seed, WORLD_MINER_LUCK, WORLD_MINER_DRAWS, t)
    _begin(ai_firms, ai_flows, seed, AI_LUCK, DRAWS, t)
    for i in range(len(miners)):
        # Who applied has entered before it is in business
        miners[i].entered = 0
        if in_business(miners[i]):
            miners[i].seized_ths[:] = 0.0
    for i in range(len(ai_firms)):
        ai_firms[i].entered = 0


@dataclass
class State:
    """Arrays that the month works on. ``par`` and ``policy`` have one row; agents are rows of the others.

    Flows of firms are views (see ``flow_records``); ``kept`` is the block of the records ``KEPT``.
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
    kept: FloatArray
    miner_flows: np.ndarray = field(init=False)
    world_flows: np.ndarray = field(init=False)
    ai_flows: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.miner_flows = flow_records(self.miners)
        self.world_flows = flow_records(self.world_miners)
        self.ai_flows = flow_records(self.ai_firms)

    def agents(self, kind: str) -> np.ndarray:
        """Records of a kind by name (see ``KINDS``)."""
        records: np.ndarray = getattr(self, kind)
        return records

    def begin_month(self, seed: int, t: int) -> None:
        """Start month ``t``: no flow has happened yet; every firm makes its draws."""
        # The counters of draws wrap around on purpose, of which plain Python would warn
        with np.errstate(over="ignore"):
            _begin_month(
                self.miners, self.world_miners, self.ai_firms,
                self.miner_flows, self.world_flows, self.ai_flows, np.uint64(seed), t,
            )  # fmt: skip


def empty_state(sizes: dict[str, int], policy: np.ndarray, par: np.ndarray) -> State:
    """Allocate zeroed records for every kind of agent."""
    arrays: dict[str, Any] = {kind: new_records(columns, sizes[kind]) for kind, columns in KINDS.items()}
    arrays |= {"world": new_records(World, 1), "policy": policy, "par": par}
    kept, records = side_by_side([arrays[name] for name in KEPT])
    return State(**arrays | dict(zip(KEPT, records, strict=True)), kept=kept)
