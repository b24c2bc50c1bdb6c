"""Where the time of a run goes: the phases of the month, and a run without recording."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sim.model import WattLabModel
from sim.result import paused_collector

if TYPE_CHECKING:
    from sim.scenario import Scenario

PHASES = (
    "read_drivers", "set_policy", "form_expectations", "make_plans", "build_and_connect", "staff", "dispatch",
    "mine_blocks", "sell_compute", "settle_accounts", "enforce", "adjust_tariffs", "weed_out", "record",
)  # fmt: skip


def timed(action: Callable[..., Any], name: str, seconds: dict[str, float]) -> Callable[..., Any]:
    """Wrap a method so that its time is added up under a name."""

    def wrapped(*arguments: Any) -> Any:
        started = time.perf_counter()
        try:
            return action(*arguments)
        finally:
            seconds[name] += time.perf_counter() - started

    return wrapped


def phase_seconds(scenario: Scenario, seed: int) -> dict[str, float]:
    """Run once and return seconds by phase."""
    seconds: dict[str, float] = defaultdict(float)
    with paused_collector():
        model = WattLabModel(scenario, seed)
        for phase in PHASES:
            setattr(model, phase, timed(getattr(model, phase), phase, seconds))
        for _ in range(scenario.months):
            model.step()
        model.close()
    return seconds


def run_without_recording(scenario: Scenario, seed: int) -> None:
    """Run once as ``simulate`` does, but keep nothing that only outputs need, and make no tables."""
    with paused_collector():
        model = WattLabModel(scenario, seed)
        books: Any = model.books
        books.record = lambda t, power: None
        for _ in range(scenario.months):
            model.step()
        model.close()
