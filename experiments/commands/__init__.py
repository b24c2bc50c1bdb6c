"""The commands of ``wattlab``: a module per theme adds its commands to ``app``; a new file is enough."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import typer

app = typer.Typer(
    name="wattlab",
    help="Simulate what follows when a country sells surplus electricity to Bitcoin miners and AI firms.",
    add_completion=False,
    no_args_is_help=False,
)


def load_commands() -> None:
    """Import every module of this package, so that its commands are known."""
    for module in sorted(found.name for found in pkgutil.iter_modules(__path__)):
        import_module(f"{__name__}.{module}")
