"""Figure: every regime in every country, as differences to no framework in the same country."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from experiments.figures.base import new_figure
from experiments.results import Results, load_results

OUTPUTS = (
    "investment_usd",
    "jobs_total",
    "tax_total_usd",
    "net_fiscal_usd",
    "arrears_usd",
    "shed_mwh",
    "illegal_share",
    "reserves_change_usd",
    "emissions_t",
)
ILLEGAL = "illegal_share"
LABELS = {ILLEGAL: ("Illegal share of mining load", "share")}
CONFIDENCE = 0.95
UNITS = {
    "runs": "runs",
    "pairs": "pairs",
    "mean": "see unit",
    "difference": "see unit",
    "difference_low": "see unit",
    "difference_high": "see unit",
    "relative": "share of the largest difference of the country",
}


def load(results: Results) -> pd.DataFrame:
    """Difference of each outcome to the baseline by country and regime, paired by seed, with t interval."""
    plan = results.store.read_plan(results.sweep["plan_id"])
    countries = list(dict.fromkeys(plan["country"]))
    root, study = results.store.root, results.study["name"]
    parts = [cells(load_results(root, country, study)) for country in countries]
    return combined(parts, results.label(results.baseline))


def combined(parts: list[pd.DataFrame], baseline: str) -> pd.DataFrame:
    """Rows of all countries, each difference also relative to the largest one of its country and outcome."""
    frame = pd.concat(parts, ignore_index=True)
    largest = frame.groupby(["country", "output"])["difference"].transform(lambda d: d.abs().max())
    frame["relative"] = (frame["difference"] / largest.where(largest > 0.0)).fillna(0.0)
    frame.attrs["units"] = UNITS
    frame.attrs["baseline"] = baseline
    return frame


# Cells with more than this share of the largest difference are too dark for a black sign.
DARK_ABOVE = 0.6


def cells(results: Results) -> pd.DataFrame:
    """Rows of one country: outcome by regime, mean and paired difference to the baseline."""
    runs = results.runs.copy()
    illegal = runs["mining_grey_mw"] + runs["mining_theft_mw"]
    runs[ILLEGAL] = (illegal / runs["mining_mw"].where(runs["mining_mw"] > 0.0)).fillna(0.0)
    rows = []
    for output in OUTPUTS:
        table = runs.pivot_table(index="seed", columns="regime", values=output)
        label, unit = LABELS.get(output) or (results.output_label(output), results.unit(output))
        for regime in results.regimes:
            difference = (table[regime] - table[results.baseline]).dropna()
            low, high = t_interval(difference.to_numpy())
            rows.append(
                {
                    "country": results.country, "regime": regime, "regime_label": results.label(regime),
                    "output": output, "label": label, "unit": unit, "runs": int(table[regime].count()),
                    "pairs": len(difference), "mean": table[regime].mean(), "difference": difference.mean(),
                    "difference_low": low, "difference_high": high,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def t_interval(values: np.ndarray) -> tuple[float, float]:
    """Interval of a mean under the t distribution; equal values give that value, one value gives none."""
    from scipy.stats import t

    if values.size < 2:
        return float("nan"), float("nan")
    half = t.ppf(0.5 + CONFIDENCE / 2.0, values.size - 1) * values.std(ddof=1) / np.sqrt(values.size)
    return float(values.mean() - half), float(values.mean() + half)


def draw(frame: pd.DataFrame) -> Figure:
    """Draw a panel per outcome: countries down, regimes across, colour by sign and size in the country."""
    figure = new_figure("double", 132.0)
    grid = figure.subplots(3, 3, sharex=True, sharey=True)
    images = [
        _panel(axes, frame[frame["output"] == output])
        for axes, output in zip(grid.flat, OUTPUTS, strict=True)
    ]
    for axes in grid[-1]:
        labels = frame.drop_duplicates("regime")
        axes.set_xticks(range(len(labels)), list(labels["regime_label"]), rotation=90, fontsize=6)
    label = f"difference to {frame.attrs['baseline'].lower()},\nover the largest in the country"
    figure.colorbar(images[0], ax=grid, shrink=0.5, label=label)
    return figure


def _panel(axes: Axes, rows: pd.DataFrame) -> AxesImage:
    """Draw one outcome; a sign marks a difference whose interval leaves out zero."""
    countries, regimes = list(dict.fromkeys(rows["country"])), list(dict.fromkeys(rows["regime"]))
    table = rows.pivot(index="country", columns="regime", values="relative").loc[countries, regimes]
    image = axes.imshow(table.to_numpy(), cmap="RdBu", vmin=-1.0, vmax=1.0, aspect="auto")
    sure = rows[(rows["difference_low"] > 0.0) | (rows["difference_high"] < 0.0)]
    # In grey the two ends of the colours are alike, so the mark says the sign; white is read on dark cells.
    for row in sure.to_dict("records"):
        dark = abs(row["relative"]) > DARK_ABOVE
        axes.text(
            regimes.index(row["regime"]), countries.index(row["country"]),
            "+" if row["difference"] > 0.0 else "\N{MINUS SIGN}", fontsize=6.5, ha="center",
            va="center_baseline", color="white" if dark else "black",
        )  # fmt: skip
    axes.set_yticks(range(len(countries)), [name.capitalize() for name in countries])
    axes.set_title(rows["label"].iloc[0], fontsize=7)
    axes.grid(visible=False)
    axes.tick_params(length=0)
    return image


def caption(frame: pd.DataFrame) -> str:
    """Say how to read a cell."""
    pairs = sorted(set(frame["pairs"]))
    baseline = frame.attrs["baseline"].lower()
    return (
        f"Each cell is the mean difference of a regime to {baseline} in the same country, paired by seed "
        f"({' or '.join(map(str, pairs))} pairs), over the largest difference of the outcome in the country: "
        "blue is more, red is less, whether or not more is better. A sign (+, \N{MINUS SIGN}) marks one "
        "whose 95 % interval leaves out zero. Values with units are in the data file."
    )
