"""What the server keeps: the present view, the pinned baseline, and the job that runs; all without a browser.

A page that is loaded again finds everything as it was. One job runs at a time, in a thread of its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from experiments.scenario_file import Settings

if TYPE_CHECKING:
    import pandas as pd

    from sim import Result

# The regime that is the baseline until the user pins another view.
FIRST_BASELINE = "pakistan-status-quo"
# Kinds of agents whose history can be looked at, and the columns shown first.
AGENT_KINDS = {
    "miners": (
        "energised_mw",
        "site_mw",
        "compliance",
        "cash_usd",
        "debt_usd",
        "mined_btc",
        "perceived_hazard",
    ),
    "ai_firms": ("it_mw", "site_mw", "building_mw", "utilisation", "cash_usd", "debt_usd", "blocked_by"),
    "consumers": ("demand_index", "tariff_usd_per_kwh", "solar_mw", "bill_usd"),
    "skills": ("employed", "available", "wage_usd", "vacancies"),
    "operator": ("arrears_usd", "base_tariff_usd_per_kwh", "queue_mining_mw", "queue_ai_mw"),
    "government": ("choice", "levy_added_usd_per_kwh", "tariff_factor", "inspection_factor"),
    "lender": ("refusing", "refusals", "standard_usd_per_kwh"),
}


class Stopped(Exception):
    """The user stopped the job."""


@dataclass(frozen=True)
class View:
    """Finished runs of one scenario, one per seed."""

    settings: Settings
    scenario_hash: str
    title: str
    results: tuple[Result, ...]
    wall_s: float

    @cached_property
    def months(self) -> pd.DataFrame:
        """Monthly outputs of all seeds: columns ``seed``, ``month`` and the outputs."""
        import pandas as pd

        frames = [
            result.months.rename_axis("month").reset_index().assign(seed=result.seed)
            for result in self.results
        ]
        frame = pd.concat(frames, ignore_index=True)
        return frame[["seed", "month", *(name for name in frame.columns if name not in ("seed", "month"))]]

    @cached_property
    def days(self) -> pd.DataFrame:
        """Typical days by season and hour, mean over seeds."""
        import pandas as pd

        frame = pd.concat([result.days for result in self.results], ignore_index=True)
        return frame.groupby(["season", "hour"], as_index=False, observed=True).mean()

    @cached_property
    def summaries(self) -> dict[str, list[float]]:
        """Summary value of every output by seed."""
        found = [result.summary() for result in self.results]
        values: list[dict[str, Any]] = [{name: each[name]["value"] for name in each} for each in found]
        return {name: [float(each[name]) for each in values] for name in values[0]}

    def summary(self, output: str) -> list[float]:
        """Summary value of one output by seed."""
        return self.summaries[output]


@dataclass
class Job:
    """A job under way or over: share done, text, error."""

    share: float = 0.0
    text: str = ""
    error: str = ""
    running: bool = False
    stop: threading.Event = field(default_factory=threading.Event)


class Session:
    """The state of the one user; ``version`` rises with every change of ``view`` or ``baseline``."""

    def __init__(self) -> None:
        self.draft = Settings(seeds=3)
        self.baseline_settings = Settings(regime=FIRST_BASELINE, seeds=3)
        self.view: View | None = None
        self.baseline: View | None = None
        self.job = Job()
        self.version = 0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self, settings: Settings) -> bool:
        """Run settings and, at the same seeds, the baseline; False if a job is under way."""
        return self._begin(lambda job: self._run(settings, job))

    def warm(self) -> bool:
        """Run the baseline, so that the first click finds compiled code and something to compare with."""
        return self._begin(self._run_baseline)

    def pin(self) -> None:
        """Make the present view the baseline."""
        with self._lock:
            if self.view is not None:
                self.baseline = self.view
                self.baseline_settings = self.view.settings
                self.version += 1

    def stop(self) -> None:
        """Ask the job to stop; it does so at the end of the month it simulates."""
        self.job.stop.set()

    def wait(self, timeout_s: float | None = None) -> None:
        """Wait for the job to end."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def history(self, kind: str, index: int) -> pd.DataFrame:
        """Simulate the first seed of the view once more and record the columns of one agent every month."""
        from sim.model import WattLabModel

        if self.view is None:
            raise ValueError("run something first")
        view = self.view
        model = WattLabModel(view.results[0].scenario, view.settings.seed)
        try:
            return _history_of(model, kind, index)
        finally:
            model.close()

    def _begin(self, work: Callable[[Job], str]) -> bool:
        with self._lock:
            if self.job.running:
                return False
            job = self.job = Job(running=True)
        self._thread = threading.Thread(target=self._guarded, args=(work, job), daemon=True)
        self._thread.start()
        return True

    def _guarded(self, work: Callable[[Job], str], job: Job) -> None:
        from sim import ScenarioError

        text, wrong = "", ""
        try:
            text = work(job)
        except Stopped:
            text = "stopped"
        except ScenarioError as error:
            wrong = str(error)
        except Exception as error:  # What went wrong belongs on the page, whatever it is.
            wrong = f"{type(error).__name__}: {error}"
        with self._lock:
            self.version += 1
            job.running = False
            # Last, so that a page that shows how the job ended never shows the view before it.
            job.text, job.error = text, wrong

    def _run(self, settings: Settings, job: Job) -> str:
        known = self.baseline is not None and self.baseline.settings.all_seeds() == settings.all_seeds()
        known = known and self.baseline is not None and self.baseline.settings.months == settings.months
        parts = 1 if known else 2
        view = simulate_view(settings, job, 0, parts)
        base = self.baseline
        if not known:
            same = _at_seeds(self.baseline_settings, settings)
            base = view if same == settings else simulate_view(same, job, 1, parts)
        with self._lock:
            self.draft, self.view, self.baseline = settings, view, base
        return f"{len(view.results)} runs in {view.wall_s:.2f} s; scenario {view.scenario_hash}"

    def _run_baseline(self, job: Job) -> str:
        from experiments.analysis import bca_interval

        bca_interval([0.0, 1.0, 2.0, 3.0])  # Loads SciPy, which takes half a second.
        base = simulate_view(self.baseline_settings, job, 0, 1)
        with self._lock:
            self.baseline = base
        return "ready"


