"""Two thousand runs under repeated SIGKILL of workers and parent end as if nothing had happened."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from experiments.design import Study
from experiments.manifest import read_manifest
from experiments.plan import Plan, make_plan
from experiments.runner import sweep_plan
from experiments.store import Store
from experiments.verify import verify
from tests.experiments import fakes
from tests.experiments.test_runner import assert_same

ROOT = Path(__file__).parents[2]
STUDY = {
    "name": "torture",
    "countries": ["pakistan"],
    "regimes": ["pakistan-2025", "ban"],
    "baseline": "ban",
    "months": 6,
    "population": {"miners": 2, "world_miners": 2, "ai_firms": 1},
    "outputs": ["investment_usd"],
    "sizes": {"quick": {"seeds": 1000}},
}
# The kills try the runner and the store, not the model: its runs are stood in for by quick ones.
SCRIPT = """
import sys
from experiments import runner
from experiments.runner import sweep_plan
from tests.experiments import fakes
from tests.experiments.test_torture import quick_plan
runner.LARGEST_BATCH = 20 # Many reports, so that there are many moments for a kill.
if __name__ == "__main__":
    show = lambda progress: print(progress.finished, flush=True)
    sweep_plan(quick_plan(), sys.argv[1], workers=2, execute=fakes.execute, on_progress=show)
"""
KILLS = 12
SEED = 20_250_525


def quick_plan() -> Plan:
    return fakes.plan(Study.model_validate(STUDY))


def parent_of(out: Path, script: Path) -> subprocess.Popen:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, str(script), str(out)], stdout=subprocess.PIPE, text=True, env=environment
    )


def workers_of(process: subprocess.Popen) -> list[psutil.Process]:
    """Workers are children of the fork server: leaves of the tree that are no resource tracker."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        try:
            if not child.children() and "resource_tracker" not in " ".join(child.cmdline()):
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


def tortured(out: Path, script: Path) -> tuple[int, int]:
    """Sweep to the end while processes are killed at random moments; counts killed workers and parents."""
    generator = np.random.default_rng(SEED)
    killed_workers = killed_parents = 0
    for _ in range(200):
        process = parent_of(out, script)
        assert process.stdout is not None
        # A random number of reports after the start, something dies.
        patience = int(generator.integers(1, 7))
        for heard, _ in enumerate(process.stdout):
            if heard < patience or killed_workers + killed_parents >= KILLS:
                continue
            patience = heard + int(generator.integers(1, 7))
            if generator.random() < 0.5:
                process.kill()
                killed_parents += 1
            elif workers := workers_of(process):
                workers[int(generator.integers(len(workers)))].kill()
                killed_workers += 1
        process.stdout.close()
        if process.wait() == 0:
            return killed_workers, killed_parents
        assert process.returncode == -signal.SIGKILL
    raise AssertionError("the sweep never came to its end")


@pytest.mark.long
def test_two_thousand_runs_survive_repeated_kills_bit_for_bit(tmp_path: Path):
    plan = quick_plan()
    assert len(plan.tasks) == 2000
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    calm, wild = tmp_path / "calm", tmp_path / "wild"
    sweep_plan(plan, calm, workers=1, execute=fakes.execute)
    killed_workers, killed_parents = tortured(wild, script)
    assert killed_workers + killed_parents == KILLS
    assert min(killed_workers, killed_parents) >= 3
    assert len(Store(wild).read("runs")["run_id"].unique()) == 2000
    assert verify(wild).intact
    assert [sweep["status"] for sweep in read_manifest(wild)["sweeps"]].count("running") == killed_parents
    assert sweep_plan(plan, wild, workers=1, execute=fakes.refuses_to_run).done == 0
    assert_same(calm, wild)


@pytest.mark.long
def test_the_model_gives_the_same_bits_in_one_process_two_and_on_a_cluster(tmp_path: Path):
    from distributed import LocalCluster

    content = {**STUDY, "months": 12, "population": {}, "sizes": {"quick": {"seeds": 5}}}
    plan = make_plan(Study.model_validate(content), "quick")
    sweep_plan(plan, tmp_path / "one", workers=1)
    sweep_plan(plan, tmp_path / "two", workers=2)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        found = sweep_plan(plan, tmp_path / "cluster", scheduler=cluster.scheduler_address)
    assert (found.done, found.failed) == (10, 0)
    for name in ("two", "cluster"):
        assert_same(tmp_path / "one", tmp_path / name)


@pytest.mark.long
def test_the_memory_of_a_worker_stays_flat(tmp_path: Path):
    """Resident memory of the process after 75 and after 300 runs differs by less than 20 MB."""
    content = {**STUDY, "months": 1, "sizes": {"quick": {"seeds": 150}}}
    plan = make_plan(Study.model_validate(content), "quick")
    seen: list[tuple[int, int]] = []
    process = psutil.Process()
    sweep_plan(
        plan,
        tmp_path,
        workers=1,
        on_progress=lambda progress: seen.append((progress.done, process.memory_info().rss)),
    )
    early = max(size for done, size in seen if done <= 75)
    late = max(size for done, size in seen if done > 225)
    assert seen[-1][0] == 300
    assert late - early < 20_000_000
