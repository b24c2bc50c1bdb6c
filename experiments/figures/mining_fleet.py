"""Figure: the world's mining fleet by age, and entry, exit and orders of firms abroad."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.base import COLOURS, new_figure, plain_ticks, years_of
from experiments.results import Results

HEIGHT_MM = 78.0
AGES = np.arange(0.0, 9.0)
SHADES = ("#9ECAE1", "#6BAED6", "#3182BD", "#08306B")


def load(results: Results) -> pd.DataFrame:
    """Shares of hash by years since release in four months; firms, entry, exit and orders by month."""
    fleets = results.evidence("bitcoin_fleets")
    age = np.clip(np.floor(fleets["age_years"]), AGES[0], AGES[-1])
    pyramid = fleets.groupby(["month", age.rename("age_years")], as_index=False)["hash_ehs"].sum()
    total = pyramid.groupby("month")["hash_ehs"].transform("sum")
    pyramid["share"] = pyramid["hash_ehs"] / total
    orders = results.evidence("bitcoin_hindcast")[["month", "orders_gw_per_month", "seeds"]]
    firms = orders.merge(results.evidence("bitcoin_entry"), on="month", validate="one_to_one")
    frame = pd.concat([pyramid.assign(panel="age"), firms.assign(panel="firms")], ignore_index=True)
    frame = frame[["panel", *(name for name in frame.columns if name != "panel")]]
    frame.attrs["units"] = {
        "age_years": "years since release", "hash_ehs": "EH/s", "share": "share of EH/s", "firms": "1",
        "entries": "1/month", "exits": "1/month", "orders_gw_per_month": "GW/month", "seeds": "1",
    }  # fmt: skip
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw the age pyramid on the left, orders over entry and exit on the right."""
    figure = new_figure("double", HEIGHT_MM)
    left, right = figure.subplots(1, 2, width_ratios=[1.0, 1.25])
    upper, lower = right.get_subplotspec().subgridspec(2, 1).subplots(sharex=True)
    right.remove()
    _pyramid(left, frame[frame["panel"] == "age"])
    firms = frame[frame["panel"] == "firms"]
    years = years_of(firms["month"])
    upper.fill_between(
        years, 0.0, firms["orders_gw_per_month"], color=COLOURS["ai"], alpha=0.7, linewidth=0.0
    )
    upper.set_ylabel("Orders of new\nmachines (GW a month)")
    lower.bar(years, firms["entries"], width=1.0 / 12.0, color=COLOURS["ai"], label="enter")
    lower.bar(years, -firms["exits"], width=1.0 / 12.0, color=COLOURS["theft"], label="leave")
    lower.axhline(0.0, color=COLOURS["ink"], linewidth=0.6)
    lower.set_ylabel("Firms that enter\nor leave (a month)")
    lower.set_xlim(years[0], years[-1])
    lower.legend(loc="lower left")
    upper.set_ylim(bottom=0.0)
    for axes in (upper, lower):
        plain_ticks(axes, "y")
    return figure


def _pyramid(axes: Axes, frame: pd.DataFrame) -> None:
    months = sorted(frame["month"].unique())
    height = 0.8 / len(months)
    for place, (month, colour) in enumerate(zip(months, SHADES, strict=False)):
        data = frame[frame["month"] == month]
        offset = (place - (len(months) - 1) / 2.0) * height
        axes.barh(data["age_years"] + offset, data["share"] * 100.0, height, color=colour, label=month)
    labels = [f"{age:.0f}" for age in AGES[:-1]] + [f"{AGES[-1]:.0f} or more"]
    axes.set_yticks(AGES, labels)
    axes.set_ylabel("Years since the machine's release")
    axes.set_xlabel("Hash rate of machines owned (%)")
    axes.legend(loc="upper right")


def caption(frame: pd.DataFrame) -> str:
    """Say what is counted."""
    firms = frame[frame["panel"] == "firms"]
    return (
        "Left: hash rate of machines owned abroad in the free run by years since their generation was "
        "released; owners idle what does not pay, so not all of it runs. Right: orders of new machines "
        f"(moving average of three months; median of {firms['seeds'].max():.0f} seeds) and firms that enter "
        f"or leave, of "
        f"{firms['firms'].max():.0f} slots (means of the same seeds): {firms['exits'].sum():.0f} leave and "
        f"{firms['entries'].sum():.0f} enter; a slot goes to a new firm when machines and site clear its "
        "hurdle again."
    )
