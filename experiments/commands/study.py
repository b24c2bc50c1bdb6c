"""``wattlab study``: start a study from a commented template, and see what it costs before it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands import app
from experiments.commands.options import Full, Quick, ResultsOut, Scheduler, Workers, size_name
from experiments.commands.output import exit_code, make_directory, report_sweep, tell_size

study_app = typer.Typer(help="Start a study, and check what it costs.", no_args_is_help=True)
app.add_typer(study_app, name="study")


@study_app.command()
def new(
    path: Annotated[Path, typer.Argument(help="File to write, ending in .toml.")],
) -> None:
    """Write a commented study that runs as it is, to be changed by hand."""
    from experiments.study_file import write_template

    typer.echo(write_template(path))


@study_app.command("list")
def list_studies() -> None:
    """List the shipped studies."""
    from experiments.design import load_study, shipped_studies
    from experiments.display import console, plain_table

    table = plain_table(("name", "title"))
    for name in shipped_studies():
        table.add_row(name, load_study(name).title)
    console().print(table)


@study_app.command()
def check(
    study: Annotated[str, typer.Argument(help="Shipped study or path of a .toml file.")],
    quick: Quick = False,
    full: Full = False,
    workers: Workers = None,
    trial: Annotated[bool, typer.Option(help="Run up to three runs to measure time and disk.")] = True,
) -> None:
    """Check a study and print its number of runs and, from a trial, its time and disk space."""
    from experiments.design import load_study
    from experiments.progress import print_line
    from experiments.study_file import check_study
    from experiments.worker import tell_when_compiling

    tell_when_compiling(print_line)
    for text in check_study(load_study(study), size_name(quick, full), workers=workers, trial=trial):
        typer.echo(text)


@study_app.command()
def run(
    study: Annotated[str, typer.Argument(help="Shipped study or path of a .toml file.")],
    quick: Quick = False,
    full: Full = False,
    out: ResultsOut = Path("results"),
    workers: Workers = None,
    scheduler: Scheduler = None,
) -> None:
    """Do all of a study: sweep, tables, analysis with its page, figures."""
    from experiments.analyse import write_analysis
    from experiments.design import load_study
    from experiments.figures import draw_figures
    from experiments.progress import print_line, shown_progress
    from experiments.results import load_results, publication_folder
    from experiments.sequential import sweep_until_precise
    from experiments.tables import write_tables

    chosen, size = load_study(study), size_name(quick, full)
    tell_size(chosen, size)
    with shown_progress() as show:
        result = sweep_until_precise(
            chosen,
            size,
            out,
            workers=workers,
            scheduler=scheduler,
            on_progress=show,
            on_notice=print_line,
        )
    report_sweep(result, out)
    if exit_code(result):
        raise typer.Exit(exit_code(result))
    results = load_results(out)
    folder = publication_folder(results)
    make_directory(folder)
    tables = [*write_tables(results, folder), *write_analysis(results, out, print_line)]
    for path in [*tables, *draw_figures(results, folder / "figures")]:
        typer.echo(path)
