"""The runner and the store: same results in every way of running, nothing lost, nothing run twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from experiments import manifest
from experiments.errors import RunnerError, StoreError
from experiments.plan import run_identity
from experiments.results import load_results
from experiments.runner import LARGEST_BATCH, Progress, split, sweep_plan
from experiments.store import FAILED, LOST, OK, Store
from tests.experiments import fakes

ROOT = Path(__file__).parents[2]


def tables(out: Path) -> dict[str, pd.DataFrame]:
    """Everything that was computed, in an order that does not depend on scheduling."""
    store = Store(out)
    keys = {"runs": ["run_id"], "months": ["run_id", "month"], "days": ["run_id", "season", "hour"]}
    frames = {table: store.read(table).sort_values(order) for table, order in keys.items()}
    # A run that was lost and then done keeps both of its rows.
    frames["runs"] = frames["runs"][frames["runs"]["status"] == OK]
    return {table: frame.reset_index(drop=True) for table, frame in frames.items()}


def assert_same(one: Path, other: Path) -> None:
    for (table, left), right in zip(tables(one).items(), tables(other).values(), strict=True):
        pd.testing.assert_frame_equal(left, right, check_exact=True, obj=table)


def test_two_processes_store_the_same_bits_as_one(results_dir: Path, tmp_path: Path):
    found = sweep_plan(fakes.plan(), tmp_path, workers=2, execute=fakes.execute)
    assert (found.done, found.failed, found.interrupted) == (24, 0, False)
    assert_same(results_dir, tmp_path)


def test_a_second_sweep_runs_nothing(tmp_path: Path):
    plan = fakes.plan()
    sweep_plan(plan, tmp_path, workers=1, execute=fakes.execute)
    again = sweep_plan(plan, tmp_path, workers=1, execute=fakes.refuses_to_run)
    assert (again.done, again.skipped, again.failed) == (0, 24, 0)
    entries = manifest.read_manifest(tmp_path)["sweeps"]
    assert [entry["status"] for entry in entries][-1] == "complete"


def test_more_seeds_only_run_what_is_new(tmp_path: Path):
    sweep_plan(fakes.plan(), tmp_path, workers=1, execute=fakes.execute)
    larger = fakes.plan(fakes.study(sizes={"quick": {"seeds": 10}}))
    assert sweep_plan(larger, tmp_path, workers=1, execute=fakes.execute).done == 2 * 3


def test_other_code_makes_other_runs(tmp_path: Path):
    sweep_plan(fakes.plan(), tmp_path, workers=1, execute=fakes.execute)
    found = sweep_plan(fakes.plan(version="other"), tmp_path, workers=1, execute=fakes.execute)
    assert found.done == 24
    assert len(Store(tmp_path).read("runs")) == 48
    assert len(load_results(tmp_path).runs) == 24


def test_the_identity_of_a_run_depends_on_each_of_its_parts():
    base = ("scenario", 1, "columns", "1.0")
    others = [
        ("scenari0", *base[1:]),
        ("scenario", 2, *base[2:]),
        (*base[:2], "objects", "1.0"),
        (*base[:3], "1.1"),
    ]
    assert run_identity(*base) == run_identity(*base)
    assert len({run_identity(*parts) for parts in [base, *others]}) == 5


@pytest.mark.parametrize("workers", [1, 2])
def test_a_failing_run_is_a_row_and_the_sweep_goes_on(tmp_path: Path, workers: int):
    plan = fakes.plan()
    found = sweep_plan(plan, tmp_path, workers=workers, execute=fakes.fails_for_seed_3)
    assert (found.done, found.failed) == (24, 1)
    assert found.errors[0].endswith("ValueError: no such luck")
    results = load_results(tmp_path)
    assert len(results.runs) == 23
    row = results.failed.iloc[0]
    assert (row["regime"], row["seed"], row["status"]) == ("ban", 3, FAILED)
    assert "fails_for_seed_3" in row["traceback"]
    assert sweep_plan(plan, tmp_path, workers=1, execute=fakes.refuses_to_run).failed == 1
    healed = sweep_plan(plan, tmp_path, workers=1, execute=fakes.execute, retry_failed=True)
    assert (healed.done, healed.failed) == (1, 0)
    assert len(load_results(tmp_path).runs) == 24


def test_a_killed_worker_costs_only_the_run_that_killed_it(results_dir: Path, tmp_path: Path):
    plan = fakes.plan()
    found = sweep_plan(plan, tmp_path, workers=2, execute=fakes.kills_its_process_for_seed_3)
    assert (found.done, found.failed) == (24, 1)
    rows = Store(tmp_path).read("runs")
    assert rows["status"].value_counts().to_dict() == {OK: 23, LOST: 1}
    assert "died 2 times (exit code -9)" in rows.loc[rows["status"] == LOST, "error"].iloc[0]
    mended = sweep_plan(plan, tmp_path, workers=1, execute=fakes.execute)
    assert (mended.done, mended.failed) == (1, 0)
    assert_same(results_dir, tmp_path)


SCRIPT = """
import sys
from pathlib import Path
from experiments.runner import sweep_plan
from tests.experiments import fakes
if __name__ == "__main__":
    show = lambda progress: print(progress.done, flush=True)
    sweep_plan(fakes.plan(), Path(sys.argv[1]), workers=2, execute=fakes.execute, on_progress=show)
