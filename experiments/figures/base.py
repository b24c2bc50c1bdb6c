"""What all figures share: sizes, colours, statistics over runs, and saving with data and caption."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Protocol, cast

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from matplotlib.transforms import Bbox

from experiments.figures import FigureSpec
from experiments.palette import COLOURS as COLOURS
from experiments.provenance import code_version
from experiments.results import Results
from experiments.store import atomic_write
from experiments.tables import csv_with_units
from experiments.units import number
from experiments.wording import seed_text

ENDINGS = ("pdf", "png", "svg", "csv", "txt", "json")
MM_PER_INCH = 25.4
# Where the name of a point may stand: offset in points, and the side of the text that is at the point
LABEL_SPOTS = (
    ((3.0, 2.0), "left", "bottom"),
    ((3.0, -2.0), "left", "top"),
    ((-3.0, 2.0), "right", "bottom"),
    ((-3.0, -2.0), "right", "top"),
)
WIDTH_MM = {"single": 89.0, "double": 183.0}


class FigureModule(Protocol):
    """What a figure module provides."""

    def load(self, results: Results) -> pd.DataFrame:
        """Read the plotted data; units of the columns in ``attrs["units"]``."""

    def draw(self, frame: pd.DataFrame) -> Figure:
        """Draw the data."""

    def caption(self, frame: pd.DataFrame) -> str:
        """Say what is shown and how to read it."""


@contextmanager
def style() -> Iterator[None]:
    """Apply the project's style file, and only it, whatever the user's own settings are."""
    path = resources.files("experiments.figures") / "style.mplstyle"
    with mpl.rc_context(), resources.as_file(path) as file:
        mpl.rcdefaults()
        mpl.rcParams.update(mpl.rc_params_from_file(file, use_default_template=False))
        yield


def new_figure(width: str, height_mm: float) -> Figure:
    """Make an empty figure of a journal width; height in mm."""
    size = (WIDTH_MM[width] / MM_PER_INCH, height_mm / MM_PER_INCH)
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def new_panels(frame: pd.DataFrame, height_mm: float) -> tuple[Figure, list[tuple[Axes, str]]]:
    """Make a double-width figure with a panel for each output of a frame, four at most; others are hidden."""
    outputs = list(dict.fromkeys(frame["output"]))
    figure = new_figure("double", height_mm)
    grid = figure.subplots(2, 2, squeeze=False).ravel()
    for axes in grid[len(outputs) :]:
        axes.set_visible(False)
    return figure, list(zip(grid, outputs, strict=False))


def save_figure(spec: FigureSpec, module: object, results: Results, out: Path) -> list[Path]:
    """Load, draw and save one figure; the same data give the same bytes.

    NAME.pdf (fonts embedded), .png (300 dpi), .svg, .csv (the plotted data, with a units row), .txt (caption)
    and .json (the facts of the caption for programs).
    """
    maker = cast(FigureModule, module)
    frame = maker.load(results)
    facts = figure_facts(spec, maker.caption(frame), frame, results)
    with style():
        figure = maker.draw(frame)
        if facts["incomplete"]:
            figure.suptitle(f"INCOMPLETE: {facts['incomplete']}", color="#D55E00", fontweight="bold")
        contents = {"png": _rendered(figure, "png", {"Title": spec.title})}
        figure.set_layout_engine("none")  # Laid out once is enough, and it is the slow part.
        contents["pdf"] = _rendered(figure, "pdf", {"CreationDate": None, "Title": spec.title})
        contents["svg"] = _rendered(figure, "svg", {"Date": None, "Title": spec.title})
    contents["csv"] = csv_with_units(frame, frame.attrs["units"]).encode()
    contents["txt"] = full_caption(facts).encode()
    contents["json"] = (json.dumps(facts, indent=1, ensure_ascii=False) + "\n").encode()
    paths = []
    for ending in ENDINGS:
        path = out / f"{spec.name}.{ending}"
        atomic_write(path, contents[ending])
        paths.append(path)
    return paths


def _rendered(figure: Figure, kind: str, metadata: dict[str, str | None]) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, metadata=metadata)
    return buffer.getvalue()


def figure_facts(spec: FigureSpec, text: str, frame: pd.DataFrame, results: Results) -> dict[str, Any]:
    """Gather what a reader has to know to check a figure; every value is plain JSON."""
    facts: dict[str, Any] = {
        "figure": spec.number,
        "name": spec.name,
        "title": spec.title,
        "caption": text,
        "interval": spec.interval,
        "units": {name: frame.attrs["units"][name] for name in frame.columns if name in frame.attrs["units"]},
        "evidence": list(spec.evidence),
        "incomplete": "",
        "code_version": code_version() if spec.evidence else results.sweep["code_version"],
    }
    if spec.reads_runs:
        counts = results.runs.groupby("regime", sort=False).size()
        used = results.runs.drop_duplicates(["regime", "scenario_hash"]).groupby("regime")["scenario_hash"]
        missing = results.planned - len(results.runs)
        facts |= {
            "study": results.study["name"],
            "country": results.country,
            "months": int(results.runs["months"].max()),
            "runs_by_regime": {name: int(counts[name]) for name in results.regimes},
            "points": int(results.runs["point"].nunique()),
            "seeds": sorted({int(seed) for seed in results.runs["seed"]}),
            "scenario_hashes": {name: sorted(used.get_group(name)) for name in results.regimes},
            "plan": results.sweep["plan_id"],
            "incomplete": "" if results.complete else f"{missing} of {results.planned} runs are missing",
        }
    return facts


def full_caption(facts: dict[str, Any]) -> str:
    """Write the caption for people: what is shown, intervals, units, n, seeds, scenarios and code version."""
    lines = [
        f"Figure {facts['figure']}. {facts['title']}. {facts['caption']}",
        f"Intervals: {facts['interval']}.",
        f"Units of the data: {_unit_text(facts['units'])}.",
    ]
    if "plan" in facts:
        counts = " or ".join(str(count) for count in sorted(set(facts["runs_by_regime"].values())))
        hashes = "; ".join(
            f"{name} {found[0] if len(found) == 1 else f'{len(found)} design points'}"
            for name, found in facts["scenario_hashes"].items()
        )
        points = f" at {facts['points']} design points" if facts["points"] > 1 else ""
        lines += [
            f"n = {counts} runs per regime of {facts['months']} months in {facts['country']}; "
            f"{seed_text(facts['seeds'])}{points}, shared by all regimes.",
            f"Scenario hashes: {hashes}.",
            f"Runs: plans/{facts['plan']}.parquet.",
        ]
    if facts["evidence"]:
        lines.append(f"Evidence: {', '.join(f'evidence/{name}.csv' for name in facts['evidence'])}.")
    if facts["incomplete"]:
        lines.append(f"INCOMPLETE: {facts['incomplete']}.")
    return "\n".join([*lines, f"Code version {facts['code_version']}.", ""])


def _unit_text(units: dict[str, str]) -> str:
    """Group columns by unit; "unit" stands for the unit that the row names in its own column."""
    groups: dict[str, list[str]] = {}
    for name, unit in units.items():
        groups.setdefault(unit, []).append(name)
    named = {"unit": "as the column unit says", "1": "pure number", "": "pure number"}
    return "; ".join(f"{', '.join(names)}: {named.get(unit, unit)}" for unit, names in groups.items())


def over_runs(frame: pd.DataFrame, keys: Sequence[str], columns: Iterable[str]) -> pd.DataFrame:
    """Summarise each column over runs within ``keys``: columns ``output``, ``mean`` and five quantiles."""
    levels = {"p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}
    parts = []
    for column in columns:
        grouped = frame.groupby(list(keys), sort=False, observed=True)[column]
        part = grouped.mean().rename("mean").to_frame()
        for name, level in levels.items():
            part[name] = grouped.quantile(level)
        part.insert(0, "output", column)
        parts.append(part.reset_index())
    return pd.concat(parts, ignore_index=True)


def years_of(months: Iterable[str]) -> np.ndarray:
    """Turn month labels (2025-06) into decimal years at the start of the month."""
    return np.array([int(label[:4]) + (int(label[5:7]) - 1) / 12 for label in months])


def plain_ticks(axes: Axes, which: str) -> None:
    """Write tick labels of an axis ("x" or "y") without exponents, thousands separated."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 6).replace("-", "\N{MINUS SIGN}")))


