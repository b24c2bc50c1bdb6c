"""The errors a user can cause; each carries one line that says what was wrong, where, and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def printable(text: str) -> str:
    """Escape line breaks and control characters: names come from files, and a message is one line."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class ExperimentError(Exception):
    """Base of every expected error of this package; the command line prints it as one line."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


class StudyError(ExperimentError):
    """A study file or its size, design, outputs or figures cannot be used."""


class StoreError(ExperimentError):
    """A results directory is missing, incomplete, or cannot be written."""


class RunnerError(ExperimentError):
    """The worker processes cannot be started or keep failing before they do any work."""


def unknown_name(kind: str, name: str, allowed: Iterable[str]) -> str:
    """Word the message for a name that is not in a list: the nearest match, else what is allowed."""
    names = sorted(allowed)
    near = get_close_matches(name, names, n=1)
    if near:
        return f"unknown {kind} '{name}'; did you mean '{near[0]}'?"
    shown = ", ".join(names) if len(names) <= 12 else ", ".join(names[:12]) + ", ..."
    return f"unknown {kind} '{name}'; allowed: {shown}"
