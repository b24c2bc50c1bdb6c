"""What the README tells people to type exists and runs."""

from __future__ import annotations

import re

import pytest
import typer

from tests.architecture.tree import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON_BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
COMMANDS = sorted({line.split("#")[0].strip() for line in re.findall(r"^wattlab .*$", README, re.MULTILINE)})
TARGETS = sorted(set(re.findall(r"\bmake ([a-z]+)\b", README)) - {"are"})


def options_of(command: str) -> set[str]:
    """List the options of a subcommand; raises KeyError if there is no such subcommand."""
    from experiments.cli import app

    subcommand = typer.main.get_command(app).commands[command]
    return {
        option for parameter in subcommand.params for option in (*parameter.opts, *parameter.secondary_opts)
    }


def test_the_readme_has_what_these_tests_look_at():
    assert PYTHON_BLOCKS
    assert len(COMMANDS) >= 8
    assert {"figures", "test"} <= set(TARGETS)


@pytest.mark.parametrize("line", COMMANDS)
def test_the_command_exists_with_its_options(line):
    _, command, *words = line.split()
    assert {word for word in words if word.startswith("--")} - options_of(command) == set()


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
