"""Paths in a study file: relative to the file, and never out of its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments.errors import StudyError


def anchored(content: dict[str, Any], folder: Path, where: str) -> dict[str, Any]:
    """Make the paths of regime and country files absolute, wherever a regime is named."""

    def anchor(name: Any) -> Any:
        is_path = isinstance(name, str) and name.endswith(".toml")
        return str(_beside(name, folder, where)) if is_path else name

    content = dict(content)
    for field in ("countries", "regimes", "featured"):
        if isinstance(content.get(field), list):
            content[field] = [anchor(name) for name in content[field]]
    if "baseline" in content:
        content["baseline"] = anchor(content["baseline"])
    if isinstance(design := content.get("design"), dict) and isinstance(design.get("joint"), dict):
        content["design"] = {**design, "joint": _anchored_tables(design["joint"], folder, where)}
    if isinstance(content.get("labels"), dict):
        content["labels"] = {anchor(name): label for name, label in content["labels"].items()}
    return content


def _anchored_tables(joint: dict[str, Any], folder: Path, where: str) -> dict[str, Any]:
    """Find the tables of joint priors beside the study; others are shipped ones, by name."""
    found = {}
    for name, item in joint.items():
        table = item.get("table") if isinstance(item, dict) else None
        beside = _beside(table, folder, where) if isinstance(table, str) else None
        found[name] = {**item, "table": str(beside)} if beside and beside.is_file() else item
    return found


def _beside(name: str, folder: Path, where: str) -> Path:
    """Resolve a path of a study file; it must not leave the study's folder, by ``..``, root or link."""
    try:
        path = (folder / name).resolve()
    except (ValueError, OSError, RuntimeError) as error:  # A NUL, a name too long, a circle of links
        raise StudyError(f"{where}: {name} is no path") from error
    if not path.is_relative_to(folder.resolve()):
        raise StudyError(f"{where}: {name} lies outside the study's folder; allowed: files in it or below it")
    return path
