"""The command ``wattlab``. Heavy packages are imported inside the commands, so that it starts at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from experiments.errors import ExperimentError, StoreError, StudyError

if TYPE_CHECKING:
    from experiments.design import SizeName
    from experiments.runner import SweepResult

# Some releases of Typer bring a Click of their own, others use the installed one; find its base error.
UsageProblem: type[Exception] = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")
PROBLEM, SOME_RUNS_FAILED, INTERRUPTED = 2, 1, 130

app = typer.Typer(
    name="wattlab",
    help="Simulate what follows when a country sells surplus electricity to Bitcoin miners and AI firms.",
    add_completion=False,
    no_args_is_help=False,
)

Quick = Annotated[bool, typer.Option("--quick", help="The quick size of the study (default).")]
Full = Annotated[bool, typer.Option("--full", help="The full size of the study.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Worker processes (default: one per processor).")]
Retry = Annotated[bool, typer.Option("--retry-failed", help="Run again what failed before.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="All fields, as CSV.")]


def main() -> None:
    """Run the command line; an expected problem is one line on stderr and exit code 2."""
    command = typer.main.get_command(app)
    try:
        code = command.main(prog_name="wattlab", standalone_mode=False)
    except typer.Abort:
        code = INTERRUPTED
    except UsageProblem as error:
        code = _tell(getattr(error, "format_message", error.__str__)())
    except BrokenPipeError:
        # The reader of a pipe has gone (``wattlab outputs | head``): nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except (ExperimentError, OSError) as error:
        code = _tell(str(error))
    except ValueError as error:
        if not _is_scenario_error(error):
            raise
        code = _tell(str(error))
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.exit(code)


def _tell(message: str) -> int:
    sys.stderr.write(f"wattlab: {' '.join(message.split())}\n")
    return PROBLEM


def _is_scenario_error(error: ValueError) -> bool:
    """Tell a scenario's error from a bug without importing the model when it is not loaded."""
    errors = sys.modules.get("sim.errors")
    return errors is not None and isinstance(error, errors.ScenarioError)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    if version:
        from experiments.provenance import code_version

        typer.echo(f"wattlab {code_version()}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def run(
    country: Annotated[str, typer.Option(help="Shipped country or path of a .toml file.")] = "pakistan",
    regime: Annotated[str, typer.Option(help="Shipped regime or path of a .toml file.")] = "pakistan-2025",
    months: Annotated[int, typer.Option(help="Length of the run.")] = 120,
    seed: Annotated[int, typer.Option(min=0, help="Replicate: same seed, same prices, weather, luck.")] = 1,
    engine: Annotated[str, typer.Option(help="columns (fast) or objects (readable, slow).")] = "columns",
    drivers: Annotated[str, typer.Option(help="replay (observed, then simulated) or simulated.")] = "replay",
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="name=value of a parameter; repeat for more.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    out: Annotated[Path | None, typer.Option(help="Also write series, summary and scenario there.")] = None,
) -> None:
    """Run one scenario and print what came out."""
    from experiments.progress import print_line
    from experiments.single import as_document, parse_assignments, run_text, write_run
    from experiments.worker import tell_when_compiling

    overrides = parse_assignments(assignments or [])
    from sim import load_scenario, outputs, simulate

    scenario = load_scenario(country, regime=regime, months=months, overrides=overrides, drivers=drivers)
    if out is not None:
        _make_directory(out)
    tell_when_compiling(print_line)
    result = simulate(scenario, seed=seed, engine=engine)
    document = as_document(result, seed, engine)
    if as_json:
        import json

        typer.echo(json.dumps(document, indent=1, allow_nan=False))
    else:
        run_text(document, outputs())
    if out is not None:
        write_run(result, document, outputs(), out)


@app.command()
def regimes() -> None:
    """List the shipped regimes."""
    from experiments.display import console, names_table
    from sim import list_regimes
    from sim.regimes import load_regime

    found = [load_regime(name) for name in list_regimes()]
    console().print(names_table((regime.name, regime.home, regime.title) for regime in found))


@app.command()
def countries() -> None:
    """List the shipped countries."""
    from experiments.display import console, plain_table
    from sim import list_countries
    from sim.countries import load_country

    table = plain_table(("name", "currency", "title"))
    for name in list_countries():
        country = load_country(name)
        table.add_row(country.name, country.currency, country.title)
    console().print(table)


@app.command()
def describe(
    name: Annotated[str, typer.Argument(help="Regime, country, instrument, parameter or output.")],
) -> None:
    """Explain one name: values with units, bounds and sources."""
    from experiments.display import console
    from experiments.display import describe as explain

    screen = console()
    for part in explain(name):
        screen.print(part, markup=False)


@app.command()
def parameters(as_csv: AsCsv = False) -> None:
    """List the parameter registry."""
    from experiments.display import console, parameter_rows, parameters_table
    from sim import parameters as registry

    if as_csv:
        _echo_csv(parameter_rows(registry()))
    else:
        console().print(parameters_table(registry()))


