"""Figure: what the regimes that no other beats cost and bring."""

from __future__ import annotations

from textwrap import fill

import pandas as pd
from matplotlib.figure import Figure

from experiments.errors import StoreError
from experiments.figures.base import COLOURS, label_points, new_figure, plain_ticks
from experiments.results import Results
from experiments.units import scale_for

HEIGHT_MM = 74.0
SETTING = "set_"
LABEL_WIDTH = 48  # characters of a line


def load(results: Results) -> pd.DataFrame:
    """Value the objectives of every candidate of the front: mean over worlds, and their standard error."""
    search = results.study["search"]
    if not search:
        raise StoreError(f"{results.store.root}: {results.study['name']} is no policy search")
    names = [f"{SETTING}{name}" for name in search["instruments"]]
    points = results.points[["point", *names]]
    runs = results.runs.merge(points, on="point")
    rows = []
    for number, (setting, part) in enumerate(runs.groupby(names, sort=False), start=1):
        row: dict[str, object] = {"candidate": number, "worlds": len(part)}
        row |= {name.removeprefix(SETTING): value for name, value in zip(names, setting, strict=True)}
        for output in search["objectives"]:
            row |= {
                output: part[output].mean(),
                f"{output}_error": part[output].std(ddof=1) / len(part) ** 0.5,
            }
        rows.append(row)
    frame = pd.DataFrame(rows)
    objectives = list(search["objectives"])
    frame.attrs["units"] = {"worlds": "worlds"} | {
        f"{name}{end}": results.unit(name) for name in objectives for end in ("", "_error")
    }
    frame.attrs["objectives"] = {
        name: (results.output_label(name), results.unit(name), sense)
        for name, sense in search["objectives"].items()
    }
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw the first two objectives against each other and the others against each other, numbered alike."""
    objectives = list(frame.attrs["objectives"])
    pairs = [objectives[start : start + 2] for start in range(0, len(objectives) - 1, 2)]
    figure = new_figure("double", HEIGHT_MM)
    named = []
    for axes, (across, up) in zip(figure.subplots(1, len(pairs), squeeze=False)[0], pairs, strict=True):
        scales = {}
        for name in (across, up):
            label, unit, sense = frame.attrs["objectives"][name]
            scales[name] = scale_for(unit, float(frame[name].abs().max()))
            better = "more" if sense == "max" else "less"
            text = f"{label} ({scales[name].unit or 'number'}; {better} is better)"
            (axes.set_xlabel if name == across else axes.set_ylabel)(fill(text, LABEL_WIDTH))
        x, y = (frame[name] / scales[name].factor for name in (across, up))
        axes.plot(x, y, "o", color=COLOURS["ai"], markersize=3.0)
        named.append((axes, list(zip(x, y, frame["candidate"].astype(str), strict=True))))
        axes.margins(0.08)
        plain_ticks(axes, "x")
        plain_ticks(axes, "y")
    for axes, points in named:
        label_points(axes, points)
    return figure


def caption(frame: pd.DataFrame) -> str:
    """Say what a point is."""
    return (
        f"Each of the {len(frame)} points is a setting of the instruments that no other one that was tried "
        "beats in all objectives; the same number is the same setting, numbers without room are left out. "
        f"Means over {int(frame['worlds'].min())} worlds. The settings are in the table beside this figure."
    )
