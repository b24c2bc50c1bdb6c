"""Figure: which machines pay in Pakistan in mid 2026, and what 2,000 MW do to the hashprice of the world."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.base import COLOURS, new_figure, plain_ticks
from experiments.results import Results

HEIGHT_MM = 74.0
# Older machines break even far below any offer
LEAST_EFFICIENT_J_PER_TH = 40.0


def load(results: Results) -> pd.DataFrame:
    """Stack break-even by generation and the change of hashprice under both closures."""
    generations = results.evidence("pakistan_generations").assign(panel="generations")
    block = results.evidence("hashprice_of_block").assign(panel="hashprice")
    frame = pd.concat([generations, block], ignore_index=True)
    frame = frame[["panel", *(name for name in frame.columns if name != "panel")]]
    units = results.evidence("pakistan_generations").attrs["units"]
    frame.attrs["units"] = units | results.evidence("hashprice_of_block").attrs["units"]
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw break-even prices against the offer on the left, the fall of hashprice on the right."""
    figure = new_figure("double", HEIGHT_MM)
    left, right = figure.subplots(1, 2, width_ratios=[1.2, 1.0])
    _generations(left, frame[frame["panel"] == "generations"])
    _hashprice(right, frame[frame["panel"] == "hashprice"])
    return figure


def _generations(axes: Axes, frame: pd.DataFrame) -> None:
    table = frame[frame["j_per_th"] <= LEAST_EFFICIENT_J_PER_TH].drop_duplicates("generation").iloc[::-1]
    offer = frame["price_pkr_per_kwh"]
    pays = table["breakeven_pkr_per_kwh"] > offer.max()
    colours = [COLOURS["ai"] if good else "#BBBBBB" for good in pays]
    axes.barh(np.arange(len(table)), table["breakeven_pkr_per_kwh"].clip(lower=0.0), 0.72, color=colours)
    names = [f"{name} ({j:.3g} J/TH)" for name, j in zip(table["generation"], table["j_per_th"], strict=True)]
    axes.set_yticks(np.arange(len(table)), names)
    axes.axvspan(offer.min(), offer.max(), color=COLOURS["licensed"], alpha=0.5, linewidth=0.0)
    axes.annotate(
        f"offer {offer.min():.0f}-{offer.max():.0f}", (offer.max(), 1.0),
        xycoords=("data", "axes fraction"), xytext=(2, -7), textcoords="offset points", fontsize=6.5,
    )  # fmt: skip
    axes.set_xlabel("Power price at which it breaks even (PKR per kWh)")


def _hashprice(axes: Axes, frame: pd.DataFrame) -> None:
    model = frame[frame["closure"] == "model"]
    months = sorted(model["months_after"].unique())
    change = [100.0 * np.expm1(model[model["months_after"] == m]["log_hashprice_change"]) for m in months]
    middle = [float(values.median()) for values in change]
    low, high = ([float(v.quantile(q)) for v in change] for q in (0.05, 0.95))
    axes.fill_between(months, low, high, color=COLOURS["ai"], alpha=0.2, linewidth=0.0)
    axes.plot(months, middle, color=COLOURS["ai"], marker="o", markersize=3.0, label="model")
    elastic = frame[frame["closure"] == "elastic"]
    for eta, value in zip(elastic["elasticity"], elastic["log_hashprice_change"], strict=True):
        height = 100.0 * float(np.expm1(value))
        axes.axhline(height, color="#888888", linewidth=0.5, linestyle=":")
        axes.annotate(
            f"{eta:g}", (1.0, height), xycoords=("axes fraction", "data"), xytext=(2, -2),
            textcoords="offset points", fontsize=6.5, color="#666666",
        )  # fmt: skip
    axes.set_xlabel("Months after the block starts (June 2026)")
    axes.set_ylabel("World hashprice (% change)")
    axes.set_title("dotted: elasticity of the rest of the world")
    axes.axhline(0.0, color=COLOURS["ink"], linewidth=0.6)
    plain_ticks(axes, "y")


def caption(frame: pd.DataFrame) -> str:
    """Say what is assumed and what the model adds."""
    data = frame[frame["panel"] == "generations"]
    hashprice = float(data["hashprice_usd_per_ph_day"].iloc[0])
    names = list(dict.fromkeys(data[data["pays"] == 1]["generation"]))
    return (
        f"Left: at the model's hashprice of mid 2026, {hashprice:.1f} USD/PH/day, the machines that cover "
        f"power and other running cost at some offered price are: {', '.join(names) or 'none'}; capital cost "
        "comes on top. Right: change of the world's hashprice if 2,000 MW of S21-class machines run in "
        "Pakistan, paired by seed; dotted lines: static closure with the elasticity of the rest of the world "
        "that stands beside them."
    )
