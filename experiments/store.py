"""The results directory: immutable, content-addressed runs in Parquet, each file written atomically.

Layout (every file is plain Parquet or JSON, readable without WattLab):

* ``runs/B-H.parquet``: one row per run: identity, status, error, and the summary value of every output;
* ``months/B-H.parquet``: ``run_id``, ``month``, every output; ``days/B-H.parquet``: typical day by season;
* ``log/B-H.parquet``: wall time and end time of each run, the only data that differ between equal sweeps;
* ``plans/P.parquet``: the replicates of a sweep and which run each is; ``plans/P.scenarios.parquet``: its
  scenarios before the overrides; ``plans/P.points.parquet``: its design points;
* ``index.parquet``: every run with its status and its files; ``damaged/``: what a sweep set aside;
* ``manifest.json``: the sweeps, code and package versions, output registry (``experiments.manifest``).

B names the runs of a batch, H is the beginning of the SHA-256 of the file itself, so that every file vouches
for its own content. A batch exists when its file in ``runs/`` does: it is written last and names the others.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.errors import StoreError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SCHEMA_VERSION = "2"
BATCH_TABLES = ("runs", "months", "days", "log")
TABLES = (*BATCH_TABLES, "plans")
DAMAGED, INDEX = "damaged", "index.parquet"
# Hex digits of a checksum that stand in the name of a file.
SUM_DIGITS = 16
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


@dataclass(frozen=True)
class Encoded:
    """A batch as the bytes of its files, ``runs`` last; made anywhere, written by whoever has the disk."""

    name: str
    files: dict[str, bytes]


def encode(batch: Batch) -> Encoded:
    """Encode a batch; its file of runs names the checksums of its series."""
    files, sums = {}, {}
    for table, frame in (("months", batch.months), ("days", batch.days)):
        if frame is not None:
            files[table] = parquet_bytes(frame)
            sums[f"{table}_sha256"] = hashlib.sha256(files[table]).hexdigest()
    files["log"] = parquet_bytes(batch.log)
    files["runs"] = parquet_bytes(batch.runs, sums)
    return Encoded(batch.name, files)


@dataclass(frozen=True)
class Stored:
    """A batch on disk: its files by table, and those that its file of runs names but that are not there."""

    name: str
    files: dict[str, Path]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Damage:
    """A file that is not what it was: missing, truncated or altered; ``batch`` names its batch."""

    path: Path
    problem: str
    batch: str


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
    # A dictionary helps words that repeat; numbers that differ it only slows down.
    words = [field.name for field in table.schema if pa.types.is_string(field.type)]
    words += [field.name for field in table.schema if pa.types.is_large_string(field.type)]
    pq.write_table(table, buffer, compression="zstd", use_dictionary=words or False)
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
        """Add a batch of runs."""
        self.write(encode(batch))

    def write(self, encoded: Encoded) -> None:
        """Add an encoded batch: data first, the file in ``runs/`` last, because it makes the batch exist."""
        for table, content in encoded.files.items():
            atomic_write(self._file(table, encoded.name, hashlib.sha256(content).hexdigest()), content)

    def write_plan(self, plan_id: str, tables: dict[str, pd.DataFrame]) -> dict[str, str]:
        """Add the tables of a plan ("" is the list of runs, written last); returns the checksum of each."""
        sums = {}
        for kind, frame in sorted(tables.items(), reverse=True):
            path = self.plan_file(plan_id, kind)
            content = parquet_bytes(frame)
            atomic_write(path, content)
            sums[path.name] = hashlib.sha256(content).hexdigest()
        return sums

    def plan_file(self, plan_id: str, kind: str = "") -> Path:
        """Return the path of a table of a plan."""
        return self.root / "plans" / f"{plan_id}{'.' if kind else ''}{kind}.parquet"

    def _file(self, table: str, batch: str, checksum: str) -> Path:
        return self.root / table / f"{batch}-{checksum[:SUM_DIGITS]}.parquet"

    def stored(self) -> list[Stored]:
        """List the batches whose file in ``runs/`` can be read, complete or not, by name."""
        logs = {path.stem.partition("-")[0]: path for path in self._parquet("log")}
        found = []
        for path in self._parquet("runs"):
            notes = _notes(path)
            if notes is None:
                continue
            name = path.stem.partition("-")[0]
            files = {"runs": path} | ({"log": logs[name]} if name in logs else {})
            for table in ("months", "days"):
                if checksum := notes.get(f"{table}_sha256".encode()):
                    files[table] = self._file(table, name, checksum.decode())
            found.append(Stored(name, files, tuple(t for t, file in files.items() if not file.exists())))
        return found

    def batches(self) -> list[Stored]:
        """List the batches that exist: the file in ``runs/`` is there and so is every file it names."""
        return [batch for batch in self.stored() if not batch.missing]

    def damage(self) -> list[Damage]:
        """Compare every file of every batch with the checksum in its name; list what differs."""
        found = [
            Damage(path, "cannot be read", path.stem.partition("-")[0])
            for path in self._parquet("runs")
            if _notes(path) is None
        ]
        for batch in self.stored():
            for table, path in batch.files.items():
                if table in batch.missing:
                    found.append(Damage(path, "missing", batch.name))
                elif checksum_of(path)[:SUM_DIGITS] != path.stem.rpartition("-")[2]:
                    found.append(Damage(path, "altered or truncated", batch.name))
        return found

    def set_aside(self, damage: Iterable[Damage]) -> None:
        """Move the batches with damaged files out of the way, whole, so that only their runs run again."""
        names = {item.batch for item in damage}
        for table in BATCH_TABLES:
            for path in self._parquet(table):
                if path.stem.partition("-")[0] in names:
                    target = self.root / DAMAGED / table
                    target.mkdir(parents=True, exist_ok=True)
                    path.replace(target / path.name)

    def settled(self, *, retry_failed: bool = False, series: bool = False) -> set[str]:
        """Return the ids of runs that need not run again: done, or failed in the model (and would again).

        With ``series``, runs that were stored without their monthly series do not count.
        """
        rows = self.read("runs", columns=["run_id", "status", "series"])
        if rows.empty:
            return set()
        keep = [OK] if retry_failed else [OK, FAILED]
        enough = rows["series"] if series else rows["series"].notna()
        return set(rows.loc[rows["status"].isin(keep) & enough, "run_id"])

    def read(
        self,
        table: str,
        columns: Iterable[str] | None = None,
        run_ids: set[str] | None = None,
        batches: Iterable[Stored] | None = None,
    ) -> pd.DataFrame:
        """Read one table of all batches into pandas; only these columns, runs and batches, if given."""
        import pandas as pd
        import pyarrow as pa

        wanted = list(columns) if columns is not None else None
        chosen = self.batches() if batches is None else batches
        files = [batch.files[table] for batch in chosen if table in batch.files]
        parts = [_read_part(path, wanted) for path in files]
        if not parts:
            return pd.DataFrame(columns=wanted or [])
        frame = pa.concat_tables(parts, promote_options="permissive").to_pandas()
        return frame if run_ids is None else frame[frame["run_id"].isin(run_ids)].reset_index(drop=True)

    def read_plan(self, plan_id: str, kind: str = "") -> pd.DataFrame:
        """Read a table of a plan: the list of runs ("") or its design ("points")."""
        path = self.plan_file(plan_id, kind)
        if not path.exists():
            raise StoreError(f"{self.root}: the plan {plan_id} is missing; sweep again")
        return _read_part(path, None).to_pandas()

    def read_scenarios(self, plan_id: str) -> dict[str, str]:
        """Read the canonical JSON of the scenarios of a sweep before the overrides, by their hash."""
        frame = self.read_plan(plan_id, "scenarios")
        return dict(zip(frame["base_hash"], frame["scenario"], strict=True))

    def write_index(self) -> None:
        """Write ``index.parquet``: one row per stored run, its identity, status and files."""
        import pandas as pd

        keys = [
            "run_id",
            "country",
            "regime",
            "seed",
            "months",
            "engine",
            "scenario_hash",
            "status",
            "series",
        ]
        parts = []
        for batch in self.batches():
            part = _read_part(batch.files["runs"], keys).to_pandas()
            for table in BATCH_TABLES:
                path = batch.files.get(table)
                part[f"{table}_file"] = path.relative_to(self.root).as_posix() if path else ""
            parts.append(part)
        if parts:
            frame = pd.concat(parts, ignore_index=True).sort_values(["run_id", "runs_file"])
            atomic_write(self.root / INDEX, parquet_bytes(frame))

    def remove_leftovers(self) -> None:
        """Delete temporary files and data of batches that never came to exist (an interrupted write)."""
        known = {path for batch in self.batches() for path in batch.files.values()}
        for table in ("months", "days", "log"):
            for path in self._parquet(table):
                if path not in known:
                    path.unlink(missing_ok=True)
        for table in TABLES:
            for path in (self.root / table).glob(".*.tmp"):
                path.unlink(missing_ok=True)

    def _parquet(self, table: str) -> list[Path]:
        return sorted((self.root / table).glob("[!.]*.parquet"))


def checksum_of(path: Path) -> str:
    """Compute the SHA-256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _notes(path: Path) -> dict[bytes, bytes] | None:
    """Read the notes of a Parquet file; None if it cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_schema(path).metadata or {}
    except (OSError, pa.ArrowInvalid):
        return None


def _read_part(path: Path, columns: list[str] | None) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        part = pq.ParquetFile(path)
        known = part.schema_arrow.names
        chosen = known if columns is None else [column for column in columns if column in known]
        return part.read(columns=chosen).replace_schema_metadata(None)
    except (OSError, pa.ArrowInvalid) as error:
        raise StoreError(
            f"{path}: damaged; 'wattlab verify' finds all such files, 'wattlab sweep' runs them again"
        ) from error
