"""Figure: the plane of power price and enforcement, with public money, licensed and hidden mining in it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, SymLogNorm
from matplotlib.figure import Figure

from experiments.figures.base import new_figure
from experiments.results import Results

TARIFF, INSPECTIONS = "tariff_local_per_kwh", "inspections_per_month"
PANELS = (
    ("net_public_usd", "Net with power system", "million USD", 1e6),
    ("mining_licensed_mw", "Licensed mining", "MW", 1.0),
    ("illegal_mw", "Grey and stolen mining", "MW", 1.0),
    ("licensed_share", "Licensed share of mining", "share", 1.0),
)
LINEAR_TO = 50.0  # million USD: the scale of money is linear below and logarithmic above
UNITS = {
    TARIFF: "PKR/kWh",
    INSPECTIONS: "1/month",
    "runs": "runs",
    "net_public_usd": "USD",
    "mining_licensed_mw": "MW",
    "illegal_mw": "MW",
    "licensed_share": "share",
}


def load(results: Results) -> pd.DataFrame:
    """Mean outcome over seeds at each point of the plane; the licensed share is that of mean loads."""
    points = results.points
    columns = {name: found for name in (TARIFF, INSPECTIONS) for found in points if str(found).endswith(name)}
    places = points.rename(columns={found: name for name, found in columns.items()})
    runs = results.runs.merge(places[["point", TARIFF, INSPECTIONS]], on="point")
    runs["illegal_mw"] = runs["mining_grey_mw"] + runs["mining_theft_mw"]
    grouped = runs.groupby([TARIFF, INSPECTIONS])
    frame = grouped[["net_public_usd", "mining_licensed_mw", "illegal_mw"]].mean()
    total = frame["mining_licensed_mw"] + frame["illegal_mw"]
    frame["licensed_share"] = frame["mining_licensed_mw"] / total.where(total > 0.0)
    frame.insert(0, "runs", grouped.size())
    frame = frame.reset_index()
    frame.attrs["units"] = UNITS
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw four panels over tariff and inspections; the line is where the treasury breaks even."""
    figure = new_figure("double", 112.0)
    grid = figure.subplots(2, 2, sharex=True, sharey=True)
    for axes, panel in zip(grid.flat, PANELS, strict=True):
        _panel(figure, axes, frame, panel)
    for axes in grid[-1]:
        axes.set_xlabel("offered energy price (PKR/kWh)")
    for axes in grid[:, 0]:
        axes.set_ylabel("inspections a month")
    return figure


def _panel(figure: Figure, axes: Axes, frame: pd.DataFrame, panel: tuple[str, str, str, float]) -> None:
    """Draw one outcome as cells of the design, with the line of zero net fiscal outcome."""
    name, title, unit, factor = panel
    table = frame.pivot(index=INSPECTIONS, columns=TARIFF, values=name) / factor
    signed = name == "net_public_usd"
    largest = float(np.nanmax(np.abs(table.to_numpy()))) or 1.0
    if signed:
        norm: Normalize = SymLogNorm(LINEAR_TO, vmin=-largest, vmax=largest)
    else:
        norm = Normalize(0.0, largest)
    colours = "RdBu" if signed else "viridis"
    image = axes.imshow(table.to_numpy(), origin="lower", aspect="auto", cmap=colours, norm=norm)
    net = frame.pivot(index=INSPECTIONS, columns=TARIFF, values="net_public_usd").to_numpy()
    if net.min() < 0.0 < net.max():
        axes.contour(net, levels=[0.0], colors="#000000", linewidths=0.8)
    axes.set_xticks(range(table.shape[1]), [f"{value:g}" for value in table.columns])
    axes.set_yticks(range(table.shape[0]), [f"{value:g}" for value in table.index])
    axes.grid(visible=False)
    axes.set_title(f"{title} ({unit})")
    bar = figure.colorbar(image, ax=axes)
    if isinstance(image.norm, SymLogNorm):
        # Its own ticks crowd around zero.
        ends = [value for value in (100.0, 1000.0) if value <= (image.norm.vmax or 0.0)]
        ticks = [-value for value in reversed(ends)] + [0.0, *ends]
        bar.set_ticks(ticks, labels=[f"{value:,.0f}".replace("-", "\N{MINUS SIGN}") for value in ticks])
        bar.minorticks_off()


def caption(frame: pd.DataFrame) -> str:
    """Say what the cells and the line are."""
    runs = sorted(set(frame["runs"]))
    return (
        f"Means over {' or '.join(map(str, runs))} runs at each pair of instruments, without lender, review "
        "and reversal; loads are those of the last month, money is the sum over the run, its scale linear up "
        f"to {LINEAR_TO:g} million USD and logarithmic beyond. The black line, if any, is where the net of "
        "treasury and power system is zero."
    )
