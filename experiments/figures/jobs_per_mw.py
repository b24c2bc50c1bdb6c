"""Figure: jobs per MW and per million dollars invested, mining against AI, beside what companies report."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.base import COLOURS, new_figure, plain_ticks
from experiments.results import Results

SECTORS = {"mining": ("Mining", "licensed"), "ai": ("AI halls", "ai")}
# Permanent jobs per MW reported for single sites and countries, lowest and highest (targets of labour).
REPORTED = {"mining": (0.4, 1.6), "ai": (0.05, 15.0)}
MEASURES = {"per_mw": "Operating jobs per MW", "per_musd": "Operating jobs per USD million invested"}
HEIGHT_MM = 52.0


def load(results: Results) -> pd.DataFrame:
    """Divide jobs of the last month by load and by all that was invested, run by run, over all regimes."""
    runs = results.runs
    rows = []
    for sector, (label, _) in SECTORS.items():
        jobs, load_mw = runs[f"jobs_operations_{sector}"], runs[f"{sector}_mw"]
        invested = runs[f"investment_{sector}_usd"] / 1e6
        for measure, ratio in (
            ("per_mw", jobs / load_mw.where(load_mw > 1.0)),
            ("per_musd", jobs / invested.where(invested > 1.0)),
        ):
            found = ratio.dropna()
            low, mid, high = np.quantile(found, [0.05, 0.5, 0.95]) if len(found) else (np.nan,) * 3
            rows.append(
                {
                    "sector": sector, "label": label, "measure": measure, "runs": len(found), "p05": low,
                    "p50": mid, "p95": high,
                }
            )  # fmt: skip
    frame = pd.DataFrame(rows)
    frame["unit"] = frame["measure"].map({"per_mw": "jobs/MW", "per_musd": "jobs per USD million"})
    frame.attrs["units"] = {"runs": "1"} | dict.fromkeys(("p05", "p50", "p95"), "unit")
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw a panel per measure on a logarithmic scale; grey: what is reported per MW."""
    figure = new_figure("double", HEIGHT_MM)
    for axes, (measure, title) in zip(figure.subplots(1, 2, sharey=True), MEASURES.items(), strict=True):
        _panel(axes, frame[frame["measure"] == measure], measure)
        axes.set_xlabel(title)
    return figure


def _panel(axes: Axes, data: pd.DataFrame, measure: str) -> None:
    for place, (sector, (_, colour)) in enumerate(SECTORS.items()):
        row = data[data["sector"] == sector].iloc[0]
        if measure == "per_mw":
            axes.hlines(place + 0.22, *REPORTED[sector], color="#BBBBBB", linewidth=4.0)
        axes.hlines(place, row["p05"], row["p95"], color=COLOURS[colour], linewidth=1.6)
        axes.plot(row["p50"], place, "o", color=COLOURS[colour])
    axes.set_xscale("log")
    axes.set_yticks(range(len(SECTORS)), [label for label, _ in SECTORS.values()])
    axes.set_ylim(len(SECTORS) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    plain_ticks(axes, "x")


def caption(frame: pd.DataFrame) -> str:
    """Say what is divided by what."""
    return (
        "Operations jobs of the last month over mean load, and over all investment of the run, for every "
        "run of all "
        "regimes with more than 1 MW and USD 1 million: median and 5-95 %. Grey: jobs per MW that "
        "companies and "
        "statistics abroad report, from training campuses (0.05) to retail colocation (15). Colocation halls "
        "that stood before the allocation are among the AI halls and lift their jobs per MW; investment "
        "in them was "
        "made before the run."
    )
