"""Consumer classes of a zone (households, industry, commerce, farms): demand response, rooftop solar,
batteries.
"""

from __future__ import annotations

import math

from numba.extending import register_jitable

from agents.base import ByHour, Columns
from agents.policy import Policy
from agents.rules.adoption import adoption_hazard, payback_years
from agents.world import MONTHS_PER_YEAR, Parameters, World


class Consumer(Columns):
    """One class of consumers: a demand index that follows its tariff, and the solar it has put on its
    roofs.
    """

    agent_id: int
    zone: int
    base_share: float
    tariff_ratio: float
    short_elasticity: float
    long_elasticity: float
    solar_potential_mw: float
    solar_start_mw: float
    reference_tariff_usd_per_kwh: float
    # State
    tariff_usd_per_kwh: float
    price_index: float
    demand_index: float
    solar_mw: float
    battery_mwh: float
    # Flows of the month
    load_mw: ByHour
    energy_mwh: float
    bill_usd: float

    @register_jitable
    def respond(self, world: World, policy: Policy, par: Parameters) -> None:
        """Move demand part of the way to its isoelastic target, at once by the short-run elasticity (Eq.
        M10).
        """
        ratio = self.tariff_usd_per_kwh / self.reference_tariff_usd_per_kwh
        target = -self.long_elasticity * math.log(ratio)
        at_once = -self.short_elasticity * math.log(ratio)
        self.price_index += par.demand_adjustment_per_month * (target - at_once - self.price_index)
        growth = math.log1p(par.demand_growth_per_year) * world.month / MONTHS_PER_YEAR
        self.demand_index = math.exp(growth + at_once + self.price_index)

    @register_jitable
    def adopt(self, world: World, policy: Policy, par: Parameters) -> None:
        """Put solar on more roofs and batteries beside it: Bass hazards damped by the payback times that
        the own tariff and the buyback imply (Eq. M11, B16).
        """
        if self.solar_potential_mw <= 0.0:
            return
        buyback = par.net_metering_buyback_local_per_kwh / world.local_per_usd
        self_use = par.solar_self_use_share * self.tariff_usd_per_kwh
        sold = (1.0 - par.solar_self_use_share) * buyback
        saving = par.solar_yield_kwh_per_kw_year * (self_use + sold)
        self.solar_mw += adopted(
            par, self.solar_mw, self.solar_potential_mw, payback_years(par.solar_capex_usd_per_kw, saving)
        )
        # A battery moves a kWh from the buyback at noon to the own tariff in the evening
        gain = par.battery_efficiency * self.tariff_usd_per_kwh - buyback
        payback = payback_years(par.battery_capex_usd_per_kwh, par.battery_cycles_per_year * gain)
        room_mwh = par.battery_kwh_per_kw * self.solar_mw
        self.battery_mwh += adopted(par, self.battery_mwh, room_mwh, payback)


@register_jitable
def adopted(par: Parameters, owned: float, potential: float, payback: float) -> float:
    """What is newly adopted in a month of a potential, by payback in years (Eq. M11, B16)."""
    if potential <= 0.0:
        return 0.0
    hazard = adoption_hazard(
        par.solar_innovation,
        par.solar_imitation,
        min(1.0, owned / potential),
        par.solar_payback_gain,
        payback,
        par.solar_payback_reference_years,
    )
    return max(0.0, potential - owned) * min(1.0, hazard / MONTHS_PER_YEAR)
