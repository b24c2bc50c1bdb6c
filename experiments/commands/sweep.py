"""``wattlab sweep``: run a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands import app
from experiments.commands.options import Full, Quick, ResultsOut, Retry, Scheduler, Workers, size_name
from experiments.commands.output import exit_code, report_sweep, tell_size


@app.command()
def sweep(
    study: Annotated[
        str, typer.Argument(help="Shipped study ('wattlab study list') or path of a .toml file.")
    ],
    quick: Quick = False,
    full: Full = False,
    out: ResultsOut = Path("results"),
    workers: Workers = None,
    scheduler: Scheduler = None,
    retry_failed: Retry = False,
) -> None:
    """Run a study on all processors; started again, it goes on where it stopped."""
    from experiments.design import load_study
    from experiments.progress import print_line, shown_progress
    from experiments.sequential import sweep_until_precise

    chosen, size = load_study(study), size_name(quick, full)
    tell_size(chosen, size)
    with shown_progress() as show:
        result = sweep_until_precise(
            chosen,
            size,
            out,
            workers=workers,
            scheduler=scheduler,
            retry_failed=retry_failed,
            on_progress=show,
            on_notice=print_line,
        )
    report_sweep(result, out)
    raise typer.Exit(exit_code(result))
