"""A Dask cluster stores the same bits as local processes, and says in one line what is wrong with it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from experiments.errors import RunnerError
from experiments.runner import Progress, sweep_plan
from experiments.store import LOST, Store
from tests.experiments import fakes
from tests.experiments.test_runner import assert_same

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    import dask
    from distributed import LocalCluster

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as found,
    ):
        yield found


def test_a_cluster_stores_the_same_bits_as_one_process(cluster: Any, results_dir: Path, tmp_path: Path):
    seen: list[int] = []

    def show(progress: Progress) -> None:
        seen.append(progress.done)

    address = cluster.scheduler_address
    plan = fakes.plan()
    found = sweep_plan(plan, tmp_path, scheduler=address, execute=fakes.execute, on_progress=show)
    assert (found.done, found.failed, found.interrupted) == (24, 0, False)
    assert seen == sorted(seen)
    assert_same(results_dir, tmp_path)
    again = sweep_plan(plan, tmp_path, scheduler=address, execute=fakes.refuses_to_run)
    assert (again.done, again.skipped) == (0, 24)


def test_a_failing_run_and_an_interrupt_are_as_on_one_machine(cluster: Any, tmp_path: Path):
    def interrupt(progress: Progress) -> None:
        if progress.done:
            os.kill(os.getpid(), signal.SIGINT)

    address = cluster.scheduler_address
    first = sweep_plan(
        fakes.plan(), tmp_path, scheduler=address, execute=fakes.fails_for_seed_3, on_progress=interrupt
    )
    second = sweep_plan(fakes.plan(), tmp_path, scheduler=address, execute=fakes.fails_for_seed_3)
    assert first.interrupted
    assert (second.skipped, second.skipped + second.done, second.failed) == (first.done, 24, 1)


def test_a_run_that_kills_cluster_workers_is_the_only_one_lost(cluster: Any, tmp_path: Path):
    address = cluster.scheduler_address
    execute = fakes.kills_its_process_for_seed_3
    found = sweep_plan(fakes.plan(), tmp_path, scheduler=address, execute=execute)
    assert (found.done, found.failed) == (24, 1)
    rows = Store(tmp_path).read("runs")
    lost = rows[rows["status"] == LOST]
    assert lost[["regime", "seed"]].to_numpy().tolist() == [["ban", 3]]


def test_other_code_on_the_cluster_is_one_clear_line(cluster: Any, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("experiments.cluster.code_version", lambda: "an older version")
    with pytest.raises(RunnerError, match="a cluster worker has other code"):
        sweep_plan(fakes.plan(), tmp_path, scheduler=cluster.scheduler_address, execute=fakes.execute)


def test_no_scheduler_is_one_clear_line(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("experiments.cluster.CONNECT_S", "1s")
    with pytest.raises(RunnerError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        sweep_plan(fakes.plan(), tmp_path, scheduler="tcp://127.0.0.1:9", execute=fakes.execute)


class Future:
    """A batch under way on workers that all die as long as the killer is under way too."""

    def __init__(self, compute: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.compute, self.arguments = compute, arguments
        self.dead = False

    def result(self) -> Any:
        from distributed import KilledWorker

        if self.dead:
            raise KilledWorker("a batch", None, 1)
        return self.compute(*self.arguments)

    def release(self) -> None:
        pass


def doomed_cluster(monkeypatch: pytest.MonkeyPatch, killer: str) -> None:
    """Put in place of Dask two workers on which everything dies that is under way beside a run."""
    under_way: list[Future] = []

    class Client:
        loop = None

        def __init__(self, *_: Any, **__: Any) -> None:
            pass

        def nthreads(self) -> dict[str, int]:
            return {"one": 1, "two": 1}

        def submit(self, compute: Callable[..., Any], *arguments: Any, pure: bool) -> Future:
            under_way.append(Future(compute, arguments))
            return under_way[-1]

        def close(self) -> None:
            pass

    class Arriving:
        def __init__(self, **_: Any) -> None:
            pass

        def add(self, future: Future) -> None:
            pass

        def __next__(self) -> Future:
            tasks = [task for future in under_way for task in future.arguments[0]]
            if killer in {task.run_id for task in tasks}:
                for future in under_way:
                    future.dead = True
            return under_way.pop(0)

    monkeypatch.setattr("distributed.Client", Client)
    monkeypatch.setattr("distributed.as_completed", Arriving)


def test_who_died_beside_another_run_goes_again_alone_before_it_counts_as_lost(tmp_path: Path, monkeypatch):
    plan = fakes.plan()
    doomed_cluster(monkeypatch, plan.tasks[3].run_id)
    found = sweep_plan(plan, tmp_path, scheduler="any", execute=fakes.execute)
    assert (found.done, found.failed) == (24, 1)
    rows = Store(tmp_path).read("runs")
    assert rows.loc[rows["status"] == LOST, "run_id"].tolist() == [plan.tasks[3].run_id]
