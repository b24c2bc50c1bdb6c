"""Figure: investment, jobs and net fiscal outcome by regime, and their paired differences to the baseline."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiments.analysis import compare
from experiments.figures.base import COLOURS, label_of, new_figure, plain_ticks, regime_order
from experiments.results import Results
from experiments.tables import CSV_UNITS
from experiments.units import Scale, scale_for
from experiments.wording import pairs_text

OUTPUTS = ("investment_usd", "jobs_total", "net_fiscal_usd")
MM_PER_ROW, MARGIN_MM = 4.4, 32.0


def load(results: Results) -> pd.DataFrame:
    """Compare all regimes on the three outcomes; one row per outcome and regime."""
    frame = compare(results, OUTPUTS)
    frame.attrs["units"] = CSV_UNITS
    frame.attrs["baseline"] = results.label(results.baseline)
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw levels in the upper row and paired differences in the lower row, one column per outcome."""
    regimes = regime_order(frame)
    figure = new_figure("double", MARGIN_MM + 2 * MM_PER_ROW * len(regimes))
    grid = figure.subplots(2, len(OUTPUTS), sharey=True)
    for column, output in enumerate(OUTPUTS):
        rows = frame[frame["output"] == output].set_index("regime").loc[regimes]
        unit = rows["unit"].iloc[0]
        levels, contrasts = grid[0, column], grid[1, column]
        scale = scale_for(unit, rows[["mean", "p05", "p95"]].abs().max().max())
        _dots(levels, rows, ("mean", "p05", "p95"), scale, COLOURS["ink"])
        levels.set_title(rows["label"].iloc[0])
        levels.set_xlabel(f"{scale.unit or 'number'}, {rows['period'].iloc[0]}")
        columns = ("difference", "difference_low", "difference_high")
        scale = scale_for(unit, rows[list(columns)].abs().max().max())
        _dots(contrasts, rows, columns, scale, COLOURS["contrast"])
        _name_baseline(contrasts, rows)
        contrasts.axvline(0.0, color=COLOURS["ink"], linewidth=0.6, zorder=1)
        contrasts.set_xlabel(f"difference ({scale.unit or 'number'})")
    for axes in grid[:, 0]:
        axes.set_yticks(range(len(regimes)), [label_of(frame, name) for name in regimes])
        axes.set_ylim(len(regimes) - 0.4, -0.6)
    grid[1, 0].set_title(f"Difference to {frame.attrs['baseline']}, paired by seed")
    return figure


def _dots(axes: Axes, rows: pd.DataFrame, columns: tuple[str, str, str], scale: Scale, colour: str) -> None:
    """Draw a dot with its interval in each row that has a value."""
    middle, low, high = (rows[name].to_numpy(dtype=float) / scale.factor for name in columns)
    places = np.arange(len(rows))
    axes.hlines(places, low, high, color=colour, linewidth=1.0)
    for end in (low, high):
        axes.plot(end, places, "|", color=colour, markersize=4.0, markeredgewidth=0.8)
    axes.plot(middle, places, "o", color=colour, markersize=2.4)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.08)
    axes.xaxis.set_major_locator(MaxNLocator(4, min_n_ticks=3))
    plain_ticks(axes, "x")


def _name_baseline(axes: Axes, rows: pd.DataFrame) -> None:
    """Say in the row without a difference that it is the baseline, not a missing value."""
    low, high = axes.get_xlim()
    side = 1 if low + high > 0.0 else -1  # The roomier side of zero.
    for place in np.flatnonzero(rows["difference"].isna()):
        axes.annotate(
            "baseline",
            (0.0, place),
            xytext=(3 * side, 0),
            textcoords="offset points",
            ha="left" if side > 0 else "right",
            va="center",
            fontsize=6.5,
            color="#666666",
        )


def caption(frame: pd.DataFrame) -> str:
    """Say what dots and lines are."""
    pairs = pairs_text(frame)
    return (
        "Upper row: mean over runs (dot) and 5-95 % of runs (line). "
        f"Lower row: mean difference to {frame.attrs['baseline']} over {pairs}, "
        "with its 95 % BCa bootstrap interval."
    )
