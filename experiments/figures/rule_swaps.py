"""Figure: which differences between regimes keep their sign when agents decide by other rules."""

from __future__ import annotations

import pandas as pd
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from experiments.figures.base import new_figure
from experiments.results import Results
from experiments.ruleswap import STANDS, swapped

OUTPUTS = ["net_fiscal_usd", "investment_usd", "jobs_total", "consumer_bill_usd"]
MM_PER_ROW, MARGIN_MM = 4.4, 44.0
# Below zero, not told apart, above zero: dark, light, middle, so that they differ in grey as well
SHADES = {-1: "#D55E00", 0: "#ECECEC", 1: "#0B3C5D"}
MEANING = {-1: "below the baseline", 0: "not told apart", 1: "above the baseline"}


def load(results: Results) -> pd.DataFrame:
    """Tabulate the differences of the main outcomes under every combination of rules."""
    frame = swapped(results, OUTPUTS)
    frame.insert(5, "output_label", [results.output_label(name) for name in frame["output"]])
    frame["unit"] = [results.unit(name) for name in frame["output"]]
    frame.attrs["units"] = dict.fromkeys(("difference", "difference_low", "difference_high"), "unit")
    frame.attrs["units"]["same_sign_share"] = "share of combinations"
    frame.attrs["groups"] = sorted(results.study["design"]["variants"])
    frame.attrs["baseline"] = results.label(results.baseline)
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw a row per outcome and regime and a column per combination, coloured by sign."""
    keys = ["output_label", "regime_label"]
    sides = frame.pivot(index=keys, columns="point", values="side")
    order = frame[keys].drop_duplicates().apply(tuple, axis=1).tolist()
    sides = sides.loc[order]
    shares = frame.groupby(keys, sort=False)["same_sign_share"].first().loc[order]
    figure = new_figure("double", MARGIN_MM + MM_PER_ROW * len(order))
    axes = figure.subplots()
    shades = ListedColormap([SHADES[side] for side in sorted(SHADES)])
    axes.imshow(sides.to_numpy(), cmap=shades, vmin=-1, vmax=1, aspect="auto")
    axes.set_yticks(range(len(order)), [f"{output}: {regime}" for output, regime in order])
    names = frame.drop_duplicates("point").sort_values("point")[frame.attrs["groups"]]
    texts = [", ".join(row) for row in names.itertuples(index=False)]
    axes.set_xticks(range(len(texts)), texts, rotation=90, fontsize=6)
    for place in range(1, len(order)):
        if order[place][0] != order[place - 1][0]:
            axes.axhline(place - 0.5, color="white", linewidth=2.0)
    for place, share in enumerate(shares):
        axes.text(len(texts) - 0.3, place, f"{share:.0%}", va="center", fontsize=6.5)
    axes.set_xlabel(f"rules: {', '.join(frame.attrs['groups'])}")
    axes.grid(visible=False)
    axes.tick_params(length=0)
    handles = [Patch(facecolor=SHADES[side], label=MEANING[side]) for side in sorted(SHADES)]
    figure.legend(handles=handles, loc="outside upper center", ncols=3)
    return figure


def caption(frame: pd.DataFrame) -> str:
    """Say what a cell, a column and the share at the right are."""
    count = frame["point"].nunique()
    stands = frame.drop_duplicates(["regime", "output"])["same_sign_share"] >= STANDS
    return (
        f"Sign of the mean paired difference to {frame.attrs['baseline']} in {count} combinations of rules; "
        "light where its interval contains zero. At the right: share of combinations whose mean difference "
        "has the sign of the first column, the reference. "
        f"{int(stands.sum())} of {len(stands)} findings keep their sign in {STANDS:.0%} or more."
    )
