"""Figure: what a MWh costs a new licensed mine and a new AI hall, part by part, with what it earns."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.base import COLOURS, label_of, new_figure, plain_ticks, regime_order
from experiments.results import Results
from experiments.units import number

SECTORS = {
    "mining": (
        ("power", "Grid power", "#E69F00"), ("levies", "Levies", "#D55E00"),
        ("other", "Other running cost", "#999999"),
        ("site", "Site", "#56B4E9"), ("machines", "Machines", "#0072B2"),
    ),
    "ai": (
        ("power", "Grid power", "#E69F00"), ("backup", "Backup power", "#D55E00"),
        ("other", "Other running cost", "#999999"), ("facility", "Building", "#56B4E9"),
        ("gpus", "GPUs", "#0072B2"),
    ),
}  # fmt: skip
TITLES = {"mining": "Bitcoin mine", "ai": "AI hall"}
HEIGHT_MM = 70.0
WINDOW = 12


def load(results: Results) -> pd.DataFrame:
    """Average costs and revenue of the first and the last year by regime and sector."""
    names = [f"{sector}_{part}_usd_per_mwh" for sector, parts in SECTORS.items() for part, *_ in parts]
    names += [f"{sector}_revenue_usd_per_mwh" for sector in SECTORS]
    months = results.months(names)
    months = months[months["regime"].isin(results.featured)]
    labels = sorted(months["month"].unique())
    rows = []
    for period, chosen in (("first year", labels[:WINDOW]), ("last year", labels[-WINDOW:])):
        mean = months[months["month"].isin(chosen)].groupby("regime")[names].mean()
        for regime in results.featured:
            for name in names:
                sector, _, part = name.removesuffix("_usd_per_mwh").partition("_")
                rows.append(
                    {
                        "regime": regime, "regime_label": results.label(regime), "period": period,
                        "sector": sector, "part": part, "usd_per_mwh": float(mean.loc[regime, name]),
                    }
                )  # fmt: skip
    frame = pd.DataFrame(rows)
    frame.attrs["units"] = {"usd_per_mwh": "USD/MWh"}
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Draw the stacks side by side, each sector on its own scale, and write the share of power."""
    figure = new_figure("double", HEIGHT_MM)
    for axes, sector in zip(figure.subplots(1, len(SECTORS)), SECTORS, strict=True):
        _stacks(axes, frame[frame["sector"] == sector], sector)
    return figure


def _stacks(axes: Axes, data: pd.DataFrame, sector: str) -> None:
    regimes = regime_order(data)
    ticks, names = [], []
    for group, regime in enumerate(regimes):
        for offset, period in enumerate(("first year", "last year")):
            rows = data[(data["regime"] == regime) & (data["period"] == period)].set_index("part")[
                "usd_per_mwh"
            ]
            place, height = group * 2.6 + offset, 0.0
            for part, _, colour in SECTORS[sector]:
                axes.bar(
                    place, rows[part], 0.9, bottom=height, color=colour, alpha=1.0 if offset == 0 else 0.6
                )
                height += float(rows[part])
            axes.plot([place - 0.5, place + 0.5], [rows["revenue"]] * 2, color=COLOURS["ink"], linewidth=1.4)
            bought = float(rows["power"] + rows.get("backup", 0.0) + rows.get("levies", 0.0))
            axes.annotate(
                f"{share_of(bought, height):.0f} %",
                (place, bought / 2.0),
                ha="center",
                va="center",
                fontsize=6.0,
            )
        ticks.append(group * 2.6 + 0.5)
        names.append(label_of(data, regime).replace(" ", "\n"))
    axes.set_xticks(ticks, names)
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="x", visible=False)
    axes.set_title(TITLES[sector])
    axes.set_ylabel("USD per MWh at the meter")
    for _, label, colour in SECTORS[sector]:
        axes.bar(0.0, 0.0, color=colour, label=label)
    axes.plot([], [], color=COLOURS["ink"], linewidth=1.4, label="Revenue")
    top = float(data.groupby(["regime", "period"])["usd_per_mwh"].max().max())
    stack = data[data["part"] != "revenue"].groupby(["regime", "period"])["usd_per_mwh"].sum().max()
    axes.set_ylim(0.0, 1.5 * max(top, float(stack), 1.0))
    axes.legend(loc="upper right", ncols=2)
    plain_ticks(axes, "y")


def share_of(part: float, whole: float) -> float:
    """Part in per cent of the whole; 0 of nothing."""
    return part / whole * 100.0 if whole else 0.0


def caption(frame: pd.DataFrame) -> str:
    """Say whose cost this is and name the share of power."""
    shares = {}
    for sector, parts in SECTORS.items():
        first = frame[(frame["sector"] == sector) & (frame["period"] == "first year")]
        total = first[first["part"].isin([part for part, *_ in parts])]["usd_per_mwh"].sum()
        power = first[first["part"].isin(["power", "backup", "levies"])]["usd_per_mwh"].sum()
        shares[sector] = number(share_of(float(power), float(total)), 2)
    return (
        "Cost of a MWh at the meter of a new licensed mine with the newest machine and of a new merchant "
        "AI hall "
        "with the newest GPUs, capital as annuities at the cost of capital with country risk; bars of a "
        "regime: "
        "first year (strong) and last year (pale) of the run; black line: revenue at the prices of that "
        "year, which fall over the life of machines and GPUs. "
        f"Numbers in the bars: share of power, backup and levies in cost; over all regimes in the first year "
        f"{shares['mining']} % for the mine and {shares['ai']} % for the hall."
    )