def label_points(axes: Axes, points: Iterable[tuple[float, float, str]]) -> int:
    """Name points, in their order, where the name lies in the axes and covers no other name or point.

    Those without room stay without a name. Call it last: limits and texts of the figure have to be there.
    Returns the number of points named.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    wanted = list(points)
    places = axes.transData.transform(np.array([(x, y) for x, y, _ in wanted]).reshape(-1, 2))
    taken = [Bbox.from_bounds(x - 1.0, y - 1.0, 2.0, 2.0) for x, y in places]
    for x, y, text in wanted:
        for offset, ha, va in LABEL_SPOTS:
            label = axes.annotate(
                text, (x, y), xytext=offset, textcoords="offset points", ha=ha, va=va, fontsize=6.0
            )
            box = label.get_window_extent()
            inside = axes.bbox.x0 <= box.x0 and box.x1 <= axes.bbox.x1
            inside = inside and axes.bbox.y0 <= box.y0 and box.y1 <= axes.bbox.y1
            if inside and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            label.remove()
    return len(taken) - len(wanted)


def regime_order(frame: pd.DataFrame) -> list[str]:
    """Return the regimes of a frame in the order in which they appear (that of the study)."""
    return list(dict.fromkeys(frame["regime"]))


def label_of(frame: pd.DataFrame, regime: str) -> str:
    """Return the label of a regime from the columns ``regime`` and ``regime_label``."""
    return str(frame.loc[frame["regime"] == regime, "regime_label"].iloc[0])
