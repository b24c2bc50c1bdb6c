"""What the model says of every target on AI firms: break-even price, risk against power, build times,
queue, capacity in the country, and GPU prices after the fit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import brentq

from agents.ai_appraisal import ENOUGH_DEMAND, GPU_CLOUD, appraise
from agents.ai_firm import AiFirm
from agents.ai_fleet import APPLIED, NO_PROJECT
from agents.base import new_records
from agents.policy import Policy
from agents.rules.compute import HOURS_PER_YEAR, usd_per_gpu_hour
from agents.rules.queues import abandonment_probability
from agents.world import World
from sim import load_scenario, simulate
from sim.drivers import gpu_price, month_labels
from sim.model import WattLabModel
from sim.parameters import parameter_record

Measures = dict[str, float]
SEEDS = range(1, 13)
PRICE_SEEDS = range(400)
TO_2030 = 67
QUEUE_MONTHS = 55
H100_KW, IT_USD_PER_MW = 1.275, 32e6
UNIT = {  # a hall that opens today beside a perfect grid, as cost tables have it
    "ai_connection_months": 0.0, "ai_build_months": 0.0, "gpu_fitting_months": 0.0,
    "chip_licence_delay_months": 0.0, "country_risk_premium": 0.0, "ai_domestic_price_premium": 1.0,
    "grid_availability": 1.0, "billed_utilisation": 0.8, "ai_load_factor": 0.9, "gpu_life_months": 60.0,
    "facility_life_months": 180.0, "ai_other_usd_per_mw_it_year": 6e5,
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A hall of H100s in a country: rates per year, USD per kWh, USD per MW of IT."""

    wacc: float
    pue: float
    power: float
    facility: float

    def observed(self) -> tuple[Any, Any, Any, Any]:
        """Set up firm, observation, policy and parameters of the case."""
        values = {**load_scenario().values(), **UNIT, "ai_pue": self.pue}
        values["ai_facility_capex_usd_per_mw_it"] = self.facility
        world, policy, firm = new_records(World, 1)[0], new_records(Policy, 1)[0], new_records(AiFirm, 1)[0]
        world.offer_effective, world.firm_served_year = 1, 1.0
        world.offer_tariff_mean_usd_per_kwh = self.power
        world.gpu_kw_it[:] = H100_KW
        world.gpu_usd[:] = IT_USD_PER_MW * H100_KW / 1000.0
        world.gpu_h100_equivalents[:] = 1.0
        world.gpu_on_sale[0] = 1.0
        firm.kind, firm.wacc_per_year = GPU_CLOUD, self.wacc
        return firm, world, policy, parameter_record(values)[0]

    def return_at(self, price: float, extra: Mapping[str, float] | None = None) -> float:
        """NPV over capital at a flat price of a GPU hour; ``extra`` adds to WACC or power."""
        firm, world, policy, par = self.observed()
        world.gpu_price_usd_per_hour = price
        firm.wacc_per_year += (extra or {}).get("wacc", 0.0)
        world.offer_tariff_mean_usd_per_kwh += (extra or {}).get("power", 0.0)
        ratio, _, _ = appraise(firm, world, policy, par, 5.0, 0.0, 0, ENOUGH_DEMAND)
        return float(ratio)

    def break_even(self) -> float:
        """Find the flat price of an H100 hour at which the firm's own appraisal is zero, USD."""
        return float(brentq(self.return_at, 0.5, 20.0, xtol=1e-10))

    def power_share(self) -> float:
        """Power in the cost that the break-even price covers, %."""
        yearly = 1000.0 * HOURS_PER_YEAR * UNIT["ai_load_factor"] * self.pue * self.power
        one_usd = usd_per_gpu_hour(yearly, 1000.0 / H100_KW, UNIT["billed_utilisation"])
        return one_usd / self.break_even() * 100.0

    def cents_per_point(self) -> float:
        """Price of power that costs as much return as one point of WACC, US cents per kWh."""
        price, step = self.break_even(), 1e-4
        slopes = [
            self.return_at(price, {name: step}) - self.return_at(price, {name: -step})
            for name in ("wacc", "power")
        ]
        return slopes[0] * 0.01 / slopes[1] * 100.0


