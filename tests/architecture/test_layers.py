"""experiments -> sim -> agents, checked by import-linter with the contracts of pyproject.toml."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGES, ROOT

LINT = (
    "import sys; sys.path.insert(0, ''); from importlinter.cli import lint_imports; sys.exit(lint_imports())"
)


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the packages of a folder that holds a pyproject.toml."""
    command = [sys.executable, "-c", LINT]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def small_project(tmp_path: Path) -> Path:
    """Three small packages in the right order, under the contracts of this project."""
    sources = {
        "agents/__init__.py": "",
        "agents/miner.py": "from agents.rules import mining\n",
        "agents/rules/__init__.py": "",
        "agents/rules/mining.py": "import math\n",
        "sim/__init__.py": "",
        "sim/model.py": "import agents.miner\n",
        "experiments/__init__.py": "",
        "experiments/runner.py": "import sim.model\n",
    }
    for name, text in sources.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_contracts_accept_the_right_order(small_project):
    done = lint(small_project)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "imports"),
    [
        ("agents/miner.py", "import sim.model"),
        ("agents/miner.py", "import experiments.runner"),
        ("sim/model.py", "import experiments.runner"),
        ("sim/model.py", "import matplotlib"),
        ("agents/rules/mining.py", "import mesa"),
        ("agents/rules/mining.py", "import random"),
    ],
)
def test_the_contracts_refuse_the_wrong_order(small_project, module, imports):
    (small_project / module).write_text(f"{imports}\n")
    done = lint(small_project)
    assert done.returncode == 1
    assert "BROKEN" in done.stdout


def test_the_project_keeps_its_layers():
    assert all((ROOT / package / "__init__.py").is_file() for package in PACKAGES)
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
