"""Figure: in which corner of the uncertain factors a regime fails its goals."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.discovery import discover, worlds_of
from experiments.figures.base import COLOURS, new_figure
from experiments.results import Results
from experiments.units import number

MM_PER_ROW, MARGIN_MM = 5.0, 26.0
SHARES = ("density", "coverage", "mass", "quasi_p", "stability")


def load(results: Results) -> pd.DataFrame:
    """Find the boxes of every regime; limits are also given as shares of the sampled range of the factor."""
    parts = []
    for regime in results.regimes:
        found = discover(results, regime)
        factors, failing = worlds_of(results, regime)
        if found.empty:
            found = pd.DataFrame({"regime": [regime], "box": [0]})
        else:
            low, high = (factors[found["factor"]].agg(end).to_numpy() for end in ("min", "max"))
            found["low_share"] = np.clip((found["low"] - low) / (high - low), 0.0, 1.0)
            found["high_share"] = np.clip((found["high"] - low) / (high - low), 0.0, 1.0)
        found.insert(1, "regime_label", results.label(regime))
        found["failing_share"] = float(failing.mean())
        parts.append(found)
    frame = pd.concat(parts, ignore_index=True)
    names = ("low_share", "high_share", "failing_share", *SHARES)
    frame.attrs["units"] = dict.fromkeys(names, "share") | dict.fromkeys(
        ("low", "high"), "unit of the factor"
    )
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw the limits of every box as bars within the sampled range of each factor it restricts."""
    figure = new_figure("double", MARGIN_MM + MM_PER_ROW * len(frame))
    axes = figure.subplots()
    labels = []
    for place, row in enumerate(frame.to_dict("records")):
        axes.hlines(place, 0.0, 1.0, color=COLOURS["base"], linewidth=3.0)
        if row["box"] == 0:
            verdict = "never fails" if row["failing_share"] == 0.0 else "fails in every world"
            shown = verdict if row["failing_share"] in (0.0, 1.0) else "no box found"
            labels.append(f"{row['regime_label']}: {shown}")
            continue
        axes.hlines(place, row["low_share"], row["high_share"], color=COLOURS["theft"], linewidth=3.0)
        limits = " and ".join(
            f"{sign} {number(row[end], 3)}"
            for end, sign in (("low", "above"), ("high", "at most"))
            if np.isfinite(row[end])
        )
        text = f"{limits}; density {row['density']:.2f}, coverage {row['coverage']:.2f}"
        axes.annotate(text, (1.02, place), va="center", fontsize=6.0, annotation_clip=False)
        labels.append(f"{row['regime_label']} {row['box']}: {row['factor'].replace('_', ' ')}")
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlim(0.0, 1.75)
    axes.set_xticks([0.0, 0.5, 1.0], ["lowest", "middle", "highest"])
    axes.set_xlabel("sampled range of the factor")
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    return figure


def caption(frame: pd.DataFrame) -> str:
    """Say what a box is."""
    shares = frame.drop_duplicates("regime").set_index("regime_label")["failing_share"]
    listed = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
    return (
        "Boxes (CART) in which a regime fails the goals of the study: the red part of the range of each "
        "factor "
        "that a box restricts; all restrictions of a box hold together. Density: share of the worlds in "
        "the box "
        f"that fail; coverage: share of the failing worlds that lie in it. Share of failing worlds: {listed}."
    )
