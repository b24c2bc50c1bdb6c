"""A month as agents observe it, set by hand: round prices, one machine of each generation on sale,
everybody served.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.ai_firm import AiFirm
from agents.base import new_records
from agents.miner import FARM, Miner
from agents.world import U_CONSIDER, U_SITE, World
from sim import load_scenario
from sim.parameters import parameter_record
from sim.regimes import Regime, policy_timeline

VALUES = load_scenario().values()
NEUTRAL = Regime(name="n", title="n", description="n", home="n", currency="n", local_per_usd=281.0, base={})
UNTAXED = {
    "power_sales_tax_rate": 0.0,
    "hardware_duty_rate": 0.0,
    "hardware_sales_tax_rate": 0.0,
    "ai_holiday_months": 0.0,
}
J_PER_TH = np.array(
    [100.0, 60.0, 45.0, 38.0, 30.0, 27.0, 24.0, 21.5, 19.0, 17.5, 15.0, 13.5, 12.0, 10.0, 9.0, 8.0]
)
NEWEST = 10
NEW_GPU = 3


@dataclass
class Month:
    """What a procedure reads: the observation, the instruments and the parameters, as it gets them from an
    engine.
    """

    world: Any
    policy: Any
    par: Any

    def __iter__(self):
        return iter((self.world, self.policy, self.par))


def set_all(record: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        record[name] = value


def month(
    world: dict[str, Any] | None = None, policy: dict[str, Any] | None = None, **values: float
) -> Month:
    """A month at 50 USD/PH/day with an open offer at 5 cents and an industrial tariff of 12; ``values``
    are parameters.
    """
    seen = new_records(World, 1)[0]
    defaults = {
        "month": 6, "days": 30.0, "btc_price_usd": 100_000.0, "hashprice_usd_per_ph_day": 50.0,
        "network_hash_ehs": 900.0, "coins_issued_btc": 13_500.0, "months_to_halving": 28.0,
        "forecast_log_hashprice": math.log(50.0), "forecaster_share": 0.25, "rig_j_per_th": J_PER_TH,
        "rig_price_usd_per_ths": 320.0 / J_PER_TH, "rig_spot_usd_per_ths": 320.0 / J_PER_TH,
        "delivery_months": 4.0, "offer_tariff_usd_per_kwh": 0.05,
        "offer_tariff_mean_usd_per_kwh": 0.05, "industrial_tariff_usd_per_kwh": 0.12,
        "industrial_tariff_mean_usd_per_kwh": 0.12, "marginal_cost_mean_usd_per_kwh": 0.07,
        "average_cost_usd_per_kwh": 0.11, "local_per_usd": 281.0, "interruptible_served_share": 1.0,
        "firm_served_share": 1.0, "interruptible_served_mean": 1.0, "firm_served_mean": 1.0,
        "offer_effective": 1, "running_share_abroad": 1.0,
        "site_cost_factor_abroad": 1.0, "power_season_abroad": 1.0,
        "hashprice_decline_per_month": VALUES["hashprice_decline_per_month"], "rig_markup": 1.5,
        "mean_site_abroad_mw": 100.0,
        "gpu_price_usd_per_hour": 2.0, "domestic_price_usd_per_hour": 3.0, "export_price_usd_per_hour": 1.7,
        "home_demand_mw_it": 500.0, "export_demand_mw_it": 500.0, "public_room_mw_it": 500.0,
        "merchant_mw_it": 20.0, "utilisation": 0.75, "domestic_sales_share": 0.5, "firm_served_year": 1.0,
        "pue_factor": 1.0, "gpu_kw_it": 1.25, "gpu_usd": 40_000.0, "gpu_h100_equivalents": 1.0,
        "site_premium_per_year": 0.01, "site_power_usd_per_kwh": 0.06, "site_pue": 1.25,
        "site_capex_usd_per_mw_it": 11e6, "site_tax_rate": 0.25, "site_open_months": 24.0,
        "site_chip_success": 1.0,
        "chips_left_gpus": 1e6, "wage_usd_per_month": 200.0, "hire_share": 1.0,
        "mining_operations_skill_share": 1.0 / 6, "ai_operations_skill_share": 1.0 / 6,
        "construction_skill_share": 1.0 / 6, "surplus_hour": 1.0, "surplus_share": 1.0,
    }  # fmt: skip
    set_all(seen, defaults)
    seen.gpu_on_sale[NEW_GPU] = 1.0
    seen.rig_on_sale[: NEWEST - 2] = 0.5
    seen.rig_on_sale[NEWEST - 2 : NEWEST + 1] = 1.0
    set_all(seen, world or {})
    seen.forecast_usd_per_ph_day = np.exp(seen.forecast_log_hashprice)
    instruments = policy_timeline(NEUTRAL, "2025-06", 1, 281.0)[0]
    set_all(instruments, {"mining_legal": 1, "offer_open": 1, "quota_mw": 2000.0, **UNTAXED})
    set_all(instruments, policy or {})
    return Month(seen, instruments, parameter_record({**VALUES, **values})[0])


def miner(**values: Any) -> Any:
    """A home farm of 5 MW that may do anything, with money, not yet in the business."""
    firm = new_records(Miner, 1)[0]
    defaults = {
        "home": 1, "kind": FARM, "target_mw": 5.0, "funds_usd": 1e8, "wacc_per_year": 0.15, "hurdle": 0.1,
        "pue": 1.1, "can_bypass": 1, "morale": 0.2, "perceived_hazard": 0.01, "draws": 0.5,
        "hold_share": 0.0, "slowness": 1.0,
    }  # fmt: skip
    set_all(firm, {**defaults, **values})
    return firm


def running_miner(**values: Any) -> Any:
    """A licensed farm with a site of 5 MW full of machines of 20 J/TH class."""
    firm = miner(active=1, site_mw=5.0, cash_usd=1e6, opened_month=-20)
    firm.fleet_ths[8] = 5e6 / (J_PER_TH[8] * 1.1)
    set_all(firm, values)
    return firm


def ai_firm(**values: Any) -> Any:
    """A GPU cloud at home with a stage of 5 MW of IT and money, not yet in the business."""
    firm = new_records(AiFirm, 1)[0]
    defaults = {
        "home": 1, "kind": 1, "stage_mw_it": 5.0, "target_mw": 20.0, "funds_usd": 1e9, "wacc_per_year": 0.08,
        "hurdle": 0.1, "debt_share": 0.5, "draws": 0.5, "tenant_credit": 1.0, "price_decline_per_year": 0.1,
        "facility_usd_per_mw_it": 8e6,
    }  # fmt: skip
    set_all(firm, {**defaults, **values})
    return firm


def planned(now: Month, site_draw: float = 0.5, **values: Any) -> Any:
    """An AI firm that has considered a stage this month; the draw decides between home and abroad."""
    firm = ai_firm(**values)
    firm.draws[U_CONSIDER] = 0.0
    firm.draws[U_SITE] = site_draw
    AiFirm.plan(firm, *now)
    return firm
