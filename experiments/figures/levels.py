"""Figure: outcomes at every level of one factor (a price, a quota), one line per regime."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.errors import StoreError
from experiments.figures.base import COLOURS, label_of, new_panels, plain_ticks, regime_order
from experiments.levels import factor_label, level_names, level_table, level_units, setting_text
from experiments.results import Results
from experiments.units import scale_for

PANELS = 4
HEIGHT_MM = 122.0
DASHES = ("-", "--", "-.", ":")


def load(results: Results) -> pd.DataFrame:
    """Tabulate the first outputs by level and regime; StoreError unless exactly one factor has levels."""
    names = level_names(results.study)
    if len(names) != 1:
        raise StoreError(
            f"{results.store.root}: {results.study['name']} varies {len(names)} factors in levels; the "
            "figure levels shows one, tariff_levy_map two"
        )
    frame = level_table(results, results.study["outputs"][:PANELS])
    frame = frame.rename(columns={names[0]: "level"})
    units = level_units(results)
    frame.attrs["units"] = {"level": units.pop(names[0]), **units}
    frame.attrs |= {"factor": factor_label(results, names[0]), "baseline": results.label(results.baseline)}
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw a panel per outcome: mean with its 95 % band; filled dots differ from the baseline's."""
    figure, panels = new_panels(frame, HEIGHT_MM)
    for axes, output in panels:
        _panel(axes, frame[frame["output"] == output])
        axes.set_xlabel(frame.attrs["factor"])
    figure.legend(*panels[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def _panel(axes: Axes, rows: pd.DataFrame) -> None:
    scale = scale_for(rows["unit"].iloc[0], float(rows[["mean", "mean_low", "mean_high"]].abs().max().max()))
    levels = list(dict.fromkeys(rows["level"]))
    numeric = pd.api.types.is_numeric_dtype(rows["level"]) and not pd.api.types.is_bool_dtype(rows["level"])
    if not numeric:
        axes.set_xticks(range(len(levels)), [setting_text(level) for level in levels])
    for place, regime in enumerate(regime_order(rows)):
        mine = rows[rows["regime"] == regime]
        mine = mine.sort_values("level") if numeric else mine
        across = mine["level"].to_numpy(dtype=float) if numeric else np.arange(len(mine))
        mean, low, high = (mine[name].to_numpy() / scale.factor for name in ("mean", "mean_low", "mean_high"))
        (line,) = axes.plot(
            across, mean, linestyle=DASHES[place % len(DASHES)], linewidth=1.1, label=label_of(rows, regime)
        )
        axes.fill_between(across, low, high, color=line.get_color(), alpha=0.2, linewidth=0)
        told = ((mine["difference_low"] > 0.0) | (mine["difference_high"] < 0.0)).to_numpy()
        axes.plot(across[told], mean[told], "o", color=line.get_color(), markersize=3.4)
        hollow = ~told & mine["difference"].notna().to_numpy()
        axes.plot(
            across[hollow], mean[hollow], "o", color="white", markeredgecolor=line.get_color(), markersize=3.4
        )
    if float(rows["mean_low"].min()) < 0.0 < float(rows["mean_high"].max()):
        axes.axhline(0.0, color=COLOURS["ink"], linewidth=0.6, zorder=1)
    axes.set_title(rows["label"].iloc[0])
    axes.set_ylabel(f"{scale.unit or 'number'}, {rows['period'].iloc[0]}")
    plain_ticks(axes, "y")


def caption(frame: pd.DataFrame) -> str:
    """Say what lines, bands and dots are."""
    runs = " or ".join(str(count) for count in sorted(set(frame["n"])))
    return (
        f"Mean over {runs} runs at each value of {frame.attrs['factor']} (line) with its 95 % interval "
        "(band). A dot is filled where "
        f"the mean difference to {frame.attrs['baseline']} at the same level and seeds has an interval "
        "without zero, and hollow where it has not: bands may overlap although the difference is certain, "
        "because regimes and levels share their luck. The differences are in the table beside this figure."
    )
