"""Figure: jobs by skill and phase, direct and beyond with the band of the multiplier."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.base import COLOURS, label_of, new_figure, plain_ticks, regime_order
from experiments.results import Results

SKILLS = {
    "construction": ("Construction workers", "#999999"),
    "electrical": ("Electricians", "#E69F00"),
    "technician": ("Technicians", "#D55E00"),
    "operator": ("Operators (cloud)", "#56B4E9"),
    "software": ("Software, AI, data", "#0072B2"),
    "compliance": ("Compliance (blockchain)", "#009E73"),
}
PHASES = {"building": "Building, mean of the run", "operations": "Operating, last month"}
TOTALS = ("jobs_total", "jobs_total_low", "jobs_total_high", "jobs_operations", "jobs_construction")
HEIGHT_MM = 68.0


def load(results: Results) -> pd.DataFrame:
    """Average jobs over runs by regime, phase and skill, and totals with their bands."""
    names = [f"jobs_{phase}_{skill}" for phase in PHASES for skill in SKILLS]
    rows = []
    for regime in results.featured:
        runs = results.runs[results.runs["regime"] == regime]
        row = {"regime": regime, "regime_label": results.label(regime), "n": len(runs)}
        row |= {name: float(runs[name].mean()) for name in (*names, *TOTALS)}
        low, high = np.quantile(runs["jobs_operations"], [0.05, 0.95])
        rows.append({**row, "jobs_operations_p05": low, "jobs_operations_p95": high})
    frame = pd.DataFrame(rows)
    units = {name: "jobs" for name in frame.columns if name.startswith("jobs_")}
    frame.attrs["units"] = units | {"n": "runs"}
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw jobs by skill for both phases and the totals with the band of the multiplier."""
    figure = new_figure("double", HEIGHT_MM)
    grid = figure.subplots(1, 3, sharey=True, width_ratios=[1.0, 1.0, 1.1])
    regimes = regime_order(frame)
    for axes, (phase, title) in zip(grid, PHASES.items(), strict=False):
        left = np.zeros(len(frame))
        for skill, (label, colour) in SKILLS.items():
            width = frame[f"jobs_{phase}_{skill}"].to_numpy()
            axes.barh(range(len(frame)), width, 0.66, left=left, color=colour, label=label)
            left += width
        if phase == "operations":
            places = np.arange(len(frame))
            axes.hlines(
                places, frame["jobs_operations_p05"], frame["jobs_operations_p95"], color=COLOURS["ink"]
            )
        axes.set_title(title)
        axes.set_xlabel("Jobs")
    _totals(grid[2], frame)
    grid[0].set_yticks(range(len(frame)), [label_of(frame, name) for name in regimes])
    grid[0].set_ylim(len(frame) - 0.5, -0.5)
    for axes in grid:
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="y", visible=False)
        plain_ticks(axes, "x")
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=6)
    return figure


def _totals(axes: Axes, frame: pd.DataFrame) -> None:
    places = np.arange(len(frame))
    axes.hlines(
        places,
        frame["jobs_total_low"],
        frame["jobs_total_high"],
        color=COLOURS["contrast"],
        linewidth=5.0,
        alpha=0.3,
    )
    axes.plot(frame["jobs_total"], places, "o", color=COLOURS["contrast"], markersize=4.0)
    axes.set_xlim(left=0.0)
    axes.set_title("With suppliers and spending")
    axes.set_xlabel("Jobs, last month")


def caption(frame: pd.DataFrame) -> str:
    """Say what the bands are."""
    return (
        "Means over runs. Left: people who build sites. Middle: people who run them; line: 5-95 % of "
        "runs. Right: "
        "construction jobs and operations jobs times the total multiplier, central value (dot) and its "
        "band of 1.2 "
        "to 3.5 (bar), an assumption taken from industry claims and a third of them. Jobs on illegal "
        "sites are "
        "included; lead staff from abroad are not."
    )
