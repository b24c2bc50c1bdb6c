"""Run a study: skip what is stored, run the rest in batches, tell how it goes, always leave a manifest."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from experiments.cluster import Cluster
from experiments.design import SizeName, Study
from experiments.manifest import now_utc, record_sweep, sweep_entry
from experiments.plan import Plan, Task, make_plan, plan_tables
from experiments.pool import Pool, start_server
from experiments.store import OK, Store
from experiments.worker import Execute, RunReport, execute_run, run_batch, tell_when_compiling

# Batches of a few seconds: files and messages then cost nothing, and a stop loses little.
LARGEST_BATCH = 100
BATCHES_PER_WORKER = 4


@dataclass
class Progress:
    """Where a sweep stands; times in seconds, rate in runs per second."""

    total: int
    stored_before: int = 0
    done: int = 0
    failed: int = 0
    started: float = field(default_factory=time.monotonic)
    # The first batch may have compiled the model: rate and time left are those of the batches after it.
    warm_done: int = 0
    warm_since: float = 0.0

    def add(self, runs: int) -> None:
        """Count a batch of runs that has just been settled."""
        if not self.done:
            self.warm_done, self.warm_since = runs, time.monotonic()
        self.done += runs

    @property
    def finished(self) -> int:
        """Runs of the plan that are settled, now or before."""
        return self.stored_before + self.done

    @property
    def rate_per_s(self) -> float:
        """Runs finished per second since the first batch; 0 until then."""
        return (self.done - self.warm_done) / max(time.monotonic() - self.warm_since, 1e-9)

    @property
    def left_s(self) -> float:
        """Time left at this rate; infinite while there is none."""
        rate = self.rate_per_s
        return (self.total - self.finished) / rate if rate > 0.0 else float("inf")


@dataclass(frozen=True)
class SweepResult:
    """How a sweep ended: counts of runs, the first errors, and whether it was stopped before the end."""

    plan: Plan
    total: int
    skipped: int
    done: int
    failed: int
    errors: tuple[str, ...]
    interrupted: bool
    wall_s: float


def available_processors() -> int:
    """Count the processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def sweep(study: Study, size: SizeName, out: Path | str, **options: Any) -> SweepResult:
    """Plan a study at a size and run it into a results directory; options as in :func:`sweep_plan`."""
    Store.create(out)  # An unwritable directory is told before the scenarios are loaded.
    if options.get("scheduler") is None and options.get("workers") != 1:
        start_server()  # It imports the model while this process plans.
    return sweep_plan(make_plan(study, size), out, **options)


def sweep_plan(
    plan: Plan,
    out: Path | str,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    retry_failed: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    on_notice: Callable[[str], None] | None = None,
    execute: Execute = execute_run,
    start_method: str | None = None,
) -> SweepResult:
    """Run a plan into a results directory; runs that are stored there already are not run again.

    ``workers`` is the number of processes (default: one per processor; 1 runs in this process); ``scheduler``
    is the address of a Dask cluster that runs them instead. An interrupt lets the batches under way finish
    and be stored; a second one ends them at once. Damaged batches are set aside and their runs run again.
    """
    store = Store.create(out)
    count = workers or available_processors()
    backend = _Backend(store, list(plan.outputs), execute, count, scheduler, start_method)
    with store.locked():
        store.set_aside(store.damage())
        store.remove_leftovers()
        files = store.write_plan(plan.plan_id, plan_tables(plan))
        entry = sweep_entry(plan, workers=count, scheduler=scheduler, files=files)
        record_sweep(store.root, entry, plan.outputs)
        settled = store.settled(retry_failed=retry_failed, series=plan.study.series)
        todo = [task for task in plan.tasks if task.run_id not in settled]
        progress = Progress(total=len(plan.tasks), stored_before=len(plan.tasks) - len(todo))
        collected = _Collected(progress, on_progress, on_notice)
        status = "failed"
        try:
            interrupted = _run_all(backend, todo, collected)
            status = "interrupted" if interrupted else "complete"
            store.write_index()
        finally:
            record_sweep(store.root, _closed(entry, status, progress, len(settled)), plan.outputs)
    return SweepResult(
        plan=plan,
        total=len(plan.tasks),
        skipped=progress.stored_before,
        done=progress.done,
        failed=failed_in_plan(store, plan),
        errors=tuple(collected.errors),
        interrupted=interrupted,
        wall_s=time.monotonic() - progress.started,
    )


