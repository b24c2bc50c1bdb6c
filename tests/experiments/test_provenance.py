"""The code version follows the sources, the git state never belongs to somebody else's repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from experiments import provenance


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *identity, *words], check=True, capture_output=True)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout" / "sim"
    folder.mkdir(parents=True)
    (folder / "a.py").write_text("x = 1\n", encoding="utf-8")
    (folder / "data.csv").write_text("1\n", encoding="utf-8")
    return folder


def test_the_source_hash_changes_with_content_and_name_and_with_nothing_else(package: Path):
    first = provenance.source_hash([package])
    (package / "a.pyc").write_text("compiled", encoding="utf-8")
    assert provenance.source_hash([package]) == first
    (package / "data.csv").write_text("2\n", encoding="utf-8")
    second = provenance.source_hash([package])
    (package / "a.py").rename(package / "b.py")
    assert len({first, second, provenance.source_hash([package])}) == 3


def test_the_code_version_names_the_package_version_and_a_hash():
    version, _, digest = provenance.code_version().partition("+")
    assert version == provenance.package_version()
    assert len(digest) == 12


def test_the_git_state_tells_commit_and_changes(package: Path):
    home = package.parent
    assert provenance.git_state(home) is None
    git(home, "init", "-q")
    git(home, "add", ".")
    git(home, "commit", "-q", "-m", "first")
    state = provenance.git_state(home)
    assert state is not None
    assert (len(state["commit"]), state["dirty"]) == (40, False)
    (package / "a.py").write_text("x = 2\n", encoding="utf-8")
    assert provenance.git_state(home) == state | {"dirty": True}


def test_a_repository_around_the_installation_is_not_ours(package: Path):
    git(package.parent, "init", "-q")
    assert provenance.git_state(package) is None
