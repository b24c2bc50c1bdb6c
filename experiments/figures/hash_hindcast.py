"""Figure: world hash rate and network efficiency since 2017, published and as the model has them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.base import COLOURS, new_figure, years_of
from experiments.results import Results

HEIGHT_MM = 78.0
FIT_ENDS = 2021.0


def load(results: Results) -> pd.DataFrame:
    """Take the stored hindcast."""
    return results.evidence("bitcoin_hindcast").copy()


def draw(frame: pd.DataFrame) -> Figure:
    """Draw hash rate on the left and efficiency on the right, both on log scales, with the band."""
    figure = new_figure("double", HEIGHT_MM)
    left, right = figure.subplots(1, 2)
    years = years_of(frame["month"])
    _panel(left, years, frame, "hash_{}_ehs", "World hash rate (EH/s)")
    left.plot(years, frame["hash_ehs"], color=COLOURS["ai"], linewidth=1.4, label="Model, published set")
    left.plot(years, frame["observed_hash_ehs"], color=COLOURS["ink"], linewidth=0.9, label="Published")
    left.plot(
        years, frame["naive_hash_ehs"], color=COLOURS["theft"], linewidth=0.9, linestyle="--",
        label="Best naive model",
    )  # fmt: skip
    _panel(right, years, frame, "{}_j_per_th", "Network efficiency (J/TH)")
    right.plot(years, frame["j_per_th"], color=COLOURS["ai"], linewidth=1.4)
    seen = frame["observed_j_per_th"].notna()
    right.plot(
        years[seen], frame["observed_j_per_th"][seen], "o", color=COLOURS["ink"], markersize=2.4,
        label="Published index",
    )  # fmt: skip
    right.plot(
        years, frame["listed_j_per_th"], color=COLOURS["ink"], linewidth=0.7, linestyle="--",
        label="Its recipe, no fleet",
    )  # fmt: skip
    other = frame["independent_j_per_th"].notna()
    right.plot(
        years[other], frame["independent_j_per_th"][other], "D", color=COLOURS["theft"], markersize=3.4,
        label="Nonces, survey",
    )  # fmt: skip
    error = np.log10(frame["hash_ehs"] / frame["observed_hash_ehs"])[years >= FIT_ENDS]
    left.set_title(f"Error since 2021: {np.sqrt((error**2).mean()):.3f} in log10")
    left.legend(loc="lower right")
    handles, labels = right.get_legend_handles_labels()
    right.legend(handles[1:], labels[1:], loc="lower left")
    right.set_yticks([20, 30, 50, 100, 150], ["20", "30", "50", "100", "150"])
    left.set_yticks([3, 10, 30, 100, 300, 1000], ["3", "10", "30", "100", "300", "1,000"])
    return figure


def _panel(axes: Axes, years: np.ndarray, frame: pd.DataFrame, column: str, label: str) -> None:
    """Band of the ensemble, axis and the end of the fitted years."""
    low, high = (frame[column.format(place)] for place in ("p5", "p95"))
    axes.fill_between(
        years, low, high, color=COLOURS["ai"], alpha=0.2, linewidth=0.0, label="Ensemble, 5-95 %"
    )
    axes.axvline(FIT_ENDS, color="#666666", linewidth=0.6, linestyle=":")
    axes.annotate(
        "fitted ", (FIT_ENDS, 0.95), xycoords=("data", "axes fraction"), ha="right", color="#666666"
    )
    axes.annotate(" predicted", (FIT_ENDS, 0.95), xycoords=("data", "axes fraction"), color="#666666")
    axes.set_yscale("log")
    axes.minorticks_off()
    axes.set_ylabel(label)
    axes.margins(x=0.0)


def caption(frame: pd.DataFrame) -> str:
    """Say what drives the lines and what was fitted."""
    return (
        "Free run of the world's miners from January 2017, driven by coin price, fees, issuance at the "
        "protocol's pace, facts of the machines and dated events (ban in China 2021, cut-off in Kazakhstan "
        "2022, two storms). Parameters were fitted on 2017-2020 only (left of the dotted line); the band is "
        "a hundred draws of the posterior of those years. Points: efficiency by "
        "CBECI, a mean over listed machine models that pay at the month's hashprice; dashed: the same "
        "recipe at the observed hashprice, without any fleet. Diamonds: fleet efficiency from patterns in "
        "nonces and from a survey. Best naive model: partial adjustment of hash to reward, started at the "
        "observed hash of December 2020."
    )
