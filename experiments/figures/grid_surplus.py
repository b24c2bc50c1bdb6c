"""Figure: for how many hours of FY2025 a block of power was really left, by zone and cost."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from experiments.figures.base import COLOURS, new_figure, plain_ticks
from experiments.results import Results
from experiments.units import number

HEIGHT_MM = 72.0
OFFER_MW = 2000.0
MW_PER_GW = 1000.0
LIMITS = {"22.98": ("at or below Rs 22.98", "#009E73"), "35": ("at or below Rs 35", "#0072B2")}
HOURS = ["middle", "low", "high"]


def load(results: Results) -> pd.DataFrame:
    """Summarise hours over the combinations of the joint prior: median, lowest and highest."""
    hours = results.evidence("grid_surplus")
    hours = hours[hours["limit"].astype(str).isin(LIMITS)]
    grouped = hours.groupby(["limit", "zone", "block_mw"], sort=False)["hours"]
    frame = grouped.agg(middle="median", low="min", high="max").reset_index()
    frame["limit"] = frame["limit"].astype(str)
    frame.attrs["units"] = {"limit": "PKR/kWh", "block_mw": "MW"} | dict.fromkeys(HOURS, "hours/year")
    frame.attrs["combinations"] = int(hours["combination"].nunique())
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw a duration curve per zone: hours across, megawatts that are there in so many hours up."""
    zones = [zone for zone in ("south", "north") if (frame["zone"] == zone).any()]
    figure = new_figure("double", HEIGHT_MM)
    for axes, zone in zip(figure.subplots(1, len(zones), sharey=True, squeeze=False)[0], zones, strict=True):
        for limit, (label, colour) in LIMITS.items():
            data = frame[(frame["zone"] == zone) & (frame["limit"] == limit)].sort_values("block_mw")
            height = data["block_mw"] / MW_PER_GW
            axes.fill_betweenx(height, data["low"], data["high"], color=colour, alpha=0.25)
            dash = "--" if limit == min(LIMITS, key=float) else "-"  # Told apart in grey, too.
            axes.plot(data["middle"], height, color=colour, linestyle=dash, label=label)
            at_offer = data.set_index("block_mw").loc[OFFER_MW]
            axes.plot(at_offer["middle"], OFFER_MW / MW_PER_GW, "o", color=colour, markersize=3.0)
            axes.annotate(
                f"{number(round(at_offer['middle'], -1))} h", (at_offer["middle"], OFFER_MW / MW_PER_GW),
                xytext=(4, 4), textcoords="offset points", fontsize=6.5, color=colour,
            )  # fmt: skip
        axes.axhline(OFFER_MW / MW_PER_GW, color=COLOURS["ink"], linewidth=0.6, linestyle=":")
        axes.set_title(f"New load in the {zone}")
        axes.set_xlabel("hours of the year")
        axes.set_xlim(0, 8760)
        axes.set_ylim(0, 6)
        plain_ticks(axes, "x")
    figure.axes[0].set_ylabel("Power left after the reserve (GW)")
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def caption(frame: pd.DataFrame) -> str:
    """Say what counts as left, and what the bands are."""
    return (
        "FY2025: in how many hours a block of new load could have been served in a zone with every MWh at or "
        "below a cost at the consumer's connection, after the reserve, by plants of the zone and through "
        "what the link had left; stored water does not count. Line: median, band: range of the "
        f"{frame.attrs['combinations']} combinations of imported-coal availability, its cost wedge and the "
        "link that explain the year about equally well. Dots: the 2,000 MW on offer."
    )
