"""Read what a sweep left: the runs of its plan, in order, with their series and the output registry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.errors import StoreError, unknown_name
from experiments.manifest import read_manifest
from experiments.store import OK, Store

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Results:
    """The finished runs of one sweep in one country; all that figures and tables may look at.

    ``runs`` has one row per finished run (identity, design point, summary value of each output), ``failed``
    the rows of those that did not finish, ``outputs`` the registry (unit, label, ...), ``sweep`` the manifest
    entry, ``points`` the design: where each point lies in the unit cube (``u_...``) and what it sets
    (``set_...``).
    """

    store: Store
    sweep: dict[str, Any]
    outputs: dict[str, dict[str, str]]
    country: str
    runs: pd.DataFrame
    failed: pd.DataFrame
    planned: int
    points: pd.DataFrame

    @property
    def study(self) -> dict[str, Any]:
        """The study as it was when it ran."""
        return self.sweep["study"]

    @property
    def complete(self) -> bool:
        """True if every planned run is stored and succeeded."""
        return len(self.runs) == self.planned

    def require_complete(self) -> None:
        """Raise StoreError, naming what is missing, unless every planned run is stored and succeeded."""
        if not self.complete:
            failed, missing = len(self.failed), self.planned - len(self.runs) - len(self.failed)
            raise StoreError(
                f"{self.store.root}: of {self.planned} runs of {self.sweep['plan_id']} {failed} failed and "
                f"{missing} are missing; sweep again (--retry-failed), or accept it with --allow-incomplete"
            )

    def of_study(self, name: str) -> Results:
        """Open the latest sweep of another study in the same results directory."""
        return load_results(self.store.root, study=name)

    def evidence(self, name: str) -> pd.DataFrame:
        """Read a stored table of ``experiments.evidence``; its units are in ``attrs["units"]``."""
        from experiments.evidence import read_evidence

        return read_evidence(self.store.root, name)

    @property
    def regimes(self) -> list[str]:
        """Regime names that have finished runs, in the order of the study."""
        present = set(self.runs["regime"])
        return [name for name in map(self._name, self.study["regimes"]) if name in present]

    @property
    def baseline(self) -> str:
        """The regime that the others are compared with."""
        return self._name(self.study["baseline"])

    @property
    def featured(self) -> list[str]:
        """The few regimes that figures over time show; the first four if the study names none."""
        names = [self._name(name) for name in self.study["featured"]] or self.regimes[:4]
        return [name for name in names if name in self.regimes]

    @property
    def minimise(self) -> set[str]:
        """Outputs of which less is better."""
        return set(self.study["minimise"])

    def label(self, regime: str) -> str:
        """Return the label of a regime for figures and tables."""
        labels = {self._name(name): text for name, text in self.study["labels"].items()}
        return labels.get(regime, regime)

    def unit(self, output: str) -> str:
        """Return the unit of an output, as registered."""
        return self._entry(output)["unit"]

    def output_label(self, output: str) -> str:
        """Return the label of an output, as registered."""
        return self._entry(output)["label"]

    def months(self, columns: Iterable[str]) -> pd.DataFrame:
        """Read monthly series: ``run_id``, ``regime``, ``seed``, ``point``, ``month`` and the columns."""
        return self._series("months", "month", columns)

    def days(self, columns: Iterable[str]) -> pd.DataFrame:
        """Read the typical days (keys, ``season``, ``hour`` and the columns) of every run."""
        return self._series("days", "hour", ["season", *columns])

    def _series(self, table: str, clock: str, columns: Iterable[str]) -> pd.DataFrame:
        wanted = list(columns)
        keys = ["run_id", "season", clock] if "season" in wanted else ["run_id", clock]
        values = [name for name in wanted if name not in keys]
        frame = self.store.read(table, [*keys, *values], set(self.runs["run_id"]))
        missing = [name for name in values if name not in frame.columns]
        if missing:
            raise StoreError(f"{self.store.root}: {table}: no column {', '.join(missing)}; sweep again")
        # The same run can be in two batches when a sweep was killed while it wrote; both are equal.
        frame = frame.drop_duplicates(keys)
        return self.runs[["run_id", "regime", "seed", "point"]].merge(frame, on="run_id", how="inner")

    def _entry(self, output: str) -> dict[str, str]:
        if output not in self.outputs:
            raise StoreError(f"{self.store.root}: {unknown_name('output', output, self.outputs)}")
        return self.outputs[output]

    def _name(self, regime: str) -> str:
        return self.sweep["regime_names"].get(regime, regime)


def publication_folder(results: Results) -> Path:
    """Return where tables and figures of a study go, so that one study never replaces those of another.

    The results directory itself belongs to the headline study, without it to the first study in there; the
    others have ``studies/NAME``.
    """
    from experiments.figures import HEADLINE

    root = results.store.root
    names = [sweep["study"]["name"] for sweep in read_manifest(root)["sweeps"]]
    owner = HEADLINE if HEADLINE in names else names[0]
    name = results.study["name"]
    return root if name == owner else root / "studies" / name


def load_results(root: Path | str, country: str | None = None, study: str | None = None) -> Results:
    """Open the latest sweep of a results directory (of a study, if named) for one country (default: the
    first one of its study).
    """
    manifest = read_manifest(root)
    sweeps = [sweep for sweep in manifest["sweeps"] if study in (None, sweep["study"]["name"])]
    if not sweeps:
        wanted = (
            f"of the study '{study}'; run: wattlab sweep {study} --out {root}" if study else "; sweep first"
        )
        raise StoreError(f"{root}: the manifest lists no sweep {wanted}".replace(" ;", ";"))
    sweep = sweeps[-1]
    store = Store(root)
    plan = store.read_plan(sweep["plan_id"])
    countries = list(dict.fromkeys(plan["country"]))
    if country is not None and country not in countries:
        raise StoreError(f"{root}: {unknown_name('country', country, countries)}")
    plan = plan[plan["country"] == (country or countries[0])]
    rows = store.read("runs", run_ids=set(plan["run_id"]))
    if rows.empty or not (rows["status"] == OK).any():
        raise StoreError(f"{root}: no finished run of {sweep['plan_id']}; sweep first")
    done = rows[rows["status"] == OK].drop_duplicates("run_id")
    failed = rows[~rows["run_id"].isin(done["run_id"])].drop_duplicates("run_id", keep="last")
    # Plan order (not the order of batches on disk) makes every later step independent of scheduling. The plan
    # also says which points a run belongs to; it may be several.
    places = plan[["run_id", "point"]]
    runs = places.merge(done, on="run_id", how="inner")
    return Results(
        store=store,
        sweep=sweep,
        outputs=manifest["outputs"],
        country=country or countries[0],
        runs=runs,
        failed=places.merge(failed, on="run_id", how="inner"),
        planned=len(plan),
        points=store.read_plan(sweep["plan_id"], "points"),
    )
