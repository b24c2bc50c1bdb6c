"""Say which code, on which machine, made a result: code version, git state, package versions, platform."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import subprocess
import sys
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

MODEL_PACKAGES = ("agents", "sim")
SOURCE_SUFFIXES = (".py", ".toml", ".csv")
REPORTED_PACKAGES = ("mesa", "numpy", "scipy", "numba", "pandas", "pyarrow", "pydantic", "matplotlib")


def package_version() -> str:
    """Return the installed version of WattLab, or "0" in a source tree that was never installed."""
    try:
        return metadata.version("wattlab")
    except metadata.PackageNotFoundError:
        return "0"


def package_dir(package: str) -> Path | None:
    """Find the folder of an importable package without importing it."""
    spec = importlib.util.find_spec(package)
    locations = list(spec.submodule_search_locations or []) if spec else []
    return Path(locations[0]) if locations else None


def source_hash(folders: list[Path]) -> str:
    """Hash every source and data file below the folders (relative path and content); 12 hex digits."""
    digest = hashlib.sha256()
    for folder in folders:
        files = [p for p in folder.rglob("*") if p.suffix in SOURCE_SUFFIXES and p.is_file()]
        for path in sorted(files, key=lambda p: p.relative_to(folder).as_posix()):
            digest.update(f"{folder.name}/{path.relative_to(folder).as_posix()}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


@lru_cache(maxsize=1)
def code_version() -> str:
    """Name the model code: package version and hash of the sources of ``sim`` and ``agents``; without git."""
    folders = [folder for folder in map(package_dir, MODEL_PACKAGES) if folder]
    return f"{package_version()}+{source_hash(folders)}"


def git_state(folder: Path | None = None) -> dict[str, Any] | None:
    """Read commit and dirty flag of the checkout of the model, or None (wheel, no git, other repository)."""
    home = folder or (package_dir("sim") or Path.cwd()).parent

    def ask(*words: str) -> str:
        command = ["git", "-C", str(home), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()

    try:
        if Path(ask("rev-parse", "--show-toplevel")).resolve() != home.resolve():
            return None  # An environment that lies inside somebody else's repository.
        return {"commit": ask("rev-parse", "HEAD"), "dirty": bool(ask("status", "--porcelain"))}
    except (OSError, subprocess.SubprocessError):
        return None


def environment() -> dict[str, Any]:
    """Describe interpreter, platform and package versions; nothing that identifies a person or a host."""
    versions = {}
    for name in REPORTED_PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "python": platform.python_version(),
        "platform": f"{sys.platform}-{platform.machine()}",
        "processors": os.cpu_count(),
        "packages": versions,
    }
