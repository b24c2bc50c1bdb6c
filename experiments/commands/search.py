"""``wattlab search``: regimes that no other beats."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands import app
from experiments.commands.options import Full, Quick, ResultsOut, Scheduler, Workers, size_name
from experiments.commands.output import exit_code, report_sweep


@app.command()
def search(
    study: Annotated[str, typer.Argument(help="Shipped study or .toml file; it has a search table.")],
    quick: Quick = False,
    full: Full = False,
    out: ResultsOut = Path("results"),
    workers: Workers = None,
    scheduler: Scheduler = None,
) -> None:
    """Search the instruments of a regime; write the front and every regime on it as a file that runs."""
    from experiments.design import load_study
    from experiments.progress import print_line, shown_progress
    from experiments.search import FOLDER, front_table, write_regimes
    from experiments.search import search as run_search
    from experiments.store import atomic_write

    chosen, size = load_study(study), size_name(quick, full)
    with shown_progress() as show:
        found = run_search(
            chosen,
            size,
            out,
            workers=workers,
            scheduler=scheduler,
            on_progress=show,
            on_notice=print_line,
        )
    if not found.complete:
        report_sweep(found.result, out)
        raise typer.Exit(exit_code(found.result))
    folder = out / FOLDER
    paths = write_regimes(chosen, size, found, folder)
    table = folder / f"{chosen.name}-front.csv"
    atomic_write(table, front_table(found).to_csv(index=False, lineterminator="\n").encode())
    for path in [*paths, table]:
        typer.echo(path)
    typer.echo(f"{len(paths)} of {found.evaluated} candidates are not beaten")
