"""Figure: licensed, grey and stolen mining load over time, one panel per regime."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiments.figures.base import COLOURS, label_of, new_figure, plain_ticks, regime_order, years_of
from experiments.palette import HATCHES
from experiments.results import Results

PARTS = {
    "mining_licensed_mw": ("Licensed", "licensed"),
    "mining_grey_mw": ("Grey", "grey"),
    "mining_theft_mw": ("Theft", "theft"),
}
COLUMNS = 5
MM_PER_ROW, MARGIN_MM = 36.0, 14.0
LAST_MONTHS = 12


def load(results: Results) -> pd.DataFrame:
    """Average the three loads over runs by regime and month; shares are of the mean total."""
    months = results.months(PARTS)
    frame = months.groupby(["regime", "month"], as_index=False)[list(PARTS)].mean()
    total = frame[list(PARTS)].sum(axis=1)
    for name in PARTS:
        frame[name.replace("_mw", "_share")] = frame[name] / total.where(total > 0.0)
    frame.insert(1, "regime_label", [results.label(name) for name in frame["regime"]])
    order = {name: place for place, name in enumerate(results.regimes)}
    frame = frame.sort_values(["regime", "month"], key=lambda c: c.map(order) if c.name == "regime" else c)
    frame = frame.reset_index(drop=True)
    frame.attrs["units"] = {"month": "calendar month"} | {
        name: "MW" if name.endswith("_mw") else "share" for name in frame.columns[3:]
    }
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw stacked areas on one scale for all regimes; the title gives the licensed share at the end."""
    regimes = regime_order(frame)
    columns = min(COLUMNS, len(regimes))
    rows = math.ceil(len(regimes) / columns)
    figure = new_figure("double", MARGIN_MM + MM_PER_ROW * rows)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes, regime in zip(grid.flat, regimes, strict=False):
        data = frame[frame["regime"] == regime]
        years = years_of(data["month"])
        bottom = np.zeros(len(data))
        for part, (label, colour) in PARTS.items():
            top = bottom + data[part].to_numpy()
            axes.fill_between(
                years, bottom, top, facecolor=COLOURS[colour], label=label, hatch=HATCHES.get(colour),
                edgecolor="white", linewidth=0,
            )  # fmt: skip
            bottom = top
        axes.set_title(f"{label_of(frame, regime)}\n{_licensed_at_end(data)}")
        axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.margins(x=0.0)
        plain_ticks(axes, "y")
    for axes in list(grid.flat)[len(regimes) :]:
        axes.set_visible(False)
    # Without any mining the axis would be a sliver around zero.
    grid[0, 0].set_ylim(0.0, max(grid[0, 0].get_ylim()[1], 1.0))
    for axes in grid[:, 0]:
        axes.set_ylabel("Mining load (MW)")
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=len(PARTS))
    return figure


def _licensed_at_end(data: pd.DataFrame) -> str:
    loads = data[list(PARTS)].tail(LAST_MONTHS).mean()
    total = float(loads.sum())
    # Less than a tenth of a megawatt on average is a rounding error of the picture, not a share.
    return f"{loads['mining_licensed_mw'] / total:.0%} licensed" if total >= 0.1 else "no mining"


def caption(frame: pd.DataFrame) -> str:
    """Say what the areas and the share in the titles are."""
    return (
        "Mean over runs of mining load by status, stacked: licensed; grey (pays for power, evades licence "
        "and tax); theft (bypasses the meter). Below each name: licensed share of the last twelve months."
    )
