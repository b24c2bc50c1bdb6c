"""The figures: a module each, numbered by their order in ``figures.toml``, drawn from stored results only."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.errors import StoreError, unknown_name

if TYPE_CHECKING:
    from experiments.results import Results

# The study that a figure reads unless its entry says otherwise; its figures suit any other study as well.
HEADLINE = "headline"
# The figure that suits every study of one factor in levels.
LEVELS = "levels"


@dataclass(frozen=True)
class FigureSpec:
    """One entry of ``figures.toml``; ``study`` is empty for a figure that reads evidence alone."""

    number: int
    name: str
    width: str
    title: str
    interval: str
    study: str = HEADLINE
    evidence: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()

    @property
    def reads_runs(self) -> bool:
        """True if the figure reads runs of a study."""
        return bool(self.study)


@lru_cache(maxsize=1)
def figure_manifest() -> dict[str, Any]:
    """Read ``figures.toml``: the lists ``figure`` and ``evidence``."""
    text = (resources.files("experiments.figures") / "figures.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def figure_specs() -> dict[str, FigureSpec]:
    """List the figures by name; their order in the manifest is their number."""
    specs = {}
    for number, entry in enumerate(figure_manifest()["figure"], start=1):
        lists = {field: tuple(entry.get(field, ())) for field in ("evidence", "needs", "levels")}
        specs[entry["name"]] = FigureSpec(number=number, **{**entry, **lists})
    return specs


def draw_figures(
    results: Results,
    out: Path,
    names: Iterable[str] | None = None,
    on_figure: Callable[[FigureSpec], None] | None = None,
    *,
    allow_incomplete: bool = False,
) -> list[Path]:
    """Draw the named figures (default: those of the study) into a directory; returns the files written.

    Raises StoreError for an unknown name, a figure that the study cannot draw, evidence that is missing or
    stale and, unless they are allowed, missing or failed runs; a figure of allowed incomplete runs says so in
    the picture.
    """
    from experiments.figures.base import save_figure
    from experiments.figures.needs import obstacle

    specs = figure_specs()
    own = results.study["figures"] or _figures_of(results, specs)
    chosen = list(names) if names is not None else own
    for name in chosen:
        if name not in specs:
            raise StoreError(unknown_name("figure", name, specs))
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot write {out}: {(error.strerror or str(error)).lower()}") from error
    read: dict[str, Results] = {}
    written = []
    for spec in sorted((specs[name] for name in chosen), key=lambda spec: spec.number):
        if on_figure:
            on_figure(spec)
        # A figure made for another study than this one reads that study, stored in the same directory.
        source = results
        if spec.name not in own and spec.reads_runs:
            source = read[spec.study] if spec.study in read else results.of_study(spec.study)
            read[spec.study] = source
        if why := obstacle(spec, source.study):
            raise StoreError(f"{results.store.root}: study {source.study['name']}: {why}")
        if spec.reads_runs and not allow_incomplete:
            source.require_complete()
        written += save_figure(spec, import_module(f"experiments.figures.{spec.name}"), source, out)
    return written


def _figures_of(results: Results, specs: dict[str, FigureSpec]) -> list[str]:
    """List the figures made for a study; one without any gets those of the headline study and ``levels``,
    as far as it can draw them.
    """
    from experiments.figures.needs import obstacle

    study = results.study
    mine = [name for name, spec in specs.items() if spec.study == study["name"]]
    others = [name for name, spec in specs.items() if spec.study == HEADLINE or name == LEVELS]
    return mine or [name for name in others if not obstacle(specs[name], study)]
