"""The oldest versions that are tried are those that the package allows."""

from __future__ import annotations

import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]


def oldest_allowed() -> dict[str, Version]:
    """Lower bound of every dependency in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = {}
    for text in project["dependencies"]:
        wanted = Requirement(text)
        (found[wanted.name],) = (Version(s.version) for s in wanted.specifier if s.operator == ">=")
    return found


def test_the_oldest_versions_tried_are_the_oldest_allowed():
    lines = (ROOT / "tests/versions/lowest.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if not line.startswith("#")]
    assert {name: Version(version) for name, version in pins} == oldest_allowed()
