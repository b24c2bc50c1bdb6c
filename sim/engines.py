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

    def act(self, model: WattLabModel, procedure: str, *kinds: str) -> None:
        """Call ``procedure`` of every agent of one kind after the other, in order of slot."""


class ColumnEngine:
    """Compiled loops over records."""

    name = "columns"

    def __init__(self) -> None:
        self.loops: dict[tuple[str, tuple[str, ...]], list[Callable[[], None]]] = {}

    def act(self, model: WattLabModel, procedure: str, *kinds: str) -> None:
        """Run the compiled loops of the procedure over the kinds' records, which stay where they are during
        a run.
        """
        loops = self.loops.get((procedure, kinds))
        if loops is None:
            state = model.state
            loops = self.loops[procedure, kinds] = [
                functools.partial(
                    agent_loop(getattr(KINDS[kind], procedure)),
                    state.agents(kind), state.world, state.policy, state.par,
                )
                for kind in kinds
            ]  # fmt: skip
        for loop in loops:
            loop()


class ObjectEngine:
    """Mesa agents, one Python call each."""

    name = "objects"

    def act(self, model: WattLabModel, procedure: str, *kinds: str) -> None:
        """Let the AgentSet of each kind do the procedure."""
        state = model.state
        observation: tuple[Any, ...] = (state.world[0], state.policy[0], state.par[0])
        for kind in kinds:
            model.agent_set(kind).do(procedure, *observation)


ENGINES: dict[str, type] = {"columns": ColumnEngine, "objects": ObjectEngine}
