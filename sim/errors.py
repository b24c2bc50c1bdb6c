"""The error that users see: one line that says what was wrong, where, and what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ScenarioError(ValueError):
    """A scenario, regime, country or parameter that cannot be used; the message is one line for people."""

    def __init__(self, message: str) -> None:
        # Names come from files: a line break or a control character in one must not break the line
        super().__init__("".join(c if c.isprintable() else ascii(c)[1:-1] for c in message))


class ModelError(ArithmeticError):
    """A month that breaks a law of the model (books, energy, stocks, finite outputs): a fault of the model
    or an input that nobody thought of; the message names month and law in one line.
    """


def unknown(kind: str, name: str, allowed: Iterable[str], where: str = "") -> ScenarioError:
    """Error for a name that is not in a list: names it, its place, close matches and the allowed names."""
    names = sorted(allowed)
    close = difflib.get_close_matches(name, names, n=3)
    hint = f"did you mean {', '.join(close)}?" if close else f"allowed: {shorten(names)}"
    place = f" in {where}" if where else ""
    return ScenarioError(f"unknown {kind} '{name}'{place}; {hint}")


def shorten(names: list[str], most: int = 12) -> str:
    """Join names for a message, cutting a long list."""
    return ", ".join(names[:most]) + (f", ... ({len(names)} in all)" if len(names) > most else "")
