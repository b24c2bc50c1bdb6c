"""Figure: one assumption at a time at both ends of its range, and what that does to the three conclusions."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiments.figures.base import COLOURS, new_figure, plain_ticks
from experiments.results import Results
from experiments.units import number, scale_for
from experiments.whatif import moved

LOAD, MONEY = "energised_mw", "net_fiscal_usd"
MM_PER_ROW, MARGIN_MM = 4.6, 26.0


def load(results: Results) -> pd.DataFrame:
    """Tabulate load and net fiscal outcome of every regime but the baseline at every setting."""
    frame = moved(results, [LOAD, MONEY])
    frame = frame[frame["regime"] != results.baseline]
    units = {LOAD: results.unit(LOAD), MONEY: results.unit(MONEY)}
    frame.insert(5, "unit", [units[name] for name in frame["output"]])
    frame = frame.reset_index(drop=True)
    columns = ("mean", "difference", "difference_low", "difference_high")
    frame.attrs["units"] = {"value": "unit of the assumption", **dict.fromkeys(columns, "unit")}
    frame.attrs["baseline"] = results.label(results.baseline)
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw a row per assumption: load of the first regime, then the net fiscal difference of each regime."""
    regimes = list(dict.fromkeys(frame["regime"]))
    order = _by_swing(frame[frame["output"] == MONEY])
    figure = new_figure("double", MARGIN_MM + MM_PER_ROW * len(order))
    grid = figure.subplots(1, 1 + len(regimes), sharey=True, squeeze=False)[0]
    first = frame[(frame["output"] == LOAD) & (frame["regime"] == regimes[0])]
    _rows(grid[0], first, order, "mean", 1.0)
    grid[0].set_title(f"{first['regime_label'].iloc[0]}: load")
    grid[0].set_xlabel("MW, last month")
    for axes, regime in zip(grid[1:], regimes, strict=True):
        rows = frame[(frame["output"] == MONEY) & (frame["regime"] == regime)]
        scale = scale_for(rows["unit"].iloc[0], rows["difference"].abs().max())
        _rows(axes, rows, order, "difference", scale.factor)
        axes.axvline(0.0, color=COLOURS["ink"], linewidth=0.6, zorder=1)
        axes.set_title(f"{rows['regime_label'].iloc[0]}: net fiscal")
        axes.set_xlabel(f"{scale.unit}, difference to\n{frame.attrs['baseline']}")
    grid[0].set_yticks(range(len(order)), [_label(name, first) for name in order])
    grid[0].set_ylim(len(order) - 0.4, -0.6)
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _by_swing(money: pd.DataFrame) -> list[str]:
    """Order the assumptions by the largest move of any difference away from that at the defaults."""
    default = money[money["assumption"] == ""].set_index("regime")["difference"]
    others = money[money["assumption"] != ""]
    swing = (others["difference"] - others["regime"].map(default)).abs()
    return (
        swing.groupby(others["assumption"]).max().sort_values(ascending=False, kind="stable").index.tolist()
    )


def _rows(axes: Axes, rows: pd.DataFrame, order: list[str], column: str, factor: float) -> None:
    default = float(rows.loc[rows["assumption"] == "", column].iloc[0]) / factor
    ends: dict[str, list[tuple[int, float]]] = {"lower value": [], "higher value": []}
    for place, name in enumerate(order):
        mine = rows[rows["assumption"] == name].sort_values("value")
        values = mine[column].to_numpy() / factor
        reach = np.append(values, default)
        axes.hlines(place, reach.min(), reach.max(), color=COLOURS["base"], linewidth=1.6, zorder=2)
        ends["lower value"].append((place, values[0]))
        if len(values) > 1:
            ends["higher value"].append((place, values[-1]))
    axes.axvline(
        default, color=COLOURS["theft"], linewidth=0.8, linestyle=(0, (3, 2)), label="defaults", zorder=1
    )
    for label, points in ends.items():
        filled = COLOURS["ai"] if label == "higher value" else "white"
        places, values = zip(*points, strict=True) if points else ((), ())
        axes.plot(
            values, places, "o", color=filled, markeredgecolor=COLOURS["ai"], markeredgewidth=0.8,
            markersize=3.2, label=label, linestyle="none",
        )  # fmt: skip
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.08)
    axes.xaxis.set_major_locator(MaxNLocator(3, min_n_ticks=3))
    plain_ticks(axes, "x")


def _label(name: str, rows: pd.DataFrame) -> str:
    values = sorted(rows.loc[rows["assumption"] == name, "value"])
    shown = ", ".join(number(value, 3) for value in values)
    return f"{name.replace('_', ' ')} ({shown})"


def caption(frame: pd.DataFrame) -> str:
    """Say what dots, lines and the dashed line are."""
    return (
        "Each row moves one assumption alone to the values in brackets (units: registry of parameters and "
        "instruments): open dot at the lower value, filled dot at the higher one; dashed: all at their "
        f"defaults. Differences to {frame.attrs['baseline']} are means over pairs of runs with the same "
        "seed. Rows are ordered by the largest move of a difference."
    )
