"""Options that several commands share; heavy packages are imported inside the commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.errors import StudyError

if TYPE_CHECKING:
    from experiments.design import SizeName

Quick = Annotated[bool, typer.Option("--quick", help="The quick size of the study (default).")]
Full = Annotated[bool, typer.Option("--full", help="The full size of the study.")]
ResultsOut = Annotated[Path, typer.Option(help="Results directory; what is stored there is kept.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Worker processes (default: one per processor).")]
Retry = Annotated[bool, typer.Option("--retry-failed", help="Run again what failed before.")]
AllowIncomplete = Annotated[
    bool,
    typer.Option("--allow-incomplete", help="Go on although runs failed or are missing; results say so."),
]
StudyOf = Annotated[
    str | None, typer.Option("--study", help="Study of the directory (default: the latest sweep).")
]
Scheduler = Annotated[
    str | None, typer.Option(help="Address of a Dask scheduler; its workers run instead of local processes.")
]
AsMarkdown = Annotated[bool, typer.Option("--markdown", help="The page of the documentation.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="All fields, as CSV.")]


def one_form(as_csv: bool, as_markdown: bool) -> None:
    """Refuse two forms of one list."""
    if as_csv and as_markdown:
        raise StudyError("choose --csv or --markdown, not both")


def size_name(quick: bool, full: bool) -> SizeName:
    """Choose the size of a study from the two flags."""
    if quick and full:
        raise StudyError("choose --quick or --full, not both")
    return "full" if full else "quick"