@dataclass
class _Collected:
    """Adds up the reports of batches and passes the progress on."""

    progress: Progress
    on_progress: Callable[[Progress], None] | None
    on_notice: Callable[[str], None] | None
    errors: list[str] = field(default_factory=list)

    def add(self, reports: Sequence[RunReport]) -> None:
        self.progress.add(len(reports))
        for report in reports:
            if report.status != OK:
                self.progress.failed += 1
                self.errors.append(f"run {report.run_id}: {report.error}")
        self.tell()

    def tell(self) -> None:
        if self.on_progress:
            self.on_progress(self.progress)

    def notice(self, text: str) -> None:
        """Pass a notice of the workers on, once: each of them gives the same ones."""
        if self.on_notice:
            self.on_notice(text)
            self.on_notice = None


@dataclass(frozen=True)
class _Backend:
    """Where the runs of a sweep happen: in this process, in worker processes, or on a cluster."""

    store: Store
    outputs: list[str]
    execute: Execute
    workers: int
    scheduler: str | None
    start_method: str | None

    def run(
        self, todo: list[Task], stop_requested: Callable[[], bool], on_notice: Callable[[str], None]
    ) -> Iterator[list[RunReport]]:
        batches = split(todo, self.workers)
        if self.scheduler is not None:
            cluster = Cluster(self.store, self.outputs, self.execute, self.scheduler)
            return cluster.run(batches, stop_requested)
        if self.workers == 1 or len(todo) <= 1:
            tell_when_compiling(on_notice)
            return self._here(batches, stop_requested)
        root, method = self.store.root, self.start_method
        pool = Pool(root, self.outputs, self.execute, self.workers, method, on_notice)
        return pool.run(batches, stop_requested)

    def _here(
        self, batches: Sequence[Sequence[Task]], stop_requested: Callable[[], bool]
    ) -> Iterator[list[RunReport]]:
        for tasks in batches:
            if stop_requested():
                return
            yield from run_batch(self.store, tasks, self.outputs, self.execute)


def _run_all(backend: _Backend, todo: list[Task], collected: _Collected) -> bool:
    """Run the tasks; return True when interrupted, after the batches under way were stored."""
    collected.tell()
    with StopRequest() as stop:
        try:
            for reports in backend.run(todo, stop.is_requested, collected.notice):
                collected.add(reports)
        except KeyboardInterrupt:
            return True
        return stop.is_requested() and collected.progress.finished < collected.progress.total


class StopRequest:
    """Turns the first interrupt or termination signal into a request to stop; the second is an interrupt."""

    def __init__(self) -> None:
        self._requested = False
        self._before: dict[int, Any] = {}

    def is_requested(self) -> bool:
        """Tell whether a stop was asked for."""
        return self._requested

    def __enter__(self) -> StopRequest:
        if threading.current_thread() is threading.main_thread():  # Elsewhere Python refuses handlers.
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: Any) -> None:
        if self._requested:
            raise KeyboardInterrupt
        self._requested = True


def split(todo: Sequence[Task], workers: int) -> list[list[Task]]:
    """Cut the tasks into batches, in order: several per worker, none larger than a few seconds of work."""
    size = max(1, min(LARGEST_BATCH, len(todo) // (workers * BATCHES_PER_WORKER)))
    return [list(todo[start : start + size]) for start in range(0, len(todo), size)]


def failed_in_plan(store: Store, plan: Plan) -> int:
    """Count the runs of the plan that are stored as failed or lost and not as done."""
    rows = store.read("runs", columns=["run_id", "status"])
    wanted = {task.run_id for task in plan.tasks}
    good = set(rows.loc[rows["status"] == OK, "run_id"])
    bad = set(rows.loc[rows["status"] != OK, "run_id"])
    return len((bad - good) & wanted)


def _closed(entry: dict[str, Any], status: str, progress: Progress, settled: int) -> dict[str, Any]:
    return {
        **entry,
        "status": status,
        "runs_done_now": progress.done,
        "runs_stored_before": progress.stored_before,
        "runs_failed_now": progress.failed,
        "wall_s": round(time.monotonic() - progress.started, 3),
        "ended_utc": now_utc(),
    }
