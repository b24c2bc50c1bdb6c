"""The dashboard: one page in the browser of this machine, served on its loopback address only."""

from __future__ import annotations

import socket

from experiments.errors import ExperimentError

HOST = "127.0.0.1"


def serve(port: int, *, open_browser: bool) -> None:
    """Serve the dashboard until interrupted; raises ExperimentError if it cannot start.

    Bound to 127.0.0.1, with no option to change it: whoever reaches the page can use it without a login.
    """
    try:
        from nicegui import app, ui
    except ImportError as error:
        raise ExperimentError("the dashboard needs NiceGUI: pip install -e '.[dashboard]'") from error
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    from experiments.dashboard.page import Page
    from experiments.dashboard.session import Session

    _check_port(port)
    session = Session()
    # A page of another site must not reach this server under a name of its own.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    app.on_startup(session.warm)

    def page() -> None:
        Page(session)

    ui.page("/")(page)
    ui.run(
        host=HOST, port=port, title="WattLab", show=open_browser, reload=False, favicon="⚡",
        uvicorn_logging_level="warning", show_welcome_message=False,
    )  # fmt: skip


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ExperimentError(f"port {port} of {HOST} is in use; choose another with --port") from error
