"""Tables on the grid of FY2025 for figures: plants and hours by zone, what new load does to others' bills,
and the surplus under every combination of the joint prior.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.validation.grid import FITTED, observed_system
from experiments.validation.grid_months import ObservedSystem, target_rows
from experiments.validation.joint_prior import NEW_LOAD_MW, PACKAGE_LOCAL_PER_KWH, ZONES, system_of
from sim.power import MonthOfPower, season_of
from sim.surplus import ANY, CHEAP, DEAR, surplus_of

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
PRIOR = "grid_joint_prior.csv"
FUELS = ("imported_coal", "rlng", "thar_coal", "gas", "oil")
LIMITS = {"22.98": CHEAP, "35": DEAR, "any": ANY}


def plants(size: str) -> pd.DataFrame:
    """Plants of FY2025 by month: zone, technology, MW that could run and ran (mean of the hours), cost."""
    system = observed_system(FITTED)
    to_local = system.values["local_per_usd"] / 1000.0
    rows = [
        {
            "month": system.labels[t],
            "season": season_of(int(system.labels[t][5:])),
            "plant": plant.name,
            "technology": plant.technology,
            "zone": plant.zone,
            "able_mw": float(month.maximum_mw[i].mean()),
            "run_mw": float(month.result.gen_mw[i].mean()),
            "cost_pkr_per_kwh": float(month.cost_usd_per_mwh[i]) * to_local,
        }
        for t, month in enumerate(system.run())
        for i, plant in enumerate(system.power.country.plant)
        if system.power.online[t, i] > 0.0
    ]
    return _table(rows, {"able_mw": "MW", "run_mw": "MW", "cost_pkr_per_kwh": "PKR/kWh"})


def hours(size: str) -> pd.DataFrame:
    """Typical hours of FY2025 by month and zone: demand, price, and output by technology."""
    system = observed_system(FITTED)
    to_local = system.values["local_per_usd"] / 1000.0
    rows = []
    for t, month in enumerate(system.run()):
        for zone, name in enumerate(ZONES):
            sign = 1.0 if zone == 1 else -1.0
            for hour in range(24):
                row: Row = {
                    "month": system.labels[t],
                    "season": season_of(int(system.labels[t][5:])),
                    "zone": name,
                    "hour": hour,
                    "days": month.days,
                    "demand_mw": month.demand_mw[zone, hour],
                    "price_pkr_per_kwh": month.result.price_usd_per_mwh[zone, hour] * to_local,
                    "inflow_mw": sign * month.result.flow_mw[hour],
                }
                for plant, output in zip(system.power.country.plant, month.result.gen_mw, strict=True):
                    key = f"{plant.technology}_mw"
                    row[key] = row.get(key, 0.0) + (output[hour] if plant.zone == name else 0.0)
                rows.append(row)
    units = {name: "MW" for name in rows[0] if name.endswith("_mw")}
    return _table(rows, units | {"price_pkr_per_kwh": "PKR/kWh", "hour": "hour of day", "days": "days"})


def new_load(size: str) -> pd.DataFrame:
    """1,000 MW of flat new load at Rs 22.98 in FY2025, by month, zone and combination of the joint prior:
    which fuel serves it, and what it does to the bills of others.
    """
    rows = []
    for number, item in enumerate(about_equal()):
        system = of_prior(item)
        base = system.run()
        for zone, name in enumerate(ZONES):
            more = system.run((NEW_LOAD_MW, 0.0) if zone == 0 else (0.0, NEW_LOAD_MW))
            for t, label in enumerate(system.labels):
                place = {
                    "combination": number,
                    "month": label,
                    "season": season_of(int(label[5:])),
                    "zone": name,
                }
                rows.append(place | added(base[t], more[t], system.values["local_per_usd"]))
    units = {name: "share" for name in rows[0] if name.endswith("_share")}
    units |= {"energy_gwh": "GWh", "margin_pkr_per_kwh": "PKR/kWh", "others_bills_pkr_bn": "PKR bn"}
    return _table(rows, units)


def added(base: MonthOfPower, more: MonthOfPower, local_per_usd: float) -> Row:
    """What a month with new load adds to one without: energy, fuels that served it, and bills of others."""
    energy_mwh = NEW_LOAD_MW * 24.0 * base.days
    cost = (more.result.cost_usd - base.result.cost_usd) * local_per_usd
    paid = PACKAGE_LOCAL_PER_KWH * energy_mwh * 1000.0
    extra = {fuel: float((more.technology_mw[fuel] - base.technology_mw[fuel]).sum()) for fuel in FUELS}
    total = float((more.demand_mw - base.demand_mw).sum())
    return {
        "energy_gwh": energy_mwh / 1000.0,
        "margin_pkr_per_kwh": (paid - cost) / energy_mwh / 1000.0,
        "others_bills_pkr_bn": (cost - paid) / 1e9,
    } | {f"{fuel}_share": value / total for fuel, value in extra.items()}


def surplus(size: str) -> pd.DataFrame:
    """Hours of FY2025 in which a block could have been served in a zone at or below a cost, for every
    combination of the joint prior that explains the year about equally well.
    """
    rows = []
    for number, item in enumerate(about_equal()):
        system = of_prior(item)
        months = system.run()
        free = surplus_of(system.power, months, np.repeat(system.state.par, len(months))).free_mw
        days = np.array([month.days for month in months])
        for limit, place in LIMITS.items():
            best = {"better zone": free[:, place].max(axis=1)}
            for zone, name in enumerate(ZONES):
                best[name] = free[:, place, zone]
            for name, found in best.items():
                for block in range(0, 8001, 250):
                    there = float(((found >= max(block, 1e-6)).sum(axis=1) * days).sum())
                    rows.append(
                        {
                            "combination": number,
                            "limit": limit,
                            "zone": name,
                            "block_mw": block,
                            "hours": there,
                        }
                    )
    return _table(rows, {"block_mw": "MW", "hours": "hours/year"})


def about_equal() -> list[dict[str, str]]:
    """Rows of the joint prior that explain FY2025 about equally well."""
    return [row for row in target_rows(PRIOR) if float(row["about_equal"])]


def of_prior(row: dict[str, str]) -> ObservedSystem:
    """Power system of FY2025 under a row of the joint prior."""
    system = system_of(
        float(row["imported_coal_availability"]), float(row["imported_coal_wedge_local_per_kwh"])
    )
    for name in ("link_mw", "rlng_min_load_share", "rlng_winter_share"):
        system.power.values[name] = float(row[name])
    return system


def _table(rows: list[Row], units: dict[str, str]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(rows)
    frame.attrs["units"] = units
    return frame
