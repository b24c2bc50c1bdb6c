"""Two ways to let agents act: Mesa objects one by one (reference), or one compiled loop over their records
(production).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from sim.compiled import agent_loop
from sim.state import KINDS

if TYPE_CHECKING:
    from sim.model import WattLabModel


class Engine(Protocol):
    """Lets all agents of a kind carry out a procedure."""

    name: str

    def act(self, model: WattLabModel, kind: str, procedure: str) -> None:
        """Call ``procedure`` of every agent of ``kind``, in order of slot."""


class ColumnEngine:
    """Compiled loops over records."""

    name = "columns"

    def __init__(self) -> None:
        self.loops: dict[tuple[str, str], Callable[[], None]] = {}

    def act(self, model: WattLabModel, kind: str, procedure: str) -> None:
        """Run the compiled loop of the procedure over the kind's records, which stay where they are during a
        run.
        """
        loop = self.loops.get((kind, procedure))
        if loop is None:
            state, compiled = model.state, agent_loop(getattr(KINDS[kind], procedure))
            loop = functools.partial(compiled, state.agents(kind), state.world, state.policy, state.par)
            self.loops[kind, procedure] = loop
        loop()


class ObjectEngine:
    """Mesa agents, one Python call each."""

    name = "objects"

    def act(self, model: WattLabModel, kind: str, procedure: str) -> None:
        """Let the AgentSet of the kind do the procedure."""
        state = model.state
        observation: tuple[Any, ...] = (state.world[0], state.policy[0], state.par[0])
        model.agent_set(kind).do(procedure, *observation)


ENGINES: dict[str, type] = {"columns": ColumnEngine, "objects": ObjectEngine}
