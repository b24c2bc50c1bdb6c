"""Figure: what a kWh of ordinary consumers costs, part by part, and who pays for it, year by year."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.base import COLOURS, new_figure, plain_ticks
from experiments.results import Results

HEIGHT_MM = 80.0
CENTS = 100.0
KWH_PER_MWH = 1000.0
# Output, label and colour, from the base of the stack; the first four are costs, the others pay them.
COSTS = {
    "energy": ("Energy", "#0072B2"),
    "capacity_payments_usd": ("Capacity payments", "#56B4E9"),
    "network_cost_usd": ("Network and distribution", "#009E73"),
    "debt_interest_usd": ("Interest on circular debt", "#CC79A7"),
}
PAYERS = {
    "collected": ("Consumers", "#D9D9D9"),
    "special_revenue_usd": ("New load", "#E69F00"),
    "subsidy_usd": ("Treasury", "#F0E442"),
    "arrears": ("Left unpaid: arrears", "#D55E00"),
}
OUTPUTS = (
    "grid_cost_usd", "capacity_payments_usd", "network_cost_usd", "debt_interest_usd", "consumer_bill_usd",
    "unpaid_bills_usd", "special_revenue_usd", "subsidy_usd", "others_energy_mwh",
)  # fmt: skip


def load(results: Results) -> pd.DataFrame:
    """Add up a year of the first featured regime, per kWh sold to ordinary consumers; mean over runs."""
    regime = results.featured[0]
    months = results.months(OUTPUTS)
    months = months[months["regime"] == regime]
    months["year"] = months.groupby("run_id").cumcount() // 12 + 1
    year = months.groupby(["run_id", "year"])[list(OUTPUTS)].sum()
    year["energy"] = year["grid_cost_usd"] - year["capacity_payments_usd"]
    year["collected"] = year["consumer_bill_usd"] - year["unpaid_bills_usd"]
    paid = ["collected", "special_revenue_usd", "subsidy_usd"]
    year["arrears"] = year[list(COSTS)].sum(axis=1) - year[paid].sum(axis=1)
    sold_kwh = year["others_energy_mwh"] * KWH_PER_MWH
    per_kwh = year.div(sold_kwh.where(sold_kwh > 0.0) / CENTS, axis=0).fillna(0.0)
    parts = [*COSTS, *PAYERS]
    frame = per_kwh[parts].groupby("year").mean().reset_index()
    first = sorted(months["month"])[0]
    start = int(first[:4])
    frame["year"] = [f"{start + n - 1}/{(start + n) % 100:02d}" for n in frame["year"]]
    frame.insert(0, "regime", results.label(regime))
    frame.attrs["units"] = {"year": "twelve months from the start"} | dict.fromkeys(parts, "US cents/kWh")
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw costs on the left and payers on the right; both stacks have the same height."""
    figure = new_figure("double", HEIGHT_MM)
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, parts, title in ((left, COSTS, "What it costs"), (right, PAYERS, "Who pays")):
        _stack(axes, frame, parts)
        axes.set_title(title)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
    left.set_ylabel("US cents per kWh sold to ordinary consumers")
    plain_ticks(left, "y")
    return figure


def _stack(axes: Axes, frame: pd.DataFrame, parts: dict[str, tuple[str, str]]) -> None:
    up, down = np.zeros(len(frame)), np.zeros(len(frame))
    for name, (label, colour) in parts.items():
        value = frame[name].to_numpy(dtype=float)
        axes.bar(
            frame["year"], value, 0.8, bottom=np.where(value >= 0.0, up, down), color=colour, label=label
        )
        up, down = up + np.maximum(0.0, value), down + np.minimum(0.0, value)
    axes.axhline(0.0, color=COLOURS["ink"], linewidth=0.6)
    axes.tick_params(axis="x", rotation=45)
    axes.grid(axis="x", visible=False)


def caption(frame: pd.DataFrame) -> str:
    """Say what the parts are."""
    return (
        f"{frame['regime'].iloc[0]}, mean over runs, real US cents per kWh sold to ordinary consumers (new "
        "load is in the costs and among the payers). Energy includes what losses and theft take. Treasury: "
        "uniform tariff, its part of losses and unpaid bills. Arrears below zero: debt is paid back."
    )
