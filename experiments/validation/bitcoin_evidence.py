"""Tables on world mining for figures: the hindcast with its band, what the hash supply of a month looks
like, the fleet by age, the load at every power price, and the hashprice after a large block of new load.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from agents.base import new_records
from agents.miner import Miner
from agents.miner_appraisal import THEFT, avoidable_usd_per_kwh, power_abroad_usd_per_kwh
from agents.rules.mining import elastic_world_hash
from agents.rules.protocol import hash_ehs_from_power
from experiments.validation.bitcoin import ensemble_quantiles, published_path, published_runs
from experiments.validation.bitcoin_benchmarks import benchmarks
from experiments.validation.bitcoin_efficiency import (
    independent_estimates,
    listed_j_per_th,
    observed_hashprice,
)
from experiments.validation.bitcoin_run import (
    FITTED_MONTHS,
    LABELS,
    MONTHS,
    hindcast_world,
    observed_efficiency,
    observed_hash_ehs,
)
from sim import load_scenario
from sim.mining_world import MiningWorld, build_mining_world

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]
Row = dict[str, Any]
SUPPLY_MONTHS = ("2018-06", "2021-05", "2022-12", "2025-06")
RESPONSE_HASHPRICES = (30.0, 50.0, 100.0)
RESPONSE_PRICES = np.arange(0.0, 0.1601, 0.0025)
# A large block of S21-class machines at home
BLOCK_MW, BLOCK_J_PER_TH = 2000.0, 17.5
AFTER_MONTHS = (0, 3, 6, 12, 24, 36)
ELASTICITIES = (0.0, 0.5, 1.0, 2.0, 5.0, 20.0)
SEEDS = {"quick": 6, "full": 30}


def _table(rows: list[Row], units: dict[str, str]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(rows)
    frame.attrs["units"] = units
    return frame


def hindcast(size: str) -> pd.DataFrame:
    """World hash and efficiency by month: observed, published set, band of the ensemble, best naive model;
    the published efficiency's recipe at the observed hashprice, without any fleet, and other estimates.
    """
    path, seen, known = published_path(), observed_hash_ehs(), observed_efficiency()
    paid = observed_hashprice()
    others = {row["month"]: float(row["j_per_th"]) for row in independent_estimates() if row["used"] == "1"}
    band = {name: ensemble_quantiles(name, (5.0, 50.0, 95.0)) for name in ("hash_ehs", "j_per_th")}
    start = math.log10(seen[FITTED_MONTHS - 1])
    naive = benchmarks()["partial_adjustment"](start, MONTHS - FITTED_MONTHS, FITTED_MONTHS)
    rows = [
        {
            "month": label,
            "observed_hash_ehs": seen[t],
            "hash_ehs": path["hash_ehs"][t],
            **{f"hash_p{p}_ehs": band["hash_ehs"][i, t] for i, p in enumerate((5, 50, 95))},
            "naive_hash_ehs": 10.0 ** naive[t - FITTED_MONTHS] if t >= FITTED_MONTHS else np.nan,
            "observed_j_per_th": known.get(label, np.nan),
            "listed_j_per_th": listed_j_per_th(label, paid[label]),
            "independent_j_per_th": others.get(label, np.nan),
            "j_per_th": path["j_per_th"][t],
            **{f"p{p}_j_per_th": band["j_per_th"][i, t] for i, p in enumerate((5, 50, 95))},
            "firms": path["firms"][t],
            "exits": path["exits"][t],
            "orders_gw_per_month": path["orders_gw"][t],
            "delivery_months": path["delivery_months"][t],
            "markup": path["markup"][t],
            "seeds": len(published_runs()),
        }
        for t, label in enumerate(LABELS)
    ]
    units = {name: "EH/s" for name in rows[0] if name.endswith("_ehs")}
    units |= {name: "J/TH" for name in rows[0] if name.endswith("j_per_th")}
    return _table(
        rows,
        {"month": "calendar month", **units, "firms": "1", "exits": "1", "orders_gw_per_month": "GW/month",
         "delivery_months": "months", "markup": "1", "seeds": "1"},
    )  # fmt: skip


def fleets(size: str) -> pd.DataFrame:
    """Machines abroad by month and generation: age, hash rate owned, and break-even at what an idle hour
    saves each firm, power and a host's charge (hash-weighted quantile steps come from the figure).
    """
    world, rows = hindcast_world(seed=1), []
    par = world.par[0]
    for t in range(MONTHS):
        world.step()
        if LABELS[t] not in SUPPLY_MONTHS:
            continue
        hashprice = float(world.world["hashprice_usd_per_ph_day"][0])
        for firm in world.firms[world.firms["active"] == 1]:
            saved = power_abroad_usd_per_kwh(firm, world.world[0]) + avoidable_usd_per_kwh(
                firm, world.world[0], par
            )
            unit = 24.0 * firm.pue * saved
            for generation in np.flatnonzero(firm.fleet_ths > 0.0):
                j_per_th = float(world.frontier.j_per_th[generation])
                rows.append(
                    {
                        "month": LABELS[t],
                        "firm": int(firm.agent_id),
                        "j_per_th": j_per_th,
                        "age_years": (t - world.frontier.release_month[generation]) / 12.0,
                        "hash_ehs": float(firm.fleet_ths[generation]) / 1e6,
                        "breakeven_usd_per_ph_day": unit * j_per_th / (1.0 - par.pool_fee_share),
                        "hashprice_usd_per_ph_day": hashprice,
                    }
                )
    return _table(
        rows,
        {"j_per_th": "J/TH", "age_years": "years since release", "hash_ehs": "EH/s",
         "breakeven_usd_per_ph_day": "USD/PH/day", "hashprice_usd_per_ph_day": "USD/PH/day"},
    )  # fmt: skip


def response(size: str) -> pd.DataFrame:
    """Share of the world's fleet of June 2025 (by power) that runs at a power price, at three hashprices.

    All machines pay the price of the axis, as they would in one market; efficiency and PUE are their own.
    """
    world = hindcast_world(seed=1)
    world.run(MONTHS)
    par, firms = world.par[0], world.firms
    power = firms["fleet_ths"] * world.frontier.j_per_th * firms["pue"][:, None] / 1e6
    rows = []
    for hashprice in RESPONSE_HASHPRICES:
        net = hashprice * (1.0 - par.pool_fee_share)
        earned = net / (24.0 * world.frontier.j_per_th * firms["pue"][:, None])
        for price in RESPONSE_PRICES:
            running = power[earned > price].sum()
            rows.append(
                {
                    "hashprice_usd_per_ph_day": hashprice,
                    "power_price_usd_per_kwh": float(price),
                    "running_share": float(running / power.sum()),
                }
            )
    return _table(
        rows,
        {"hashprice_usd_per_ph_day": "USD/PH/day", "power_price_usd_per_kwh": "USD/kWh",
         "running_share": "share of MW"},
    )  # fmt: skip


def _world_of_today(seed: int) -> MiningWorld:
    """The world's miners of the default scenario, from June 2025."""
    scenario = load_scenario(months=60, population={"world_miners": 160, "miners": 1, "ai_firms": 1})
    return build_mining_world(scenario, seed)