US, PAKISTAN = (1.25, 0.06, 11e6), (1.40, 0.09, 7e6)
CASES = {
    "us_9": Case(0.09, *US),
    "us_12": Case(0.12, *US),
    "pakistan_16": Case(0.16, *PAKISTAN),
    "pakistan_20": Case(0.20, *PAKISTAN),
    "pakistan_25": Case(0.25, *PAKISTAN),
}


def measure_ai() -> tuple[Measures, Measures]:
    """Measure everything the AI targets ask for: (model, nothing), by target id without ``ai.``."""
    found: Measures = {}
    for name, case in CASES.items():
        found[f"break_even.{name}"] = case.break_even()
        found[f"power_share.{name}"] = case.power_share()
    found["wacc_point.pakistan"] = CASES["pakistan_20"].cents_per_point()
    found["wacc_point.us"] = CASES["us_9"].cents_per_point()
    stay = 1.0 - abandonment_probability(load_scenario().values()["ai_queue_attrition_per_month"])
    found["queue.completed"] = stay**QUEUE_MONTHS * 100.0
    return found | runs_to_2030() | prices_of_2026() | projects() | {
        "power_share.mining": mining_power_share()
    }, {}


def runs_to_2030() -> Measures:
    """Capacity at the start and in December 2030, and the cost of power in a new hall; means over seeds."""
    scenario = load_scenario("pakistan", "pakistan-2025", months=TO_2030)
    first, last, share = [], [], []
    for seed in SEEDS:
        months = simulate(scenario, seed).months
        costs = [
            months[f"ai_{part}_usd_per_mwh"] for part in ("power", "backup", "other", "facility", "gpus")
        ]
        first.append(months["ai_it_mw"].iloc[0])
        last.append(months["ai_it_mw"].iloc[-1])
        share.append(((costs[0] + costs[1]) / sum(costs)).iloc[:12].mean() * 100.0)
    return {
        "installed.2025": float(np.mean(first)),
        "installed.2030": float(np.mean(last)),
        "power_share.run": float(np.mean(share)),
    }


def prices_of_2026() -> Measures:
    """Median price of an H100 hour that the fit to 2025 implies, USD."""
    values = load_scenario().values()
    labels = month_labels("2025-06", 13)
    paths = np.array([gpu_price(labels, seed, values, True) for seed in PRICE_SEEDS])
    median = np.median(paths, axis=0)
    return {f"gpu_price.{label}": float(median[labels.index(label)]) for label in ("2026-03", "2026-06")}


def projects() -> Measures:
    """Months from application to opening, and delivered share of the MW applied for, %: stages of firms at
    home over ten years, those still under way left out; means over seeds.
    """
    waits, opened, ended = [], 0.0, 0.0
    scenario = load_scenario("pakistan", "pakistan-2025", months=120)
    for seed in SEEDS:
        model = WattLabModel(scenario, seed)
        firms = model.state.ai_firms
        before, mw_it = firms["project"].copy(), firms["planned_mw_it"].copy()
        for t in range(scenario.months):
            model.step()
            applied = (before == APPLIED) & (firms["project"] == NO_PROJECT)
            done = (before > APPLIED) & (firms["project"] == NO_PROJECT) & (firms["left"] == 0)
            waits += (t - firms["applied_month"][done]).tolist()
            opened += float(mw_it[done].sum())
            ended += float(mw_it[applied].sum() + mw_it[done].sum())
            before, mw_it = firms["project"].copy(), firms["planned_mw_it"].copy()
        model.close()
    return {
        "months_to_open": float(np.mean(waits)) if waits else math.nan,
        "queue.delivered": opened / ended * 100.0 if ended > 0.0 else math.nan,
    }


def mining_power_share() -> float:
    """Power bill over coin sales of miners abroad in the first quarter of a run, %."""
    model = WattLabModel(load_scenario("pakistan", "pakistan-2025", months=3), 1)
    bill = sales = 0.0
    for _ in range(3):
        model.step()
        bill += float(model.state.world_miners["bill_usd"].sum())
        sales += float(model.state.world_miners["sales_abroad_usd"].sum())
    model.close()
    return bill / sales * 100.0