@app.command()
def outputs(as_csv: AsCsv = False) -> None:
    """List the output variables."""
    from experiments.display import console, output_rows, outputs_table
    from sim import outputs as registry

    if as_csv:
        _echo_csv(output_rows(registry()))
    else:
        console().print(outputs_table(registry()))


@app.command()
def sweep(
    study: Annotated[str, typer.Argument(help="Shipped study (headline, smoke) or path of a .toml file.")],
    quick: Quick = False,
    full: Full = False,
    out: Annotated[Path, typer.Option(help="Results directory; what is stored there is kept.")] = Path(
        "results"
    ),
    workers: Workers = None,
    retry_failed: Retry = False,
) -> None:
    """Run a study on all processors; started again, it goes on where it stopped."""
    from experiments.design import load_study
    from experiments.progress import print_line, shown_progress
    from experiments.runner import sweep as run_sweep

    chosen = load_study(study)
    with shown_progress() as show:
        result = run_sweep(
            chosen,
            _size(quick, full),
            out,
            workers=workers,
            retry_failed=retry_failed,
            on_progress=show,
            on_notice=print_line,
        )
    _report(result, out)
    raise typer.Exit(_exit_code(result))


@app.command()
def figures(
    runs_dir: Annotated[Path, typer.Argument(help="Results directory of a sweep.")],
    out: Annotated[Path | None, typer.Option(help="Where to write (default: RUNS_DIR/figures).")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only this figure; repeat for more.")] = None,
) -> None:
    """Draw the figures of a results directory: PDF, PNG, data as CSV, caption."""
    from experiments.results import load_results

    results = load_results(runs_dir)
    from experiments.figures import draw_figures

    for path in draw_figures(results, out or runs_dir / "figures", only):
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
    _make_directory(target)
    for path in write_tables(results, target):
        typer.echo(path)


@app.command()
def validate(
    part: Annotated[str | None, typer.Option(help="Only this part (grid); all parts by default.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the checks as JSON.")] = False,
) -> None:
    """Compare the model with published facts; a miss stays visible and is no error."""
    from experiments.display import console
    from experiments.progress import print_line
    from experiments.validate import as_document, checks_table, summary_line
    from experiments.validate import validate as run_checks
    from experiments.worker import tell_when_compiling

    tell_when_compiling(print_line)
    checks = run_checks(part)
    if as_json:
        import json

        typer.echo(json.dumps(as_document(checks), indent=1, allow_nan=False))
    else:
        console().print(checks_table(checks))
        typer.echo("(f) fitted, (p) predicted; left out: each month predicted from the other months")
        typer.echo(summary_line(checks))


@app.command()
def reproduce(
    quick: Quick = False,
    full: Full = False,
    out: Annotated[Path, typer.Option(help="Results directory; what is stored there is kept.")] = Path(
        "results"
    ),
    workers: Workers = None,
    retry_failed: Retry = False,
) -> None:
    """Do the main job: run the headline study, draw its figures, write its tables."""
    from experiments.progress import print_line, shown_progress
    from experiments.reproduce import publish
    from experiments.reproduce import reproduce as run_study

    with shown_progress() as show:
        result = run_study(
            _size(quick, full),
            out,
            workers=workers,
            retry_failed=retry_failed,
            on_progress=show,
            on_notice=print_line,
        )
    _report(result, out)
    if not result.interrupted:
        for path in publish(out, on_step=print_line):
            typer.echo(path)
    raise typer.Exit(_exit_code(result))


def _size(quick: bool, full: bool) -> SizeName:
    if quick and full:
        raise StudyError("choose --quick or --full, not both")
    return "full" if full else "quick"


def _make_directory(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {(error.strerror or str(error)).lower()}") from error


def _report(result: SweepResult, out: Path) -> None:
    """Say in a line or two how a sweep ended."""
    from experiments.progress import duration

    stored = result.skipped + result.done
    if result.interrupted:
        typer.echo(
            f"stopped: {stored} of {result.total} runs are stored in {out}; the same command goes on",
            err=True,
        )
        return
    before = f", {result.skipped} of them from before" if result.skipped else ""
    typer.echo(f"{stored} runs in {out}{before}; {duration(result.wall_s)}")
    if result.failed:
        first = f"; first error: {result.errors[0]}" if result.errors else ""
        _tell(f"{result.failed} of {result.total} runs failed, kept as rows in {out / 'runs'}{first}")


def _exit_code(result: SweepResult) -> int:
    if result.interrupted:
        return INTERRUPTED
    return SOME_RUNS_FAILED if result.failed else 0


def _echo_csv(rows: list[Mapping[str, Any]] | list[dict[str, Any]]) -> None:
    import csv

    writer = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
