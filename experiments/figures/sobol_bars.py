"""Figure: first-order and total Sobol indices of every factor, with intervals, for up to four outcomes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.figures.base import COLOURS, new_figure
from experiments.results import Results
from experiments.sensitivity import indices_of

PANELS = 4
MM_PER_ROW, MARGIN_MM = 5.0, 24.0
BAR = 0.36
SHADES = {"first": COLOURS["ai"], "total": COLOURS["licensed"]}


def load(results: Results) -> pd.DataFrame:
    """Compute the indices of the first outputs of the study; one row per outcome and factor."""
    outputs = results.study["outputs"][:PANELS]
    frame = indices_of(results, outputs)
    frame.insert(2, "label", [results.output_label(name) for name in frame["output"]])
    frame.attrs["units"] = dict.fromkeys(frame.select_dtypes("number").columns, "share of variance")
    frame.attrs["units"] |= {name: "1" for name in frame.columns if str(name).startswith("pawn")}
    return frame


def factor_order(frame: pd.DataFrame) -> list[str]:
    """Order the factors by their largest total index over the outcomes; luck and dummy come last."""
    largest = frame.groupby("factor")["total"].max().sort_values(ascending=False)
    last = [name for name in ("luck", "dummy") if name in largest.index]
    return [name for name in largest.index if name not in last] + last


def draw(frame: pd.DataFrame) -> Figure:
    """Draw a panel of paired bars for every outcome; factors are rows."""
    factors = factor_order(frame)
    outputs = list(dict.fromkeys(frame["output"]))
    figure = new_figure("double", MARGIN_MM + MM_PER_ROW * len(factors))
    panels = figure.subplots(1, len(outputs), sharey=True, squeeze=False)[0]
    places = np.arange(len(factors))
    for axes, output in zip(panels, outputs, strict=True):
        rows = frame[frame["output"] == output].set_index("factor").loc[factors]
        for shift, (name, colour) in zip((-BAR / 2, BAR / 2), SHADES.items(), strict=True):
            ends = (rows[f"{name}_low"], rows[f"{name}_high"])
            axes.barh(places + shift, rows[name].fillna(0.0), BAR, color=colour, label=name)
            axes.hlines(places + shift, *ends, color=COLOURS["ink"], linewidth=0.7)
        axes.axvline(0.0, color=COLOURS["ink"], linewidth=0.6)
        axes.set_title(rows["label"].iloc[0])
        axes.set_xlabel("share of variance")
        axes.grid(axis="y", visible=False)
        axes.set_xlim(min(-0.05, rows["first_low"].min()), max(1.0, rows["total_high"].max()) * 1.02)
    panels[0].set_yticks(places, [name.replace("_", " ") for name in factors])
    panels[0].set_ylim(len(factors) - 0.4, -0.6)
    panels[-1].legend(loc="center right")
    return figure


def caption(frame: pd.DataFrame) -> str:
    """Say what the bars are and how to read luck and the dummy."""
    return (
        "First-order index (share of the variance that a factor explains alone) and total index (with "
        "all its "
        "interactions), with 95 % bootstrap intervals. Luck is the seed as a factor: its total index is the "
        "share of the variance that no knowledge of parameters would remove. The dummy does nothing: what it "
        "is given is noise."
    )
