"""Figure: the merit order of FY2025 by zone and season, with demand of the zone and its mean price."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from experiments.figures.base import COLOURS, new_figure, plain_ticks
from experiments.figures.technologies import SEASON_NAMES, TECHNOLOGIES
from experiments.results import Results

MW_PER_GW = 1000.0
HEIGHT_MM = 105.0
SEASONS = ("winter", "summer")
PACKAGE_PKR_PER_KWH = 22.98
# So that plants without fuel cost can be seen
SMALLEST_BAR = 0.35


def load(results: Results) -> pd.DataFrame:
    """Average plants over the months of a season and sort them by cost in the zone; add demand and price."""
    plants, hours = results.evidence("grid_plants"), results.evidence("grid_hours")
    keys = ["zone", "season"]
    frame = plants.groupby([*keys, "plant", "technology"], sort=False)[
        ["able_mw", "run_mw", "cost_pkr_per_kwh"]
    ].mean()
    frame = frame.reset_index()
    frame = frame[frame["season"].isin(SEASONS) & (frame["able_mw"] > 0.0)]
    weighted = hours.assign(value=hours["price_pkr_per_kwh"] * hours["demand_mw"])
    sums = weighted.groupby(keys)[["value", "demand_mw"]].sum()
    means = hours.groupby(keys)[["demand_mw", "inflow_mw"]].mean()
    frame = frame.merge(means.reset_index(), on=keys)
    frame = frame.merge(
        (sums["value"] / sums["demand_mw"]).rename("price_pkr_per_kwh").reset_index(), on=keys
    )
    frame = frame.sort_values([*keys, "cost_pkr_per_kwh"], ascending=[False, False, True])
    frame["left_mw"] = frame.groupby(keys)["able_mw"].cumsum() - frame["able_mw"]
    frame = frame.reset_index(drop=True)
    megawatts = ("able_mw", "run_mw", "demand_mw", "inflow_mw", "left_mw")
    costs = ("cost_pkr_per_kwh", "price_pkr_per_kwh")
    frame.attrs["units"] = dict.fromkeys(megawatts, "MW") | dict.fromkeys(costs, "PKR/kWh")
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw one panel per zone and season: width is what can run, the dark part what ran on average."""
    seasons = [name for name in SEASONS if (frame["season"] == name).any()]
    zones = list(dict.fromkeys(frame["zone"]))
    figure = new_figure("double", HEIGHT_MM)
    grid = figure.subplots(len(zones), len(seasons), sharey=True, squeeze=False)
    for row, zone in enumerate(zones):
        for column, season in enumerate(seasons):
            data = frame[(frame["zone"] == zone) & (frame["season"] == season)]
            _panel(grid[row, column], data)
            grid[row, column].set_title(f"{zone.capitalize()}, {SEASON_NAMES[season].lower()}")
        grid[row, 0].set_ylabel("Cost (PKR per kWh)")
    for axes in grid[-1]:
        axes.set_xlabel("Capacity that can run, cheapest first (GW)")
    used = [name for name in TECHNOLOGIES if (frame["technology"] == name).any()]
    handles = [Patch(color=TECHNOLOGIES[name][1], label=TECHNOLOGIES[name][0]) for name in used]
    figure.legend(handles=handles, loc="outside lower center", ncols=6)
    return figure


def _panel(axes: Axes, data: pd.DataFrame) -> None:
    for row in data.itertuples():
        colour, height = TECHNOLOGIES[row.technology][1], max(SMALLEST_BAR, row.cost_pkr_per_kwh)
        left = row.left_mw / MW_PER_GW
        axes.bar(left, height, row.able_mw / MW_PER_GW, align="edge", color=colour, alpha=0.35)
        axes.bar(left, height, row.run_mw / MW_PER_GW, align="edge", color=colour)
    first = data.iloc[0]
    own = (first["demand_mw"] - first["inflow_mw"]) / MW_PER_GW
    axes.axvline(own, color=COLOURS["ink"], linewidth=0.8, linestyle=":")
    axes.axhline(first["price_pkr_per_kwh"], color=COLOURS["ink"], linewidth=0.8)
    axes.axhline(PACKAGE_PKR_PER_KWH, color="#D55E00", linewidth=0.8, linestyle="--")
    right = float(np.max(data["left_mw"] + data["able_mw"])) / MW_PER_GW
    axes.set_xlim(0.0, right)
    price = first["price_pkr_per_kwh"]
    for value, up, text, colour in (
        (price, price >= PACKAGE_PKR_PER_KWH, f"mean price {price:.1f}", COLOURS["ink"]),
        (PACKAGE_PKR_PER_KWH, price < PACKAGE_PKR_PER_KWH, f"package {PACKAGE_PKR_PER_KWH}", "#D55E00"),
    ):
        axes.annotate(
            text, (0.0, value), xytext=(3, 2 if up else -3), textcoords="offset points", fontsize=6.5,
            color=colour, va="bottom" if up else "top",
        )  # fmt: skip
    plain_ticks(axes, "x")


def caption(frame: pd.DataFrame) -> str:
    """Say how to read width, shade and lines."""
    return (
        "Plants of FY2025 by cost (fuel, variable cost and the wedge of imported coal), mean of the season. "
        "Full colour: mean output; light: what could have run besides. Dotted: mean load of the zone net of "
        "what came from the other one. Solid line: mean price of the zone, weighted by demand; dashed: price "
        "of the package. Minimum running of gas plants and stored water explain output to the right of idle "
        "plants."
    )
