"""``wattlab verify`` and ``wattlab replay``: look after a results directory and its single runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands import app
from experiments.commands.output import SOME_RUNS_FAILED, make_directory, tell_problem


@app.command()
def verify(
    runs_dir: Annotated[Path, typer.Argument(help="Results directory of a sweep.")],
) -> None:
    """Find missing, truncated and altered files; the next sweep runs again what they held."""
    from experiments.verify import verify as check

    verdict = check(runs_dir)
    for text in verdict.lines():
        typer.echo(text)
    if not verdict.intact:
        tell_problem(f"{runs_dir} is damaged; 'wattlab sweep' into it runs again only what was lost")
        raise typer.Exit(SOME_RUNS_FAILED)


@app.command()
def replay(
    run_id: Annotated[str, typer.Argument(help="Id of a run, or the beginning of it.")],
    runs_dir: Annotated[Path, typer.Option("--in", help="Results directory of the sweep.")] = Path("results"),
    engine: Annotated[str | None, typer.Option(help="columns or objects; default: as it ran.")] = None,
    out: Annotated[Path | None, typer.Option(help="Also write series, summary and scenario there.")] = None,
) -> None:
    """Run one run of a sweep again, alone: the whole error of a failed one, the same bits of another."""
    from experiments.progress import print_line
    from experiments.replay import find_run
    from experiments.single import as_document, run_text, write_run
    from experiments.worker import tell_when_compiling

    found = find_run(runs_dir, run_id)
    chosen = engine or found.task.spec.engine
    if not found.same_code:
        print_line(f"made by code {found.code_version}; this is other code, so that the result may differ")
    if found.stored is not None and found.stored["error"]:
        print_line(f"stored as {found.stored['status']}: {found.stored['error']}")
    from sim import outputs, simulate

    tell_when_compiling(print_line)
    result = simulate(found.scenario, seed=found.task.spec.seed, engine=chosen)
    document = as_document(result, found.task.spec.seed, chosen)
    run_text(result, document)
    if out is not None:
        make_directory(out)
        write_run(result, document, outputs(), out)
    if chosen == found.task.spec.engine and found.stored is not None:
        changed = found.differences(result.summary())
        typer.echo(f"differs from what was stored in {', '.join(changed)}" if changed else "same as stored")
