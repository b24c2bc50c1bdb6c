"""Whatever is typed, the command line answers with a result or with one line; the exit code says which."""

from __future__ import annotations

import random
import sys
from collections import Counter
from pathlib import Path

import pytest

from experiments.cli import main
from sim.invariants import InvariantError

WORDS = (
    "run", "describe", "outputs", "parameters", "sweep", "figures", "tables", "validate", "reproduce",
    "--help", "--country", "--regime", "--months", "--seed", "--engine", "--drivers", "--set", "--json",
    "--out", "--csv", "--quick", "--full", "--workers", "--version", "pakistan", "japan", "ban", "auction",
    "pakistan-2025", "1", "2", "0", "-1", "601", "1e9", "nan", "", " ", "--", "-", "=", "mining_pue=1.1",
    "mining_pue=9", "mining_pue=", "=1", "a=b=c", "regime.quota_mw=5", "quota_mw=-1", "quota_mw=nan",
    "mining_legal=true", "tariff_rule=gift", "nowhere", "nowhere.toml", ".", "..", "/", "/dev/null",
    "/dev/null/x.toml", "x" * 400, "x" * 300 + ".toml", "a\nb", "\u202e", "🙂", "%s%n{0}", "$(touch x)",
    "'; DROP TABLE runs; --", "--months=1", "--seed=7", "smoke", "objects", "columns", "replay",
    "simulated", "mining_mw", "broken.toml", "list.toml", "latin.toml",
)  # fmt: skip
# What would take long or write much: these commands are only given what they must refuse
HEAVY = {"sweep", "reproduce", "validate", "bench", "dashboard", "run"}


def a_line(luck: random.Random) -> list[str]:
    words = [luck.choice(WORDS) for _ in range(luck.randint(1, 6))]
    if luck.random() < 0.5:
        words.insert(0, luck.choice(WORDS[:9]))
    if HEAVY & set(words):
        # Something wrong for certain, in a random place where it is not taken as the value of an option
        places = [0, *(place for place, word in enumerate(words, start=1) if not word.startswith("-"))]
        words.insert(luck.choice(places), "--no-such-option")
    return words


def answers(arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> int:
    """Run the command line in this process and check how it ends; returns the exit code."""
    monkeypatch.setattr(sys, "argv", ["wattlab", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    code, said = int(ended.value.code or 0), capsys.readouterr()
    assert code in (0, 1, 2, 130), arguments
    if code == 2:
        assert said.err.startswith("wattlab: "), arguments
        assert len(said.err.splitlines()) == 1, arguments
    assert "Traceback" not in said.err + said.out
    return code


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "broken.toml").write_text("name = ", encoding="utf-8")
    (tmp_path / "list.toml").write_text("base = [1]\nplant = 3\nname = {}", encoding="utf-8")
    (tmp_path / "latin.toml").write_bytes(b"name = '\xe9'")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("cases", [60, pytest.param(600, marks=pytest.mark.long)])
def test_any_line_ends_in_a_result_or_one_line(cases: int, folder: Path, monkeypatch, capsys):
    luck, codes = random.Random(cases), Counter[int]()
    for _ in range(cases):
        codes[answers(a_line(luck), monkeypatch, capsys)] += 1
    assert codes[2] > cases // 2
    left = sorted(path.name for path in folder.rglob("*"))
    assert left == ["broken.toml", "latin.toml", "list.toml"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--country", "list.toml"],
        ["run", "--regime", "list.toml"],
        ["run", "--regime", "latin.toml"],
        ["run", "--months", "1", "--set", "quota_mw=-1"],
        ["run", "--country", "x" * 300 + ".toml"],
        ["run", "--regime", "a\nb.toml"],
        ["sweep", "list.toml"],
        ["sweep", "x" * 300 + ".toml"],
        ["run", "--months", "1", "--out", "broken.toml/out"],
        ["run", "--months", "1", "--out", "x" * 300],
    ],
)
def test_what_must_be_refused_is_refused_in_one_line(arguments, folder: Path, monkeypatch, capsys):
    assert answers(arguments, monkeypatch, capsys) == 2


def test_a_month_that_breaks_a_law_is_one_line(folder: Path, monkeypatch, capsys):
    monkeypatch.setattr("sim.model.check_stocks", broken_law)
    monkeypatch.setattr(sys, "argv", ["wattlab", "run", "--months", "1"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]  # A notice of compilation may come before it
    assert last == "wattlab: 2025-06: cash_usd of miners is -1 (agent 3)"


def broken_law(label: str, state: object) -> None:
    raise InvariantError(f"{label}: cash_usd of miners is -1 (agent 3)")
