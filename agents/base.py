"""Agents and records whose attributes are columns of one NumPy structured array.

A class that inherits from :class:`Columns` declares its state as annotations. :func:`record_dtype` turns them
into a record dtype, so that the same attribute names work on a Mesa agent (object engine) and on a compiled
record (column engine): the class is the schema, the array is the memory, the agent is a view.
"""

from __future__ import annotations

import functools
import inspect
from typing import Annotated, Any, get_args, get_origin

import numpy as np

# Keeps a divisor off zero where the dividend is zero as well
TINY = 1e-12

HOURS = 24
GENERATIONS = 16
SKILLS = 6
FORECASTERS = 4
DRAWS = 8
MONTHS = 12
SITES = 4
TERMS = 3

ByHour = Annotated[np.ndarray, HOURS]
ByGeneration = Annotated[np.ndarray, GENERATIONS]
BySkill = Annotated[np.ndarray, SKILLS]
ByForecaster = Annotated[np.ndarray, FORECASTERS]
ByDraw = Annotated[np.ndarray, DRAWS]
ByMonth = Annotated[np.ndarray, MONTHS]
BySite = Annotated[np.ndarray, SITES]
ByTerm = Annotated[np.ndarray, TERMS]


class Columns:
    """Base of every class whose annotations are columns."""


def column_types(cls: type) -> dict[str, Any]:
    """Collect the annotated columns of a class and its bases, base first; name -> NumPy field type."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if not issubclass(base, Columns):
            continue
        hints: dict[str, Any] = inspect.get_annotations(base, eval_str=True)
        for name, hint in hints.items():
            if hint is int:
                found[name] = np.int64
            elif hint is float:
                found[name] = np.float64
            elif get_origin(hint) is Annotated:
                found[name] = (np.float64, (get_args(hint)[1],))
            else:
                raise TypeError(f"{base.__name__}.{name}: a column is int, float or By..., not {hint!r}")
    return found


@functools.cache
def record_dtype(cls: type) -> np.dtype:
    """Build the record dtype of a class; one field per annotated column, scalars of type ``np.record``.

    One object per class, because compiled code tells record types that are not the same object apart field by
    field, in every call.
    """
    fields = [
        (name, *kind) if isinstance(kind, tuple) else (name, kind) for name, kind in column_types(cls).items()
    ]
    return np.dtype((np.record, fields))


def new_records(cls: type, count: int) -> np.ndarray:
    """Allocate ``count`` zeroed records of a column class."""
    return np.zeros(count, record_dtype(cls))
