"""What is measured in processes of their own: starting up, memory, and the ordinary Mesa model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from experiments.bench.timing import Timing, measure
from experiments.errors import ExperimentError

RUN = ("-c", "from experiments.cli import main; main()", "run", "--json")
# A worker's memory: runs before the first look, and the length of the short runs that follow
SETTLED_RUNS, SHORT_MONTHS = 100, 3

PEAK = """
import resource, sys
from sim import load_scenario, simulate
simulate(load_scenario(months=int(sys.argv[1])))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
GROWTH = """
import gc, os, sys
from sim import load_scenario, simulate

def resident_mb():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

settled, runs, months = map(int, sys.argv[1:])
scenario = load_scenario(months=months)
for seed in range(settled):
    simulate(scenario, seed)
before = resident_mb()
for seed in range(runs - settled):
    simulate(scenario, seed)
print(resident_mb() - before)
"""


def python(arguments: Sequence[str], **environment: str) -> str:
    """Run Python with these arguments and return what it printed; ExperimentError if it fails."""
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ExperimentError(f"a process of the benchmark failed: {last}")
    return done.stdout


def cold_start() -> Timing:
    """Time one run with nothing compiled, from starting the process to the printed result."""
    with tempfile.TemporaryDirectory() as empty:
        return measure(lambda: python(RUN, WATTLAB_CACHE=empty), 1)


def warm_start(times: int) -> Timing:
    """Time one run with compiled code on the disk, from starting the process to the printed result."""
    python(RUN)
    return measure(lambda: python(RUN), times)


def peak_memory_mb(months: int) -> float:
    """Largest resident memory of a process that makes one run, MiB."""
    kilobytes = float(python(["-c", PEAK, str(months)]))
    return kilobytes / 1024.0 if sys.platform != "darwin" else kilobytes / 2**20


def memory_growth_mb(runs: int, settled: int = SETTLED_RUNS) -> float | None:
    """Growth of resident memory over short runs in one process after the first ones (``settled``), MiB;
    None where the system does not tell it.
    """
    if not Path("/proc/self/statm").exists():
        return None
    return float(python(["-c", GROWTH, str(settled), str(runs), str(SHORT_MONTHS)]))


def mesa_batch_s(months: int, runs: int) -> float:
    """Seconds per run of the ordinary Mesa model in ``mesa.batch_run``."""
    options = ["--months", str(months), "--runs", str(runs)]
    return float(json.loads(python(["-m", "experiments.bench.plain_mesa", *options])))
