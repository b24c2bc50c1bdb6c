"""Figure: world hash by break-even hashprice, and the load that runs at every power price."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.base import new_figure, plain_ticks
from experiments.results import Results

HEIGHT_MM = 74.0
SHADES = ("#9ECAE1", "#6BAED6", "#3182BD", "#08306B")
LOADS = ("#56B4E9", "#0072B2", "#E69F00")


def load(results: Results) -> pd.DataFrame:
    """Stack the hash supply of the stored fleets and the response of load; ``panel`` tells them apart."""
    fleets = results.evidence("bitcoin_fleets").sort_values(["month", "breakeven_usd_per_ph_day"])
    fleets["cumulative_ehs"] = fleets.groupby("month")["hash_ehs"].cumsum()
    columns = ["month", "breakeven_usd_per_ph_day", "cumulative_ehs", "hashprice_usd_per_ph_day"]
    response = results.evidence("bitcoin_response")
    frame = pd.concat(
        [fleets[columns].assign(panel="supply"), response.assign(panel="response")], ignore_index=True
    )
    frame = frame[["panel", *(name for name in frame.columns if name != "panel")]]
    frame.attrs["units"] = {
        "breakeven_usd_per_ph_day": "USD/PH/day",
        "cumulative_ehs": "EH/s",
        "hashprice_usd_per_ph_day": "USD/PH/day",
        "power_price_usd_per_kwh": "USD/kWh",
        "running_share": "share of MW",
    }
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw supply curves of four months with their hashprice, and the response of load at three."""
    figure = new_figure("double", HEIGHT_MM)
    left, right = figure.subplots(1, 2)
    _supply(left, frame[frame["panel"] == "supply"])
    _response(right, frame[frame["panel"] == "response"])
    return figure


def _supply(axes: Axes, frame: pd.DataFrame) -> None:
    for (month, data), colour in zip(frame.groupby("month"), SHADES, strict=False):
        axes.step(data["cumulative_ehs"], data["breakeven_usd_per_ph_day"], color=colour, label=str(month))
        price = float(data["hashprice_usd_per_ph_day"].iloc[0])
        hash_ehs = float(data["cumulative_ehs"][data["breakeven_usd_per_ph_day"] <= price].max())
        axes.plot(hash_ehs, price, "o", color=colour, markersize=4.0, mec="white", mew=0.5)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.minorticks_off()
    axes.set_xticks([3, 10, 30, 100, 300, 1000], ["3", "10", "30", "100", "300", "1,000"])
    axes.set_yticks([10, 30, 100, 300, 1000], ["10", "30", "100", "300", "1,000"])
    axes.set_xlim(left=1.0)
    axes.set_xlabel("Cumulative hash rate of machines (EH/s)")
    axes.set_ylabel("Break-even hashprice (USD/PH/day)")
    axes.legend(loc="upper left", title="dots: hashprice")


def _response(axes: Axes, frame: pd.DataFrame) -> None:
    for (hashprice, data), colour in zip(frame.groupby("hashprice_usd_per_ph_day"), LOADS, strict=True):
        cents = data["power_price_usd_per_kwh"] * 100.0
        axes.step(cents, data["running_share"] * 100.0, color=colour, label=f"{hashprice:.0f} USD/PH/day")
    axes.set_xlabel("Power price (US cents per kWh)")
    axes.set_ylabel("Load that runs (% of the fleet's MW)")
    axes.set_ylim(0.0, 102.0)
    axes.legend(title="Hashprice")
    axes.margins(x=0.0)
    plain_ticks(axes, "y")


def caption(frame: pd.DataFrame) -> str:
    """Say how to read the curves."""
    supply = frame[frame["panel"] == "supply"]
    idle = []
    for month, data in supply.groupby("month"):
        idle_ehs = data["cumulative_ehs"].max() - np.max(
            data["cumulative_ehs"][data["breakeven_usd_per_ph_day"] <= data["hashprice_usd_per_ph_day"]]
        )
        idle.append(f"{month} {idle_ehs / data['cumulative_ehs'].max():.0%}")
    return (
        "Left: machines abroad in the free run, in order of the hashprice at which they break even at what "
        "an idle hour saves, power and a host's charge; above the dot machines stand idle "
        f"({', '.join(idle)}). Right: share of the fleet of June 2025, by power, that runs if all pay the "
        "price on the axis: the threshold moves with hashprice, so the elasticity of load depends on the "
        "state."
    )
