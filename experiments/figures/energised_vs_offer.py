"""Figure: megawatts of mining and AI load in operation, by regime, and of it on the terms of the offer,
against the megawatts on offer.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiments.figures.base import COLOURS, label_of, new_figure, plain_ticks, regime_order
from experiments.palette import HATCHES
from experiments.results import Results

PARTS = {
    "mining_licensed_mw": ("Mining, licensed", "licensed"),
    "mining_grey_mw": ("Mining, grey", "grey"),
    "mining_theft_mw": ("Mining, theft", "theft"),
    "ai_mw": ("AI", "ai"),
}
OFFER = "quota_mw"
HELD = "offer_mw"
LAST_MONTHS = 12
MM_PER_ROW, MARGIN_MM = 5.0, 24.0
# Bars shorter than this share of the offer are shown enlarged too; free space to the right; least axis.
ENLARGE_BELOW, ROOM, SMALLEST_MW = 0.4, 1.05, 1.0


def load(results: Results) -> pd.DataFrame:
    """Average each run over its last twelve months, then over runs; the total keeps its 5-95 % range."""
    months = results.months([*PARTS, OFFER, HELD])
    largest = float(months[OFFER].max())
    last = months.sort_values(["run_id", "month"]).groupby("run_id").tail(LAST_MONTHS)
    runs = last.groupby(["regime", "run_id"], as_index=False)[[*PARTS, OFFER, HELD]].mean()
    runs["total_mw"] = runs[list(PARTS)].sum(axis=1)
    rows = []
    for regime in results.regimes:
        mine = runs[runs["regime"] == regime]
        low, high = np.quantile(mine["total_mw"], [0.05, 0.95])
        means = mine[[*PARTS, "total_mw", OFFER, HELD]].mean()
        row = {"regime": regime, "regime_label": results.label(regime), "n": len(mine)}
        rows.append({**row, **means, "total_mw_p05": low, "total_mw_p95": high, "largest_offer_mw": largest})
    frame = pd.DataFrame(rows)
    frame.attrs["units"] = {"n": "runs"} | {name: "MW" for name in frame.columns if "mw" in name}
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw stacked bars up to the offer and, where they are short against it, once more enlarged."""
    regimes = regime_order(frame)
    figure = new_figure("double", MARGIN_MM + MM_PER_ROW * len(regimes))
    offer_mw = float(frame["largest_offer_mw"].iloc[0])
    reach_mw = max(float(frame["total_mw_p95"].max()), float(frame["total_mw"].max()))
    panels = 2 if reach_mw < ENLARGE_BELOW * offer_mw else 1
    whole, *enlarged = figure.subplots(1, panels, sharey=True, squeeze=False)[0]
    _bars(whole, frame)
    whole.set_xlim(0.0, ROOM * max(offer_mw, reach_mw, SMALLEST_MW))
    if offer_mw > 0:
        _offer(whole, offer_mw)
    for axes in enlarged:
        _bars(axes, frame)
        axes.set_xlim(0.0, ROOM * max(reach_mw, SMALLEST_MW))
        axes.set_title("The same, enlarged")
    whole.set_yticks(range(len(regimes)), [label_of(frame, name) for name in regimes])
    whole.set_ylim(len(regimes) - 0.4, -0.6)
    figure.legend(*whole.get_legend_handles_labels(), loc="outside lower center", ncols=len(PARTS) + 1)
    return figure


def _bars(axes: Axes, frame: pd.DataFrame) -> None:
    places = np.arange(len(frame))
    left = np.zeros(len(frame))
    for part, (label, colour) in PARTS.items():
        axes.barh(
            places, frame[part], left=left, height=0.62, facecolor=COLOURS[colour], label=label,
            hatch=HATCHES.get(colour), edgecolor="white", linewidth=0,
        )  # fmt: skip
        left += frame[part].to_numpy()
    axes.scatter(
        frame[HELD], places, marker="D", s=14, color=COLOURS["ink"], zorder=3, label="of it under the offer"
    )
    axes.hlines(places, frame["total_mw_p05"], frame["total_mw_p95"], color=COLOURS["ink"], linewidth=0.8)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("MW, mean of the last twelve months")
    axes.xaxis.set_major_locator(MaxNLocator(5))
    plain_ticks(axes, "x")


def _offer(axes: Axes, offer_mw: float) -> None:
    axes.axvline(offer_mw, color=COLOURS["offer"], linestyle=(0, (4, 2)), linewidth=0.8)
    axes.annotate(
        f"on offer: {offer_mw:,.0f} MW",
        (offer_mw, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(-2, 2),
        textcoords="offset points",
        ha="right",
        fontsize=6.5,
    )


def caption(frame: pd.DataFrame) -> str:
    """Say what bars, lines and the dashed line are."""
    return (
        "Bars: all load in operation at home, mean over runs of the last twelve months of the horizon; thin "
        "line: 5-95 % of runs of the total. Dashed: the largest offer of any regime, "
        f"{frame['largest_offer_mw'].iloc[0]:,.0f} MW. Diamonds: the part on the terms of the offer, under a "
        "contract that still runs or at the offer's tariff while it is in force; AI halls would partly come "
        "without an offer, and some stood before it."
    )
