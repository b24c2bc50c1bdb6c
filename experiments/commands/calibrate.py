"""``wattlab calibrate``: fit free parameters to published targets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands import app


@app.command()
def calibrate(
    path: Annotated[Path, typer.Argument(help="Calibration file (.toml): free parameters and targets.")],
    write: Annotated[
        Path | None, typer.Option(help="Registry (parameters.csv) to write the fitted values into.")
    ] = None,
) -> None:
    """Fit free parameters to targets; print values, what fits equally well, and the misses."""
    from datetime import UTC, datetime

    from experiments.calibration import (
        fit,
        free_bounds,
        load_calibration,
        simulated_measures,
        write_calibrated,
    )
    from experiments.display import console, plain_table
    from experiments.progress import print_line
    from experiments.units import number
    from experiments.worker import tell_when_compiling

    tell_when_compiling(print_line)
    calibration = load_calibration(path)
    bounds = free_bounds(calibration)
    every = max(1, calibration.trials // 10)

    def tell(trial: int, loss: float) -> None:
        if trial % every == 0:
            print_line(f"{trial} of {calibration.trials} trials, mean squared miss {loss:.3g} tolerances")

    found = fit(calibration, bounds, simulated_measures(calibration), tell)
    values = plain_table(("parameter", "fitted", "fits equally well", "searched"), right=("fitted",))
    for name, value in found.values.items():
        ranges = (
            f"{number(low)} to {number(high)}" for low, high in (found.equally_good[name], bounds[name])
        )
        values.add_row(name, number(value), *ranges)
    misses = plain_table(("target", "miss in tolerances"), right=("miss in tolerances",))
    for name, miss in found.misses.items():
        misses.add_row(name, f"{miss:+.2f}")
    for table in (values, misses):
        console().print(table)
    if write is not None:
        today = datetime.now(UTC).date().isoformat()
        note = f"{len(calibration.target)} targets, mean squared miss {found.loss:.3g} tolerances"
        write_calibrated(write, found.values, target_set=calibration.name, date=today, note=note)
        typer.echo(f"{write}: {', '.join(found.values)} written as calibrated")
