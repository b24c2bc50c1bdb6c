"""The main job: run the headline study, draw its figures, write its tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from experiments.design import SizeName, load_study
from experiments.runner import SweepResult, sweep

STUDY = "headline"


def reproduce(size: SizeName, out: Path, *, study: str = STUDY, **options: Any) -> SweepResult:
    """Run the headline study into ``out``; options as in :func:`experiments.runner.sweep_plan`."""
    return sweep(load_study(study), size, out, **options)


def publish(out: Path, *, on_step: Callable[[str], None]) -> list[Path]:
    """Write figures and tables of a results directory into it; ``on_step`` hears what begins."""
    from experiments.figures import draw_figures
    from experiments.results import load_results
    from experiments.tables import write_tables

    results = load_results(out)
    figures = draw_figures(
        results, out / "figures", on_figure=lambda spec: on_step(f"figure {spec.number}: {spec.name}")
    )
    on_step("tables")
    return [*figures, *write_tables(results, out)]
