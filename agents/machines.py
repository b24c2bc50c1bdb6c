"""Mining machines: their power, when they come, and what one is worth from a month on (Eq. M2)."""

from __future__ import annotations

import math
from typing import NamedTuple

from numba.extending import register_jitable

from agents.rules.finance import Stretch, pv_idling_margin, stretch_of_months
from agents.world import Parameters, World

HOURS_PER_MONTH = 730.5
DAYS_PER_MONTH = 30.4375
# A generation is on sale from makers, or from dealers alone
NEW, USED = 1.0, 0.5


@register_jitable
def kw_per_ths(j_per_th: float, pue: float) -> float:
    """Power at the meter of one TH/s, in kW: J/TH is W per TH/s, times the site's PUE."""
    return j_per_th * (pue / 1000.0)


@register_jitable
def delivery_months(world: World, par: Parameters, generation: int) -> float:
    """Months from order to delivery: makers' queue for new machines, freight for used ones."""
    return world.delivery_months if world.rig_on_sale[generation] == NEW else par.used_delivery_months


class Outlook(NamedTuple):
    """What the time ahead means for any machine that is delivered after a lag: revenue at delivery over that
    of now, its life before and after the next halving, discount factors of its delivery and of its end.
    """

    revenue_at_delivery: float
    before_halving: Stretch
    after_halving: Stretch
    delivered: float
    ended: float


@register_jitable
def outlook_of(discount_per_month: float, world: World, par: Parameters, lag: float) -> Outlook:
    """Look ahead from a month (Eq. M2): revenue falls with the expected decline of hashprice, and failures
    shorten the life of machines. Discount per month as a continuous rate, lag in months.
    """
    decline = world.hashprice_decline_per_month
    discount = discount_per_month + par.rig_failure_per_month
    before = min(par.rig_life_months, max(0.0, world.months_to_halving - lag))
    return Outlook(
        revenue_at_delivery=math.exp(-decline * lag),
        before_halving=stretch_of_months(decline, discount, 0.0, before),
        after_halving=stretch_of_months(decline, discount, before, par.rig_life_months - before),
        delivered=math.exp(-discount_per_month * lag),
        ended=math.exp(-discount_per_month * (lag + par.rig_life_months)),
    )


@register_jitable
def machine_value_usd(revenue_usd: float, cost_usd: float, par: Parameters, outlook: Outlook) -> float:
    """Present value of a machine that earns a revenue at a cost a month, at prices of now (Eq. M2).

    Revenue drops at the next halving; it is uncertain, and the machine idles in months that do not pay.
    """
    revenue = revenue_usd * outlook.revenue_at_delivery
    value = pv_idling_margin(revenue, cost_usd, par.hashprice_spread, outlook.before_halving)
    revenue *= par.halving_revenue_share
    value += pv_idling_margin(revenue, cost_usd, par.hashprice_spread, outlook.after_halving)
    return value * outlook.delivered


@register_jitable
def site_left_usd(site_usd: float, par: Parameters, discount_factor: float) -> float:
    """Present value of the site that is left at the end of its first machines, straight-line (Eq. M2)."""
    return site_usd * max(0.0, 1.0 - par.rig_life_months / par.mining_site_life_months) * discount_factor
