"""Evidence: tables that figures need beside the runs of a study, computed once and stored.

``figures.toml`` lists them. Each is ``evidence/NAME.csv`` with a units row and ``NAME.json`` (size, hashes of
the code and of the table) in the results directory; other code makes it stale, and stale is never drawn.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.errors import StoreError, unknown_name
from experiments.provenance import package_dir, source_hash
from experiments.store import atomic_write
from experiments.tables import csv_with_units

if TYPE_CHECKING:
    import pandas as pd

    from experiments.design import SizeName

FOLDER = "evidence"
PACKAGES = ("agents", "sim", "experiments")


def evidence_functions() -> dict[str, str]:
    """List the evidence of the manifest of figures: name and "package.module:function"."""
    from experiments.figures import figure_manifest

    return {entry["name"]: entry["function"] for entry in figure_manifest().get("evidence", [])}


@lru_cache(maxsize=1)
def evidence_code() -> str:
    """Hash the sources that evidence can depend on: all packages of WattLab; 12 hex digits."""
    return source_hash([folder for folder in map(package_dir, PACKAGES) if folder])


def gather_evidence(
    root: Path, size: SizeName, *, on_step: Callable[[str], None], functions: dict[str, str] | None = None
) -> list[Path]:
    """Compute and store the evidence that is missing, stale or of another size; returns all its tables."""
    wanted = evidence_functions() if functions is None else functions
    paths = []
    for name, where in wanted.items():
        path = root / FOLDER / f"{name}.csv"
        if not _is_fresh(_stamp(path), path, size):
            on_step(f"evidence: {name}")
            _store(path, _computed(where, size), size)
        paths.append(path)
    return paths


def read_evidence(root: Path, name: str) -> pd.DataFrame:
    """Read a stored table; raises StoreError if it is unknown, missing, altered or made by other code."""
    import pandas as pd

    path = Path(root) / FOLDER / f"{name}.csv"
    if not path.exists():
        known = evidence_functions()
        if name not in known:
            raise StoreError(unknown_name("evidence", name, known))
        raise StoreError(f"{path}: not there; 'wattlab reproduce --out {root}' makes it")
    stamp = _stamp(path)
    if not _is_fresh(stamp, path, stamp.get("size", "")):
        raise StoreError(
            f"{path}: made by other code, or altered; 'wattlab reproduce --out {root}' renews it"
        )
    frame = pd.read_csv(path, skiprows=[1])
    frame.attrs["units"] = stamp["units"]
    return frame


def _computed(where: str, size: SizeName) -> pd.DataFrame:
    module, _, function = where.partition(":")
    return getattr(import_module(module), function)(size)


def _store(path: Path, frame: pd.DataFrame, size: SizeName) -> None:
    """Write the table, then the stamp that vouches for it."""
    content = csv_with_units(frame, frame.attrs["units"]).encode()
    stamp = {
        "size": size,
        "code": evidence_code(),
        "sha256": hashlib.sha256(content).hexdigest(),
        "units": frame.attrs["units"],
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot write {path.parent}: {(error.strerror or str(error)).lower()}") from error
    atomic_write(path, content)
    atomic_write(path.with_suffix(".json"), (json.dumps(stamp, indent=1) + "\n").encode())


def _stamp(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _is_fresh(stamp: dict[str, Any], path: Path, size: str) -> bool:
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return False
    return (stamp.get("size"), stamp.get("code"), stamp.get("sha256")) == (size, evidence_code(), found)
