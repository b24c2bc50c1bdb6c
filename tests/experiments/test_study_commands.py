"""``wattlab study``, ``verify`` and ``replay``, on a study of the model small enough for a test."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest

from experiments.design import load_study, shipped_studies
from experiments.errors import StoreError, StudyError
from experiments.plan import make_plan
from experiments.replay import find_run
from experiments.runner import sweep_plan
from experiments.store import Store
from experiments.study_file import check_study, size_note, write_template
from experiments.worker import execute_run
from tests.experiments.test_cli import Shell, shell, tiny  # noqa: F401
from tests.experiments.test_store import flip_a_bit

DESIGN = """
[design]
kind = "quasi-random"
points = 2
[design.uncertain]
mining_pue = {}
fine_usd_per_mw = { low = 1000.0, high = 2000.0 }
"""


def fails_for_the_ban(task):
    if task.regime == "ban":
        raise RuntimeError("made up")
    return execute_run(task)


@pytest.fixture
def designed(tiny: Path) -> Path:  # noqa: F811
    tiny.write_text(tiny.read_text(encoding="utf-8") + DESIGN, encoding="utf-8")
    return tiny


def test_the_template_is_a_study_that_runs_as_it_is(tmp_path: Path):
    path = write_template(tmp_path / "Grey load.toml")
    study = load_study(path)
    assert study.name == "grey-load"
    assert len(make_plan(study, "quick").tasks) == 3 * 8 * 10
    with pytest.raises(StudyError, match="exists; choose another name"):
        write_template(path)
    with pytest.raises(StudyError, match=r"a study is a \.toml file"):
        write_template(tmp_path / "study.txt")


def test_a_check_tells_runs_time_and_disk_before_anything_runs(designed: Path):
    lines = check_study(load_study(designed), "quick", workers=2, trial=True)
    assert lines[0] == "study tiny, size quick: 8 runs of 2 months"
    assert lines[1] == "  1 country x 2 regimes x 2 points (quasi-random), 2 seeds (shared)"
    assert lines[2] == "  2 factors: fine_usd_per_mw, mining_pue"
    found = re.fullmatch(
        r"  time about (.+) on 2 processes, disk about (\S+) MB of (\S+) MB free here "
        r"\((\S+) s and (\S+) kB a run, from a trial\)",
        lines[3],
    )
    assert found
    assert float(found[5]) > 10.0


def test_a_size_that_shortens_the_runs_says_so(shell: Shell, designed: Path):  # noqa: F811
    text = designed.read_text(encoding="utf-8")
    text = text.replace("months = 2\n", "months = 3\n").replace("seeds = 2\n", "seeds = 2\nmonths = 1\n")
    designed.write_text(text + "[sizes.full]\nseeds = 9\n", encoding="utf-8")
    lines = check_study(load_study(designed), "quick", workers=2, trial=False)
    assert "  quick size: 1 of 3 months; --full for 3" in lines
    code, _, told = shell("sweep", designed, "--out", designed.parent / "out", "--workers", 1)
    assert code == 0
    assert "quick size: 1 of 3 months; --full for 3\n" in told
    assert size_note(load_study(designed), "full") == ""


def test_two_regimes_of_one_name_are_refused_in_one_line(shell: Shell, designed: Path):  # noqa: F811
    copy = designed.parent / "my-ban.toml"
    copy.write_text((resources.files("sim") / "data/regimes/ban.toml").read_text("utf-8"), encoding="utf-8")
    text = designed.read_text(encoding="utf-8").replace('"pakistan-2025", "ban"', '"my-ban.toml", "ban"')
    designed.write_text(text, encoding="utf-8")
    for command in (
        ("study", "check", designed, "--no-trial"),
        ("sweep", designed, "--out", designed.parent / "out"),
    ):
        code, _, told = shell(*command)
        assert code == 2
        assert told.count("\n") == 1
        assert f"{copy} and ban have the same name 'ban'; give each regime a name of its own" in told


def test_a_half_finished_study_is_published_only_if_that_is_allowed(shell: Shell, designed: Path):  # noqa: F811
    out = designed.parent / "out"
    sweep_plan(make_plan(load_study(designed), "quick"), out, workers=1, execute=fails_for_the_ban)
    for command in ("analyse", "tables", "figures"):
        code, printed, told = shell(command, out, "--study", "tiny")
        assert (code, printed) == (2, "")
        assert "of 8 runs of tiny-quick-" in told
        assert "4 failed and 0 are missing" in told
    assert not (out / "analysis").exists()
    assert shell("analyse", out, "--allow-incomplete")[0] == 0
    page = (out / "analysis" / "tiny" / "analysis.md").read_text(encoding="utf-8")
    assert "**INCOMPLETE: 4 of 8 runs are missing or failed.**" in page


def test_shipped_studies_are_listed_with_their_titles(shell: Shell):  # noqa: F811
    code, printed, _ = shell("study", "list")
    assert code == 0
    assert [line.split()[0] for line in printed.splitlines()[1:]] == shipped_studies()
    assert "Which price?" in printed


def test_replay_gives_the_same_bits_from_the_store_alone(shell: Shell, designed: Path):  # noqa: F811
    out = designed.parent / "out"
    plan = make_plan(load_study(designed), "quick")
    sweep_plan(plan, out, workers=1)
    designed.unlink()
    task = plan.tasks[-1]
    code, printed, told = shell("replay", task.run_id[:10], "--in", out)
    assert (code, told) == (0, "")
    assert printed.endswith("same as stored\n")
    assert f"scenario {task.scenario_hash}" in printed


def test_a_failed_run_is_stored_with_error_and_scenario_and_can_be_replayed(shell, designed):  # noqa: F811
    out = designed.parent / "out"
    plan = make_plan(load_study(designed), "quick")
    found = sweep_plan(plan, out, workers=1, execute=fails_for_the_ban)
    assert found.failed == 4
    rows = Store(out).read("runs")
    row = rows[rows["status"] == "failed"].iloc[0]
    assert "fails_for_the_ban" in row["traceback"]
    ready = find_run(out, row["run_id"])
    assert ready.scenario.hash == row["scenario_hash"]
    assert {*ready.scenario.overrides, "fine_usd_per_mw"} == {"mining_pue", "fine_usd_per_mw"}
    code, printed, told = shell("replay", row["run_id"], "--in", out)
    assert code == 0
    assert "stored as failed: RuntimeError: made up" in told
    assert "ban in pakistan, 2 months" in printed


def test_an_unknown_run_is_one_clear_line(designed: Path):
    out = designed.parent / "out"
    sweep_plan(make_plan(load_study(designed), "quick"), out, workers=1)
    with pytest.raises(StoreError, match="no run 'ffffffffffffffffff'"):
        find_run(out, "f" * 18)
    with pytest.raises(StoreError, match="is the beginning of 8 runs"):
        find_run(out, "")


def test_verify_says_what_is_damaged_and_what_repairs_it(shell: Shell, designed: Path):  # noqa: F811
    out = designed.parent / "out"
    sweep_plan(make_plan(load_study(designed), "quick"), out, workers=1)
    assert shell("verify", out)[:2] == (0, "8 runs in 4 batches are intact, and so are the plans\n")
    flip_a_bit(next((out / "months").glob("*.parquet")))
    code, printed, told = shell("verify", out)
    assert code == 1
    assert "altered or truncated" in printed
    assert "6 runs in 3 batches are intact, 1 batches are damaged" in printed
    assert told.startswith("wattlab: ")
    assert shell("sweep", designed, "--out", out, "--workers", 1)[0] == 0
    assert shell("verify", out)[0] == 0
