"""How commands speak: one line for a problem, a line or two for a sweep, CSV for other programs."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from experiments.errors import StoreError, printable

if TYPE_CHECKING:
    from experiments.design import SizeName, Study
    from experiments.runner import SweepResult

PROBLEM, SOME_RUNS_FAILED, INTERRUPTED = 2, 1, 130


def tell_problem(message: str) -> int:
    """Write a problem to stderr as one line; returns the exit code of a problem."""
    sys.stderr.write(f"wattlab: {printable(' '.join(message.split()))}\n")
    return PROBLEM


def make_directory(path: Path) -> None:
    """Make a directory for results, or say in one line why not."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {(error.strerror or str(error)).lower()}") from error


def tell_size(study: Study, size: SizeName) -> None:
    """Say if a size runs fewer months than the study; silence would let a short run pass for the whole."""
    from experiments.study_file import size_note

    if note := size_note(study, size):
        typer.echo(note, err=True)


def report_sweep(result: SweepResult, out: Path) -> None:
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
        tell_problem(f"{result.failed} of {result.total} runs failed, kept as rows in {out / 'runs'}{first}")


def exit_code(result: SweepResult) -> int:
    """Return the exit code of a sweep."""
    if result.interrupted:
        return INTERRUPTED
    return SOME_RUNS_FAILED if result.failed else 0


def echo_csv(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows as CSV."""
    writer = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
