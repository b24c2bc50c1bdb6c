"""``wattlab reproduce``: the main job, from nothing to the report."""

from __future__ import annotations

from pathlib import Path

import typer

from experiments.commands import app
from experiments.commands.options import AllowIncomplete, Full, Quick, ResultsOut, Retry, Workers, size_name
from experiments.commands.output import exit_code, report_sweep


@app.command()
def reproduce(
    quick: Quick = False,
    full: Full = False,
    out: ResultsOut = Path("results"),
    workers: Workers = None,
    retry_failed: Retry = False,
    allow_incomplete: AllowIncomplete = False,
) -> None:
    """Do the main job: run the studies, draw all figures, write tables, macros and the report."""
    from experiments.progress import print_line, shown_progress
    from experiments.reproduce import publish, reproduce_studies

    size = size_name(quick, full)
    with shown_progress() as show:
        results = reproduce_studies(
            size, out, workers=workers, retry_failed=retry_failed, on_progress=show, on_notice=print_line
        )
        for result in results:
            report_sweep(result, out)
            if exit_code(result) and (result.interrupted or not allow_incomplete):
                raise typer.Exit(exit_code(result))
    for path in publish(out, size, on_step=print_line, allow_incomplete=allow_incomplete):
        typer.echo(path)
