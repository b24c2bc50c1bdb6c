"""Check a results directory against its own checksums: every batch of runs and every plan."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.manifest import read_manifest
from experiments.store import Damage, Store, checksum_of


@dataclass(frozen=True)
class Verdict:
    """What a check found: damaged files of batches and of plans, and how much was intact."""

    damage: tuple[Damage, ...]
    plan_damage: tuple[Damage, ...]
    batches: int
    runs: int

    @property
    def intact(self) -> bool:
        """True if every file is what it was when it was written."""
        return not (self.damage or self.plan_damage)

    def lines(self) -> list[str]:
        """Say file by file what is wrong; one line of praise if nothing is."""
        if self.intact:
            return [f"{self.runs} runs in {self.batches} batches are intact, and so are the plans"]
        found = [f"{item.path}: {item.problem}" for item in (*self.damage, *self.plan_damage)]
        bad = len({item.batch for item in self.damage})
        return [*found, f"{self.runs} runs in {self.batches} batches are intact, {bad} batches are damaged"]


def verify(root: Path | str) -> Verdict:
    """Compare every file of a results directory with its checksum; changes nothing."""
    manifest = read_manifest(root)
    store = Store(root)
    damage = store.damage()
    bad = {item.batch for item in damage}
    intact = [batch for batch in store.batches() if batch.name not in bad]
    runs = store.read("runs", ["run_id"], batches=intact)["run_id"].nunique() if intact else 0
    return Verdict(tuple(damage), tuple(_plan_damage(store, manifest["sweeps"])), len(intact), runs)


def _plan_damage(store: Store, sweeps: list[dict[str, Any]]) -> list[Damage]:
    """Check the tables of every plan against the manifest; the latest sweep wrote them last."""
    found = []
    for plan_id, sums in {sweep["plan_id"]: sweep["plan_sha256"] for sweep in sweeps}.items():
        for name, checksum in sums.items():
            path = store.root / "plans" / name
            if not path.exists():
                found.append(Damage(path, "missing", plan_id))
            elif checksum_of(path) != checksum:
                found.append(Damage(path, "altered or truncated", plan_id))
    return found or _missing_runs(store, sweeps)


def _missing_runs(store: Store, sweeps: list[dict[str, Any]]) -> list[Damage]:
    """Find completed sweeps of which not every run is stored any more."""
    stored = set(store.read("runs", ["run_id"])["run_id"])
    complete = {sweep["plan_id"]: sweep for sweep in sweeps if sweep["status"] == "complete"}
    found = []
    for plan_id in complete:
        missing = set(store.read_plan(plan_id)["run_id"]) - stored
        if missing:
            found.append(Damage(store.plan_file(plan_id), f"{len(missing)} of its runs are gone", plan_id))
    return found
