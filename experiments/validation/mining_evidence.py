"""Tables on machines and firms for figures: the efficiency frontier with what is projected of it, who enters
and leaves abroad, and what a machine would have to pay for power in Pakistan, by the model's own appraisal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from agents.base import new_records
from agents.miner import FARM, Miner
from agents.miner_appraisal import LICENSED, best_generation, terms_of
from experiments.factors import quantile
from experiments.validation.bitcoin import SEEDS as HINDCAST_SEEDS
from experiments.validation.bitcoin_run import LABELS, MONTHS, hindcast_world
from sim import load_scenario
from sim.drivers import month_labels, table
from sim.hardware import build_frontier
from sim.model import WattLabModel
from sim.parameters import parameters

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]
Row = dict[str, Any]
FRONTIER_START, FRONTIER_MONTHS = "2025-06", 120
FRONTIER_PARAMETERS = ("rig_improvement_per_year", "rig_release_interval_months")
LEVELS = 30  # midpoints of equal shares of each parameter's distribution, all pairs of them
# The decision in Pakistan: months to mid 2026, the announced offer and its range, an ordinary farm
PLACE, REGIME, SITE_MW = 13, "pakistan-2025", 5.0
OFFER_PKR_PER_KWH = (22.0, 24.0)
SEEDS = {"quick": 30, "full": 100}
HIGHEST_USD_PER_KWH, HALVINGS = 1.0, 40


def _table(rows: list[Row], units: dict[str, str]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(rows)
    frame.attrs["units"] = units
    return frame


def frontier(size: str) -> pd.DataFrame:
    """Best machine on sale by month: observed generations, then what the registry's improvement and release
    interval let expect, with the band over both (J/TH).
    """
    rows: list[Row] = [
        {
            "kind": "observed",
            "generation": item["generation"],
            "month": item["available_from"],
            "cooling": item["cooling"],
            "j_per_th": float(item["j_per_th"]),
        }
        for item in table("hardware.csv")
    ]
    values = load_scenario().values()
    paths = np.array([best_on_sale(values | changed) for changed in frontier_draws()])
    middle = best_on_sale(values)
    low, high = np.percentile(paths, (5.0, 95.0), axis=0)
    for t, label in enumerate(month_labels(FRONTIER_START, FRONTIER_MONTHS)):
        if label >= rows[-1]["month"] or rows[-1]["kind"] == "projected":
            rows.append(
                {
                    "kind": "projected",
                    "generation": "",
                    "month": label,
                    "cooling": "",
                    "j_per_th": middle[t],
                    "p5_j_per_th": low[t],
                    "p95_j_per_th": high[t],
                }
            )
    units = {name: "J/TH" for name in ("j_per_th", "p5_j_per_th", "p95_j_per_th")}
    return _table(rows, {"month": "calendar month", **units})


def frontier_draws() -> list[dict[str, float]]:
    """Settings of the frontier's two parameters: all pairs of midpoints of their distributions."""
    shares = (np.arange(LEVELS) + 0.5) / LEVELS
    points = []
    for name in FRONTIER_PARAMETERS:
        row = parameters()[name]
        points.append([quantile(u, row.distribution, row.low, row.value, row.high) for u in shares])
    return [dict(zip(FRONTIER_PARAMETERS, pair, strict=True)) for pair in np.stack(
        np.meshgrid(*points, indexing="ij"), axis=-1).reshape(-1, 2).tolist()]  # fmt: skip


def best_on_sale(values: dict[str, float]) -> FloatArray:
    """Efficiency of the best machine released by each month of a run, J/TH; shape (months,)."""
    known = build_frontier(FRONTIER_START, values, FRONTIER_MONTHS)
    months = np.arange(FRONTIER_MONTHS)
    released = known.release_month[None, :] <= months[:, None]
    return np.where(released, known.j_per_th[None, :], np.inf).min(axis=1)


def entry(size: str) -> pd.DataFrame:
    """Firms abroad by month of the hindcast: active, begun and left, means over the seeds of the hindcast."""
    counts = np.zeros((len(HINDCAST_SEEDS), MONTHS, 3))
    for place, seed in enumerate(HINDCAST_SEEDS):
        world = hindcast_world(seed=seed)
        before = world.firms["active"].copy()
        for t in range(MONTHS):
            world.step()
            active, left = world.firms["active"], world.firms["left"]
            counts[place, t] = active.sum(), ((active == 1) & (before == 0)).sum(), left.sum()
            before = active.copy()
    means = counts.mean(axis=0)
    rows = [
        {"month": label, "firms": row[0], "entries": row[1], "exits": row[2]}
        for label, row in zip(LABELS, means.tolist(), strict=True)
    ]
    return _table(rows, {"month": "calendar month", "firms": "1", "entries": "1/month", "exits": "1/month"})


