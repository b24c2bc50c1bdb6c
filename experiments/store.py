"""The results directory: immutable, content-addressed runs in Parquet, each file written atomically.

Layout (every file is plain Parquet or JSON, readable without WattLab):

* ``runs/B.parquet``: one row per run: identity, status, error, and the summary value of every output;
* ``months/B.parquet``: ``run_id``, ``month``, every output; ``days/B.parquet``: the typical day by season;
* ``log/B.parquet``: wall time and end time of each run, the only data that differ between two equal sweeps;
* ``plans/P.parquet``, ``plans/P.scenarios.parquet``: the runs of a sweep and their full scenarios;
* ``manifest.json``: the sweeps, code and package versions, output registry (``experiments.manifest``).

A batch exists when its file in ``runs/`` exists: it is written last and holds the checksums of the other two.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.errors import StoreError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SCHEMA_VERSION = "1"
TABLES = ("runs", "months", "days", "log", "plans")
OK, FAILED, LOST = "ok", "failed", "lost"


@dataclass
class Batch:
    """The tables of one batch of runs; ``months`` and ``days`` may be None when no run of it succeeded."""

    runs: pd.DataFrame
    months: pd.DataFrame | None
    days: pd.DataFrame | None
    log: pd.DataFrame

    @property
    def name(self) -> str:
        """Name the batch by the runs in it, so that the same batch always has the same name."""
        return hashlib.sha256("".join(self.runs["run_id"]).encode()).hexdigest()[:16]


def atomic_write(path: Path, content: bytes) -> None:
    """Write a file so that it is either there complete or not there, even if the process or machine dies."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise StoreError(f"cannot write {path}: {(error.strerror or str(error)).lower()}") from error


def parquet_bytes(frame: pd.DataFrame, metadata: dict[str, str] | None = None) -> bytes:
    """Encode a frame as Parquet (zstd), with its index dropped and its schema version in the metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False)
    notes = {"wattlab_schema": SCHEMA_VERSION, **(metadata or {})}
    table = table.replace_schema_metadata({key: str(value) for key, value in notes.items()})
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


class Store:
    """A results directory on disk: what is in it, and how runs get in."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)

    @classmethod
    def create(cls, root: Path | str) -> Store:
        """Make (or reuse) a results directory and check that it can be written."""
        store = cls(root)
        try:
            for table in TABLES:
                (store.root / table).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"cannot write {store.root}: {(error.strerror or str(error)).lower()}"
            ) from error
        probe = store.root / ".writable"
        atomic_write(probe, b"")
        probe.unlink(missing_ok=True)
        return store

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep a second sweep out of this directory; the lock ends with the process, however it ends."""
        try:
            import fcntl
        except ImportError:  # Not on this platform: two sweeps at once are then the user's to avoid.
            yield
            return
        with (self.root / ".lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise StoreError(f"{self.root}: another sweep is writing to this directory") from error
            yield

    def write_batch(self, batch: Batch) -> None:
        """Add a batch: data first, the file in ``runs/`` last, because it makes the batch exist."""
        sums = {}
        for table, frame in (("months", batch.months), ("days", batch.days)):
            if frame is not None:
                content = parquet_bytes(frame)
                sums[f"{table}_sha256"] = hashlib.sha256(content).hexdigest()
                atomic_write(self.file(table, batch.name), content)
        atomic_write(self.file("log", batch.name), parquet_bytes(batch.log))
        atomic_write(self.file("runs", batch.name), parquet_bytes(batch.runs, sums))

    def write_plan(self, plan_id: str, rows: pd.DataFrame, scenarios: pd.DataFrame) -> None:
        """Add the list of runs of a sweep and the scenarios they use."""
        atomic_write(self.file("plans", f"{plan_id}.scenarios"), parquet_bytes(scenarios))
        atomic_write(self.file("plans", plan_id), parquet_bytes(rows))

    def file(self, table: str, name: str) -> Path:
        """Return the path of one Parquet file."""
        return self.root / table / f"{name}.parquet"

    def batches(self) -> list[str]:
        """List the batches that exist: the file in ``runs/`` is there and so is every file it vouches for."""
        names = sorted(path.stem for path in (self.root / "runs").glob("[!.]*.parquet"))
        return [name for name in names if self._complete(name)]

    def _complete(self, name: str) -> bool:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            notes = pq.read_schema(self.file("runs", name)).metadata or {}
        except (OSError, pa.ArrowInvalid):
            return False
        return all(
            self.file(table, name).exists()
            for table in ("months", "days")
            if f"{table}_sha256".encode() in notes
        )

    def settled(self, *, retry_failed: bool = False) -> set[str]:
        """Return the ids of runs that need not run again: done, or failed in the model (and would again)."""
        rows = self.read("runs", columns=["run_id", "status"])
        if rows.empty:
            return set()
        keep = [OK] if retry_failed else [OK, FAILED]
        return set(rows.loc[rows["status"].isin(keep), "run_id"])

    def read(
        self, table: str, columns: Iterable[str] | None = None, run_ids: set[str] | None = None
    ) -> pd.DataFrame:
        """Read one table of all batches into pandas; only these columns and runs, if given."""
        import pandas as pd
        import pyarrow as pa

        wanted = list(columns) if columns is not None else None
        parts = [part for name in self.batches() if (part := self._read_one(table, name, wanted)) is not None]
        if not parts:
            return pd.DataFrame(columns=wanted or [])
        frame = pa.concat_tables(parts, promote_options="permissive").to_pandas()
        return frame if run_ids is None else frame[frame["run_id"].isin(run_ids)].reset_index(drop=True)

    def _read_one(self, table: str, name: str, columns: list[str] | None) -> pa.Table | None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.file(table, name)
        if not path.exists():
            return None
        try:
            part = pq.ParquetFile(path)
            known = part.schema_arrow.names
            chosen = known if columns is None else [column for column in columns if column in known]
            return part.read(columns=chosen).replace_schema_metadata(None)
        except (OSError, pa.ArrowInvalid) as error:
            raise StoreError(f"{path}: damaged or not Parquet; delete it and sweep again") from error

    def read_plan(self, plan_id: str) -> pd.DataFrame:
        """Read the list of runs of a sweep."""
        import pyarrow.parquet as pq

        path = self.file("plans", plan_id)
        if not path.exists():
            raise StoreError(f"{self.root}: the plan {plan_id} is missing; sweep again")
        return pq.ParquetFile(path).read().to_pandas()

    def read_scenarios(self, plan_id: str) -> dict[str, str]:
        """Read the canonical JSON of every scenario of a sweep, by scenario hash."""
        import pyarrow.parquet as pq

        path = self.file("plans", f"{plan_id}.scenarios")
        frame: Any = pq.ParquetFile(path).read().to_pandas()
        return dict(zip(frame["scenario_hash"], frame["scenario"], strict=True))

    def remove_leftovers(self) -> None:
        """Delete temporary files and data of batches that never came to exist (an interrupted write)."""
        known = set(self.batches())
        for table in ("months", "days", "log"):
            for path in (self.root / table).glob("[!.]*.parquet"):
                if path.stem not in known:
                    path.unlink(missing_ok=True)
        for table in TABLES:
            for path in (self.root / table).glob(".*.tmp"):
                path.unlink(missing_ok=True)
