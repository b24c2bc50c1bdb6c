"""The main job: run the studies that the figures read, gather evidence, draw, write tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from experiments.design import SizeName, load_study
from experiments.errors import StudyError
from experiments.runner import SweepResult, sweep
from experiments.search import search

# What the figures need beyond the core, by the name under which it is imported
LIBRARIES = ("SALib", "sklearn", "pymoo")


def studies_of_figures() -> list[str]:
    """List the studies that the manifest of figures names, the headline study first."""
    from experiments.figures import HEADLINE, figure_specs

    named = [spec.study for spec in figure_specs().values() if spec.reads_runs]
    return list(dict.fromkeys([HEADLINE, *named]))


def reproduce_studies(
    size: SizeName, out: Path, *, studies: list[str] | None = None, **options: Any
) -> Iterator[SweepResult]:
    """Run the studies one after another into ``out``; options as in :func:`experiments.runner.sweep_plan`.

    Raises StudyError before the first run if a library is missing that one of them needs.
    """
    chosen = [load_study(name) for name in studies or studies_of_figures()]
    require_libraries()
    for study in chosen:
        if study.search is None:
            yield sweep(study, size, out, **options)
        else:
            yield search(study, size, out, **options).result


def require_libraries() -> None:
    """Raise StudyError in one line unless the libraries of sensitivity, discovery and search are there."""
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        raise StudyError(f"the figures need {', '.join(missing)}: pip install -e '.[figures]'")


def publish(
    out: Path, size: SizeName, *, on_step: Callable[[str], None], allow_incomplete: bool = False
) -> list[Path]:
    """Write evidence, figures, tables and report of a results directory; ``on_step`` hears what begins.

    Raises StoreError when runs are missing or failed, unless that is allowed.
    """
    from experiments.analysis import compare
    from experiments.evidence import gather_evidence
    from experiments.figures import HEADLINE, draw_figures, figure_specs
    from experiments.report import write_report
    from experiments.results import load_results
    from experiments.tables import write_tables

    results = load_results(out, study=HEADLINE)
    if not allow_incomplete:
        results.require_complete()
    evidence = gather_evidence(out, size, on_step=on_step)
    figures = draw_figures(
        results,
        out / "figures",
        list(figure_specs()),
        on_figure=lambda spec: on_step(f"figure {spec.number}: {spec.name}"),
        allow_incomplete=allow_incomplete,
    )
    on_step("tables and report")
    table = compare(results)
    return [*evidence, *figures, *write_tables(results, out, table), *write_report(table, results, out)]
