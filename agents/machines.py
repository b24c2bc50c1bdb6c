"""Mining machines: their power, when they come, and what one is worth from a month on (Eq. M2)."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba.extending import register_jitable

from agents.base import GENERATIONS, ByGeneration
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


class Point(NamedTuple):
    """A Gauss point in a machine's life, ready for the costs of many machines (Eq. M2): revenue a month,
    scale of its distribution, USD; steps of the table to a USD; months that it stands for, discounted.
    """

    revenue: float
    scale: float
    steps_per_usd: float
    months: float


@register_jitable
def point_of(revenue: float, spread: float, months: float) -> Point:
    """Prepare a Gauss point: USD a month, standard deviation over that, months discounted."""
    scale = LOGISTIC_SCALE * spread * revenue
    return Point(revenue, scale, TABLE_STEPS / scale if scale > 0.0 else math.inf, months)


@register_jitable
def tabled_margin(point: Point, cost: float) -> float:
    """`agents.rules.finance.expected_margin` at a point from its table, linear between the steps: too high by
    at most 1e-5 of the scale, in a tenth of the time.
    """
    margin = point.revenue - cost
    place = abs(margin) * point.steps_per_usd
    inside = place < TABLE_END * TABLE_STEPS  # not where it is nan: a revenue that is certain and met by cost
    place = place if inside else 0.0
    step = np.int32(place)
    below, above = TABLE[step], TABLE[step + 1]
    scale = point.scale if inside else 0.0
    return max(0.0, margin) + scale * (below + (place - step) * (above - below))


class Stretch(NamedTuple):
    """Some months of a machine's life, ready for the costs of many machines (Eq. M2).

    Revenue at its start, USD a month, and the spread of it; decline of revenue and discount (continuous rates
    per month), months before the stretch and in it; three Gauss points.
    """

    revenue: float
    spread: float
    decline: float
    discount: float
    first: float
    months: float
    early: Point
    middle: Point
    late: Point


@register_jitable
def stretch_of_months(
    revenue: float, spread: float, decline: float, discount: float, first: float, months: float
) -> Stretch:
    """Place the three Gauss points in months first+1..first+months, taken as an integral. Eq. M2.

    Revenue of month 0 in USD a month and its spread, continuous rates per month, first and months in months;
    no months if they are not positive. Source: Gauss-Legendre quadrature.
    """
    if months <= 0.0:
        none = Point(0.0, 0.0, 0.0, 0.0)
        return Stretch(revenue, spread, decline, discount, first, 0.0, none, none, none)
    apart = 0.5 * months * OUTER_POINT
    early = first + 0.5 + 0.5 * months - apart
    # The points lie equally far apart: what one has lost on the last is the same
    left, left_step = exp_or_inf(-decline * early), exp_or_inf(-decline * apart)
    value, value_step = exp_or_inf(-discount * early), exp_or_inf(-discount * apart)
    return Stretch(
        revenue,
        spread,
        decline,
        discount,
        first,
        months,
        point_of(revenue * left, spread, months * OUTER_WEIGHT * value),
        point_of(revenue * (left * left_step), spread, months * MIDDLE_WEIGHT * value * value_step),
        point_of(
            revenue * (left * left_step * left_step),
            spread,
            months * OUTER_WEIGHT * value * value_step * value_step,
        ),
    )


@register_jitable
def pv_uncertain_margin(stretch: Stretch, cost: float) -> float:
    """Present value of the expected margin of a machine that idles when it does not pay. Eq. M2.

    Sum over the months k of the stretch of `expected_margin(revenue e^{-decline k}, cost, spread)
    e^{-discount k}`, at three Gauss points (0.5 % in root mean square over a machine's life and costs up to
    1.5 times revenue, and at most 0.04 months of revenue, which is much only where little is left). Cost in
    USD a month, spread above 0. Source: as `expected_margin`.
    """
    return (
        stretch.early.months * tabled_margin(stretch.early, cost)
        + stretch.middle.months * tabled_margin(stretch.middle, cost)
        + stretch.late.months * tabled_margin(stretch.late, cost)
    )


@register_jitable
def pv_idling_margin(stretch: Stretch, cost: float) -> float:
    """`pv_uncertain_margin`, or the closed form of `pv_declining_margin` where revenue is certain. Eq. M2.

    Cost in USD a month. Source: as `expected_margin`.
    """
    if stretch.spread <= 0.0:
        now = stretch.revenue * exp_or_inf(-stretch.decline * stretch.first)
        return pv_declining_margin(
            now, cost, stretch.decline, stretch.discount, stretch.first, stretch.months
        )
    return pv_uncertain_margin(stretch, cost)


class Outlook(NamedTuple):
    """What the time ahead means for any machine that is delivered after a lag: its life before and after the
    next halving, discount factors of its delivery and of its end.
    """

    before_halving: Stretch
    after_halving: Stretch
    delivered: float
    ended: float


@register_jitable
def outlook_of(
    revenue_usd: float, discount_per_month: float, world: World, par: Parameters, lag: float
) -> Outlook:
    """Look ahead from a month (Eq. M2): revenue falls with the expected decline of hashprice and drops at the
    next halving, and failures shorten the life of machines. Revenue a month at prices of now, USD; discount
    per month as a continuous rate; lag in months.
    """
    decline, spread, life = world.hashprice_decline_per_month, par.hashprice_spread, par.rig_life_months
    discount = discount_per_month + par.rig_failure_per_month
    before = min(life, max(0.0, world.months_to_halving - lag))
    start = revenue_usd * math.exp(-decline * lag)
    halved = start * par.halving_revenue_share
    return Outlook(
        before_halving=stretch_of_months(start, spread, decline, discount, 0.0, before),
        after_halving=stretch_of_months(halved, spread, decline, discount, before, life - before),
        delivered=math.exp(-discount_per_month * lag),
        ended=math.exp(-discount_per_month * (lag + life)),
    )


@register_jitable
def machine_value_usd(outlook: Outlook, cost_usd: float) -> float:
    """Present value of a machine that runs at a cost a month, at prices of now (Eq. M2).

    Its revenue is uncertain, and it idles in months that do not pay.
    """
    before, after = outlook.before_halving, outlook.after_halving
    return (pv_idling_margin(before, cost_usd) + pv_idling_margin(after, cost_usd)) * outlook.delivered


@register_jitable
def machine_values_usd(world: World, outlook: Outlook, pue: float, cost_usd_per_kw: float) -> ByGeneration:
    """`machine_value_usd` of a TH/s of every generation, USD, at a cost of a kW a month (Eq. M2).

    The second loop has no branches and takes no tuple apart: the processor does eight generations at a time.
    """
    before, after, delivered = outlook.before_halving, outlook.after_halving, outlook.delivered
    values = np.empty(GENERATIONS)
    if before.spread <= 0.0:
        for generation in range(GENERATIONS):
            cost = kw_per_ths(world.rig_j_per_th[generation], pue) * cost_usd_per_kw
            values[generation] = machine_value_usd(outlook, cost)
        return values
    for generation in range(GENERATIONS):
        cost = kw_per_ths(world.rig_j_per_th[generation], pue) * cost_usd_per_kw
        values[generation] = (
            pv_uncertain_margin(before, cost) + pv_uncertain_margin(after, cost)
        ) * delivered
    return values


@register_jitable
def site_left_usd(site_usd: float, par: Parameters, discount_factor: float) -> float:
    """Present value of the site that is left at the end of its first machines, straight-line (Eq. M2)."""
    return site_usd * max(0.0, 1.0 - par.rig_life_months / par.mining_site_life_months) * discount_factor
