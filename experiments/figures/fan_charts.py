"""Figure: energised load, jobs, net fiscal outcome and arrears as fans over time, for featured regimes."""

from __future__ import annotations

import pandas as pd
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

OUTPUTS = ("energised_mw", "jobs_total", "net_fiscal_usd", "arrears_usd")
YEAR_MONTHS = 12
MM_PER_ROW, MARGIN_MM = 31.0, 14.0
QUANTILES = ["p05", "p25", "p50", "p75", "p95"]


def load(results: Results) -> pd.DataFrame:
    """Read the series of the featured regimes; flows become sums of the last twelve months, run by run."""
    months = results.months(OUTPUTS)
    months = months[months["regime"].isin(results.featured)].sort_values(["run_id", "month"])
    flows = [name for name in OUTPUTS if results.outputs[name]["aggregation"] == "sum"]
    long_enough = months["month"].nunique() >= YEAR_MONTHS
    if long_enough:
        sums = months.groupby("run_id", sort=False)[flows].rolling(YEAR_MONTHS).sum()
        months[flows] = sums.reset_index(level=0, drop=True)
    frame = over_runs(months, ["regime", "month"], OUTPUTS).drop(columns="mean")
    frame = frame.dropna(subset=QUANTILES)
    frame["label"] = [results.output_label(name) for name in frame["output"]]
    per_year = set(flows) if long_enough else set()
    frame["unit"] = [
        f"{results.unit(name)} per year" if name in per_year else results.unit(name)
        for name in frame["output"]
    ]
    frame["regime_label"] = [results.label(name) for name in frame["regime"]]
    order = {name: place for place, name in enumerate(results.featured)}
    frame = frame.sort_values(
        ["regime", "output", "month"], key=lambda c: c.map(order) if c.name == "regime" else c
    )
    frame = frame.reset_index(drop=True)
    frame.attrs["units"] = {"month": "calendar month"} | dict.fromkeys(QUANTILES, "unit")
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw one row per output and one column per regime; rows share their scale."""
    regimes = regime_order(frame)
    figure = new_figure("double", MARGIN_MM + MM_PER_ROW * len(OUTPUTS))
    grid = figure.subplots(len(OUTPUTS), len(regimes), sharex=True, sharey="row", squeeze=False)
    for row, output in enumerate(OUTPUTS):
        rows = frame[frame["output"] == output]
        unit, _, period = rows["unit"].iloc[0].partition(" per ")
        scale: Scale = scale_for(unit, rows[QUANTILES].abs().max().max())
        for column, regime in enumerate(regimes):
            axes, data = grid[row, column], rows[rows["regime"] == regime]
            years = years_of(data["month"])
            fan = {name: data[name].to_numpy() / scale.factor for name in QUANTILES}
            colour = COLOURS["contrast"]
            axes.fill_between(years, fan["p05"], fan["p95"], color=colour, alpha=0.2)
            axes.fill_between(years, fan["p25"], fan["p75"], color=colour, alpha=0.35)
            axes.plot(years, fan["p50"], color=colour)
            axes.axhline(0.0, color=COLOURS["ink"], linewidth=0.5, zorder=1)
            axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
            axes.yaxis.set_major_locator(MaxNLocator(4))
            plain_ticks(axes, "y")
            if row == 0:
                axes.set_title(label_of(frame, regime))
        per = f"{scale.unit} per {period}" if period else scale.unit
        label = rows["label"].iloc[0]
        grid[row, 0].set_ylabel(label if per in ("", "jobs") else f"{label}\n({per})")
    figure.align_ylabels(grid[:, 0])
    return figure


def caption(frame: pd.DataFrame) -> str:
    """Say what the bands are."""
    flows = sorted(
        {label for label, unit in zip(frame["label"], frame["unit"], strict=True) if "per" in unit}
    )
    rolling = f" {', '.join(flows)}: sum of the last twelve months." if flows else ""
    return f"Median (line), 25-75 % (dark) and 5-95 % (light) of runs, month by month.{rolling}"
