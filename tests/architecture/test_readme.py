"""What the README and the pages in docs/ tell people to type exists and runs."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys

import pytest
import typer

from tests.architecture.tree import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON_BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
PAGES = [README, *(path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md")))]
# In the order in which they stand, because some use what an earlier one writes.
COMMANDS = list(
    dict.fromkeys(
        line.split("#")[0].strip()
        for page in PAGES
        for line in re.findall(r"^wattlab .*$", page, re.MULTILINE)
    )
)
# CI runs the first from the built wheel; the second serves until it is ended, and has a test in a browser.
RUN_ELSEWHERE = ("reproduce", "dashboard")
TARGETS = sorted(set(re.findall(r"\bmake ([a-z]+)\b", README)) - {"are"})


def options_of(words: list[str]) -> set[str]:
    """List the options of a command, or of the command of a group; raises KeyError if there is none."""
    from experiments.cli import app

    command = typer.main.get_command(app).commands[words[0]]
    if hasattr(command, "commands"):
        command = command.commands[words[1]]
    return {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}


def test_the_readme_has_what_these_tests_look_at():
    assert PYTHON_BLOCKS
    assert len(COMMANDS) >= 8
    assert {"figures", "test"} <= set(TARGETS)


@pytest.mark.parametrize("line", COMMANDS)
def test_the_command_exists_with_its_options(line):
    words = line.split()[1:]
    assert {word for word in words if word.startswith("--")} - options_of(words) == set()


@pytest.mark.long
def test_the_commands_run_as_written_one_after_another(tmp_path):
    (tmp_path / "my").mkdir()
    for made, name in (("country", "atlantis"), ("regime", "deal")):
        shutil.copy(ROOT / "tests" / "sim" / "atlantis" / f"{made}.toml", tmp_path / "my" / f"{name}.toml")
    entry = [sys.executable, "-c", "from experiments.cli import main; main()"]
    for line in COMMANDS:
        words = shlex.split(line)[1:]
        if words[0] not in RUN_ELSEWHERE:
            done = subprocess.run([*entry, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{line}\n{done.stderr}"


@pytest.mark.parametrize("target", TARGETS)
def test_the_make_target_exists(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("block", PYTHON_BLOCKS)
def test_the_python_example_runs(block):
    """As written, then the lines that end in a comment with a plain value are compared with it."""
    names: dict[str, object] = {}
    exec(block, names)
    expected = re.findall(r"^(\S.*?)\s+# (\".*\"|[\d.]+)$", block, re.MULTILINE)
    assert expected
    assert [repr(eval(code, names)) for code, _ in expected] == [repr(eval(value)) for _, value in expected]
