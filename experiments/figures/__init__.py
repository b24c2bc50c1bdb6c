"""The figures: one module each, numbered in ``figures.toml``, drawn only from stored results."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module, resources
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.errors import StoreError, unknown_name

if TYPE_CHECKING:
    from experiments.results import Results


@dataclass(frozen=True)
class FigureSpec:
    """One entry of ``figures.toml``."""

    number: int
    name: str
    width: str
    title: str


def figure_specs() -> dict[str, FigureSpec]:
    """Read the manifest of figures, by name, in order of their numbers."""
    text = (resources.files("experiments.figures") / "figures.toml").read_text(encoding="utf-8")
    specs = [FigureSpec(**entry) for entry in tomllib.loads(text)["figure"]]
    return {spec.name: spec for spec in sorted(specs, key=lambda spec: spec.number)}


def draw_figures(
    results: Results,
    out: Path,
    names: Iterable[str] | None = None,
    on_figure: Callable[[FigureSpec], None] | None = None,
) -> list[Path]:
    """Draw the named figures (default: those of the study) into a directory; returns the files written."""
    from experiments.figures.base import save_figure

    specs = figure_specs()
    chosen = list(names) if names is not None else results.study["figures"] or list(specs)
    for name in chosen:
        if name not in specs:
            raise StoreError(unknown_name("figure", name, specs))
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot write {out}: {(error.strerror or str(error)).lower()}") from error
    written = []
    for spec in sorted((specs[name] for name in chosen), key=lambda spec: spec.number):
        if on_figure:
            on_figure(spec)
        written += save_figure(spec, import_module(f"experiments.figures.{spec.name}"), results, out)
    return written
