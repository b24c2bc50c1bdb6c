"""Repeated measurements: the median and how far the middle half of the runs lies apart."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Seconds of repeated runs."""

    runs_s: tuple[float, ...]

    @property
    def median_s(self) -> float:
        """Median over the runs, seconds."""
        return statistics.median(self.runs_s)

    @property
    def spread(self) -> float:
        """Distance of the quartiles over the median; 0 for a single run."""
        if len(self.runs_s) < 2:
            return 0.0
        low, _, high = statistics.quantiles(self.runs_s, n=4, method="inclusive")
        return (high - low) / self.median_s if self.median_s > 0.0 else 0.0


def measure(
    action: Callable[[], object], times: int, clock: Callable[[], float] = time.perf_counter
) -> Timing:
    """Time an action ``times`` times, after collecting garbage; nothing is run in advance."""
    runs = []
    for _ in range(times):
        gc.collect()
        started = clock()
        action()
        runs.append(clock() - started)
    return Timing(tuple(runs))


def in_turn(
    actions: Sequence[Callable[[], object]], times: int, clock: Callable[[], float] = time.perf_counter
) -> list[Timing]:
    """Time several actions turn by turn, so that a slow spell of the machine meets all of them alike."""
    runs: list[list[float]] = [[] for _ in actions]
    for _ in range(times):
        for action, found in zip(actions, runs, strict=True):
            found.extend(measure(action, 1, clock).runs_s)
    return [Timing(tuple(found)) for found in runs]
