"""Prices that large users see this month: the offer under its tariff rule, the ordinary industrial tariff,
the levy.
"""

from __future__ import annotations

from typing import Any

from numba.extending import register_jitable

from agents.policy import FIXED, INCREMENTAL_PACKAGE, MARGINAL_COST_PLUS, STANDARD_INDUSTRIAL, TIME_OF_USE
from sim.compiled import kernel

PEAK_HOURS = (17, 18, 19, 20)


@register_jitable
def mark_surplus(world: Any, policy: Any) -> None:
    """Turn hourly margins of offer over marginal cost into surplus hours: those that cover their cost, or,
    where the offer itself follows marginal cost, those cheaper than the day's mean.
    """
    count = 0.0
    for hour in range(24):
        margin = world.surplus_hour[hour]
        if policy.tariff_rule == MARGINAL_COST_PLUS:
            margin = world.offer_tariff_mean_usd_per_kwh - world.offer_tariff_usd_per_kwh[hour]
        world.surplus_hour[hour] = 1.0 if margin >= 0.0 else 0.0
        count += world.surplus_hour[hour]
    world.surplus_share = count / 24.0


@register_jitable
def industrial_ratio(par: Any) -> float:
    """Tariff of industry over the uniform tariff, which is the determined one less the treasury's subsidy."""
    uniform = par.average_tariff_local_per_kwh * (1.0 - par.tariff_subsidy_share)
    return par.industrial_tariff_local_per_kwh / uniform


@kernel
def publish_tariffs(worlds, policies, pars, operators, governments, local_per_usd, marginal_usd_per_mwh):  # type: ignore[no-untyped-def]
    """Publish hourly tariffs in USD per kWh from last month's marginal cost and the operator's tariffs.

    A fixed local price keeps its dollar value only by its indexation share. ``marginal_usd_per_mwh`` is
    hourly, at the generation end; delivery to a large user adds the transmission loss. The ordinary tariff
    of large users is what industry pays, debt surcharge included; an offer is the price that it names.
    """
    world, policy, par = worlds[0], policies[0], pars[0]
    operator, government = operators[0], governments[0]
    world.local_per_usd = local_per_usd
    slide = par.local_per_usd / local_per_usd
    fixed = policy.tariff_local_per_kwh / par.local_per_usd * (slide ** (1.0 - policy.tariff_indexation))
    average = operator.base_tariff_usd_per_kwh - operator.subsidy_usd_per_kwh
    adjustment = operator.fuel_adjustment_usd_per_kwh + operator.quarterly_adjustment_usd_per_kwh
    surcharge = par.debt_surcharge_local_per_kwh / local_per_usd
    industrial = max(0.001, average * industrial_ratio(par) + adjustment + surcharge)
    total_offer, total_marginal = 0.0, 0.0
    for hour in range(24):
        world.industrial_tariff_usd_per_kwh[hour] = industrial
        marginal = marginal_usd_per_mwh[hour] / 1000.0 / (1.0 - par.transmission_loss_share)
        total_marginal += marginal / 24.0
        offer = industrial
        if policy.tariff_rule == FIXED:
            offer = fixed
        elif policy.tariff_rule == INCREMENTAL_PACKAGE:
            offer = fixed + max(0.0, operator.fuel_adjustment_usd_per_kwh)
        elif policy.tariff_rule == MARGINAL_COST_PLUS:
            offer = marginal * (1.0 + policy.tariff_markup)
        elif policy.tariff_rule == TIME_OF_USE:
            offer = industrial * (par.tou_peak_ratio if hour in PEAK_HOURS else par.tou_offpeak_ratio)
        if policy.tariff_rule != STANDARD_INDUSTRIAL:
            offer *= government.tariff_factor
        if government.reversed == 1:
            offer += par.reversal_event_tariff_share * max(0.0, industrial - offer)
        world.offer_tariff_usd_per_kwh[hour] = offer
        total_offer += offer / 24.0
        world.surplus_hour[hour] = offer - marginal
    world.offer_tariff_mean_usd_per_kwh = total_offer
    mark_surplus(world, policy)
    world.industrial_tariff_mean_usd_per_kwh = industrial
    world.marginal_cost_mean_usd_per_kwh = total_marginal
    levy = policy.levy_local_per_kwh / par.local_per_usd * slide
    if total_offer < average:
        levy += policy.levy_cheap_power_local_per_kwh / par.local_per_usd * slide
    world.levy_usd_per_kwh = levy + government.levy_added_usd_per_kwh
    world.average_cost_usd_per_kwh = operator.base_tariff_usd_per_kwh
