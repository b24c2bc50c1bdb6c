"""``wattlab figures`` and ``wattlab tables``: publish what a results directory holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands import app
from experiments.commands.options import AllowIncomplete
from experiments.commands.output import make_directory


@app.command()
def figures(
    runs_dir: Annotated[Path, typer.Argument(help="Results directory of a sweep.")],
    out: Annotated[Path | None, typer.Option(help="Where to write (default: RUNS_DIR/figures).")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only this figure; repeat for more.")] = None,
    allow_incomplete: AllowIncomplete = False,
) -> None:
    """Draw the figures of a results directory: PDF, PNG, SVG, data as CSV, caption."""
    from experiments.results import load_results

    results = load_results(runs_dir)
    from experiments.figures import draw_figures

    target = out or runs_dir / "figures"
    for path in draw_figures(results, target, only, allow_incomplete=allow_incomplete):
        typer.echo(path)


@app.command()
def tables(
    runs_dir: Annotated[Path, typer.Argument(help="Results directory of a sweep.")],
    out: Annotated[Path | None, typer.Option(help="Where to write (default: RUNS_DIR).")] = None,
) -> None:
    """Write the tables of a results directory: results.md, results.csv, results.tex."""
    from experiments.results import load_results
    from experiments.tables import write_tables

    results = load_results(runs_dir)
    target = out or runs_dir
    make_directory(target)
    for path in write_tables(results, target):
        typer.echo(path)