"""


def test_a_killed_sweep_loses_nothing_that_was_stored(results_dir: Path, tmp_path: Path):
    out, script = tmp_path / "out", tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, str(script), str(out)], stdout=subprocess.PIPE, text=True, env=environment
    ) as child:
        assert child.stdout is not None
        done = next(int(line) for line in child.stdout if int(line) > 0)
        child.kill()
    assert child.returncode == -signal.SIGKILL
    assert manifest.read_manifest(out)["sweeps"][-1]["status"] == "running"
    found = sweep_plan(fakes.plan(), out, workers=1, execute=fakes.execute)
    assert found.skipped >= done
    assert found.skipped + found.done == 24
    assert_same(results_dir, out)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupt_stores_what_runs_and_the_next_sweep_goes_on(
    results_dir: Path, tmp_path: Path, workers: int
):
    def interrupt(progress: Progress) -> None:
        if progress.done:
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    plan = fakes.plan()
    first = sweep_plan(plan, tmp_path, workers=workers, execute=fakes.execute, on_progress=interrupt)
    assert first.interrupted
    assert 0 < first.done < 24
    assert signal.getsignal(signal.SIGINT) is before
    assert manifest.read_manifest(tmp_path)["sweeps"][-1]["status"] == "interrupted"
    second = sweep_plan(plan, tmp_path, workers=workers, execute=fakes.execute)
    assert second.skipped == first.done
    assert not second.interrupted
    assert_same(results_dir, tmp_path)


def test_a_batch_without_its_data_file_runs_again(results_dir: Path, tmp_path: Path):
    plan = fakes.plan()
    sweep_plan(plan, tmp_path, workers=1, execute=fakes.execute)
    next((tmp_path / "months").glob("*.parquet")).unlink()
    found = sweep_plan(plan, tmp_path, workers=1, execute=fakes.execute)
    assert 0 < found.done < 24
    assert_same(results_dir, tmp_path)


def test_leftovers_of_an_interrupted_write_are_removed(tmp_path: Path):
    sweep_plan(fakes.plan(), tmp_path, workers=1, execute=fakes.execute)
    orphan, half = tmp_path / "months" / "0123.parquet", tmp_path / "runs" / ".4567.parquet.9.tmp"
    orphan.write_bytes(b"PAR1")
    half.write_bytes(b"PA")
    sweep_plan(fakes.plan(), tmp_path, workers=1, execute=fakes.refuses_to_run)
    assert not orphan.exists()
    assert not half.exists()


def test_a_second_sweep_at_the_same_time_is_refused(tmp_path: Path):
    with Store.create(tmp_path).locked(), pytest.raises(StoreError, match="another sweep is writing"):
        sweep_plan(fakes.plan(), tmp_path, workers=1, execute=fakes.execute)


def test_changed_sources_stop_the_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("experiments.pool.code_version", lambda: "an older version")
    with pytest.raises(RunnerError, match="source code changed"):
        sweep_plan(fakes.plan(), tmp_path, workers=2, execute=fakes.execute)
    assert manifest.read_manifest(tmp_path)["sweeps"][-1]["status"] == "failed"


def test_a_directory_that_cannot_be_made_is_one_clear_line(tmp_path: Path):
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match=r"cannot write .*not a directory"):
        sweep_plan(fakes.plan(), blocked / "out", workers=1, execute=fakes.execute)


def test_missing_and_foreign_results_are_one_clear_line(tmp_path: Path):
    with pytest.raises(StoreError, match="no such directory"):
        load_results(tmp_path / "none")
    with pytest.raises(StoreError, match=r"no manifest\.json here"):
        load_results(tmp_path)
    (tmp_path / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(StoreError, match="not readable as JSON"):
        load_results(tmp_path)
    (tmp_path / "manifest.json").write_text('{"schema_version": "0"}', encoding="utf-8")
    with pytest.raises(StoreError, match="schema version '0'; this WattLab reads '2'"):
        load_results(tmp_path)


def test_the_manifest_names_everything_needed_to_run_again(results_dir: Path):
    content = json.loads((results_dir / "manifest.json").read_text(encoding="utf-8"))
    entry = content["sweeps"][-1]
    plan = fakes.plan()
    assert content["schema_version"] == "2"
    assert entry["seeds"] == list(range(1, 9))
    assert entry["code_version"] == plan.code_version
    assert set(entry["scenario_hashes"]) == {f"nowhere/{name}" for name in fakes.REGIMES}
    assert entry["environment"]["packages"]["numpy"]
    assert {"git", "wall_s", "workers", "started_utc", "ended_utc"} <= set(entry)
    assert Store(results_dir).read_scenarios(entry["plan_id"]) == plan.scenarios


def test_stored_series_carry_run_id_month_and_every_output(results_dir: Path):
    months = pd.read_parquet(next((results_dir / "months").glob("*.parquet")))
    assert list(months.columns) == ["run_id", "month", *fakes.OUTPUTS]
    task = next(task for task in fakes.plan().tasks if task.run_id == months["run_id"].iloc[0])
    expected = fakes.execute(task).months
    assert months["investment_usd"].head(len(expected)).tolist() == expected["investment_usd"].tolist()


def test_batches_hold_every_task_once_and_keep_the_order():
    tasks = list(fakes.plan(fakes.study(sizes={"quick": {"seeds": 400}})).tasks)
    batches = split(tasks, workers=2)
    assert [task for batch in batches for task in batch] == tasks
    assert max(map(len, batches)) == LARGEST_BATCH
    assert len(split(tasks[:3], workers=2)) == 3


def test_progress_knows_rate_and_time_left_and_leaves_out_the_batch_that_compiles(
    monkeypatch: pytest.MonkeyPatch,
):
    now = 0.0
    monkeypatch.setattr("experiments.runner.time.monotonic", lambda: now)
    progress = Progress(total=60, stored_before=10)
    assert progress.left_s == float("inf")
    now = 100.0
    progress.add(5)
    assert (progress.finished, progress.rate_per_s, progress.left_s) == (15, 0.0, float("inf"))
    now = 110.0
    progress.add(20)
    assert (progress.finished, progress.rate_per_s, progress.left_s) == (35, 2.0, 12.5)
