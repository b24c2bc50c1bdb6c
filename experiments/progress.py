"""Tell on stderr how a sweep goes: a bar on a terminal, otherwise a line about every ten seconds."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from experiments.runner import Progress

SECONDS_BETWEEN_LINES = 10.0


def duration(seconds: float) -> str:
    """Write a duration for people: "8 s", "2 min 5 s", "3 h 20 min"; "?" when unknown."""
    if not math.isfinite(seconds):
        return "?"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def line(progress: Progress) -> str:
    """Write the state of a sweep as one line: runs, rate, time left, failures."""
    text = f"{progress.finished} of {progress.total} runs"
    if progress.done > progress.warm_done:
        text += f", {progress.rate_per_s:.2f} runs/s, {duration(progress.left_s)} left"
    elif progress.finished < progress.total:
        text += ", starting"
    return text + (f", {progress.failed} failed" if progress.failed else "")


def print_line(text: str) -> None:
    """Write a line to stderr at once."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


@contextmanager
def shown_progress() -> Iterator[Callable[[Progress], None]]:
    """Give a callback that shows the progress in the way that suits stderr."""
    if sys.stderr.isatty():
        with _bar() as show:
            yield show
    else:
        yield _lines()


def _lines() -> Callable[[Progress], None]:
    last = -math.inf

    def show(progress: Progress) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES or progress.finished == progress.total:
            last = time.monotonic()
            print_line(line(progress))

    return show


@contextmanager
def _bar() -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(bar_width=30), TextColumn("{task.description}"))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting")

        def show(progress: Progress) -> None:
            bar.update(task, total=progress.total, completed=progress.finished, description=line(progress))

        yield show
