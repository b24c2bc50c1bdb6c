"""What a worker process does: run a batch of tasks one by one and write the batch before it reports."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from experiments.manifest import now_utc
from experiments.plan import Task
from experiments.store import FAILED, LOST, OK, Batch, Store

if TYPE_CHECKING:
    import pandas as pd


# A compiler's message can be longer than all results of a run.
LONGEST_ERROR = 300
# What a worker has done is on disk after this many seconds at the latest.
LONGEST_PART_S = 4.0


@dataclass(frozen=True)
class Outcome:
    """What one finished run leaves: monthly series, typical days and the summary value of each output."""

    months: pd.DataFrame
    days: pd.DataFrame
    summary: Mapping[str, float]


@dataclass(frozen=True)
class RunReport:
    """What the parent process hears of one run."""

    run_id: str
    status: str
    error: str
    wall_s: float


Execute = Callable[[Task], Outcome]


@lru_cache(maxsize=64)
def _base(text: str) -> Any:
    from sim import read_scenario

    return read_scenario(text)


def scenario_of(task: Task) -> Any:
    """Build the scenario of a run from the task alone; the bases are kept, because they return every run."""
    return task.spec.vary(_base(task.base))


def tell_when_compiling(notify: Callable[[str], None]) -> None:
    """Have ``notify`` called when the model must be compiled first, which takes about a minute."""
    from sim.compiled import on_compile

    on_compile(notify)


def execute_run(task: Task) -> Outcome:
    """Simulate one task."""
    from sim import simulate

    result = simulate(scenario_of(task), seed=task.spec.seed, engine=task.spec.engine)
    summary = {name: float(cast(float, entry["value"])) for name, entry in result.summary().items()}
    return Outcome(result.months, result.days, summary)


def run_batch(
    store: Store, tasks: Sequence[Task], outputs: Sequence[str], execute: Execute
) -> Iterator[list[RunReport]]:
    """Run tasks one by one; write and report what is done after every few seconds."""
    for batch, reports in compute_parts(tasks, outputs, execute):
        store.write_batch(batch)
        yield reports


def compute_parts(
    tasks: Sequence[Task], outputs: Sequence[str], execute: Execute, seconds: float = LONGEST_PART_S
) -> Iterator[tuple[Batch, list[RunReport]]]:
    """Run tasks one by one and hand over what is done when it took this long, so that a kill loses little."""
    started, part = time.perf_counter(), _Part(outputs)
    for task in tasks:
        part.add(task, execute)
        if time.perf_counter() - started >= seconds:
            yield part.closed()
            started, part = time.perf_counter(), _Part(outputs)
    if part.reports:
        yield part.closed()


class _Part:
    """Collects finished runs until they are handed over as one batch."""

    def __init__(self, outputs: Sequence[str]) -> None:
        self.outputs = outputs
        self.rows: list[dict[str, Any]] = []
        self.log: list[dict[str, Any]] = []
        self.months: list[tuple[str, pd.DataFrame]] = []
        self.days: list[tuple[str, pd.DataFrame]] = []
        self.reports: list[RunReport] = []

    def add(self, task: Task, execute: Execute) -> None:
        """Run a task; an error in it is kept as its row and the others go on."""
        started = time.perf_counter()
        status, error, detail, summary = OK, "", "", {}
        try:
            outcome = execute(task)
            if task.spec.series:
                # pandas copies the notes of a frame at every access to a column, which costs more than a run.
                outcome.months.attrs, outcome.days.attrs = {}, {}
                self.months.append((task.run_id, outcome.months.rename_axis("month")))
                self.days.append((task.run_id, outcome.days))
            summary = dict(outcome.summary)
        except Exception as problem:  # A sweep outlives any error of a run: it becomes the run's row.
            status, error = FAILED, one_line(problem)
            detail = traceback.format_exc()
        wall_s = time.perf_counter() - started
        self.rows.append(run_row(task, status, error, detail, summary, self.outputs))
        self.log.append({"run_id": task.run_id, "wall_s": wall_s, "finished_utc": now_utc()})
        self.reports.append(RunReport(task.run_id, status, error, wall_s))

    def closed(self) -> tuple[Batch, list[RunReport]]:
        """Return the batch and its reports."""
        import pandas as pd

        months, days = _stacked(self.months), _stacked(self.days)
        if months is not None:
            months = months.reset_index().reindex(columns=["run_id", "month", *self.outputs])
        log = pd.DataFrame(self.log)
        return Batch(pd.DataFrame(self.rows), months, days, log), self.reports


def one_line(problem: Exception) -> str:
    """Name an error by its type and the beginning of its first line; the whole of it is in the traceback."""
    first, *_ = str(problem).strip().splitlines() or [""]
    return f"{type(problem).__name__}: {first}"[:LONGEST_ERROR]


def record_lost(store: Store, task: Task, outputs: Sequence[str], reason: str) -> RunReport:
    """Write the row of a run whose worker process died each time it was tried."""
    import pandas as pd

    runs = pd.DataFrame([run_row(task, LOST, reason, "", {}, outputs)])
    log = pd.DataFrame([{"run_id": task.run_id, "wall_s": 0.0, "finished_utc": now_utc()}])
    store.write_batch(Batch(runs=runs, months=None, days=None, log=log))
    return RunReport(task.run_id, LOST, reason, 0.0)


def run_row(
    task: Task, status: str, error: str, detail: str, summary: Mapping[str, float], outputs: Sequence[str]
) -> dict[str, Any]:
    """Make the row of a run in ``runs/``: identity, how it ended, and one column per output."""
    return {
        "run_id": task.run_id,
        "country": task.country,
        "regime": task.regime,
        "seed": task.spec.seed,
        "series": task.spec.series,
        "months": task.spec.months,
        "engine": task.spec.engine,
        "scenario_hash": task.scenario_hash,
        "status": status,
        "error": error,
        "traceback": detail,
        **{name: float(summary.get(name, float("nan"))) for name in outputs},
    }


def _stacked(parts: list[tuple[str, pd.DataFrame]]) -> pd.DataFrame | None:
    """Put the tables of several runs under each other, each row with the id of its run."""
    import numpy as np
    import pandas as pd

    if not parts:
        return None
    frames = [frame for _, frame in parts]
    table = pd.concat(frames)
    ids = np.repeat([run_id for run_id, _ in parts], [len(frame) for frame in frames])
    table.insert(0, "run_id", ids)
    return table
