"""Figure: circular debt over time as a fan, and how much more or less of it each regime leaves."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiments.figures.base import (
    COLOURS,
    label_of,
    new_figure,
    over_runs,
    plain_ticks,
    regime_order,
    years_of,
)
from experiments.results import Results
from experiments.units import Scale, scale_for

HEIGHT_MM = 62.0
OUTPUT = "arrears_usd"
QUANTILES = ["p05", "p25", "p50", "p75", "p95"]


def load(results: Results) -> pd.DataFrame:
    """Summarise the baseline's stock, and paired differences of other featured regimes to it, by month."""
    months = results.months([OUTPUT])
    keys = ["seed", "point", "month"]
    base = months[months["regime"] == results.baseline].set_index(keys)[OUTPUT]
    frames = []
    for regime in [results.baseline, *(name for name in results.featured if name != results.baseline)]:
        data = months[months["regime"] == regime]
        if regime != results.baseline:
            other = base.reindex(pd.MultiIndex.from_frame(data[keys])).to_numpy()
            data = data.assign(**{OUTPUT: data[OUTPUT].to_numpy() - other}).dropna(subset=[OUTPUT])
        fan = over_runs(data, ["regime", "month"], [OUTPUT]).drop(columns=["mean", "output"])
        frames.append(fan.assign(what="stock" if regime == results.baseline else "difference"))
    frame = pd.concat(frames, ignore_index=True)
    frame["regime_label"] = [results.label(name) for name in frame["regime"]]
    frame.attrs["units"] = {"month": "calendar month"} | dict.fromkeys(QUANTILES, results.unit(OUTPUT))
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw the baseline's fan first, then one panel of differences per regime with a common scale."""
    regimes = regime_order(frame)
    figure = new_figure("double", HEIGHT_MM)
    panels = figure.subplots(1, len(regimes), squeeze=False)[0]
    for axes, regime in zip(panels, regimes, strict=True):
        _fan(axes, frame[frame["regime"] == regime], frame)
        axes.set_title(label_of(frame, regime))
    rows = frame[frame["what"] == "difference"][QUANTILES]
    for axes in panels[1:]:
        axes.sharey(panels[1])
        axes.axhline(0.0, color=COLOURS["ink"], linewidth=0.6)
    if len(panels) > 1 and not rows.empty:
        panels[1].set_ylabel(
            f"Difference to {label_of(frame, regimes[0])}\n({_scale(frame, 'difference').unit})"
        )
    panels[0].set_ylabel(f"Circular debt ({_scale(frame, 'stock').unit})")
    panels[0].set_ylim(bottom=0.0)
    return figure


def _scale(frame: pd.DataFrame, what: str) -> Scale:
    rows = frame.loc[frame["what"] == what, QUANTILES]
    return scale_for("USD", float(rows.abs().max().max()))


def _fan(axes: Axes, data: pd.DataFrame, frame: pd.DataFrame) -> None:
    what = str(data["what"].iloc[0])
    factor, colour = _scale(frame, what).factor, COLOURS["ink" if what == "stock" else "contrast"]
    years = years_of(data["month"])
    for low, high, shade in (("p05", "p95", 0.2), ("p25", "p75", 0.35)):
        axes.fill_between(years, data[low] / factor, data[high] / factor, color=colour, alpha=shade)
    axes.plot(years, data["p50"] / factor, color=colour)
    axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
    plain_ticks(axes, "y")


def caption(frame: pd.DataFrame) -> str:
    """Say what the fans are."""
    return (
        f"First panel: stock of arrears under {frame['regime_label'].iloc[0]}. Others: difference to it, "
        "paired by replicate. Median (line), 25-75 % (dark) and 5-95 % (light) of runs; the yearly wave "
        "comes from sales of the summer."
    )
