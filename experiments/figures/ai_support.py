"""Figure: what tax holiday, priority, training and lower country risk add, and what they cost the public."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.base import COLOURS, new_figure, plain_ticks
from experiments.results import Results

HEIGHT_MM = 62.0
PANELS = (
    ("mw_years", "Capacity added\n(MW IT years)", 1.0),
    ("outlay_usd", "Outlay, tax waived\n(USD million)", 1e6),
    ("net_usd", "Net fiscal outcome\n(USD million)", 1e6),
    ("mw_years_per_musd", "Capacity per USD m\nof outlay (MW years)", 1.0),
    ("job_years_per_musd", "Local jobs per USD m\nof outlay (job-years)", 1.0),
)


def load(results: Results) -> pd.DataFrame:
    """Take effects and costs by kind of support."""
    return results.evidence("ai_support")


def draw(frame: pd.DataFrame) -> Figure:
    """Draw a panel per measure and a row per kind of support."""
    figure = new_figure("double", HEIGHT_MM)
    grid = figure.subplots(1, len(PANELS), sharey=True)
    for axes, (measure, label, scale) in zip(grid, PANELS, strict=True):
        _panel(axes, frame, measure, scale)
        axes.set_xlabel(label, fontsize=6.5)
    grid[0].set_yticks(range(len(frame)), frame["label"])
    grid[0].set_ylim(len(frame) - 0.5, -0.5)
    return figure


def _panel(axes: Axes, frame: pd.DataFrame, measure: str, scale: float) -> None:
    axes.axvline(0.0, color=COLOURS["ink"], linewidth=0.6)
    for place, value in enumerate(frame[measure]):
        if not math.isfinite(value):
            axes.annotate("no outlay", (0.0, place), fontsize=6.0, color="#666666", va="center", ha="left")
    found = np.isfinite(frame[measure].to_numpy())
    places = np.arange(len(frame))[found]
    data = frame[found]
    axes.hlines(
        places, data[f"{measure}_low"] / scale, data[f"{measure}_high"] / scale,
        color=COLOURS["contrast"], linewidth=1.0,
    )  # fmt: skip
    axes.plot(data[measure] / scale, places, "o", color=COLOURS["contrast"], markersize=3.5)
    axes.tick_params(axis="y", length=0)
    plain_ticks(axes, "x")
    axes.margins(x=0.12)


def caption(frame: pd.DataFrame) -> str:
    """Say what is compared and what counts as public money."""
    return (
        "Announced offer in Pakistan over ten years with one kind of support against none of them, "
        f"{frame['seeds'].iloc[0]} seeds shared. Public outlay: income tax waived, training places, and "
        "cover of "
        "three points of country risk bought abroad; priority connection costs no money but time of others. "
        "Net fiscal outcome: the treasury's revenue less programme cost. Local jobs: building "
        "and running sites; a shorter building time lowers job-years. Training changes nothing here because "
        "vacancies are few next to the pools."
    )
