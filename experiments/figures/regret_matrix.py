"""Figure: how much each regime can be regretted in each outcome, and in how many worlds it is good enough."""

from __future__ import annotations

from textwrap import fill

import pandas as pd
from matplotlib.figure import Figure

from experiments.figures.base import new_figure
from experiments.results import Results
from experiments.robust import regret_table, satisficing_table
from experiments.units import number, scale_for

MM_PER_ROW, MARGIN_MM = 7.0, 34.0
DARK = 0.6
HEAD_WIDTH = 18  # characters of a column's head


def load(results: Results) -> pd.DataFrame:
    """Take the regret of every regime and outcome, and the share of worlds in which all goals are kept."""
    frame = regret_table(results)
    frame.insert(1, "label", [results.output_label(name) for name in frame["output"]])
    frame.insert(4, "regime_label", [results.label(name) for name in frame["regime"]])
    if results.study["goals"]:
        kept = satisficing_table(results)
        together = kept[kept["goal"] == "all goals"].set_index("regime")["share"]
        frame["satisficing_share"] = frame["regime"].map(together)
    frame.attrs["units"] = dict.fromkeys(("mean_regret", "p95_regret", "largest_regret"), "unit") | {
        "worlds": "worlds", "best_share": "share", "satisficing_share": "share",
    }  # fmt: skip
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw a matrix: mean regret as shade within each outcome, written in the unit of the outcome."""
    shown = frame.pivot(index="regime", columns="output", values="mean_regret")
    regimes, outputs = list(dict.fromkeys(frame["regime"])), list(dict.fromkeys(frame["output"]))
    shown = shown.loc[regimes, outputs]
    largest = shown.max()
    figure = new_figure("double", MARGIN_MM + MM_PER_ROW * len(regimes))
    axes = figure.subplots()
    shade = shown.div(largest.where(largest > 0.0, 1.0)).to_numpy()
    axes.imshow(shade, cmap="cividis_r", vmin=0.0, vmax=1.0, aspect="auto")
    first = frame.drop_duplicates("output").set_index("output")
    heads = []
    for column, output in enumerate(outputs):
        scale = scale_for(first.loc[output, "unit"], float(largest[output]))
        heads.append(f"{fill(first.loc[output, 'label'], HEAD_WIDTH)}\n({scale.unit or 'number'})")
        minimax = frame[(frame["output"] == output) & frame["minimax"]]["regime"].tolist()
        for row, regime in enumerate(regimes):
            text = number(shown.loc[regime, output] / scale.factor, 3) + ("*" if regime in minimax else "")
            colour = "white" if shade[row, column] > DARK else "black"
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=6.5)
    axes.set_xticks(range(len(outputs)), heads)
    axes.xaxis.tick_top()
    labels = frame.drop_duplicates("regime").set_index("regime")
    names = labels["regime_label"].tolist()
    if "satisficing_share" in frame:
        shares = labels["satisficing_share"]
        names = [f"{name} ({share:.0%})" for name, share in zip(names, shares, strict=True)]
    axes.set_yticks(range(len(regimes)), names)
    axes.grid(visible=False)
    axes.tick_params(length=0)
    return figure


def caption(frame: pd.DataFrame) -> str:
    """Say what regret is, and what star and percentage mean."""
    kept = " In brackets: share of worlds in which the regime keeps all goals of the study."
    return (
        f"Mean regret over {int(frame['worlds'].min())} worlds: how far the regime falls short of the "
        "best one in "
        "the same world; darker is worse within a column. A star marks the smallest largest regret (minimax)."
        + (kept if "satisficing_share" in frame else "")
    )
