"""The results directory: damage is found and repaired, a full disk costs nothing, others can read it."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pandas as pd
import pytest

from experiments.errors import StoreError
from experiments.results import load_results
from experiments.runner import sweep_plan
from experiments.store import BATCH_TABLES, Store
from experiments.verify import verify
from tests.experiments import fakes
from tests.experiments.test_runner import assert_same


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    sweep_plan(fakes.plan(), tmp_path, workers=1, execute=fakes.execute)
    return tmp_path


def files_of(root: Path, table: str) -> list[Path]:
    return sorted((root / table).glob("*.parquet"))


def test_intact_results_are_told_to_be_intact(stored: Path):
    verdict = verify(stored)
    assert verdict.intact
    assert (verdict.runs, verdict.batches) == (24, len(files_of(stored, "runs")))
    assert verdict.lines() == [f"24 runs in {verdict.batches} batches are intact, and so are the plans"]


def test_the_name_of_every_file_is_the_beginning_of_its_checksum(stored: Path):
    paths = [path for table in BATCH_TABLES for path in files_of(stored, table)]
    assert len(paths) > 8
    for path in paths:
        assert hashlib.sha256(path.read_bytes()).hexdigest().startswith(path.stem.rpartition("-")[2])


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("table", BATCH_TABLES)
@pytest.mark.parametrize("damage", [truncate, flip_a_bit, Path.unlink])
def test_a_damaged_file_is_found_and_only_its_runs_run_again(results_dir, stored: Path, table: str, damage):
    if table in ("runs", "log") and damage is Path.unlink:
        return  # Without its file of runs a batch does not exist (next test); a log holds no results.
    victim = files_of(stored, table)[1]
    batch = victim.stem.partition("-")[0]
    lost = next(one for one in Store(stored).batches() if one.name == batch)
    runs = set(Store(stored).read("runs", ["run_id"], batches=[lost])["run_id"])
    damage(victim)
    verdict = verify(stored)
    assert [(item.path, item.batch) for item in verdict.damage] == [(victim, batch)]
    assert verdict.runs == 24 - len(runs)
    ran: set[str] = set()

    def execute(task: fakes.Task) -> fakes.Outcome:
        ran.add(task.run_id)
        return fakes.execute(task)

    again = sweep_plan(fakes.plan(), stored, workers=1, execute=execute)
    assert ran == runs
    assert (again.done, again.skipped) == (len(runs), 24 - len(runs))
    assert verify(stored).intact
    assert_same(results_dir, stored)
    assert (damage is Path.unlink) or (stored / "damaged" / table / victim.name).exists()


def test_a_batch_that_is_gone_is_missed_in_its_plan(stored: Path):
    victim = files_of(stored, "runs")[0]
    gone = len(pd.read_parquet(victim))
    victim.unlink()
    assert [item.problem for item in verify(stored).plan_damage] == [f"{gone} of its runs are gone"]


def test_a_damaged_plan_is_found_and_written_again(stored: Path):
    flip_a_bit(next(path for path in files_of(stored, "plans") if path.stem.endswith("-test")))
    verdict = verify(stored)
    assert [item.problem for item in verdict.plan_damage] == ["altered or truncated"]
    assert "altered or truncated" in verdict.lines()[0]
    sweep_plan(fakes.plan(), stored, workers=1, execute=fakes.refuses_to_run)
    assert verify(stored).intact


def test_a_full_disk_loses_nothing_that_was_stored(results_dir: Path, tmp_path: Path, monkeypatch):
    written = []

    def fsync(descriptor: int) -> None:
        written.append(descriptor)
        if len(written) > 20:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr("experiments.store.os.fsync", fsync)
        with pytest.raises(StoreError, match=r"cannot write .*: no space left on device"):
            sweep_plan(fakes.plan(), tmp_path, workers=1, execute=fakes.execute)
    done = len(Store(tmp_path).read("runs"))
    assert 0 < done < 24
    assert not list(tmp_path.rglob("*.tmp"))
    again = sweep_plan(fakes.plan(), tmp_path, workers=1, execute=fakes.execute)
    assert (again.skipped, again.done) == (done, 24 - done)
    assert_same(results_dir, tmp_path)


def test_the_index_and_the_tables_are_read_by_pandas_polars_and_duckdb(stored: Path):
    import duckdb
    import polars

    ours = pd.read_parquet(stored / "index.parquet")
    assert len(ours) == 24
    assert all((stored / name).is_file() for name in ours["months_file"])
    theirs = polars.read_parquet(stored / "index.parquet")
    assert theirs["run_id"].to_list() == ours["run_id"].tolist()
    jobs = polars.read_parquet(stored / "runs" / "*.parquet").group_by("regime").agg(
        polars.col("jobs_total").mean()
    )  # fmt: skip
    expected = load_results(stored).runs.groupby("regime")["jobs_total"].mean().to_dict()
    assert dict(jobs.iter_rows()) == pytest.approx(expected)
    query = f"select count(*), count(distinct run_id) from '{stored}/months/*.parquet'"
    assert duckdb.connect().execute(query).fetchone() == (24 * 24, 24)


def test_runs_without_series_are_small_and_run_again_when_series_are_wanted(stored: Path, tmp_path: Path):
    slim = tmp_path / "slim"
    plan = fakes.plan(fakes.study(series=False))
    sweep_plan(plan, slim, workers=1, execute=fakes.execute)
    assert files_of(slim, "months") == []
    assert verify(slim).intact
    runs = load_results(slim).runs.drop(columns="series")
    pd.testing.assert_frame_equal(runs, load_results(stored).runs.drop(columns="series"))
    wanted = sweep_plan(fakes.plan(), slim, workers=1, execute=fakes.execute)
    assert (wanted.done, wanted.skipped) == (24, 0)
    assert len(load_results(slim).months(["jobs_total"])) == 24 * 24
