"""Figure: which plants run in a typical day of FY2025, by zone and season, with flows between the zones."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.base import COLOURS, new_figure, plain_ticks
from experiments.figures.technologies import SEASON_NAMES, TECHNOLOGIES
from experiments.results import Results

MW_PER_GW = 1000.0
HEIGHT_MM = 105.0
INFLOW, DEMAND = "inflow_mw", "demand_mw"


def load(results: Results) -> pd.DataFrame:
    """Average the typical hours of FY2025 over the months of a season, by zone."""
    hours = results.evidence("grid_hours")
    columns = [f"{name}_mw" for name in TECHNOLOGIES if f"{name}_mw" in hours]
    kept = hours[[*columns, INFLOW, DEMAND]].mul(hours["days"], axis=0)
    kept = pd.concat([hours[["zone", "season", "hour", "days"]], kept], axis=1)
    sums = kept.groupby(["zone", "season", "hour"], sort=False).sum()
    frame = sums[[*columns, INFLOW, DEMAND]].div(sums["days"], axis=0).reset_index()
    frame.attrs["units"] = {"hour": "hour of day"} | dict.fromkeys([*columns, INFLOW, DEMAND], "MW")
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw one row per zone and one column per season: output stacked, inflow hatched, demand as a line."""
    seasons = [name for name in SEASON_NAMES if (frame["season"] == name).any()]
    zones = list(dict.fromkeys(frame["zone"]))
    figure = new_figure("double", HEIGHT_MM)
    grid = figure.subplots(len(zones), len(seasons), sharex=True, sharey="row", squeeze=False)
    for row, zone in enumerate(zones):
        for column, season in enumerate(seasons):
            data = frame[(frame["zone"] == zone) & (frame["season"] == season)].sort_values("hour")
            _stack(grid[row, column], data)
            grid[0, column].set_title(SEASON_NAMES[season])
            grid[-1, column].set_xlabel("hour")
            grid[-1, column].set_xticks([0, 6, 12, 18, 24])
        grid[row, 0].set_ylabel(f"{zone.capitalize()} (GW)")
        grid[row, 0].set_ylim(bottom=0.0)
        grid[row, 0].set_xlim(0, 24)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    shown = dict(zip(labels, handles, strict=True))
    figure.legend(list(shown.values()), list(shown), loc="outside lower center", ncols=5)
    return figure


def _stack(axes: Axes, data: pd.DataFrame) -> None:
    edges, bottom = np.arange(25), np.zeros(25)
    for name, (label, colour) in TECHNOLOGIES.items():
        if f"{name}_mw" in data:
            top = bottom + _steps(data[f"{name}_mw"])
            axes.fill_between(edges, bottom, top, step="post", color=colour, label=label)
            bottom = top
    inflow = np.maximum(0.0, _steps(data[INFLOW]))
    axes.fill_between(
        edges, bottom, bottom + inflow, step="post", facecolor="white", edgecolor="#666666", hatch="////",
        label="From the other zone",
    )  # fmt: skip
    axes.step(edges, _steps(data[DEMAND]), where="post", color=COLOURS["ink"], label="Demand of the zone")
    plain_ticks(axes, "y")


def _steps(values: pd.Series) -> np.ndarray:
    series = values.to_numpy(dtype=float) / MW_PER_GW
    return np.append(series, series[-1])


def caption(frame: pd.DataFrame) -> str:
    """Say what is given and what is the model's answer."""
    return (
        "Typical day of FY2025 by zone and season. River and reactor output, fuel cost and demand are those "
        "of the year; which thermal plants run is the model's answer. Output above the line of demand goes "
        "to the other zone; hatched: what comes from there."
    )
