"""Figure: what the state collects by instrument, what it and the power system pay, and the nets."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.figures.base import COLOURS, label_of, new_figure, plain_ticks, regime_order
from experiments.results import Results
from experiments.units import scale_for

# Output, label, colour, hatch: more parts than colours, so some repeat with a hatch.
REVENUES = (
    ("tax_income_usd", "Income tax", "#0072B2", ""),
    ("tax_turnover_usd", "Turnover tax", "#56B4E9", ""),
    ("tax_levy_usd", "Levy per kWh", "#009E73", ""),
    ("tax_licence_usd", "Licence fees", "#F0E442", ""),
    ("tax_auction_usd", "Auctions", "#F0E442", "////"),
    ("tax_duty_usd", "Import duty", "#E69F00", ""),
    ("tax_sales_usd", "Sales tax", "#D55E00", ""),
    ("tax_withholding_usd", "Withholding", "#CC79A7", ""),
    ("tax_fines_usd", "Fines", "#666666", ""),
    ("state_mining_usd", "State mining", "#009E73", "////"),
)
# Costs to the treasury, then to other users' bills and arrears; a tariff above marginal cost is a gain.
COSTS = (
    ("public_cost_usd", "Programme cost", "#DDDDDD", ""),
    ("special_gap_treasury_usd", "Power below cost, state", "#DDDDDD", "////"),
    ("special_gap_others_usd", "Power below cost, others", "#BBBBBB", "////"),
    ("stolen_cost_usd", "Stolen energy", "#BBBBBB", ""),
)
NET, WITH_POWER = "net_fiscal_usd", "net_public_usd"
NAMES = ("Net of the treasury", "Net with power system")
MM_PER_ROW, MARGIN_MM = 5.2, 38.0
# Free space beside the longest bar, and the width shown when there is nothing to show.
MARGIN_SHARE, SMALLEST_RANGE = 0.03, 1.0


def load(results: Results) -> pd.DataFrame:
    """Average the totals over the horizon by regime; costs are negative, the net keeps its 5-95 % range."""
    rows = []
    for regime in results.regimes:
        runs = results.runs[results.runs["regime"] == regime]
        others = runs["special_gap_usd"] - runs["special_gap_treasury_usd"]
        runs = runs.assign(special_gap_others_usd=others)
        row = {"regime": regime, "regime_label": results.label(regime), "n": len(runs)}
        row |= {output: runs[output].mean() for output, *_ in REVENUES}
        row |= {output: -runs[output].mean() for output, *_ in COSTS}
        low, high = np.quantile(runs[NET], [0.05, 0.95])
        nets = {name: runs[name].mean() for name in (NET, WITH_POWER)}
        rows.append({**row, **nets, f"{NET}_p05": low, f"{NET}_p95": high})
    frame = pd.DataFrame(rows)
    frame.attrs["units"] = {"n": "runs"} | {name: "USD" for name in frame.columns if "_usd" in name}
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw revenue to the right and costs to the left of zero, and the net as a diamond with its range."""
    regimes = regime_order(frame)
    figure = new_figure("double", MARGIN_MM + MM_PER_ROW * len(regimes))
    axes = figure.subplots()
    names = [output for output, *_ in (*REVENUES, *COSTS)]
    reach = np.abs(frame[[*names, f"{NET}_p05", f"{NET}_p95"]].to_numpy()).max()
    scale = scale_for("USD", max(reach, float(frame[names].clip(lower=0.0).sum(axis=1).max())))
    places = np.arange(len(regimes))
    right, left = np.zeros(len(regimes)), np.zeros(len(regimes))
    for output, label, colour, hatch in (*REVENUES, *COSTS):
        values = frame[output].to_numpy(dtype=float) / scale.factor
        start = np.where(values >= 0.0, right, left)
        axes.barh(
            places,
            values,
            left=start,
            height=0.62,
            label=label,
            facecolor=colour,
            edgecolor="white",
            linewidth=0,
            hatch=hatch or None,
        )
        right, left = right + np.maximum(values, 0.0), left + np.minimum(values, 0.0)
    ranges = [frame[f"{NET}_{end}"].to_numpy(dtype=float) / scale.factor for end in ("p05", "p95")]
    axes.hlines(places, *ranges, color=COLOURS["ink"], linewidth=0.8)
    net = frame[NET].to_numpy(dtype=float) / scale.factor
    axes.plot(net, places, "D", color="white", markeredgecolor=COLOURS["ink"], markersize=3.6, label=NAMES[0])
    public = frame[WITH_POWER].to_numpy(dtype=float) / scale.factor
    axes.plot(public, places, "D", color=COLOURS["ink"], markersize=2.4, label=NAMES[1])
    axes.axvline(0.0, color=COLOURS["ink"], linewidth=0.6)
    axes.set_yticks(places, [label_of(frame, name) for name in regimes])
    axes.set_ylim(len(regimes) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(f"{scale.unit}, undiscounted total over the horizon")
    ends_of_bars = np.concatenate([left, right, *ranges])
    room = MARGIN_SHARE * max(float(np.ptp(ends_of_bars)), SMALLEST_RANGE)
    axes.set_xlim(ends_of_bars.min() - room, ends_of_bars.max() + room)
    plain_ticks(axes, "x")
    handles, labels = axes.get_legend_handles_labels()
    # Matplotlib lists lines before bars; the nets belong at the end.
    order = sorted(range(len(labels)), key=lambda place: labels[place] in NAMES)
    ordered = [handles[place] for place in order], [labels[place] for place in order]
    figure.legend(*ordered, loc="outside lower center", ncols=4)
    return figure


def caption(frame: pd.DataFrame) -> str:
    """Say what the parts and the net are."""
    return (
        "Mean over runs of what mining and AI firms pay by instrument, real USD over the whole horizon, "
        "undiscounted; costs to the left of zero. Power below cost: marginal cost of the power they were "
        "billed for less what they paid; where they paid more, it stands to the right. Its part for others, "
        "and stolen energy at marginal cost, fall on other users' bills and on arrears. White diamond: net "
        "fiscal outcome of the treasury, with 5-95 % of runs; black: the sum of all parts."
    )
