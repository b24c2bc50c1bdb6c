"""Batches of tasks on an existing Dask cluster; results come back to this process, which alone writes them.

The workers need WattLab of the same code version, and no access to the results directory or to study files.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from experiments.errors import RunnerError
from experiments.plan import Task
from experiments.pool import Job
from experiments.provenance import code_version
from experiments.store import Encoded, Store, encode
from experiments.worker import Execute, RunReport, compute_parts, record_lost

CONNECT_S = "10s"
# Batches per thread of the cluster that are sent ahead, so that no worker waits for this process.
AHEAD = 2
_one_at_a_time = threading.Lock()


def run_remotely(
    tasks: Sequence[Task], outputs: Sequence[str], execute: Execute, version: str
) -> tuple[list[Encoded], list[RunReport]]:
    """Run a batch on a worker of the cluster; one at a time in each process: the model has no threads."""
    if code_version() != version:
        raise RunnerError(f"a cluster worker has other code ({code_version()}) than this process ({version})")
    parts, done = [], []
    with _one_at_a_time:
        for batch, reports in compute_parts(tasks, outputs, execute):
            parts.append(encode(batch))
            done += reports
    return parts, done


class Cluster:
    """Runs jobs on a Dask cluster and yields the reports of each batch as it is stored."""

    def __init__(self, store: Store, outputs: Sequence[str], execute: Execute, address: str) -> None:
        try:
            from distributed import Client
        except ImportError as error:
            raise RunnerError("a scheduler needs Dask: pip install -e '.[cluster]'") from error
        self.store, self.outputs, self.execute = store, list(outputs), execute
        try:
            self.client: Any = Client(address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise RunnerError(f"no Dask scheduler answers at {address}") from error
        self.queue: deque[Job] = deque()
        # Runs of batches whose workers died; each goes alone, after all others
        self.suspects: deque[Job] = deque()

    def run(
        self, batches: Sequence[Sequence[Task]], stop_requested: Callable[[], bool]
    ) -> Iterator[list[RunReport]]:
        """Run all batches; once a stop is requested, only those that the cluster has already."""
        from distributed import as_completed

        self.queue.extend(Job(tasks) for tasks in batches)
        sent: dict[Any, Job] = {}
        try:
            arriving = as_completed(loop=self.client.loop)
            while self.queue or self.suspects or sent:
                while not stop_requested() and (job := self._next_job(len(sent))):
                    future = self._submit(job)
                    sent[future] = job
                    arriving.add(future)
                if not sent:
                    return
                future = next(arriving)
                yield from self._receive(future, sent.pop(future))
                future.release()
        finally:
            self.client.close()

    def _next_job(self, under_way: int) -> Job | None:
        """The next job, if the cluster has room for it; a suspect only where nothing else is under way."""
        if self.queue:
            return self.queue.popleft() if under_way < self._room() else None
        return self.suspects.popleft() if self.suspects and under_way == 0 else None

    def _room(self) -> int:
        return AHEAD * max(1, sum(self.client.nthreads().values()))

    def _submit(self, job: Job) -> Any:
        arguments = (list(job.tasks), self.outputs, self.execute, code_version())
        return self.client.submit(run_remotely, *arguments, pure=False)

    def _receive(self, future: Any, job: Job) -> Iterator[list[RunReport]]:
        """Store what a batch left. A batch whose workers died is split into suspects: who only waited on a
        worker that another run killed dies with it, so that only a run that was alone is known to be lost.
        """
        from concurrent.futures import CancelledError

        from distributed import KilledWorker

        try:
            parts, reports = future.result()
        except (OSError, CancelledError) as error:
            raise RunnerError("the Dask scheduler is gone; the same command goes on with another") from error
        except KilledWorker:
            if job.tries:
                reason = "the cluster workers died on this run each time"
                yield [record_lost(self.store, job.tasks[0], self.outputs, reason)]
            else:
                self.suspects.extend(Job([task], tries=1) for task in job.tasks)
            return
        for part in parts:
            self.store.write(part)
        yield reports
