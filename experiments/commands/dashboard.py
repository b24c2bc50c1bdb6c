"""``wattlab dashboard``: try rules in the browser."""

from __future__ import annotations

from typing import Annotated

import typer

from experiments.commands import app


@app.command()
def dashboard(
    port: Annotated[int, typer.Option(min=1024, max=65535, help="Port on 127.0.0.1.")] = 8080,
    show: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Serve the dashboard on this machine: choose rules, run, compare with a baseline."""
    from experiments.dashboard import HOST, serve
    from experiments.progress import print_line

    print_line(f"dashboard: http://{HOST}:{port} (end with Ctrl-C)")
    serve(port, open_browser=show)
