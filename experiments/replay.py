"""Run one stored run again, alone, from what the results directory holds of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.design import RunSpec
from experiments.errors import StoreError
from experiments.manifest import read_manifest
from experiments.plan import Task
from experiments.provenance import code_version
from experiments.store import OK, Store
from experiments.worker import scenario_of

SHORTEST_ID = 4


@dataclass(frozen=True)
class Replay:
    """A stored run made ready to run again: its task, its scenario, and the row that was stored (or none)."""

    task: Task
    scenario: Any
    stored: dict[str, Any] | None
    code_version: str

    @property
    def same_code(self) -> bool:
        """True if the code that runs now is the code that made the run."""
        return self.code_version == code_version()

    def differences(self, summary: dict[str, Any]) -> list[str]:
        """List the outputs whose value is not bit for bit the stored one; empty if nothing was stored."""
        if self.stored is None or self.stored["status"] != OK:
            return []
        found = []
        for name, entry in summary.items():
            before, now = float(self.stored[name]), float(entry["value"])
            if before != now and not (before != before and now != now):
                found.append(name)
        return found


def find_run(root: Path | str, run_id: str) -> Replay:
    """Find a run of a results directory by its id or the beginning of it."""
    store = Store(root)
    plans = dict.fromkeys(sweep["plan_id"] for sweep in reversed(read_manifest(root)["sweeps"]))
    for plan_id in plans:
        plan = store.read_plan(plan_id)
        rows = plan[plan["run_id"].str.startswith(run_id)].drop_duplicates("run_id")
        if len(rows) > 1 or len(run_id) < SHORTEST_ID:
            raise StoreError(f"{root}: '{run_id}' is the beginning of {len(rows)} runs; give more of it")
        if len(rows) == 1:
            return _ready(store, plan_id, rows.iloc[0].to_dict())
    raise StoreError(f"{root}: no run '{run_id}' in the plans of this directory; see {root}/index.parquet")


def _ready(store: Store, plan_id: str, row: dict[str, Any]) -> Replay:
    spec = RunSpec(
        country=row["country_source"],
        regime=row["regime_source"],
        overrides=tuple(json.loads(row["overrides"]).items()),
        population=tuple(json.loads(row["population"]).items()),
        series=bool(row["series"]),
        months=int(row["months"]),
        seed=int(row["seed"]),
        point=int(row["point"]),
        start=row["start"],
        drivers=row["drivers"],
        engine=row["engine"],
    )
    base = store.read_scenarios(plan_id)[row["base_hash"]]
    task = Task(row["run_id"], spec, row["country"], row["regime"], row["scenario_hash"], base)
    scenario = scenario_of(task)
    if scenario.hash != task.scenario_hash and row["code_version"] == code_version():
        raise StoreError(f"{store.root}: the stored scenario of run {task.run_id} is not the one that ran")
    rows = store.read("runs", run_ids={task.run_id})
    stored = None if rows.empty else rows.sort_values("status").iloc[-1].to_dict()
    return Replay(task, scenario, stored, row["code_version"])
