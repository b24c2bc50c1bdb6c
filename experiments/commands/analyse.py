"""``wattlab analyse``: sensitivity, variance split, regret, scenarios of a results directory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands import app


@app.command()
def analyse(
    runs_dir: Annotated[Path, typer.Argument(help="Results directory of a sweep.")],
    study: Annotated[str | None, typer.Option(help="Study of it (default: the latest sweep).")] = None,
    country: Annotated[str | None, typer.Option(help="Country of it (default: the first one).")] = None,
) -> None:
    """Write the analysis that suits the design of a study: tables with intervals, and a page."""
    from experiments.analyse import write_analysis
    from experiments.progress import print_line
    from experiments.results import load_results

    for path in write_analysis(load_results(runs_dir, country, study), runs_dir, print_line):
        typer.echo(path)
