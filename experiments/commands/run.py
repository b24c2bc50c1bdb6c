"""``wattlab run``: one scenario, printed or as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands import app
from experiments.commands.output import make_directory


@app.command()
def run(
    country: Annotated[str, typer.Option(help="Shipped country or path of a .toml file.")] = "pakistan",
    regime: Annotated[str, typer.Option(help="Shipped regime or path of a .toml file.")] = "pakistan-2025",
    months: Annotated[int, typer.Option(help="Length of the run.")] = 120,
    seed: Annotated[int, typer.Option(min=0, help="Replicate: same seed, same prices, weather, luck.")] = 1,
    engine: Annotated[str, typer.Option(help="columns (fast) or objects (readable, slow).")] = "columns",
    drivers: Annotated[str, typer.Option(help="replay (observed, then simulated) or simulated.")] = "replay",
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="name=value of a parameter or instrument; repeat.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    out: Annotated[Path | None, typer.Option(help="Also write series, summary and scenario there.")] = None,
) -> None:
    """Run one scenario and print what came out."""
    from experiments.design import varied
    from experiments.progress import print_line
    from experiments.single import as_document, parse_assignments, run_text, write_run
    from experiments.worker import tell_when_compiling

    overrides = parse_assignments(assignments or [])
    from sim import load_scenario, outputs, simulate

    scenario = varied(load_scenario(country, regime=regime, months=months, drivers=drivers), overrides)
    if out is not None:
        make_directory(out)
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
