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
    table = frame[frame["j_per_th"] <= LEAST_EFFICIENT_J_PER_TH].iloc[::-1]
    low, high = offer_of(frame)
    colours = [COLOURS["ai"] if good else "#BBBBBB" for good in table["runs_pkr_per_kwh"] > low]
    places = np.arange(len(table))
    axes.barh(places, table["runs_pkr_per_kwh"].clip(lower=0.0), 0.72, color=colours)
    for column, mark, name in (("machine", "D", "pays back the machine"), ("site", "s", "and a new site")):
        price = table[f"{column}_pkr_per_kwh"]
        axes.plot(
            price.clip(lower=0.0), places, mark, color=COLOURS["ink"], markersize=3.0, clip_on=False,
            markerfacecolor="none" if column == "site" else COLOURS["ink"], label=name,
        )  # fmt: skip
    axes.legend(loc="upper right", bbox_to_anchor=(1.02, 0.92))
    names = [f"{name} ({j:.3g} J/TH)" for name, j in zip(table["generation"], table["j_per_th"], strict=True)]
    axes.set_yticks(places, names)
    axes.axvspan(low, high, color=COLOURS["licensed"], alpha=0.5, linewidth=0.0)
    axes.annotate(
        f"offer {low:.0f}-{high:.0f}", (high, 1.0),
        xycoords=("data", "axes fraction"), xytext=(2, -7), textcoords="offset points", fontsize=6.5,
    )  # fmt: skip
    axes.set_xlabel("Highest offer price (PKR per kWh) at which it runs")
    axes.set_xlim(0.0, 1.35 * float(table["runs_pkr_per_kwh"].max()))


def offer_of(frame: pd.DataFrame) -> tuple[float, float]:
    """Lower and upper end of the offered price, PKR per kWh."""
    low, high = (frame[f"offer_{end}_pkr_per_kwh"].dropna().iloc[0] for end in ("low", "high"))
    return float(low), float(high)


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


def mean_with_interval(log_change: pd.Series) -> str:
    """Write the mean change over seeds in per cent, with the 95 % interval of the mean (normal)."""
    change = 100.0 * np.expm1(log_change)
    half = 1.96 * float(change.std(ddof=1)) / len(change) ** 0.5
    return f"{change.mean():.1f} % ({change.mean() - half:.1f} to {change.mean() + half:.1f})"


def caption(frame: pd.DataFrame) -> str:
    """Say what is assumed and what the model adds."""
    data = frame[frame["panel"] == "generations"]
    low, high = offer_of(frame)
    prices = {
        name: dict(zip(data["generation"], data[f"{name}_pkr_per_kwh"], strict=True))
        for name in ("runs", "machine", "site")
    }

    def named(kind: str, price: float) -> str:
        return ", ".join(name for name, highest in prices[kind].items() if highest > price) or "none"

    block = frame[(frame["panel"] == "hashprice") & (frame["closure"] == "model")]
    moved = [
        f"{mean_with_interval(block[block['months_after'] == months]['log_hashprice_change'])} "
        f"{'at once' if months == 0 else f'after {months:.0f} months'}"
        for months in (0, 12, 36)
    ]
    return (
        "Left: highest price of the announced offer, before levy and tax on power, at which an ordinary farm "
        "of the model runs a machine at the hashprice of mid 2026 "
        f"({data['hashprice_usd_per_ph_day'].iloc[0]:.1f} USD/PH/day): {named('runs', low)} at Rs {low:.0f}, "
        f"{named('runs', high)} at Rs {high:.0f}. Diamonds: the price at which it is worth buying for a site "
        f"that stands ({named('machine', low)} at Rs "
        f"{low:.0f}); squares: with a new site ({named('site', low)}; at zero: not even with free power). "
        "Right: change of the world's hashprice if 2,000 MW of S21-class machines run in Pakistan, paired by "
        f"seed (mean {', '.join(moved)}); dotted lines: static closure with the elasticity of the rest of "
        "the world that stands beside them."
    )