def simulate_view(settings: Settings, job: Job, part: int, parts: int) -> View:
    """Run every seed of settings, telling the job how far it is; raises Stopped when it is asked to stop."""
    from sim import simulate

    started = time.perf_counter()
    scenario = settings.scenario()
    seeds = settings.all_seeds()
    whole = parts * len(seeds) * settings.months
    results = []
    for place, seed in enumerate(seeds):
        before = (part * len(seeds) + place) * settings.months

        def told(month: int, before: int = before, seed: int = seed) -> None:
            if job.stop.is_set():
                raise Stopped
            job.share = (before + month) / whole
            job.text = f"{scenario.regime}, seed {seed}, month {month} of {settings.months}"

        results.append(simulate(scenario, seed=seed, on_month=told))
    wall_s = time.perf_counter() - started
    return View(settings, scenario.hash, scenario.regime_data.title, tuple(results), wall_s)


def _at_seeds(settings: Settings, other: Settings) -> Settings:
    """Return settings with the seeds and the length of others."""
    return replace(settings, seed=other.seed, seeds=other.seeds, months=other.months)


def _history_of(model: Any, kind: str, index: int) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for label in model.drivers.labels[: model.scenario.months]:
        model.step()
        record = model.state.agents(kind)[index]
        names = [name for name in record.dtype.names if record.dtype[name].shape == ()]
        rows.append({"month": label} | {name: float(record[name]) for name in names})
    return pd.DataFrame(rows)
