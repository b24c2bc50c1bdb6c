"""``manifest.json`` of a results directory: what ran, with which code, on what, how long, how it ended."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from experiments.errors import StoreError
from experiments.plan import Plan, factor_facts
from experiments.provenance import environment, git_state, package_version
from experiments.store import SCHEMA_VERSION, atomic_write

FILE = "manifest.json"


def read_manifest(root: Path | str) -> dict[str, Any]:
    """Read the manifest of a results directory; a missing or foreign one is one clear error."""
    path = Path(root) / FILE
    if not Path(root).is_dir():
        raise StoreError(f"{root}: no such directory; 'wattlab sweep' or 'wattlab reproduce' makes results")
    if not path.exists():
        raise StoreError(
            f"{root}: no {FILE} here, so no results; 'wattlab sweep' or 'wattlab reproduce' makes them"
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: not readable as JSON ({error})") from error
    if not isinstance(content, dict) or content.get("schema_version") != SCHEMA_VERSION:
        found = content.get("schema_version") if isinstance(content, dict) else None
        raise StoreError(f"{path}: schema version {found!r}; this WattLab reads {SCHEMA_VERSION!r}")
    return content


def sweep_entry(
    plan: Plan, *, workers: int, scheduler: str | None = None, files: dict[str, str] | None = None
) -> dict[str, Any]:
    """Describe a sweep that is about to start; ``files`` are the tables of its plan with their checksums."""
    seeds = sorted({task.spec.seed for task in plan.tasks})
    hashes: dict[str, list[str]] = {}
    for task in plan.tasks:
        known = hashes.setdefault(f"{task.country}/{task.regime}", [])
        if task.scenario_hash not in known:
            known.append(task.scenario_hash)
    return {
        "plan_id": plan.plan_id,
        "study": plan.study.model_dump(mode="json"),
        "size": plan.size,
        "status": "running",
        "runs": len(plan.tasks),
        "replicates": len(plan.rows),
        "seeds": seeds,
        "scenario_hashes": hashes,
        "regime_names": plan.regime_names,
        "factors": factor_facts(plan),
        "code_version": plan.code_version,
        "wattlab": package_version(),
        "git": git_state(),
        "environment": environment(),
        "workers": workers,
        "scheduler": scheduler,
        "plan_sha256": files or {},
        "started_utc": now_utc(),
    }


def now_utc() -> str:
    """Return the present time, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def record_sweep(root: Path, entry: dict[str, Any], outputs: dict[str, dict[str, str]]) -> None:
    """Write a sweep into the manifest: the last entry of the same plan start is replaced, older ones stay."""
    path = root / FILE
    empty: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "sweeps": []}
    content = read_manifest(root) if path.exists() else empty
    key = (entry["plan_id"], entry["started_utc"])
    sweeps = [old for old in content["sweeps"] if (old["plan_id"], old["started_utc"]) != key]
    content["sweeps"] = [*sweeps, entry]
    content["outputs"] = outputs
    atomic_write(path, (json.dumps(content, indent=1, sort_keys=True) + "\n").encode())
