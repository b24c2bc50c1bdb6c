"""Figure: what holds AI firms back over time, and the part of the allocation that AI takes."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiments.figures.base import COLOURS, new_figure, plain_ticks, years_of
from experiments.results import Results

CAUSES = {
    "demand": ("Demand at home", "#0072B2"),
    "risk": ("Country risk", "#D55E00"),
    "return": ("Return: no single relief would do", "#999999"),
    "chips": ("Chip licence and cap", "#CC79A7"),
    "queue": ("Power connection", "#E69F00"),
    "capital": ("Owners' funds", "#009E73"),
    "abroad": ("Site abroad is better", "#56B4E9"),
    "power": ("Price of power", "#F0E442"),
}
HEIGHT_MM = 66.0
SHARE = "ai_allocation_share"
QUANTILES = {"p05": 0.05, "p50": 0.5, "p95": 0.95}


def load(results: Results) -> pd.DataFrame:
    """Shares of blocked firms by cause, and the AI share of the allocation, month by month in one regime."""
    names = [f"ai_blocked_{cause}" for cause in CAUSES]
    months = results.months([*names, SHARE])
    months = months[months["regime"] == results.featured[0]]
    by_month = months.groupby("month", sort=True)
    blocked = by_month[names].mean()
    shares = blocked.div(blocked.sum(axis=1).where(lambda total: total > 0.0), axis=0).fillna(0.0)
    frame = shares.rename(columns=lambda name: name.removeprefix("ai_blocked_")).reset_index()
    for name, level in QUANTILES.items():
        frame[f"{SHARE}_{name}"] = by_month[SHARE].quantile(level).to_numpy()
    frame.insert(0, "regime_label", results.label(results.featured[0]))
    units = dict.fromkeys(CAUSES, "share") | {f"{SHARE}_{name}": "share" for name in QUANTILES}
    frame.attrs["units"] = {"month": "calendar month"} | units
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw the causes as a stack on the left and the share of the allocation on the right."""
    figure = new_figure("double", HEIGHT_MM)
    left, right = figure.subplots(1, 2, width_ratios=[1.6, 1.0])
    years = years_of(frame["month"])
    left.stackplot(
        years,
        *[frame[cause] * 100.0 for cause in CAUSES],
        colors=[colour for _, colour in CAUSES.values()],
        labels=[label for label, _ in CAUSES.values()],
    )
    left.set_ylim(0.0, 100.0)
    left.set_xlim(years[0], years[-1])
    left.set_ylabel("Share of blocked AI firms (%)")
    figure.legend(loc="outside lower center", ncols=4)
    _allocation(right, frame)
    for axes in (left, right):
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    return figure


def _allocation(axes: Axes, frame: pd.DataFrame) -> None:
    years = years_of(frame["month"])
    low, mid, high = (frame[f"{SHARE}_{name}"] * 100.0 for name in QUANTILES)
    axes.fill_between(years, low, high, color=COLOURS["ai"], alpha=0.25)
    axes.plot(years, mid, color=COLOURS["ai"])
    axes.set_ylim(bottom=0.0)
    axes.set_xlim(years[0], years[-1])
    axes.set_ylabel("AI share of the allocation (%)")
    plain_ticks(axes, "y")


def at_2030(frame: pd.DataFrame) -> pd.Series:
    """Row of December 2030, or the last month of a shorter run."""
    chosen = frame[frame["month"] <= "2030-12"]
    return chosen.iloc[-1]


def caption(frame: pd.DataFrame) -> str:
    """State the AI share of the allocation by 2030 with its interval, and name what binds."""
    row = at_2030(frame)
    low, mid, high = (float(row[f"{SHARE}_{name}"]) * 100.0 for name in QUANTILES)
    order = sorted(CAUSES, key=lambda cause: -float(row[cause]))
    first, second = (f"{CAUSES[cause][0].lower()} ({row[cause] * 100.0:.0f} %)" for cause in order[:2])
    return (
        f"{row['regime_label']}. Left: AI firms whose last review or application failed, by what held it "
        "back; a "
        "firm that finds the return too low names the single relief that would have let it build. Right: "
        "median "
        f"and 5-95 % of runs. In {row['month']} new AI halls take {mid:.1f} % of the allocation "
        f"({low:.1f}-{high:.1f} %); what binds most is {first}, then {second}."
    )
