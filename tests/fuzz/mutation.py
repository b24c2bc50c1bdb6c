"""Broken inputs from good ones: places of a document are replaced, removed, renamed or doubled."""

from __future__ import annotations

import copy
import json
import math
import random
from typing import Any

# Values that people and programs write by mistake, and some that nobody would
EVIL: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**63, -(2**63), 10**400, 0.5, -0.0, 1e308, -1e308, 5e-324, math.nan,
    math.inf, -math.inf, "", " ", "a", "x" * 5000, "nan", "inf", "1e999", "0x10", "2025-06", "2025-13",
    "9999-12", "0000-01", "../../etc/passwd", "..\\..\\x", "/dev/null", "a\x00b", "\x00", "a\nb", "\u202e",
    "🙂", "٢٠٢٥-٠٦", "${HOME}", "{0.__class__}", "%s%n", "__import__('os')", [], [[]], [1, 2], ["a"], [None],
    {}, {"a": 1}, {"": {}}, {"__class__": "x"}, [0.0] * 12, [math.nan] * 12, [0.0] * 24, [-1.0] * 24,
    b"bytes", (1,), {1, 2}, 1j,
)  # fmt: skip


def places(document: Any) -> list[tuple[Any, Any]]:
    """All (container, key) pairs of a document."""
    found: list[tuple[Any, Any]] = []
    open_ends = [document]
    while open_ends:
        node = open_ends.pop()
        keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
        for key in keys:
            found.append((node, key))
            open_ends.append(node[key])
    return found


def mutate(document: Any, luck: random.Random) -> Any:
    """Return a copy with one to four random faults."""
    broken = copy.deepcopy(document)
    for _ in range(luck.randint(1, 4)):
        spots = places(broken)
        if not spots:
            return broken
        node, key = luck.choice(spots)
        kind = luck.randrange(6)
        if kind == 0:
            del node[key]
        elif kind == 1 and isinstance(node, dict):
            node[
                luck.choice((str(key) + "s", "", "\x00", "a\nb", str(key).upper(), luck.choice(list(node))))
            ] = node[key]
        elif kind == 2 and isinstance(node, list):
            node.extend(node[: luck.randint(1, 3)])
        elif kind == 3 and isinstance(node[key], float):
            node[key] = node[key] * luck.choice((-1, 0, 1e-300, 1e6, 1e300))
        else:
            node[key] = copy.deepcopy(luck.choice(EVIL))
    return broken


def garble(text: str, luck: random.Random) -> str:
    """Return a text with one to six pieces removed, repeated, moved or replaced by odd characters."""
    for _ in range(luck.randint(1, 6)):
        first = luck.randrange(len(text) + 1)
        last = min(len(text), first + luck.randint(0, 30))
        piece = text[first:last]
        odd = luck.choice(
            ("", piece * 2, "[", "]]", "=", '"', "'''", "\x00", "\n", "#", "1e", "{", "é", piece[::-1])
        )
        text = text[:first] + odd + text[last:]
    return text


def as_toml(value: Any, top: bool = True) -> str:
    """Write a document as TOML, tables in inline form; what TOML has no form for becomes a string."""
    if isinstance(value, dict):
        parts = [f"{json.dumps(str(key))} = {as_toml(item, False)}" for key, item in value.items()]
        return "\n".join(parts) + "\n" if top else "{" + ", ".join(parts) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(as_toml(item, False) for item in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    return json.dumps(str(value))
