"""The benchmark as a whole: sizes, measurements in one process after the other, and the JSON document."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from experiments.bench.phases import PHASES, phase_seconds, run_without_recording
from experiments.bench.processes import (
    cold_start,
    memory_growth_mb,
    mesa_batch_s,
    peak_memory_mb,
    warm_start,
)
from experiments.bench.timing import Timing, in_turn, measure
from experiments.design import parse_study
from experiments.runner import Progress, sweep
from sim import load_scenario, simulate

Notify = Callable[[str], None]


@dataclass(frozen=True)
class Sizes:
    """How much is measured: ``months`` of a run, repetitions, and points of the two scaling series."""

    months: int
    repeats: int
    object_repeats: int
    sweep_runs: int
    soak_runs: int
    miners: tuple[int, ...]
    horizons: tuple[int, ...]


FULL = Sizes(120, 9, 1, 200, 5000, (100, 1000, 5000, 20000), (12, 60, 120, 600))
QUICK = Sizes(6, 3, 1, 12, 150, (100, 1000), (6, 12))


def run_once(months: int, engine: str = "columns", **population: int) -> Callable[[], object]:
    """Make an action that runs the default scenario at a size."""
    scenario = load_scenario(months=months, population=population or None)
    return lambda: simulate(scenario, seed=1, engine=engine)


def sweep_rate(workers: int, months: int, runs: int) -> float:
    """Runs per second of a sweep, from the first stored batch to the last: processes have started by then."""
    study = parse_study(
        f'name = "bench"\ncountries = ["pakistan"]\nregimes = ["pakistan-2025"]\nbaseline = "pakistan-2025"\n'
        f'months = {months}\noutputs = ["mining_mw"]\nfigures = []\n[sizes.quick]\nseeds = {runs}\n', "bench"
    )  # fmt: skip
    seen: list[tuple[float, int]] = []

    def watch(progress: Progress) -> None:
        if progress.done:
            seen.append((time.perf_counter(), progress.done))

    with tempfile.TemporaryDirectory() as directory:
        sweep(study, "quick", directory, workers=workers, on_progress=watch)
    (first_s, first), (last_s, last) = seen[0], seen[-1]
    return (last - first) / (last_s - first_s) if last > first else float("nan")


def median_of(samples: list[dict[str, float]]) -> dict[str, float]:
    """Median of every key over samples."""
    return {name: statistics.median(sample[name] for sample in samples) for name in samples[0]}


def shares(sizes: Sizes) -> tuple[dict[str, float], float]:
    """Share of each phase in the month, median over runs; and of recording in the whole run: what a run
    takes less without it, from medians of processor time over runs in turn.
    """
    scenario = load_scenario(months=sizes.months)
    samples = []
    for _ in range(sizes.repeats):
        seconds = phase_seconds(scenario, 1)
        month = sum(seconds.values())
        samples.append({phase: seconds[phase] / month for phase in PHASES})
    whole, bare = in_turn(
        [run_once(sizes.months), lambda: run_without_recording(scenario, 1)], sizes.repeats, time.process_time
    )
    return median_of(samples), 1.0 - bare.median_s / whole.median_s


def scaling(sizes: Sizes) -> tuple[list[Timing], list[Timing]]:
    """Time runs by number of home miners and by number of months, each series turn by turn."""
    by_miners = [run_once(sizes.months, miners=count) for count in sizes.miners]
    by_months = [run_once(months) for months in sizes.horizons]
    few = max(1, sizes.repeats // 3)
    return in_turn(by_miners, few), in_turn(by_months, few)


def bench(sizes: Sizes, notify: Notify) -> dict[str, Any]:
    """Measure everything; the document of ``wattlab bench --json`` (seconds, MiB, ratios, shares).

    ``spread`` has, for each repeated measurement, the distance of the quartiles over the median.
    """
    notify("start-up, cold and warm")
    cold, warm = cold_start(), warm_start(sizes.repeats)
    notify("one run: columns, objects")
    column_run = run_once(sizes.months)
    column_run()
    column = measure(column_run, sizes.repeats)
    objects = measure(run_once(sizes.months, engine="objects"), sizes.object_repeats)
    notify("phases of the month, recording")
    phase_share, recording_share = shares(sizes)
    notify("cost by miners and by months")
    by_miners, by_months = scaling(sizes)
    notify("sweeps: one process, two processes, mesa.batch_run")
    serial = sweep_rate(1, sizes.months, sizes.sweep_runs)
    double = sweep_rate(2, sizes.months, sizes.sweep_runs)
    batch_s = mesa_batch_s(sizes.months, 1)
    notify("memory")
    growth = memory_growth_mb(sizes.soak_runs)
    return {
        "column_run_s": column.median_s,
        "object_run_s": objects.median_s,
        "object_over_column": objects.median_s / column.median_s,
        "mesa_batch_over_sweep": batch_s * serial,
        "runs_per_s_serial": serial,
        "runs_per_s_two_processes": double,
        "recording_share": recording_share,
        "cold_start_s": cold.median_s,
        "warm_start_s": warm.median_s,
        "peak_memory_mb": peak_memory_mb(sizes.months),
        "memory_growth_mb": growth,
        "time_by_miners": [[n, t.median_s] for n, t in zip(sizes.miners, by_miners, strict=True)],
        "time_by_months": [[n, t.median_s] for n, t in zip(sizes.horizons, by_months, strict=True)],
        "phase_share": phase_share,
        "spread": {
            "column_run_s": column.spread,
            "warm_start_s": warm.spread,
            **{f"time_by_miners {n}": t.spread for n, t in zip(sizes.miners, by_miners, strict=True)},
            **{f"time_by_months {n}": t.spread for n, t in zip(sizes.horizons, by_months, strict=True)},
        },
    }
