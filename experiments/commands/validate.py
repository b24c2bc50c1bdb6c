"""``wattlab validate``: the model against published facts."""

from __future__ import annotations

from typing import Annotated

import typer

from experiments.commands import app
from experiments.commands.options import AsMarkdown


@app.command()
def validate(
    part: Annotated[
        str | None, typer.Option(help="ai, bitcoin, grid, labour or regimes; all by default.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the checks as JSON.")] = False,
    as_markdown: AsMarkdown = False,
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
    elif as_markdown:
        from experiments.reference import validation_page

        typer.echo(validation_page(checks), nl=False)
    else:
        console().print(checks_table(checks))
        typer.echo("(f) fitted, (p) predicted; left out: each month predicted from the other months")
        typer.echo(summary_line(checks))
