"""A small supervised pool: batches of tasks on worker processes, none lost when a worker is killed.

The standard pools give up everything when one worker dies. Here each worker has one pipe and one batch; when
its process ends, the batch goes back into the queue, is tried again, then split into single runs, and a run
that ends its process each time is recorded as lost. Workers ignore the interrupt key: the parent decides when
they stop.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Literal

from experiments.errors import RunnerError, StoreError
from experiments.plan import Task
from experiments.provenance import code_version
from experiments.store import Store
from experiments.worker import Execute, RunReport, compute_parts, record_lost, tell_when_compiling

# A batch is tried twice before it is split; a single run that ended its process twice is given up.
TRIES = 2
# So many processes in a row that end before they are ready mean that none will ever start.
START_FAILURES = 3
STOP_WAIT_S = 5.0
# What the server process imports once for all workers.
PRELOADED = ["sim.model", "sim.engines", "pandas", "pyarrow.parquet", "experiments.pool"]

Kind = Literal["ready", "notice", "stored", "done", "cannot_store", "cannot_start"]


@dataclass
class Job:
    """A batch in the queue and how often a process died on it."""

    tasks: Sequence[Task]
    tries: int = 0

    def without(self, reports: Sequence[RunReport]) -> Job:
        """Return what is left of the batch when these runs are stored."""
        stored = {report.run_id for report in reports}
        return Job([task for task in self.tasks if task.run_id not in stored])


@dataclass
class _Worker:
    process: Any
    connection: Connection
    ready: bool = False
    job: Job | None = field(default=None)


def default_start_method() -> str:
    """Choose how workers start: from a clean server process where there is one, else each one anew."""
    return "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


def start_server() -> None:
    """Start the process that workers are copies of, so that it imports the model while the parent plans."""
    if default_start_method() == "forkserver":
        from multiprocessing import forkserver

        multiprocessing.get_context("forkserver").set_forkserver_preload(PRELOADED)
        forkserver.ensure_running()


def worker_main(
    connection: Connection, root: Path, outputs: list[str], execute: Execute, version: str
) -> None:
    """Serve batches until the parent says stop or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    try:
        if code_version() != version:
            connection.send(("cannot_start", "the source code changed while the sweep was running"))
            return
        store = Store(root)
        tell_when_compiling(lambda text: connection.send(("notice", text)))
        connection.send(("ready", None))
        while (tasks := connection.recv()) is not None:
            for batch, reports in compute_parts(tasks, outputs, execute):
                if parent is not None and not parent.is_alive():
                    return  # The next sweep runs these; written now, they could be there twice.
                store.write_batch(batch)
                connection.send(("stored", reports))
            connection.send(("done", None))
    except StoreError as error:
        connection.send(("cannot_store", str(error)))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # The parent is gone.


def _last_words(worker: _Worker) -> tuple[Kind, Any] | None:
    """Receive what a worker says; None when it is dead and has nothing more to say."""
    try:
        return worker.connection.recv() if worker.connection.poll() else None
    except (EOFError, OSError):
        return None


class Pool:
    """Runs jobs on worker processes and yields the reports of each batch as it is stored."""

    def __init__(
        self,
        root: Path,
        outputs: Sequence[str],
        execute: Execute,
        workers: int,
        start_method: str | None,
        on_notice: Callable[[str], None],
    ) -> None:
        self.root = root
        self.outputs = list(outputs)
        self.execute = execute
        self.count = workers
        self.on_notice = on_notice
        method = start_method or default_start_method()
        # Typed loosely: which process class a context has depends on the platform.
        self.context: Any = multiprocessing.get_context(method)
        if method == "forkserver":
            # The server imports the model once; each worker is then a copy of it, ready at once.
            self.context.set_forkserver_preload(PRELOADED)
        self.workers: list[_Worker] = []
        self.queue: deque[Job] = deque()
        self.failed_starts = 0

    def run(
        self, batches: Sequence[Sequence[Task]], stop_requested: Callable[[], bool]
    ) -> Iterator[list[RunReport]]:
        """Run all batches; once a stop is requested, only those that are already with a worker."""
        self.queue.extend(Job(tasks) for tasks in batches)
        try:
            while self.queue or any(worker.job for worker in self.workers):
                self._staff()
                yield from self._collect()
                if stop_requested():
                    self.queue.clear()
        finally:
            self.close()

    def close(self) -> None:
        """Stop every worker: ask, wait a little, then end it."""
        for worker in self.workers:
            try:
                worker.connection.send(None)
            except (OSError, ValueError):
                continue
        for worker in self.workers:
            if worker.job is None:
                worker.process.join(STOP_WAIT_S)
            if worker.process.is_alive():
                worker.process.terminate()
                worker.process.join()
            worker.connection.close()
        self.workers.clear()

    def _staff(self) -> None:
        """Keep as many workers as there is work for, and give each ready one a batch."""
        busy = sum(worker.job is not None for worker in self.workers)
        while len(self.workers) < min(self.count, busy + len(self.queue)):
            self.workers.append(self._start())
        for worker in self.workers:
            if worker.ready and worker.job is None and self.queue:
                worker.job = self.queue.popleft()
                try:
                    worker.connection.send(worker.job.tasks)
                except (BrokenPipeError, ConnectionResetError):
                    continue  # It has just died: the next collection finds out and returns its batch.

    def _start(self) -> _Worker:
        ours, theirs = self.context.Pipe()
        arguments = (theirs, self.root, self.outputs, self.execute, code_version())
        process = self.context.Process(target=worker_main, args=arguments, daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _collect(self) -> Iterator[list[RunReport]]:
        """Wait until some worker says something or dies, and act on it."""
        handles = [
            handle for worker in self.workers for handle in (worker.connection, worker.process.sentinel)
        ]
        heard = set(wait(handles))
        for worker in [one for one in self.workers if heard & {one.connection, one.process.sentinel}]:
            message = _last_words(worker)
            if message is None:
                yield from self._bury(worker)
                continue
            kind, content = message
            if kind == "cannot_store":
                raise StoreError(content)
            if kind == "cannot_start":
                raise RunnerError(content)
            if kind == "ready":
                worker.ready, self.failed_starts = True, 0
            elif kind == "notice":
                self.on_notice(content)
            elif kind == "done":
                worker.job = None
            elif worker.job is not None:
                worker.job = worker.job.without(content)
                yield content

    def _bury(self, worker: _Worker) -> Iterator[list[RunReport]]:
        """Put the batch of a dead worker back into the queue, or give its run up."""
        worker.process.join()
        worker.connection.close()
        self.workers.remove(worker)
        if not worker.ready:
            self.failed_starts += 1
            if self.failed_starts >= START_FAILURES:
                raise RunnerError("worker processes end before they start; try --workers 1 to see why")
        job = worker.job
        if job is None or not job.tasks:
            return
        job.tries += 1
        if job.tries < TRIES:
            self.queue.appendleft(job)
        elif len(job.tasks) > 1:
            self.queue.extendleft(Job([task]) for task in reversed(job.tasks))
        else:
            reason = f"the worker process died {job.tries} times (exit code {worker.process.exitcode})"
            yield [record_lost(Store(self.root), job.tasks[0], self.outputs, reason)]
