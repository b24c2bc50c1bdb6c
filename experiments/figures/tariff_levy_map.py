"""Figure: what every combination of energy price and levy brings (phase diagram of the offer)."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.errors import StoreError
from experiments.figures.base import new_panels
from experiments.results import Results
from experiments.units import number, scale_for

ACROSS, UP = "tariff_local_per_kwh", "levy_local_per_kwh"
PANELS = 4
HEIGHT_MM = 130.0
DARK = 0.55


def load(results: Results) -> pd.DataFrame:
    """Average the first outputs over seeds for every combination; standard errors beside them."""
    names = [f"set_{ACROSS}", f"set_{UP}"]
    if not set(names) <= set(results.points.columns):
        raise StoreError(f"{results.store.root}: {results.study['name']} does not vary {ACROSS} and {UP}")
    runs = results.runs.merge(results.points[["point", *names]], on="point")
    parts = []
    for output in results.study["outputs"][:PANELS]:
        found = runs.groupby(names)[output].agg(["mean", "sem", "count"]).reset_index()
        found.columns = [ACROSS, UP, "mean", "standard_error", "seeds"]
        found.insert(0, "unit", results.unit(output))
        found.insert(0, "label", results.output_label(output))
        found.insert(0, "output", output)
        parts.append(found)
    frame = pd.concat(parts, ignore_index=True)
    frame.attrs["units"] = {
        ACROSS: "local/kWh", UP: "local/kWh", "mean": "unit", "standard_error": "unit", "seeds": "seeds",
    }  # fmt: skip
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw a map per outcome, with the value written into every cell."""
    figure, panels = new_panels(frame, HEIGHT_MM)
    for axes, output in panels:
        rows = frame[frame["output"] == output]
        table = rows.pivot(index=UP, columns=ACROSS, values="mean")
        scale = scale_for(rows["unit"].iloc[0], float(table.abs().max().max()))
        values = table.to_numpy() / scale.factor
        span = float(values.max() - values.min()) or 1.0
        # As many digits as tell the cells apart
        digits = min(6, max(3, 2 + math.ceil(math.log10(float(np.abs(values).max() or span) / span))))
        axes.imshow(values, origin="lower", cmap="cividis", aspect="auto")
        for row in range(values.shape[0]):
            for column in range(values.shape[1]):
                light = (values[row, column] - values.min()) / span < DARK
                colour = "white" if light else "black"
                text = number(values[row, column], digits)
                axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=6.0)
        axes.set_xticks(range(len(table.columns)), [number(value) for value in table.columns])
        axes.set_yticks(range(len(table.index)), [number(value) for value in table.index])
        axes.set_title(f"{rows['label'].iloc[0]} ({scale.unit or 'number'})")
        axes.set_xlabel("energy price (local currency per kWh)")
        axes.set_ylabel("levy (local currency per kWh)")
        axes.grid(visible=False)
        axes.tick_params(length=0)
    return figure


def caption(frame: pd.DataFrame) -> str:
    """Say what a cell is."""
    seeds = int(frame["seeds"].min())
    return (
        f"Each cell is the mean over {seeds} seeds, the same in every cell, of the announced offer with this "
        "energy price and this levy on mining. Standard errors are in the table beside this figure."
    )
