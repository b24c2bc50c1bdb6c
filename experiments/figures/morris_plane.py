"""Figure: elementary effects, size against spread, of every screened parameter on up to four outcomes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.figures.base import COLOURS, label_points, new_panels, plain_ticks
from experiments.results import Results
from experiments.sensitivity import indices_of
from experiments.units import scale_for

PANELS = 4
LABELLED = 6
HEIGHT_MM = 130.0


def load(results: Results) -> pd.DataFrame:
    """Compute the elementary effects of the first outputs; one row per outcome and parameter."""
    frame = indices_of(results, results.study["outputs"][:PANELS])
    frame.insert(2, "label", [results.output_label(name) for name in frame["output"]])
    frame.insert(3, "unit", [results.unit(name) for name in frame["output"]])
    frame.attrs["units"] = dict.fromkeys(frame.select_dtypes("number").columns, "unit")
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw a panel per outcome; the largest effects are named."""
    figure, panels = new_panels(frame, HEIGHT_MM)
    named = []
    for axes, output in panels:
        rows = frame[frame["output"] == output].sort_values("mu_star", ascending=False)
        scale = scale_for(rows["unit"].iloc[0], rows[["mu_star", "sigma"]].abs().max().max())
        size, spread = rows["mu_star"] / scale.factor, rows["sigma"] / scale.factor
        ends = (rows["mu_star_low"] / scale.factor, rows["mu_star_high"] / scale.factor)
        axes.hlines(spread, *ends, color=COLOURS["grey"], linewidth=0.6)
        axes.plot(size, spread, "o", color=COLOURS["ai"], markersize=2.6)
        limit = max(float(size.max()), float(spread.max()), 1e-12)
        axes.plot([0.0, limit], [0.0, limit], color=COLOURS["grey"], linewidth=0.6, linestyle=":")
        count = min(LABELLED, int(np.count_nonzero(size > 0.0)))
        names = rows["factor"].str.replace("_", " ")
        named.append((axes, list(zip(size[:count], spread[:count], names[:count], strict=True))))
        axes.set_title(rows["label"].iloc[0])
        axes.set_xlabel(f"mean size of the effect ({scale.unit or 'number'})")
        axes.set_ylabel("its standard deviation")
        axes.set_xlim(0.0, limit * 1.45)
        axes.set_ylim(0.0, limit * 1.1)
        plain_ticks(axes, "x")
        plain_ticks(axes, "y")
    for axes, points in named:
        label_points(axes, points)
    return figure


def caption(frame: pd.DataFrame) -> str:
    """Say what a point is."""
    count = frame["factor"].nunique()
    return (
        f"Each point is one of {count} parameters: mean absolute elementary effect for a move through its "
        "whole range, with a 95 % bootstrap interval, against the standard deviation of the effect. Near "
        "zero: does not matter. Above the dotted line: acts through interactions or a curve. The "
        f"{LABELLED} largest are named where there is room."
    )
