"""Figure: whether there are enough replicates: the running mean of outcomes against its final value."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from experiments.analysis import replicate_matrix
from experiments.figures.base import COLOURS, label_of, new_figure, regime_order
from experiments.inference import SETTLED_CHANGE, SETTLED_PART, running_moments
from experiments.results import Results

PANELS = 4
HEIGHT_MM = 96.0
# Deviations beyond this are cut off: the beginning of every line is far out.
LARGEST_SHOWN = 0.25

# Lines are told apart in grey by their dashes.
DASHES = ("-", "--", "-.", ":")


def load(results: Results) -> pd.DataFrame:
    """Follow the running mean of the first outputs under the featured regimes, relative to the final mean."""
    parts = []
    for output in results.study["outputs"][:PANELS]:
        matrix = replicate_matrix(results, output)
        for regime in results.featured:
            part = running_moments(matrix[regime].dropna())
            if part.empty:
                continue
            final = float(part["mean"].iloc[-1])
            part["deviation"] = (part["mean"] - final) / abs(final) if final else 0.0
            part.insert(0, "regime_label", results.label(regime))
            part.insert(0, "regime", regime)
            part.insert(0, "label", results.output_label(output))
            part.insert(0, "output", output)
            parts.append(part.assign(unit=results.unit(output)))
    columns = ["output", "label", "regime", "regime_label", "n", "mean", "variation", "deviation", "unit"]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    frame.attrs["units"] = {"n": "replicates", "mean": "unit", "variation": "1", "deviation": "share"}
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw a panel per outcome with a line per regime and the band within which a mean counts as settled."""
    figure = new_figure("double", HEIGHT_MM)
    grid = figure.subplots(2, 2, sharex=True, squeeze=False).ravel()
    outputs = list(dict.fromkeys(frame["output"]))
    for axes in grid[len(outputs) :]:
        axes.set_visible(False)
    for axes, output in zip(grid, outputs, strict=False):
        rows = frame[frame["output"] == output]
        axes.axhspan(-100 * SETTLED_CHANGE, 100 * SETTLED_CHANGE, color=COLOURS["base"])
        for place, regime in enumerate(regime_order(rows)):
            mine = rows[rows["regime"] == regime]
            axes.plot(
                mine["n"], 100 * mine["deviation"], label=label_of(rows, regime), linewidth=0.9,
                linestyle=DASHES[place % len(DASHES)],
            )  # fmt: skip
        last_part = rows["n"].max() * (1.0 - SETTLED_PART)
        axes.axvline(last_part, color=COLOURS["grey"], linewidth=0.6, linestyle=":")
        axes.set_ylim(-100 * LARGEST_SHOWN, 100 * LARGEST_SHOWN)
        axes.set_title(rows["label"].iloc[0])
        axes.set_ylabel("deviation from the final mean (%)")
        axes.set_xlabel("replicates")
    if outputs:
        figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def caption(frame: pd.DataFrame) -> str:
    """Say what band and dotted line are."""
    return (
        "Mean over the first n replicates relative to the mean over all of them. A mean has settled if "
        "it stays "
        f"within the grey band of {SETTLED_CHANGE:.0%} right of the dotted line, the last fifth of the "
        "replicates; "
        "differences between regimes settle sooner, because the regimes share their luck."
    )
