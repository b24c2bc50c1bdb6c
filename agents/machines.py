"""Mining machines: their power, when they come, and what one is worth from a month on (Eq. M2)."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba.extending import register_jitable

from agents.rules.choice import exp_or_inf
from agents.rules.finance import LOGISTIC_SCALE, expected_margin, pv_declining_margin
from agents.world import Parameters, World

HOURS_PER_MONTH = 730.5
DAYS_PER_MONTH = 30.4375
# A generation is on sale from makers, or from dealers alone
NEW, USED = 1.0, 0.5
# Gauss-Legendre with three points, on [-1, 1]: the outer points and the weights
OUTER_POINT, OUTER_WEIGHT, MIDDLE_WEIGHT = math.sqrt(0.6), 5.0 / 18.0, 8.0 / 18.0
# What lies between a margin and its expectation, over the scale of the logistic, by the size of the margin
TABLE_STEPS, TABLE_END = 64.0, 40.0
TABLE = np.array([
    expected_margin(1.0, 1.0 + step / TABLE_STEPS, 1.0 / LOGISTIC_SCALE)
    for step in range(int(TABLE_STEPS * TABLE_END) + 1)
])  # fmt: skip


@register_jitable
def kw_per_ths(j_per_th: float, pue: float) -> float:
    """Power at the meter of one TH/s, in kW: J/TH is W per TH/s, times the site's PUE."""
    return j_per_th * (pue / 1000.0)


@register_jitable
def delivery_months(world: World, par: Parameters, generation: int) -> float:
    """Months from order to delivery: makers' queue for new machines, freight for used ones."""
    return world.delivery_months if world.rig_on_sale[generation] == NEW else par.used_delivery_months


@register_jitable
def tabled_margin(revenue: float, cost: float, spread: float) -> float:
    """`agents.rules.finance.expected_margin` from its table, linear between the steps: too high by at most
    1e-5 of the scale, in a third of the time.
    """
    margin = revenue - cost
    scale = LOGISTIC_SCALE * spread * revenue
    place = abs(margin) * (TABLE_STEPS / scale) if scale > 0.0 else TABLE_END * TABLE_STEPS
    if not place < TABLE_END * TABLE_STEPS:
        return max(0.0, margin)
    step = int(place)
    below, above = TABLE[step], TABLE[step + 1]
    return max(0.0, margin) + scale * (below + (place - step) * (above - below))


class Stretch(NamedTuple):
    """Some months of a machine's life, ready for the values of many machines (Eq. M2).

    Decline of revenue and discount (continuous rates per month), months before it and in it; at three Gauss
    points what is left of revenue, and the months that the point stands for, discounted.
    """

    decline: float
    discount: float
    first: float
    months: float
    early_revenue: float
    middle_revenue: float
    late_revenue: float
    early_months: float
    middle_months: float
    late_months: float


@register_jitable
def stretch_of_months(decline: float, discount: float, first: float, months: float) -> Stretch:
    """Place the three Gauss points in months first+1..first+months, taken as an integral. Eq. M2.

    Continuous rates per month, first and months in months; no months if they are not positive. Source:
    Gauss-Legendre quadrature.
    """
    if months <= 0.0:
        return Stretch(decline, discount, first, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    apart = 0.5 * months * OUTER_POINT
    early = first + 0.5 + 0.5 * months - apart
    # The points lie equally far apart: what one has lost on the last is the same
    revenue, revenue_step = exp_or_inf(-decline * early), exp_or_inf(-decline * apart)
    value, value_step = exp_or_inf(-discount * early), exp_or_inf(-discount * apart)
    return Stretch(
        decline,
        discount,
        first,
        months,
        revenue,
        revenue * revenue_step,
        revenue * revenue_step * revenue_step,
        months * OUTER_WEIGHT * value,
        months * MIDDLE_WEIGHT * value * value_step,
        months * OUTER_WEIGHT * value * value_step * value_step,
    )


@register_jitable
def pv_idling_margin(revenue: float, cost: float, spread: float, stretch: Stretch) -> float:
    """Present value of the expected margin of a machine that idles when it does not pay. Eq. M2.

    Sum over the months k of the stretch of `expected_margin(revenue e^{-decline k}, cost, spread)
    e^{-discount k}`, at three Gauss points (0.5 % in root mean square over a machine's life and costs up to
    1.5 times revenue, and at most 0.04 months of revenue, which is much only where little is left); a closed
    form of `pv_declining_margin` where revenue is certain. Revenue and cost in USD a month. Source: as
    `expected_margin`.
    """
    if stretch.months <= 0.0:
        return 0.0
    if spread <= 0.0:
        now = revenue * exp_or_inf(-stretch.decline * stretch.first)
        return pv_declining_margin(
            now, cost, stretch.decline, stretch.discount, stretch.first, stretch.months
        )
    return (
        stretch.early_months * tabled_margin(revenue * stretch.early_revenue, cost, spread)
        + stretch.middle_months * tabled_margin(revenue * stretch.middle_revenue, cost, spread)
        + stretch.late_months * tabled_margin(revenue * stretch.late_revenue, cost, spread)
    )


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
