"""Figure: efficiency of the best machine on sale, observed and projected."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.figures.base import COLOURS, new_figure, years_of
from experiments.results import Results

HEIGHT_MM = 70.0
FIRST_MONTH = "2016-01"  # no run reaches machines older than that
NAMED = ("S9", "S17", "S19 Pro", "S21", "S21 XP", "S23 Hydro")
# Two spans of about five years between machines of the largest maker, and the whole
SPANS = (("S9", "S19 Pro"), ("S19 Pro", "S23 Hydro"), ("S9", "S23 Hydro"))


def load(results: Results) -> pd.DataFrame:
    """Take the stored frontier since the first machine of the hindcast."""
    stored = results.evidence("bitcoin_frontier")
    frame = stored[stored["month"] >= FIRST_MONTH].reset_index(drop=True)
    frame.attrs["units"] = stored.attrs["units"]
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw observed machines as dots, the projection as a line with its band, on a log scale."""
    figure = new_figure("single", HEIGHT_MM)
    axes = figure.subplots()
    seen, ahead = (frame[frame["kind"] == kind] for kind in ("observed", "projected"))
    axes.plot(
        years_of(seen["month"]), seen["j_per_th"], "o", color=COLOURS["ink"], markersize=3.0, label="Observed"
    )
    for name, month, j_per_th in zip(seen["generation"], seen["month"], seen["j_per_th"], strict=True):
        if name in NAMED:
            axes.annotate(
                name, (years_of([month])[0], j_per_th), xytext=(3, 3), textcoords="offset points",
                fontsize=6.5,
            )  # fmt: skip
    years = years_of(ahead["month"])
    low, high = ahead["p5_j_per_th"], ahead["p95_j_per_th"]
    axes.fill_between(years, low, high, color=COLOURS["ai"], alpha=0.2, linewidth=0.0, step="post")
    axes.step(years, ahead["j_per_th"], color=COLOURS["ai"], where="post", label="Projected, 5-95 %")
    axes.set_yscale("log")
    axes.minorticks_off()
    axes.set_yticks([1, 3, 10, 30, 100], ["1", "3", "10", "30", "100"])
    axes.set_xticks(range(2016, 2036, 4))
    axes.set_ylabel("Best machine on sale (J/TH)")
    axes.legend(loc="lower left")
    return figure


def decline_per_year(frame: pd.DataFrame, first: str, last: str) -> float:
    """Yearly decline of J/TH between two observed generations, a share."""
    rows = frame[frame["kind"] == "observed"].set_index("generation").loc[[first, last]]
    years = years_of(rows["month"])
    return float(1.0 - np.exp(np.log(rows["j_per_th"].iloc[1] / rows["j_per_th"].iloc[0]) / np.ptp(years)))


def caption(frame: pd.DataFrame) -> str:
    """Say how fast the frontier fell, what is projected, and what an earlier projection would have missed."""
    rates = [f"{first} to {last} {decline_per_year(frame, first, last):.0%}" for first, last in SPANS]
    observed = frame[frame["kind"] == "observed"].set_index("generation")
    base, latest = observed.loc["S19 Pro"], observed.loc["S23 Hydro"]
    years = float(np.ptp(years_of([base["month"], latest["month"]])))
    extended = base["j_per_th"] * (1.0 - decline_per_year(frame, "S9", "S19 Pro")) ** years
    end = frame.iloc[-1]
    return (
        f"Dots: machines by the month they could be bought. Decline a year: {', '.join(rates)}. Line: a new "
        "generation at the registry's release interval and rate of improvement; band: both drawn from their "
        f"distributions. In {end['month'][:4]} the best machine has {end['j_per_th']:.1f} J/TH "
        f"({end['p5_j_per_th']:.1f} to {end['p95_j_per_th']:.1f}). Progress has slowed: at the rate of the "
        f"first span it would have been {extended:.1f} J/TH in {latest['month']} and not "
        f"{latest['j_per_th']:.1f}. The newest machine is cooled by water, all others by air."
    )
