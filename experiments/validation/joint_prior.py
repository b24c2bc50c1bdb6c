"""Which combinations of imported-coal availability, its cost wedge and the usable link explain FY2025 about
equally well, and what new load does to other consumers' bills under each.

Monthly books by fuel do not identify the three apart, so they are stored as a joint prior with fit statistics
(``sim/data/targets/grid_joint_prior.csv``); the share of contract gas tied to load is chosen anew for each.
"""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import numpy as np

from experiments.validation.grid import FITTED, PERIODS, month_errors
from experiments.validation.grid_months import ObservedSystem, books
from sim.power import SEASONS, MonthOfPower, season_of

Row = dict[str, float]
AVAILABILITY = (0.36, 0.41, 0.46, 0.55, 0.7, 0.85)
WEDGE_LOCAL_PER_KWH = (0.0, 1.5, 3.0, 4.5, 6.0)
LINK_MW = (2000.0, 2650.0, 3300.0, 4000.0)
GAS_SHARE_OF_LOAD = (0.17, 0.19, 0.21, 0.23)
# Bars of the fitted errors, %: the score is their mean square, so that 1 means "at the bars".
BARS = {
    "local_coal.wape": 6.0,
    "imported_coal.wape": 18.0,
    "gas.wape": 10.0,
    "rlng.wape": 9.0,
    "basket.mean_error": 2.0,
}
# Combinations whose score is at most this many times the best one count as about equally good.
EQUAL_SCORE_RATIO = 1.5
NEW_LOAD_MW = 1000.0
PACKAGE_LOCAL_PER_KWH, DEAR_LOCAL_PER_KWH = 22.98, 35.0
ZONES = ("south", "north")


def score(errors: Row) -> float:
    """Mean square of the fitted errors over their bars."""
    return float(np.mean([(errors[name] / bar) ** 2 for name, bar in BARS.items()]))


def system_of(availability: float, wedge: float) -> ObservedSystem:
    """Power system of FY2025 with a value of the two uncertain facts of imported coal."""
    overrides = {
        "imported_coal_availability": availability,
        "imported_coal_wedge_local_per_kwh": wedge,
    }
    return ObservedSystem(books(*PERIODS[FITTED]), overrides)


def best_fit(system: ObservedSystem, link_mw: float) -> Row:
    """Leave the system with the best share of contract gas for a usable link; return its fit statistics."""
    values, found = system.power.values, []
    values["link_mw"] = link_mw
    for gas_share in GAS_SHARE_OF_LOAD:
        values["rlng_min_load_share"] = gas_share
        errors = month_errors(system, system.run())
        found.append((score(errors), gas_share, errors))
    best, gas_share, errors = min(found, key=lambda item: item[:2])
    values["rlng_min_load_share"] = gas_share
    names = (
        "imported_coal_availability",
        "imported_coal_wedge_local_per_kwh",
        "link_mw",
        "rlng_min_load_share",
    )
    row = {name: values[name] for name in names} | {"score": best}
    return row | {f"{name.replace('.', '_')}_pct": errors[name] for name in BARS}


def margins(system: ObservedSystem) -> Row:
    """Revenue less cost of flat new load by zone and season, PKR per kWh of it, and hours of cheap power.

    A negative margin means that other consumers' bills rise. Hours: of 8,760 a year in which the zone's price
    with the new load is below the limit in the name.
    """
    base, found = system.run(), {}
    local, delivery = system.values["local_per_usd"], 1.0 - system.values["transmission_loss_share"]
    seasons = [season_of(int(label[5:])) for label in system.labels]
    for zone, name in enumerate(ZONES):
        more = system.run((NEW_LOAD_MW, 0.0) if zone == 0 else (0.0, NEW_LOAD_MW))
        for season in SEASONS:
            mine = [t for t, value in enumerate(seasons) if value == season]
            cost = sum(total_cost_usd(more[t]) - total_cost_usd(base[t]) for t in mine) * local
            energy = sum(NEW_LOAD_MW * 24.0 * more[t].days for t in mine) * 1000.0
            found[f"margin_{name}_{season}_pkr_per_kwh"] = PACKAGE_LOCAL_PER_KWH - cost / energy
        for limit, tag in ((PACKAGE_LOCAL_PER_KWH, "22_98"), (DEAR_LOCAL_PER_KWH, "35")):
            price = [month.result.price_usd_per_mwh[zone] * local / 1000.0 / delivery for month in more]
            hours = sum(float((p < limit).sum()) * month.days for p, month in zip(price, more, strict=True))
            found[f"hours_below_{tag}_{name}"] = hours
    return found


def total_cost_usd(month: MonthOfPower) -> float:
    """Energy cost of a month including unserved load at its value, USD."""
    return month.result.cost_usd


def scan() -> list[Row]:
    """Rows of the joint prior: every combination with its fit and what it means for new load."""
    rows = []
    for availability, wedge in itertools.product(AVAILABILITY, WEDGE_LOCAL_PER_KWH):
        system = system_of(availability, wedge)
        for link_mw in LINK_MW:
            fit = best_fit(system, link_mw)
            rows.append(fit | margins(system))
    limit = EQUAL_SCORE_RATIO * min(row["score"] for row in rows)
    return [row | {"about_equal": float(row["score"] <= limit)} for row in rows]


def write_joint_prior(path: Path) -> None:
    """Write the joint prior as CSV, five significant digits."""
    rows = scan()
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(rows[0])
        writer.writerows([f"{value:.5g}" for value in row.values()] for row in rows)
