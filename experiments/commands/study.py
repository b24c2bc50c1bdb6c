"""``wattlab study``: start a study from a commented template, and see what it costs before it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands import app
from experiments.commands.options import Full, Quick, ResultsOut, Scheduler, Workers, size_name
from experiments.commands.output import exit_code, report_sweep

study_app = typer.Typer(help="Start a study, and check what it costs.", no_args_is_help=True)
app.add_typer(study_app, name="study")


@study_app.command()
def new(
    path: Annotated[Path, typer.Argument(help="File to write, ending in .toml.")],
) -> None:
    """Write a commented study that runs as it is, to be changed by hand."""
    from experiments.study_file import write_template

    typer.echo(write_template(path))


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
    """Do all of a study: sweep, analysis with its page, figures."""
    from experiments.analyse import write_analysis
    from experiments.design import load_study
    from experiments.figures import draw_figures
    from experiments.progress import print_line, shown_progress
    from experiments.results import load_results
    from experiments.sequential import sweep_until_precise

    chosen, size = load_study(study), size_name(quick, full)
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
    for path in [*write_analysis(results, out, print_line), *draw_figures(results, out / "figures")]:
        typer.echo(path)
