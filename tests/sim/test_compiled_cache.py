"""The on-disk cache of compiled loops: an edited rule must never go on running in its old form."""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path
from types import FunctionType, ModuleType

import numpy as np
import pytest

import agents
import sim
from agents.lender import Lender
from sim import compiled
from sim.compiled import Kernel, agent_loop, imported_modules, kernel, source_hash, source_path
from sim.state import KINDS

ROOT = Path(sim.__file__).resolve().parent.parent
CACHED = (compiled.direct_imports, compiled.imported_modules, compiled.source_hash, compiled.cache_dir)


def forget() -> None:
    for function in CACHED:
        function.cache_clear()


@pytest.fixture
def copied_tree(tmp_path, monkeypatch):
    """A copy of the sources that the hashes are taken from, free to be edited."""
    for package in ("agents", "sim"):
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "data")
        )

    def path_in_copy(name: str) -> Path | None:
        path = source_path(name)
        return tmp_path / path.relative_to(ROOT) if path else None

    monkeypatch.setattr(compiled, "source_path", path_in_copy)
    forget()
    yield tmp_path
    forget()


def test_the_sources_of_modules_and_packages_are_found():
    assert source_path("agents.rules.mining") == ROOT / "agents" / "rules" / "mining.py"
    assert source_path("sim") == ROOT / "sim" / "__init__.py"
    assert source_path("sim.nowhere") is None
    assert imported_modules("sim.nowhere") == {"sim.nowhere"}


@pytest.mark.parametrize("module", ["agents.miner", "agents.ai_firm", "agents.consumer", "sim.bitcoin"])
def test_a_loop_depends_on_the_rules_that_it_calls(module):
    rules = {name for name in imported_modules(module) if name.startswith("agents.rules.")}
    assert rules
    assert module in imported_modules(module)


def modules() -> list[ModuleType]:
    found = []
    for package in (agents, sim):
        names = [item.name for item in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
        found += [importlib.import_module(name) for name in names]
    return found


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.__name__)
def test_every_function_that_compiled_code_can_reach_is_in_the_hash(module):
    """Functions in a module's namespace come from modules of its closure, however they were imported."""
    reachable = {
        value.__module__
        for value in vars(module).values()
        if isinstance(value, FunctionType | type | Kernel)
        and value.__module__.split(".")[0] in ("agents", "sim")
    }
    assert reachable <= imported_modules(module.__name__) | {module.__name__}


def edit(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("edited", "module", "depends"),
    [
        ("agents/rules/mining.py", "agents.miner", True),
        ("agents/rules/finance.py", "agents.ai_firm", True),
        ("agents/rules/protocol.py", "sim.bitcoin", True),
        ("agents/machines.py", "sim.hardware", True),
        ("agents/lender.py", "agents.lender", True),
        ("agents/government.py", "agents.lender", False),
        ("agents/rules/labour.py", "agents.miner", False),
    ],
)
def test_an_edit_changes_the_hash_of_what_depends_on_it(copied_tree, edited, module, depends):
    before = source_hash(module)
    edit(copied_tree / edited)
    assert source_hash(module) == before
    forget()
    assert (source_hash(module) != before) == depends


def test_the_hash_is_that_of_the_sources_alone(copied_tree):
    copied = {module: source_hash(module) for module in ("agents.miner", "sim.power")}
    compiled.source_path = source_path
    forget()
    assert copied == {module: source_hash(module) for module in copied}


def test_the_cache_directory_carries_the_hash_and_is_announced_once(tmp_path, monkeypatch):
    monkeypatch.setenv("WATTLAB_CACHE", str(tmp_path))
    monkeypatch.setattr(compiled, "_notices", [])
    heard: list[str] = []
    compiled.on_compile(heard.append)
    directory = compiled.cache_dir.__wrapped__("agents.lender")
    assert directory == tmp_path / "wattlab" / source_hash("agents.lender")
    assert directory.is_dir()
    compiled.cache_dir.__wrapped__("agents.lender")
    assert len(heard) == 1
    assert "first run only" in heard[0]


def test_a_full_cache_is_not_announced(tmp_path, monkeypatch):
    monkeypatch.setenv("WATTLAB_CACHE", str(tmp_path))
    monkeypatch.setattr(compiled, "_notices", [pytest.fail])
    directory = tmp_path / "wattlab" / source_hash("agents.lender")
    directory.mkdir(parents=True)
    (directory / "loop.nbi").touch()
    assert compiled.cache_dir.__wrapped__("agents.lender") == directory


def test_an_unwritable_cache_falls_back_to_the_temporary_directory(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.setenv("WATTLAB_CACHE", str(blocked))
    monkeypatch.setattr(compiled.tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    directory = compiled.cache_dir.__wrapped__("agents.lender")
    assert directory == tmp_path / "temporary" / "wattlab" / source_hash("agents.lender")
    monkeypatch.setattr(compiled.tempfile, "gettempdir", lambda: str(blocked))
    assert compiled.cache_dir.__wrapped__("agents.lender") is None


def double(values):
    for i in range(len(values)):
        values[i] *= 2.0


def test_a_kernel_keeps_its_name_and_compiles_at_the_first_call(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "cache_dir", lambda module: None)
    made = kernel(double)
    assert made.__name__ == "double"
    assert made.fast is None
    values = np.array([1.0, 2.5])
    made(values)
    first = made.fast
    made(values)
    assert values.tolist() == [4.0, 10.0]
    assert made.fast is first


def test_loops_of_a_procedure_are_made_once():
    assert agent_loop(Lender.review) is agent_loop(Lender.review)
    procedures = [function for kind in set(KINDS.values()) for function in vars(kind).values()]
    assert len([item for item in procedures if inspect.isfunction(item)]) >= 20


SCRIPT = """
import inspect
import re
import numpy as np
from agents.base import new_records
from agents.lender import Lender
from agents.policy import Policy
from agents.world import World
from sim.compiled import agent_loop
read = sorted(set(re.findall(r"par\\.(\\w+)", inspect.getsource(Lender.review))))
par = np.zeros(1, np.dtype((np.record, [(name, float) for name in read])))
lender = new_records(Lender, 1)
lender["refusing"] = 9
agent_loop(Lender.review)(lender, new_records(World, 1), new_records(Policy, 1), par)
print(lender["refusing"][0])
"""


@pytest.mark.slow
@pytest.mark.compiled_only
def test_an_edited_procedure_runs_in_its_new_form(tmp_path):
    for package in ("agents", "sim"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    environment = {**os.environ, "WATTLAB_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(tmp_path)}

    def answer() -> str:
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert run.returncode == 0, run.stderr
        return run.stdout.strip()

    assert answer() == "0"
    assert answer() == "0"
    source = tmp_path / "agents" / "lender.py"
    text = source.read_text(encoding="utf-8")
    assert text.count("self.refusing = 0") == 2
    source.write_text(text.replace("self.refusing = 0", "self.refusing = 5", 1), encoding="utf-8")
    assert answer() == "5"
    assert len(list((tmp_path / "cache" / "wattlab").iterdir())) == 2
