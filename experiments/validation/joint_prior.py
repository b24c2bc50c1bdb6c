"""Which combinations of imported-coal availability, its cost wedge and the usable link explain FY2025 about
equally well, and what new load does to other consumers' bills under each.

Monthly books by fuel do not identify the three apart, so they are stored as a joint prior with fit statistics
(``sim/data/targets/grid_joint_prior.csv``); the limits of imported gas (share tied to load, winter share) are
chosen anew for each.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from experiments.validation.grid import (
    FITTED,
    FUELS,
    PERIODS,
    SOLVED,
    FloatArray,
    month_errors,
    residual_gwh,
    wape,
)
from experiments.validation.grid_months import ObservedSystem, books
from sim.power import SEASONS, MonthOfPower, season_of

Row = dict[str, float]
AVAILABILITY = (0.32, 0.385, 0.45, 0.55, 0.7, 0.85)
WEDGE_LOCAL_PER_KWH = (0.3, 1.5, 3.0, 4.5, 6.0)
LINK_MW = (2000.0, 2530.0, 3200.0, 4000.0)
GAS_SHARE_OF_LOAD = (0.17, 0.19, 0.212, 0.23)
WINTER_SHARE = (0.48, 0.56, 0.7)
# Bars of the fitted errors, %: the score is their mean square, so that 1 means "at the bars".
BARS = {
    "local_coal.wape": 6.0,
    "imported_coal.wape": 18.0,
    "gas.wape": 10.0,
    "rlng.wape": 9.0,
    "basket.mean_error": 2.0,
}
# Combinations whose score is at most this many times the best one count as about equally good: by so much the
# score of the best grows when every month is predicted from the others (grid_left_out.csv).
EQUAL_SCORE_RATIO = 1.5
NEW_LOAD_MW = 1000.0
PACKAGE_LOCAL_PER_KWH, DEAR_LOCAL_PER_KWH = 22.98, 35.0
ZONES = ("south", "north")
LEFT_OUT_FUELS = ("local_coal", "imported_coal", "gas", "rlng")


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


def best_fit(system: ObservedSystem, link_mw: float, memory: list[dict[str, FloatArray]]) -> Row:
    """Leave the system with the best limits of imported gas for a usable link; return its fit statistics.

    Output by technology and month of every candidate is added to ``memory``.
    """
    values, found = system.power.values, []
    values["link_mw"] = link_mw
    for gas_share, winter in itertools.product(GAS_SHARE_OF_LOAD, WINTER_SHARE):
        values["rlng_min_load_share"], values["rlng_winter_share"] = gas_share, winter
        months = system.run()
        errors = month_errors(system, months)
        memory.append(system.energy_gwh(months))
        found.append((score(errors), gas_share, winter, errors))
    best, gas_share, winter, errors = min(found, key=lambda item: item[:3])
    values["rlng_min_load_share"], values["rlng_winter_share"] = gas_share, winter
    names = (
        "imported_coal_availability",
        "imported_coal_wedge_local_per_kwh",
        "link_mw",
        "rlng_min_load_share",
        "rlng_winter_share",
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


def scan(memory: list[dict[str, FloatArray]]) -> list[Row]:
    """Rows of the joint prior: every combination with its fit and what it means for new load."""
    rows = []
    for availability, wedge in itertools.product(AVAILABILITY, WEDGE_LOCAL_PER_KWH):
        system = system_of(availability, wedge)
        for link_mw in LINK_MW:
            fit = best_fit(system, link_mw, memory)
            rows.append(fit | margins(system))
    limit = EQUAL_SCORE_RATIO * min(row["score"] for row in rows)
    return [row | {"about_equal": float(row["score"] <= limit)} for row in rows]


def left_out_errors(memory: list[dict[str, FloatArray]]) -> list[dict[str, str | float]]:
    """WAPE by fuel, %, when each month is predicted by the candidate that is best on the other months,
    beside that of a straight line fitted without the month.
    """
    published = books(*PERIODS[FITTED])
    found: list[dict[str, str | float]] = []
    labels = list(published.rows)
    known = [label for label in labels if label not in SOLVED]
    place = [labels.index(label) for label in known]
    gap = np.zeros((len(memory), len(known)))
    for fuel in LEFT_OUT_FUELS:
        technology, column = FUELS[fuel]
        seen = published.values(column, known)
        errors = np.array([np.abs(energy[technology][place] - seen) for energy in memory])
        gap += (errors / seen.sum() / BARS[f"{fuel}.wape"]) ** 2
    best = [int(np.argmin(gap.sum(axis=1) - gap[:, t])) for t in range(len(known))]
    x = residual_gwh(FITTED, known)
    for fuel in LEFT_OUT_FUELS:
        technology, column = FUELS[fuel]
        seen = published.values(column, known)
        mine = np.array([memory[best[t]][technology][place[t]] for t in range(len(known))])
        line = np.zeros(len(known))
        for t in range(len(known)):
            slope, level = np.polyfit(np.delete(x, t), np.delete(seen, t), 1)
            line[t] = level + slope * x[t]
        found.append({"id": f"grid.fy2025.{fuel}.wape", "left_out": wape(mine, seen),
                      "regression_left_out": wape(line, seen)})  # fmt: skip
    return found


def write_joint_prior(folder: Path) -> None:
    """Write the joint prior and the leave-one-month-out errors as CSV, five significant digits."""
    memory: list[dict[str, FloatArray]] = []
    _write(folder / "grid_joint_prior.csv", scan(memory))
    _write(folder / "grid_left_out.csv", left_out_errors(memory))


def _write(path: Path, rows: Sequence[Mapping[str, str | float]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(rows[0])
        for row in rows:
            writer.writerow(value if isinstance(value, str) else f"{value:.5g}" for value in row.values())
