"""``wattlab run``: one scenario, printed or as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands import app
from experiments.commands.output import make_directory
from experiments.errors import StudyError


@app.command()
def run(
    context: typer.Context,
    country: Annotated[str, typer.Option(help="Shipped country or path of a .toml file.")] = "pakistan",
    regime: Annotated[str, typer.Option(help="Shipped regime or path of a .toml file.")] = "pakistan-2025",
    months: Annotated[int, typer.Option(help="Length of the run.")] = 120,
    seed: Annotated[int, typer.Option(min=0, help="Replicate: same seed, same prices, weather, luck.")] = 1,
    engine: Annotated[str, typer.Option(help="columns (fast) or objects (readable, slow).")] = "columns",
    drivers: Annotated[str, typer.Option(help="replay (observed, then simulated) or simulated.")] = "replay",
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="name=value of a parameter or instrument; repeat. If both: parameter.NAME or regime.NAME.",
        ),
    ] = None,
    scenario_file: Annotated[
        Path | None, typer.Option("--scenario", help="File with country, regime, months, seed and settings.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Print every output, by theme.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    out: Annotated[Path | None, typer.Option(help="Also write series, summary and scenario there.")] = None,
) -> None:
    """Run one scenario and print what came out."""
    from dataclasses import replace

    from experiments.notes import notes
    from experiments.progress import print_line
    from experiments.scenario_file import Settings, read_settings
    from experiments.single import as_document, parse_assignments, run_text, write_run
    from experiments.worker import tell_when_compiling

    overrides = parse_assignments(assignments or [])
    settings = Settings(country, regime, months, drivers, seed)
    if scenario_file is not None:
        settings = read_settings(scenario_file)
        if _is_given(context, "seed"):
            settings = replace(settings, seed=seed)
        twice = [name for name in ("country", "regime", "months", "drivers") if _is_given(context, name)]
        if twice:
            raise StudyError(f"--{twice[0]}: already set by --scenario {scenario_file}")
    from sim import outputs, simulate

    settings = replace(settings, values={**settings.values, **overrides})
    scenario = settings.scenario()
    if out is not None:
        make_directory(out)
    for text in notes(scenario, settings.values):
        print_line(text)
    tell_when_compiling(print_line)
    result = simulate(scenario, seed=settings.seed, engine=engine)
    document = as_document(result, settings.seed, engine)
    if as_json:
        import json

        typer.echo(json.dumps(document, indent=1, allow_nan=False))
    else:
        paths = [name for name in (settings.country, settings.regime) if name.endswith(".toml")]
        run_text(result, document, paths=paths, everything=everything)
    if out is not None:
        write_run(result, document, outputs(), out)


def _is_given(context: typer.Context, name: str) -> bool:
    """Tell whether the user gave an option, rather than its default."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
