"""Tables on AI firms for figures: what moves their capacity, and what a public dollar buys; paired seeds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from sim import load_scenario, simulate
from sim.parameters import parameters

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
COUNTRY, REGIME = "pakistan", "pakistan-2025"
TO_2030, WHOLE = 67, 120
SEEDS = {"quick": 10, "full": 100}
Z_95 = 1.959963984540054
# An offer that is open, so that its price is the price of power for AI.
OPEN = {"lender_active": 0.0}
PRICE = "tariff_local_per_kwh"
PRICE_BOUNDS = (12.0, 35.0)
DRIVERS = {
    "country_risk_premium": "Country risk premium",
    "ai_domestic_price_premium": "Home over world price",
    "ai_domestic_demand_growth_per_year": "Growth of home demand",
    "ai_export_demand_mw_it": "Export demand in reach",
    "ai_public_demand_share": "State's share of home demand",
    "gpu_price_drift_per_year": "Trend of the GPU-hour price",
    "gpu_life_months": "Life of GPUs",
    "gpu_price_factor": "Price of GPUs",
    "ai_facility_capex_usd_per_mw_it": "Cost of the building",
    "ai_hurdle_npv_mean": "Hurdle over NPV of zero",
    "ai_funds_over_stage_cost": "Owners' funds",
    "chip_licence_success": "Chance of a chip licence",
    "chip_cap_gpus_per_year": "Yearly cap on chips",
    "ai_connection_months": "Wait for power",
    "ai_build_months": "Construction time",
    "grid_availability": "Availability of the grid",
    "compute_demand_elasticity": "Elasticity of compute demand",
}
SUPPORT: dict[str, tuple[str, dict[str, Any]]] = {
    "tax_holiday": ("Tax holiday (10 years)", {"ai_holiday_months": 120.0}),
    "priority": ("Priority connection", {"ai_priority": True}),
    "training": ("Training places (100 a month)", {"training_places_per_month": 100.0}),
    "guarantee": ("Country risk 3 points lower", {"ai_guarantee_points_per_year": 0.03}),
}
BARE: dict[str, Any] = {
    "ai_holiday_months": 0.0,
    "ai_priority": False,
    "training_places_per_month": 0.0,
    "ai_guarantee_points_per_year": 0.0,
}


def bounds(name: str) -> tuple[float, float]:
    """Range of a parameter: the country's if it gives one, else the registry's."""
    own = load_scenario(COUNTRY, REGIME).country_data.values.get(name)
    if own is not None and own.low is not None and own.high is not None:
        return own.low, own.high
    row = parameters()[name]
    return row.low, row.high


def capacity(seeds: range, overrides: dict[str, float], instruments: dict[str, Any]) -> np.ndarray:
    """New AI capacity in December 2030 by seed, MW of IT."""
    scenario = load_scenario(
        COUNTRY, REGIME, months=TO_2030, overrides={**OPEN, **overrides}, instruments=instruments
    )
    return np.array([simulate(scenario, seed).months["ai_new_it_mw"].iloc[-1] for seed in seeds])


def drivers(size: str) -> pd.DataFrame:
    """New AI capacity of 2030 with one driver at each end of its range: change against the base, paired."""
    seeds = range(1, 1 + SEEDS[size])
    base = capacity(seeds, {}, {})
    rows: list[Row] = []
    ends = {name: (label, bounds(name), False) for name, label in DRIVERS.items()}
    ends[PRICE] = ("Price of power on offer", PRICE_BOUNDS, True)
    for name, (label, (low, high), instrument) in ends.items():
        for end, value in (("low", low), ("high", high)):
            setting = {name: value}
            there = capacity(seeds, {} if instrument else setting, setting if instrument else {})
            change = there - base
            half = Z_95 * float(change.std(ddof=1)) / math.sqrt(len(seeds))
            rows.append(
                {
                    "driver": name, "label": label, "end": end, "value": value, "seeds": len(seeds),
                    "base_mw_it": float(base.mean()), "change_mw_it": float(change.mean()),
                    "change_low_mw_it": float(change.mean()) - half,
                    "change_high_mw_it": float(change.mean()) + half,
                }
            )  # fmt: skip
    units = dict.fromkeys(("base_mw_it", "change_mw_it", "change_low_mw_it", "change_high_mw_it"), "MW IT")
    return _table(rows, {**units, "seeds": "1"})


def outcome(seeds: range, instruments: dict[str, Any]) -> dict[str, np.ndarray]:
    """Capacity (MW of IT times years), local jobs (job-years), and public money (USD) of a run by seed."""
    scenario = load_scenario(COUNTRY, REGIME, months=WHOLE, instruments={**BARE, **instruments})
    found: dict[str, list[float]] = {"mw_years": [], "job_years": [], "outlay_usd": [], "net_usd": []}
    for seed in seeds:
        months = simulate(scenario, seed).months
        jobs = months["jobs_operations_ai"] + months["jobs_construction"]
        names = ["foregone_tax_usd", "training_cost_usd", "guarantee_cost_usd", "compute_cost_usd"]
        outlay = months[names].sum(axis=1)
        found["mw_years"].append(float(months["ai_new_it_mw"].sum() / 12.0))
        found["job_years"].append(float(jobs.sum() / 12.0))
        found["outlay_usd"].append(float(outlay.sum()))
        found["net_usd"].append(float(months["net_fiscal_usd"].sum()))
    return {name: np.array(values) for name, values in found.items()}


def support(size: str) -> pd.DataFrame:
    """What each kind of support adds over ten years and what it costs the public, against none; paired."""
    seeds = range(1, 1 + SEEDS[size])
    base = outcome(seeds, {})
    rows: list[Row] = []
    for name, (label, instruments) in SUPPORT.items():
        there = outcome(seeds, instruments)
        row: Row = {"support": name, "label": label, "seeds": len(seeds)}
        for measure, before in base.items():
            change = there[measure] - before
            half = Z_95 * float(change.std(ddof=1)) / math.sqrt(len(seeds))
            row[measure] = float(change.mean())
            row[f"{measure}_low"], row[f"{measure}_high"] = row[measure] - half, row[measure] + half
        for measure in ("mw_years", "job_years"):
            ratio, low, high = per_musd(
                there[measure] - base[measure], there["outlay_usd"] - base["outlay_usd"]
            )
            row[f"{measure}_per_musd"] = ratio
            row[f"{measure}_per_musd_low"], row[f"{measure}_per_musd_high"] = low, high
        rows.append(row)
    units = {"seeds": "1"}
    for measure, unit in (("mw_years", "MW IT years"), ("job_years", "job-years")):
        units |= {f"{measure}{end}": unit for end in ("", "_low", "_high")}
        units |= {f"{measure}_per_musd{end}": f"{unit} per USD million" for end in ("", "_low", "_high")}
    for measure in ("outlay_usd", "net_usd"):
        units |= {f"{measure}{end}": "USD" for end in ("", "_low", "_high")}
    return _table(rows, units)


def per_musd(effect: np.ndarray, outlay_usd: np.ndarray) -> tuple[float, float, float]:
    """Mean effect over mean outlay per million USD with a 95 % bootstrap of pairs; nan without an outlay."""
    if outlay_usd.mean() < 1.0:
        return math.nan, math.nan, math.nan
    picks = np.random.default_rng(1).integers(0, len(effect), (2000, len(effect)))
    ratios = effect[picks].mean(axis=1) / outlay_usd[picks].mean(axis=1) * 1e6
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(effect.mean() / outlay_usd.mean() * 1e6), float(low), float(high)


def _table(rows: list[Row], units: dict[str, str]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(rows)
    frame.attrs["units"] = units
    return frame
