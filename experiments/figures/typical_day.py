"""Figure: a typical day by season, all load with the new load on it, for the first featured regime."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.base import COLOURS, new_figure, over_runs, plain_ticks
from experiments.results import Results

SEASONS = ("winter", "spring", "summer", "autumn")
NEW_LOAD = {"ai_mw": ("AI", "ai"), "mining_mw": ("Mining", "licensed")}
BASE = "load_mw"
MW_PER_GW = 1000.0
HEIGHT_MM = 92.0
COLUMNS = ("mean", "p05", "p95")


def load(results: Results) -> pd.DataFrame:
    """Average the typical days over runs: other load, AI and mining by season and hour."""
    regime = results.featured[0]
    days = results.days([BASE, *NEW_LOAD])
    days = days[days["regime"] == regime]
    frame = over_runs(days, ["season", "hour"], [BASE, *NEW_LOAD])
    frame.insert(0, "regime_label", results.label(regime))
    frame.insert(0, "regime", regime)
    frame = frame[["regime", "regime_label", "output", "season", "hour", *COLUMNS]]
    frame["season"] = pd.Categorical(frame["season"], SEASONS, ordered=True)
    frame = frame.sort_values(["output", "season", "hour"]).reset_index(drop=True)
    frame.attrs["units"] = {"hour": "hour of day"} | dict.fromkeys(COLUMNS, "MW")
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw the stacked day above and the new load alone, enlarged, below; one column per season."""
    seasons = [name for name in SEASONS if (frame["season"] == name).any()]
    figure = new_figure("double", HEIGHT_MM)
    grid = figure.subplots(2, len(seasons), sharex=True, sharey="row", squeeze=False)
    for column, season in enumerate(seasons):
        data = frame[frame["season"] == season]
        _stack(grid[0, column], data)
        _enlarged(grid[1, column], data)
        grid[0, column].set_title(season.capitalize())
        grid[1, column].set_xticks([0, 6, 12, 18, 24])
        grid[1, column].set_xlim(0, 24)
        grid[1, column].set_xlabel("hour")
    grid[0, 0].set_ylim(bottom=0.0)
    grid[1, 0].set_ylim(bottom=0.0)
    grid[0, 0].set_ylabel("Load (GW)")
    grid[1, 0].set_ylabel("New load alone (MW)")
    figure.align_ylabels(grid[:, 0])
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _hours(data: pd.DataFrame, output: str, statistic: str) -> tuple[np.ndarray, np.ndarray]:
    """Return edges 0..24 and the hourly values with the last one repeated, for a step line."""
    values = data[data["output"] == output].sort_values("hour")[statistic].to_numpy()
    return np.arange(len(values) + 1), np.append(values, values[-1])


def _stack(axes: Axes, data: pd.DataFrame) -> None:
    hours, bottom = _hours(data, BASE, "mean")
    bottom = bottom / MW_PER_GW
    axes.fill_between(hours, 0.0, bottom, step="post", color=COLOURS["base"], label="All other grid load")
    for output, (label, colour) in NEW_LOAD.items():
        top = bottom + _hours(data, output, "mean")[1] / MW_PER_GW
        axes.fill_between(hours, bottom, top, step="post", color=COLOURS[colour], label=label)
        bottom = top
    plain_ticks(axes, "y")


def _enlarged(axes: Axes, data: pd.DataFrame) -> None:
    for output, (_, colour) in NEW_LOAD.items():
        hours, middle = _hours(data, output, "mean")
        low, high = _hours(data, output, "p05")[1], _hours(data, output, "p95")[1]
        axes.fill_between(hours, low, high, step="post", color=COLOURS[colour], alpha=0.25)
        axes.step(hours, middle, where="post", color=COLOURS[colour])
    plain_ticks(axes, "y")


def caption(frame: pd.DataFrame) -> str:
    """Say which regime and which months are shown."""
    return (
        f"{frame['regime_label'].iloc[0]}, typical day of each season in the last 24 months. Upper row: mean "
        "over runs, new load stacked on all other grid load, which is net of rooftop solar. "
        "Lower row: the new load alone, mean and 5-95 % of runs."
    )
