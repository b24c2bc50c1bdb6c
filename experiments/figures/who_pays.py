"""Figure: how the bills of each class of consumers change under each regime, paired by replicate."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.analysis import WORLD, replicates
from experiments.figures.base import COLOURS, label_of, new_figure, plain_ticks, regime_order
from experiments.figures.technologies import CLASSES
from experiments.results import Results

MM_PER_ROW, MARGIN_MM = 7.0, 22.0
PERCENT = 100.0
COLUMNS = ["mean", "low", "high"]


def load(results: Results) -> pd.DataFrame:
    """Compare bills of the whole run with the baseline of the same replicate, % of the baseline's bill."""
    names = [f"bill_{name}_usd" for name in CLASSES]
    bills = results.months(names).groupby(["regime", *WORLD], sort=False)[names].sum()
    base, rows = bills.loc[results.baseline], []
    for regime in (name for name in results.regimes if name != results.baseline):
        mine = bills.loc[regime].reindex(base.index)
        # A class without a bill in either pays no more and no less; a missing run says nothing.
        change = (mine / base.where(base > 0.0) - 1.0).fillna(0.0).where(mine.notna()) * PERCENT
        change = replicates(change, results)
        for name in names:
            values = change[name].dropna().to_numpy()
            half = 1.96 * values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
            rows.append(
                {
                    "regime": regime,
                    "regime_label": results.label(regime),
                    "class": name.removeprefix("bill_").removesuffix("_usd"),
                    "mean": values.mean(),
                    "low": values.mean() - half,
                    "high": values.mean() + half,
                    "rises": float((values > 0.0).mean()),
                }
            )
    frame = pd.DataFrame(rows)
    frame.attrs["units"] = dict.fromkeys(COLUMNS, "% of the bill") | {"rises": "share of replicates"}
    frame.attrs["baseline"] = results.label(results.baseline)
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw one row per regime with a mark per class."""
    regimes = regime_order(frame)
    figure = new_figure("double", MARGIN_MM + MM_PER_ROW * len(regimes))
    axes = figure.subplots()
    for place, (name, (label, colour, marker)) in enumerate(CLASSES.items()):
        rows = frame[frame["class"] == name].set_index("regime").loc[regimes]
        height = np.arange(len(regimes)) + (place - 1.5) * 0.17
        axes.hlines(height, rows["low"], rows["high"], color=colour, linewidth=1.0)
        axes.plot(rows["mean"], height, marker, color=colour, markersize=3.0, label=label)
    axes.axvline(0.0, color=COLOURS["ink"], linewidth=0.6)
    axes.set_yticks(range(len(regimes)), [label_of(frame, name) for name in regimes])
    axes.set_ylim(len(regimes) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(f"Change of the bills of the whole run against {frame.attrs['baseline']} (%)")
    plain_ticks(axes, "x")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=len(CLASSES))
    return figure


def caption(frame: pd.DataFrame) -> str:
    """Say what dots and lines are."""
    return (
        f"Bills of ordinary consumers over the whole run, change to {frame.attrs['baseline']} at the same "
        "replicate: mean (mark) and its 95 % interval (line). Left of zero a class pays less. Bills "
        "follow tariffs, and dearer power sells less. Theft counts as energy that should have been sold: it "
        "lowers the determined tariff and is carried as arrears, so a regime that stops it raises bills and "
        "lowers debt."
    )