def pakistan_generations(size: str) -> pd.DataFrame:
    """What the model's own home farm could pay for power in Pakistan in mid 2026 under the announced offer.

    Per machine: the highest offer price at which it runs, at which its price is paid back at a site that
    stands, and at which machine and a new site are, after duty, tax and risk but without the firm's hurdle
    (PKR per kWh; -1 if not even free power would do). Medians over seeds, hashprice and share on sale: means.
    """
    rows = []
    for seed in range(1, SEEDS[size] + 1):
        rows += _machines_of(seed)
    frame = _table(rows, {})
    keys = ["generation", "j_per_th"]
    ways = {name: "median" for name in frame.columns if name.endswith(("_kwh", "_ths"))}
    ways |= {"hashprice_usd_per_ph_day": "mean", "on_sale_share": "mean"}
    found = frame.groupby(keys, as_index=False, sort=False).agg(ways)
    found = found.sort_values("j_per_th", ascending=False, ignore_index=True)
    found["offer_low_pkr_per_kwh"], found["offer_high_pkr_per_kwh"] = OFFER_PKR_PER_KWH
    found.attrs["units"] = {
        "j_per_th": "J/TH", "hashprice_usd_per_ph_day": "USD/PH/day", "price_usd_per_ths": "USD/TH",
        "on_sale_share": "share of seeds", "runs_pkr_per_kwh": "PKR/kWh", "machine_pkr_per_kwh": "PKR/kWh",
        "site_pkr_per_kwh": "PKR/kWh", "offer_low_pkr_per_kwh": "PKR/kWh",
        "offer_high_pkr_per_kwh": "PKR/kWh",
    }  # fmt: skip
    return found


def _machines_of(seed: int) -> list[Row]:
    """Highest prices of one future, for every machine of the hardware table."""
    scenario = load_scenario(regime=REGIME, months=PLACE)
    model = WattLabModel(scenario, seed)
    for _ in range(PLACE):
        model.step()
    state, names = model.state, {float(row["j_per_th"]): row["generation"] for row in table("hardware.csv")}
    world, policy, par = state.world[0].copy(), state.policy[0].copy(), state.par[0]
    # The offer as announced, whatever the lender says to it; the site is not connected yet
    world.offer_effective = 1
    firm: Any = new_records(Miner, 1)[0]
    firm.home, firm.kind, firm.pue, firm.slowness = 1, FARM, par.mining_pue, 1.0
    firm.wacc_per_year, firm.hurdle = par.miner_hurdle_rate_per_year, par.miner_hurdle_npv_mean
    firm.active, firm.site_mw = 1, SITE_MW
    rate, on_sale, rows = float(world.local_per_usd), world.rig_on_sale.copy(), []
    for generation in range(len(on_sale)):
        j_per_th = float(world.rig_j_per_th[generation])
        if j_per_th not in names:
            continue
        world.rig_on_sale[:] = 0.0
        world.rig_on_sale[generation] = 1.0
        firm.fleet_ths[:] = 0.0
        firm.fleet_ths[generation] = 1e6
        prices = [highest_price(firm, world, policy, par, cost) for cost in ("none", "machine", "site")]
        rows.append(
            {
                "seed": seed,
                "generation": names[j_per_th],
                "j_per_th": j_per_th,
                "hashprice_usd_per_ph_day": float(world.hashprice_usd_per_ph_day),
                "on_sale_share": float(on_sale[generation] > 0.0),
                "price_usd_per_ths": float(world.rig_price_usd_per_ths[generation]),
                "runs_pkr_per_kwh": prices[0] * rate,
                "machine_pkr_per_kwh": prices[1] * rate,
                "site_pkr_per_kwh": prices[2] * rate,
            }
        )
    return rows


def highest_price(firm: Any, world: Any, policy: Any, par: Any, cost: str) -> float:
    """Highest offer price at which a firm runs its machines (cost "none"), or at which the only machine on
    sale is worth its cost: that of the "machine" or, with a new "site", of both. USD/kWh by bisection on the
    model's decision; -1 / exchange rate if free power is too dear.
    """

    def accepts(price: float) -> bool:
        world.offer_tariff_usd_per_kwh[:] = price
        world.offer_tariff_mean_usd_per_kwh = price
        if cost == "none":
            Miner.run(firm, world, policy, par)
            return bool(firm.energised_mw > 0.0)
        terms = terms_of(firm, world, policy, par, LICENSED, SITE_MW)
        _, ratio, _ = best_generation(firm, world, policy, par, LICENSED, terms, cost == "site", -1.0)
        return bool(ratio > 0.0)

    low, high = 0.0, HIGHEST_USD_PER_KWH
    if not accepts(low):
        return -1.0 / float(world.local_per_usd)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if accepts(middle) else (low, middle)
    return low
