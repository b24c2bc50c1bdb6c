"""Figure: megawatts of mining and AI load in operation, by regime, against the megawatts on offer."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.figures.base import COLOURS, label_of, new_figure, plain_ticks, regime_order
from experiments.results import Results

PARTS = {
    "mining_licensed_mw": ("Mining, licensed", "licensed"),
    "mining_grey_mw": ("Mining, grey", "grey"),
    "mining_theft_mw": ("Mining, theft", "theft"),
    "ai_mw": ("AI", "ai"),
}
OFFER = "quota_mw"
LAST_MONTHS = 12
MM_PER_ROW, MARGIN_MM = 5.0, 28.0


def load(results: Results) -> pd.DataFrame:
    """Average each run over its last twelve months, then over runs; the total keeps its 5-95 % range."""
    months = results.months([*PARTS, OFFER])
    offer_mw = float(months[OFFER].max())
    last = months.sort_values(["run_id", "month"]).groupby("run_id").tail(LAST_MONTHS)
    runs = last.groupby(["regime", "run_id"], as_index=False)[[*PARTS, OFFER]].mean()
    runs["total_mw"] = runs[list(PARTS)].sum(axis=1)
    rows = []
    for regime in results.regimes:
        mine = runs[runs["regime"] == regime]
        low, high = np.quantile(mine["total_mw"], [0.05, 0.95])
        means = mine[[*PARTS, "total_mw", OFFER]].mean()
        row = {"regime": regime, "regime_label": results.label(regime), "n": len(mine)}
        rows.append({**row, **means, "total_mw_p05": low, "total_mw_p95": high, "offer_mw": offer_mw})
    frame = pd.DataFrame(rows)
    frame.attrs["units"] = {"n": "runs"} | {name: "MW" for name in frame.columns if "mw" in name}
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw one stacked bar per regime, the range of the total, and the line of the offer."""
    regimes = regime_order(frame)
    figure = new_figure("single", MARGIN_MM + MM_PER_ROW * len(regimes))
    axes = figure.subplots()
    places = np.arange(len(regimes))
    left = np.zeros(len(regimes))
    for part, (label, colour) in PARTS.items():
        axes.barh(places, frame[part], left=left, height=0.62, color=COLOURS[colour], label=label)
        left += frame[part].to_numpy()
    axes.hlines(places, frame["total_mw_p05"], frame["total_mw_p95"], color=COLOURS["ink"], linewidth=0.8)
    offer_mw = float(frame["offer_mw"].iloc[0])
    if offer_mw > 0:
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
    axes.set_yticks(places, [label_of(frame, name) for name in regimes])
    axes.set_ylim(len(regimes) - 0.4, -0.6)
    axes.set_xlim(0.0, 1.05 * max(offer_mw, float(frame["total_mw_p95"].max()), 1.0))
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("MW, mean of the last twelve months")
    plain_ticks(axes, "x")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def caption(frame: pd.DataFrame) -> str:
    """Say what bars, lines and the dashed line are."""
    return (
        "Bars: load in operation, mean over runs of the last twelve months of the horizon; thin line: 5-95 % "
        f"of runs of the total. Dashed: the largest offer of any regime, {frame['offer_mw'].iloc[0]:,.0f} MW. "
        "Only licensed mining and AI use the offer; grey and stolen load is outside it."
    )
