"""What more flat load at the price of the package does to others' bills: probabilities over runs (B11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from experiments.errors import StoreError
from experiments.units import number

if TYPE_CHECKING:
    import pandas as pd

    from experiments.results import Results

ZONES = ("south", "north")
SEASON_OF_MONTH = dict.fromkeys((12, 1, 2), "winter") | dict.fromkeys((6, 7, 8, 9), "summer")
SEASONS = ("winter", "summer", "spring and autumn", "year")
HOURS = {
    "cheap_hours_{}_per_year": "Rs 22.98",
    "dear_hours_{}_per_year": "Rs 35",
}
OFFER = {"offer_cheap_hours_per_year": "at or below Rs 22.98", "offer_hours_per_year": "at any cost"}


def margins_by_season(results: Results) -> pd.DataFrame:
    """Mean margin of 1,000 MW more by run, zone and season under the baseline, USD per kWh."""
    import pandas as pd

    columns = {zone: f"margin_{zone}_usd_per_kwh" for zone in ZONES}
    months = results.months(list(columns.values()))
    months = months[months["regime"] == results.baseline]
    season = months["month"].str[5:7].astype(int).map(SEASON_OF_MONTH).fillna(SEASONS[2])
    frames = []
    for name, mine in [*((name, season == name) for name in SEASONS[:-1]), (SEASONS[-1], season.notna())]:
        means = months[mine].groupby("run_id")[list(columns.values())].mean()
        for zone, column in columns.items():
            frames.append(pd.DataFrame({"zone": zone, "season": name, "margin": means[column]}))
    return pd.concat(frames).reset_index()


def new_load_section(results: Results) -> list[str]:
    """Write the section of the results page; empty where a study lacks the outputs."""
    try:
        margins = margins_by_season(results)
        hours = [name.format(zone) for zone in ZONES for name in HOURS]
        years = results.months([*hours, *OFFER])
    except StoreError:
        return []
    years = years[years["regime"] == results.baseline].groupby("run_id")[[*hours, *OFFER]].mean()
    lines = [
        "## What more load does to other consumers' bills",
        "",
        f"1,000 MW more flat load at Rs 22.98 per kWh under {results.label(results.baseline)}: share of the "
        f"{years.shape[0]} runs in which its revenue exceeds its cost, so that the bills of all others fall. "
        "Runs differ in luck and, where the study samples it, in what the grid's books cannot tell apart.",
        "",
        "| zone | " + " | ".join(SEASONS) + " |",
        "|---" * (len(SEASONS) + 1) + "|",
    ]
    for zone in ZONES:
        cells = []
        for season in SEASONS:
            rows = margins[(margins["zone"] == zone) & (margins["season"] == season)]["margin"]
            cells.append(f"{(rows > 0.0).mean():.2f} ({number(100.0 * rows.mean(), 2)} US cents)")
        lines.append(f"| {zone} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "In brackets: mean margin per kWh. Hours a year with surplus after the reserve, mean over runs "
        "[5-95 % of runs]:",
        "",
    ]
    for zone in ZONES:
        for name, limit in HOURS.items():
            lines.append(f"- 1,000 MW in the {zone} at or below {limit}: {_hours(years[name.format(zone)])}")
    lines += [f"- 2,000 MW in the better zone {text}: {_hours(years[name])}" for name, text in OFFER.items()]
    return [*lines, ""]


def _hours(values: pd.Series) -> str:
    low, high = values.quantile(0.05), values.quantile(0.95)
    return f"{values.mean():,.0f} [{low:,.0f} to {high:,.0f}]"
