"""What the architecture tests look at: the folders of the project and the files that are tracked in them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("agents", "sim", "experiments")
FOLDERS = (*PACKAGES, "tests", "notebooks", "docs", ".ci")
GENERATED = {"__pycache__", ".ipynb_checkpoints"}
GENERATED_SUFFIXES = {".pyc", ".nbc", ".nbi"}


def project_table() -> dict[str, Any]:
    """Read pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def files_in(*folders: str) -> Iterator[Path]:
    """List the files below folders of the project, without caches, in a fixed order."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            generated = GENERATED & set(path.parts) or path.suffix in GENERATED_SUFFIXES
            if path.is_file() and not generated:
                yield path


def python_files(*folders: str) -> list[Path]:
    """List the Python sources below folders of the project."""
    return [path for path in files_in(*folders) if path.suffix == ".py"]


def text_files() -> list[Path]:
    """List every file that belongs to the project, top level included."""
    top = [path for path in sorted(ROOT.iterdir()) if path.is_file()]
    ours = [path for path in top if path.name != ".git" and not path.name.startswith(".coverage")]
    return [*ours, *files_in(*FOLDERS)]


def label(path: Path) -> str:
    """Name a file relative to the project, for messages."""
    return path.relative_to(ROOT).as_posix()
