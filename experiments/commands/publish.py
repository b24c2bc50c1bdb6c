"""``wattlab figures`` and ``wattlab tables``: publish what a results directory holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands import app
from experiments.commands.options import AllowIncomplete, StudyOf
from experiments.commands.output import make_directory

# What --help says of the place of a study that shares its directory with others.
WHERE = "default: RUNS_DIR; for a second study in it RUNS_DIR/studies/NAME"


@app.command()
def figures(
    runs_dir: Annotated[Path, typer.Argument(help="Results directory of a sweep.")],
    study: StudyOf = None,
    out: Annotated[Path | None, typer.Option(help=f"Where to write ({WHERE}, figures/).")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only this figure; repeat for more.")] = None,
    allow_incomplete: AllowIncomplete = False,
) -> None:
    """Draw the figures of a results directory: PDF, PNG, SVG, data as CSV, caption."""
    from experiments.results import load_results, publication_folder

    results = load_results(runs_dir, study=study)
    from experiments.figures import draw_figures

    target = out or publication_folder(results) / "figures"
    for path in draw_figures(results, target, only, allow_incomplete=allow_incomplete):
        typer.echo(path)


@app.command()
def tables(
    runs_dir: Annotated[Path, typer.Argument(help="Results directory of a sweep.")],
    study: StudyOf = None,
    out: Annotated[Path | None, typer.Option(help=f"Where to write ({WHERE}).")] = None,
    allow_incomplete: AllowIncomplete = False,
) -> None:
    """Write the tables of a results directory: results.md, results.csv, results.tex, levels.csv."""
    from experiments.results import load_results, publication_folder
    from experiments.tables import write_tables

    results = load_results(runs_dir, study=study)
    if not allow_incomplete:
        results.require_complete()
    target = out or publication_folder(results)
    make_directory(target)
    for path in write_tables(results, target):
        typer.echo(path)
