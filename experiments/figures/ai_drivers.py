"""Figure: new AI capacity of 2030 with one driver at a time at the ends of its range."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.figures.base import COLOURS, new_figure, plain_ticks
from experiments.results import Results
from experiments.units import number

MM_PER_ROW, MARGIN_MM = 5.4, 18.0
ENDS = (("low", "#56B4E9", "at its low end"), ("high", "#0072B2", "at its high end"))


def load(results: Results) -> pd.DataFrame:
    """Take the changes by driver, largest range first."""
    table = results.evidence("ai_drivers")
    frame = table.copy()
    reach = frame.groupby("driver")["change_mw_it"].transform(lambda change: np.ptp([*change, 0.0]))
    frame["reach"] = reach
    frame = frame.sort_values(["reach", "driver", "end"], ascending=[False, True, True], kind="stable")
    frame = frame.drop(columns="reach").reset_index(drop=True)
    frame.attrs["units"] = table.attrs["units"]
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw a bar to either side of the base for each driver, with the interval of the mean change."""
    drivers = list(dict.fromkeys(frame["driver"]))
    figure = new_figure("double", MARGIN_MM + MM_PER_ROW * len(drivers))
    axes = figure.subplots()
    for end, colour, label in ENDS:
        data = frame[frame["end"] == end].set_index("driver").loc[drivers]
        places = np.arange(len(drivers))
        axes.barh(places, data["change_mw_it"], 0.72, color=colour, label=f"Driver {label}", zorder=2)
        axes.hlines(
            places + (0.14 if end == "low" else -0.14), data["change_low_mw_it"], data["change_high_mw_it"],
            color=COLOURS["ink"], linewidth=0.7, zorder=3,
        )  # fmt: skip
    labels = []
    for driver in drivers:
        row = frame[frame["driver"] == driver].set_index("end")
        low, high = (number(float(row.loc[end, "value"]), 3) for end in ("low", "high"))
        labels.append(f"{row['label'].iloc[0]} ({low} to {high})")
    axes.set_yticks(range(len(drivers)), labels)
    axes.set_ylim(len(drivers) - 0.4, -0.6)
    axes.axvline(0.0, color=COLOURS["ink"], linewidth=0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    base = float(frame["base_mw_it"].iloc[0])
    axes.set_xlabel(f"Change of new AI capacity in December 2030 (MW of IT; base {base:.0f})")
    plain_ticks(axes, "x")
    axes.legend(loc="lower right")
    return figure


def caption(frame: pd.DataFrame) -> str:
    """Say what is varied and what the base is."""
    return (
        "AI halls in Pakistan that did not stand in 2025, under the announced offer without a lender, so "
        "that "
        f"the offer stands; {frame['seeds'].iloc[0]} seeds shared by all settings. Each driver goes to "
        "the ends of "
        "its range in brackets (units of the registry; PKR per kWh for the price of power) while all "
        "others stay. "
        "Lines: 95 % interval of the mean paired change."
    )
