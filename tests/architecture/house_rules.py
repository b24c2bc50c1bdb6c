"""Checks of the house rules: each takes a source text and returns its breaches, one line of text each."""

from __future__ import annotations

import ast
import re

# The pieces of numpy.random that carry their own state; everything else there draws from one global stream.
EXPLICIT_GENERATORS = {"Generator", "BitGenerator", "Philox", "PCG64", "SeedSequence", "default_rng"}

PRIVATE_PLACES = re.compile(
    r"(?<![\w.~/-])/(?:home|Users|root|work|opt|mnt|srv|private)/\w"  # absolute paths of somebody's machine
    r"|(?<![\w])[A-Za-z]:\\\\?Users\b"
    r"|\.\./shared\b"
    r"|\b(?:extra[-_])?index[-_]url\b|\bfind[-_]links\b|\btrusted[-_]host\b"  # package index settings
    r"|\bpypi\.\w+|\bpythonhosted\b",
    re.IGNORECASE,
)


def long_functions(source: str, limit: int) -> list[str]:
    """List the functions with more than ``limit`` lines, counted from ``def`` to the last line."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            found += [f"line {node.lineno}: {node.name} has {length} lines"] if length > limit else []
    return found


def global_random_state(source: str) -> list[str]:
    """List the uses of random numbers that do not come from an explicitly seeded generator."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(node, "import random") for name in node.names if name.name.split(".")[0] == "random"]
        elif isinstance(node, ast.ImportFrom) and node.module == "random":
            found.append((node, "from random import"))
        elif isinstance(node, ast.ImportFrom) and node.module == "numpy.random":
            names = [name.name for name in node.names if name.name not in EXPLICIT_GENERATORS]
            found += [(node, f"numpy.random.{name}") for name in names]
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) in {"np.random", "numpy.random"}:
            found += [(node, f"numpy.random.{node.attr}")] if node.attr not in EXPLICIT_GENERATORS else []
        elif isinstance(node, ast.Call) and not node.args and not node.keywords:
            unseeded = ast.unparse(node.func).split(".")[-1] == "default_rng"
            found += [(node, "default_rng without a seed")] if unseeded else []
    return [f"line {node.lineno}: {what}" for node, what in found]


# Counting, halving, conversion of units: numbers that say nothing about the world.
PLAIN_NUMBERS = {0, 1, 2, 3, 4, 12, 24, 100, 1000, 0.5, 1e6, 1e9}


def unexplained_numbers(source: str) -> list[str]:
    """List the numbers inside functions that are neither plain nor in a named constant (R3).

    The number of terms of a series, and a bound near zero that only avoids a division by it, are numerics and
    not behaviour; they too are to be named.
    """
    tree = ast.parse(source)
    named = {
        id(part)
        for statement in tree.body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        for part in ast.walk(statement)
    }
    found = []
    for node in ast.walk(tree):
        number = isinstance(node, ast.Constant) and type(node.value) in (int, float)
        if number and node.value not in PLAIN_NUMBERS and id(node) not in named:
            found.append(f"line {node.lineno}: {node.value}")
    return found


def imports_of(source: str, package: str) -> list[str]:
    """List the imports of a package, also those inside functions."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        found += [f"line {node.lineno}: {name}" for name in names if name.split(".")[0] == package]
    return found


def private_places(text: str) -> list[str]:
    """List the machine paths and package index settings in a text."""
    hits = ((number, PRIVATE_PLACES.search(line)) for number, line in enumerate(text.splitlines(), start=1))
    return [f"line {number}: {hit.group()}" for number, hit in hits if hit]
