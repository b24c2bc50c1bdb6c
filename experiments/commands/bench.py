"""``wattlab bench``: what runs, sweeps and starts cost on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from experiments.commands import app


@app.command()
def bench(
    quick: Annotated[
        bool, typer.Option("--quick", help="Small sizes: whether it works, not how fast.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the measurements as JSON.")] = False,
) -> None:
    """Measure speed and memory: some minutes, on a machine with nothing else to do."""
    from experiments.bench.suite import FULL, QUICK
    from experiments.bench.suite import bench as measure_all
    from experiments.display import bench_table, console

    document = measure_all(QUICK if quick else FULL, lambda step: typer.echo(f"bench: {step}", err=True))
    if as_json:
        import json

        typer.echo(json.dumps(document, indent=1))
    else:
        console().print(bench_table(document))
