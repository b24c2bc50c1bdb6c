"""Figure: what 1,000 MW of flat new load at Rs 22.98 does to others' bills, by the fuel that serves it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.base import COLOURS, new_figure, plain_ticks
from experiments.figures.technologies import SEASON_NAMES, TECHNOLOGIES
from experiments.results import Results

HEIGHT_MM = 78.0
FUELS = ("imported_coal", "rlng", "other")
PURE = 0.9
MARKERS = {"south": "o", "north": "^"}
OTHER = ("Other or shortage", "#AAAAAA")


def load(results: Results) -> pd.DataFrame:
    """Take months, zones and combinations; name the fuel that serves most of the new load."""
    frame = results.evidence("grid_new_load").copy()
    shares = frame[["imported_coal_share", "rlng_share"]].clip(lower=0.0)
    rest = np.maximum(0.0, 1.0 - shares.sum(axis=1))
    best = np.argmax(np.column_stack([shares.to_numpy(), rest]), axis=1)
    frame["served_by"] = [FUELS[place] for place in best]
    frame["purity"] = np.column_stack([shares.to_numpy(), rest]).max(axis=1)
    frame.attrs["units"] = results.evidence("grid_new_load").attrs["units"] | {"purity": "share"}
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw margins by fuel on the left, the probability that bills fall by zone and season on the right."""
    figure = new_figure("double", HEIGHT_MM)
    left, right = figure.subplots(1, 2, width_ratios=[1.5, 1.0])
    _margins(left, frame)
    _probabilities(right, frame)
    return figure


def _margins(axes: Axes, frame: pd.DataFrame) -> None:
    spread = np.random.default_rng(0).uniform(-0.32, 0.32, len(frame))
    for place, fuel in enumerate(FUELS):
        colour = TECHNOLOGIES.get(fuel, OTHER)[1]
        for zone, marker in MARKERS.items():
            chosen = ((frame["served_by"] == fuel) & (frame["zone"] == zone)).to_numpy()
            data = frame[chosen]
            pure = (data["purity"] >= PURE).to_numpy()
            x, y = place + spread[chosen], data["margin_pkr_per_kwh"].to_numpy()
            axes.plot(x[~pure], y[~pure], marker, color=colour, markersize=2.2, alpha=0.45, mew=0)
            axes.plot(x[pure], y[pure], marker, color=colour, markersize=3.4, mec="white", mew=0.3)
    axes.axhline(0.0, color=COLOURS["ink"], linewidth=0.6)
    axes.set_xticks(range(len(FUELS)), [TECHNOLOGIES.get(fuel, OTHER)[0] for fuel in FUELS])
    axes.set_ylabel("Price less cost of the new load\n(PKR per kWh)")
    axes.set_ylim(-16, 9)
    axes.set_title("Fuel that serves most of it, month by month")
    for y, text in ((8.2, "others pay less"), (-15.4, "others pay more")):
        axes.annotate(text, (2.3, y), ha="right", fontsize=6.5, color="#666666")
    handles = [
        axes.plot([], [], marker, color="#666666", markersize=3.0, linestyle="none", label=zone)[0]
        for zone, marker in MARKERS.items()
    ]
    axes.legend(handles=handles, loc="lower left")
    plain_ticks(axes, "y")


def _probabilities(axes: Axes, frame: pd.DataFrame) -> None:
    sums = frame.groupby(["combination", "zone", "season"])["others_bills_pkr_bn"].sum()
    share = (sums < 0.0).groupby(["zone", "season"]).mean()
    width = 0.36
    for side, (zone, colour) in enumerate((("south", "#0072B2"), ("north", "#56B4E9"))):
        values = [float(share[zone, season]) for season in SEASON_NAMES]
        places = np.arange(len(values)) + (side - 0.5) * width
        axes.bar(places, values, width * 0.92, color=colour, label=zone.capitalize())
        for place, value in zip(places, values, strict=True):
            axes.annotate(
                f"{value:.2f}", (place, value), xytext=(0, 2), textcoords="offset points",
                ha="center", fontsize=6.5,
            )  # fmt: skip
    axes.set_xticks(
        range(len(SEASON_NAMES)), [name.replace(" and ", "\nand ") for name in SEASON_NAMES.values()]
    )
    axes.set_ylim(0.0, 1.15)
    axes.set_yticks([0.0, 0.25, 0.5, 0.75, 1.0])
    axes.set_ylabel("Share of combinations")
    axes.set_title("Probability that others' bills fall")
    axes.grid(axis="x", visible=False)
    axes.legend(loc="upper right", ncols=2)


def caption(frame: pd.DataFrame) -> str:
    """Say what a dot is and how the probability is counted."""
    return (
        "1,000 MW of flat load at the connection added to the months of FY2025 in the simulation, once in "
        f"each zone, under each of the {frame['combination'].nunique()} combinations of the joint prior. "
        "Left: each dot is a month in a zone; large dots: at least 90 % of the added energy came from that "
        "fuel. Right: share of the combinations in which the season's bills of all other consumers fall."
    )
