"""The Mesa face of a column class."""

from __future__ import annotations

from typing import Any

import mesa

from agents.base import Columns, column_types


def _column(name: str) -> property:
    def read(agent: ColumnAgent) -> Any:
        return agent.record[name]

    def write(agent: ColumnAgent, value: Any) -> None:
        agent.record[name] = value

    return property(read, write, doc=f"Column {name} of this agent's record.")


class ColumnAgent(mesa.Agent):
    """A Mesa agent whose state is one record of a column array; writing an attribute writes the column."""

    def __init__(self, model: mesa.Model, record: Any) -> None:
        super().__init__(model)
        self.record = record


def agent_class(columns: type[Columns]) -> type[ColumnAgent]:
    """Make the Mesa agent class of a column class: same name, same procedures, attributes are the columns."""
    body: dict[str, Any] = {name: _column(name) for name in column_types(columns)}
    body["__doc__"] = columns.__doc__
    return type(columns.__name__, (ColumnAgent, columns), body)
