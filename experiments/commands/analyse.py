"""``wattlab analyse``: sensitivity, variance split, regret, scenarios of a results directory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands import app
from experiments.commands.options import AllowIncomplete, StudyOf


@app.command()
def analyse(
    runs_dir: Annotated[Path, typer.Argument(help="Results directory of a sweep.")],
    study: StudyOf = None,
    country: Annotated[str | None, typer.Option(help="Country of it (default: the first one).")] = None,
    allow_incomplete: AllowIncomplete = False,
) -> None:
    """Write the analysis that suits the design of a study: tables with intervals, and a page."""
    from experiments.analyse import write_analysis
    from experiments.progress import print_line
    from experiments.results import load_results

    results = load_results(runs_dir, country, study)
    if not allow_incomplete:
        results.require_complete()
    for path in write_analysis(results, runs_dir, print_line):
        typer.echo(path)