def add_block(world: MiningWorld) -> None:
    """Let a large block of machines run at home whatever happens, as on a fixed contract."""
    block = new_records(Miner, 1)
    block["active"], block["home"], block["compliance"], block["pue"] = 1, 1, THEFT, 1.0
    block["energised_mw"] = BLOCK_MW
    hash_ehs = hash_ehs_from_power(BLOCK_MW, BLOCK_J_PER_TH, world.par[0].mining_pue)
    nearest = int(np.argmin(np.abs(world.frontier.j_per_th - BLOCK_J_PER_TH)))
    block["fleet_ths"][0, nearest] = hash_ehs * 1e6 / world.par[0].mining_availability
    block["hash_ehs"] = hash_ehs
    world.world["firm_served_share"] = 1.0
    world.nobody = block


def block_response(size: str) -> pd.DataFrame:
    """Change of hashprice by months after 2,000 MW of S21-class machines start in June 2026, paired by seed.

    Beside it the static closure of Eq. B4 for a range of elasticities of the rest of the world.
    """
    rows: list[Row] = []
    place = 12
    for seed in range(1, SEEDS[size] + 1):
        without = _world_of_today(seed)
        without.run(place)
        beside = without.copy()
        add_block(beside)
        base, more = (world.run(AFTER_MONTHS[-1] + 1) for world in (without, beside))
        share = float(beside.nobody["hash_ehs"][0, 0] / more["hash_ehs"][0])
        for months in AFTER_MONTHS:
            change = float(np.log(more["hashprice"][months] / base["hashprice"][months]))
            added = float(more["hash_ehs"][months] - base["hash_ehs"][months])
            rows.append(
                {
                    "closure": "model",
                    "seed": seed,
                    "months_after": months,
                    "elasticity": np.nan,
                    "home_share": share,
                    "log_hashprice_change": change,
                    "crowding_out_share": 1.0 - added / float(beside.nobody["hash_ehs"][0, 0]),
                }
            )
    home = float(np.mean([row["home_share"] for row in rows]))
    for eta in ELASTICITIES:
        # Before: H = 1 at R/H = 1; home adds home / (1 - home) of it
        added = home / (1.0 - home)
        total = elastic_world_hash(added, 1.0, 1.0, eta)
        rows.append(
            {
                "closure": "elastic",
                "seed": -1,
                "months_after": -1,
                "elasticity": eta,
                "home_share": home,
                "log_hashprice_change": -math.log(total),
                "crowding_out_share": 1.0 - (total - 1.0) / added,
            }
        )
    return _table(
        rows,
        {"months_after": "months", "elasticity": "1", "home_share": "share", "log_hashprice_change": "log",
         "crowding_out_share": "share"},
    )  # fmt: skip
