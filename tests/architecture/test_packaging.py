"""The three generic package names stay ours, all their data is shipped, and the base documents agree."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import packages_distributions

import pytest

from tests.architecture.tree import FOLDERS, PACKAGES, ROOT, files_in, label, project_table, python_files

PINNED = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*==[0-9][0-9a-zA-Z.+!]*")


@pytest.mark.parametrize("package", PACKAGES)
def test_the_package_resolves_inside_the_project(package, tmp_path):
    """Asked from another folder, isolated from the environment: what an import really finds."""
    code = f"import {package}; print({package}.__file__)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    hint = "install the project in an environment of its own: make setup"
    assert done.returncode == 0, f"{done.stderr}\n{hint}"
    assert done.stdout.strip() == str(ROOT / package / "__init__.py"), hint


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_distribution_owns_the_package(package):
    assert set(packages_distributions().get(package, [])) == {"wattlab"}


def test_the_package_list_equals_the_tree():
    find = project_table()["tool"]["setuptools"]["packages"]["find"]
    assert sorted(find["include"]) == sorted(
        name for package in PACKAGES for name in (package, f"{package}.*")
    )
    with_code = {label(path.parent) for path in python_files(*PACKAGES)}
    assert {folder for folder in with_code if not (ROOT / folder / "__init__.py").is_file()} == set()
    top = {path.name for path in ROOT.iterdir() if (path / "__init__.py").is_file()}
    assert top == {*PACKAGES, "tests"}


def test_every_data_file_is_shipped_with_its_package():
    patterns = project_table()["tool"]["setuptools"]["package-data"]["*"]
    shipped = {
        path for package in PACKAGES for pattern in patterns for path in (ROOT / package).glob(pattern)
    }
    data = {path for path in files_in(*PACKAGES) if path.suffix != ".py"}
    assert data
    assert sorted(label(path) for path in data - shipped) == []


def test_no_other_folder_holds_sources():
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
    generated = {"build", "dist", "wattlab.egg-info"} | {
        name for name in folders if name.startswith("results")
    }
    assert folders - generated <= set(FOLDERS)


def test_constraints_hold_only_names_and_versions():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not PINNED.fullmatch(line)] == []
    names = [line.split("==")[0] for line in lines]
    assert names == sorted(set(names))


def test_every_direct_dependency_of_run_and_test_is_pinned():
    project = project_table()["project"]
    extras = project["optional-dependencies"]
    own = re.compile(r"wattlab\[(.+)\]")
    named = [
        name for entry in extras["test"] if (found := own.fullmatch(entry)) for name in found[1].split(",")
    ]
    wanted = [*project["dependencies"], *extras["notebook"], *(e for name in named for e in extras[name])]
    wanted += [entry for entry in extras["test"] if not own.fullmatch(entry)]
    names = {re.split(r"[\[<>=!~; ]", entry)[0].lower() for entry in wanted}
    pinned = {line.split("==")[0] for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").split()}
    assert names - pinned == set()


def test_version_and_licence_agree_everywhere():
    project = project_table()["project"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (.+)$", citation, re.MULTILINE)[1] == project["version"]
    assert re.search(r"^license: (.+)$", citation, re.MULTILINE)[1] == project["license"] == "MIT"
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## (\d+\.\d+\.\d+)", changes, re.MULTILINE)[1] == project["version"]
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")
