"""A month's dispatch problem, and the proof of an answer: cost, violations and a lower bound (B10).

Nothing here knows how a dispatch is found. By weak duality `dual_bound_usd` is at most the least cost of the
linear programme, whatever prices and values it is given; so a dispatch whose cost meets it is optimal.

Plain Python over arrays that numba compiles. Loops are written out: array expressions would take numba
several times as long to compile, and would not run faster.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba.extending import register_jitable

Array = npt.NDArray[Any]

# Relative tolerances of the proof; cost differences count from 1 USD a month.
GAP_MAX, VIOLATION_MAX = 1e-9, 1e-9


class DispatchCase(NamedTuple):
    """One month's dispatch problem; P plants, Z zones (0 south, 1 north), F fuel groups, H typical hours.

    Each hour stands for `days` hours of the month. Every number is >= 0; an infinite energy or group limit
    means none; `fuel_group` is -1 for a plant in no group. The interruptible load is part of the demand. A
    megawatt-hour missing from `energy_min_mwh` costs `take_or_pay_usd_per_mwh`. A named tuple, so that
    compiled code can take it as it is.
    """

    days: float
    zone: Array  # [P] int64
    min_mw: Array  # [P] must-run
    max_mw: Array  # [P, H] available
    cost_usd_per_mwh: Array  # [P]
    energy_max_mwh: Array  # [P] per month
    energy_min_mwh: Array  # [P] per month
    take_or_pay_usd_per_mwh: Array  # [P]
    fuel_group: Array  # [P] int64
    group_cap_mw: Array  # [F] in every hour
    group_energy_max_mwh: Array  # [F] per month
    demand_mw: Array  # [Z, H]
    interruptible_mw: Array  # [Z, H]
    link_north_mw: float  # limit from south to north
    link_south_mw: float  # limit from north to south
    interruptible_cost_usd_per_mwh: float
    value_of_lost_load_usd_per_mwh: float
    over_cost_usd_per_mwh: float  # per MWh generated but curtailed


class DispatchOutput(NamedTuple):
    """Arrays that `dispatch_kernel` fills; see `sim.dispatch.DispatchResult` for their meaning.

    `summary` holds cost (USD), proven lower bound (USD), largest violation of a limit (relative), plans made.
    """

    gen_mw: Array  # [P, H]
    flow_mw: Array  # [H]
    interrupted_mw: Array  # [Z, H]
    shed_mw: Array  # [Z, H]
    over_mw: Array  # [Z, H]
    price_usd_per_mwh: Array  # [Z, H]
    shortfall_mwh: Array  # [P]
    plant_value_usd_per_mwh: Array  # [P]
    group_value_usd_per_mwh: Array  # [F]
    summary: Array  # [4]


@register_jitable
def day_sum(hourly: Array, p: int) -> float:
    """Compute the energy of row p over the typical day, MWh, from hourly MW."""
    total = 0.0
    for h in range(hourly.shape[1]):
        total += hourly[p, h]
    return total


@register_jitable
def _scale(hourly: Array, p: int, factor: float) -> None:
    """Multiply row p by a factor, in place."""
    for h in range(hourly.shape[1]):
        hourly[p, h] *= factor


@register_jitable
def must_run_mw(case: DispatchCase) -> Array:
    """Compute must-run output by plant and hour, MW, lowered to what availability and limits allow.

    Where a limit binds all must-run output under it is lowered in proportion, which keeps every case
    feasible.
    """
    plants, hours = case.max_mw.shape
    must_run = np.empty((plants, hours))
    for p in range(plants):
        for h in range(hours):
            must_run[p, h] = min(case.min_mw[p], case.max_mw[p, h])
        energy = day_sum(must_run, p) * case.days
        if energy > case.energy_max_mwh[p]:
            _scale(must_run, p, case.energy_max_mwh[p] / energy)
    for f in range(case.group_cap_mw.shape[0]):
        month = 0.0
        for h in range(hours):
            total = 0.0
            for p in range(plants):
                if case.fuel_group[p] == f:
                    total += must_run[p, h]
            if total > case.group_cap_mw[f]:
                for p in range(plants):
                    if case.fuel_group[p] == f:
                        must_run[p, h] *= case.group_cap_mw[f] / total
                total = case.group_cap_mw[f]
            month += total * case.days
        if month > case.group_energy_max_mwh[f]:
            for p in range(plants):
                if case.fuel_group[p] == f:
                    _scale(must_run, p, case.group_energy_max_mwh[f] / month)
    return must_run


@register_jitable
def cost_usd(case: DispatchCase, out: DispatchOutput) -> float:
    """Compute the month's cost of an output, USD, and write its take-or-pay shortfall, MWh."""
    total, penalty = 0.0, 0.0
    for z in range(out.over_mw.shape[0]):
        total += case.interruptible_cost_usd_per_mwh * day_sum(out.interrupted_mw, z)
        total += case.value_of_lost_load_usd_per_mwh * day_sum(out.shed_mw, z)
        total += case.over_cost_usd_per_mwh * day_sum(out.over_mw, z)
    for p in range(out.gen_mw.shape[0]):
        energy = day_sum(out.gen_mw, p)
        total += case.cost_usd_per_mwh[p] * energy
        out.shortfall_mwh[p] = max(0.0, case.energy_min_mwh[p] - energy * case.days)
        penalty += case.take_or_pay_usd_per_mwh[p] * out.shortfall_mwh[p]
    return total * case.days + penalty


@register_jitable
def _above(value: float, limit: float) -> float:
    """Compute by how much a value exceeds a limit, relative to it (at least 1 MW or MWh); 0 without one."""
    return max(0.0, value - limit) / max(1.0, limit) if limit < np.inf else 0.0


@register_jitable
def _bound_violation(case: DispatchCase, must_run: Array, out: DispatchOutput) -> float:
    """Compute the largest relative violation of the bounds of single variables (from 1 MW)."""
    worst = 0.0
    for p in range(must_run.shape[0]):
        for h in range(must_run.shape[1]):
            gen = out.gen_mw[p, h]
            excess = max(gen - case.max_mw[p, h], must_run[p, h] - gen)
            if not excess <= 0.0:  # also when it is nan
                worst = max(worst, excess / max(1.0, case.max_mw[p, h]))
    for z in range(out.over_mw.shape[0]):
        for h in range(must_run.shape[1]):
            demand, cut = case.demand_mw[z, h], out.interrupted_mw[z, h]
            excess = max(cut - case.interruptible_mw[z, h], cut + out.shed_mw[z, h] - demand)
            excess = max(excess, -min(cut, out.shed_mw[z, h], out.over_mw[z, h]))
            worst = max(worst, excess / max(1.0, demand))
    for h in range(must_run.shape[1]):
        worst = max(worst, (out.flow_mw[h] - case.link_north_mw) / max(1.0, case.link_north_mw))
        worst = max(worst, (-out.flow_mw[h] - case.link_south_mw) / max(1.0, case.link_south_mw))
    return worst


@register_jitable
def violation_relative(case: DispatchCase, must_run: Array, out: DispatchOutput) -> float:
    """Compute the largest relative violation of a bound, balance, energy or group limit (1 MW or MWh up)."""
    zone, fuel_group, gen = case.zone, case.fuel_group, out.gen_mw
    plants, hours = gen.shape
    zones, groups = case.demand_mw.shape[0], case.group_cap_mw.shape[0]
    worst = _bound_violation(case, must_run, out)
    supply, group = np.empty((zones, hours)), np.zeros((groups, hours))
    for z in range(zones):
        sign = -1.0 if z == 0 else 1.0
        for h in range(hours):
            served = out.interrupted_mw[z, h] + out.shed_mw[z, h]
            supply[z, h] = served - out.over_mw[z, h] + sign * out.flow_mw[h]
    for p in range(plants):
        worst = max(worst, _above(day_sum(gen, p) * case.days, case.energy_max_mwh[p]))
        for h in range(hours):
            supply[zone[p], h] += gen[p, h]
        if fuel_group[p] >= 0:
            for h in range(hours):
                group[fuel_group[p], h] += gen[p, h]
    for z in range(zones):
        for h in range(hours):
            demand = case.demand_mw[z, h]
            worst = max(worst, abs(supply[z, h] - demand) / max(1.0, demand))
    for f in range(groups):
        worst = max(worst, _above(day_sum(group, f) * case.days, case.group_energy_max_mwh[f]))
        for h in range(hours):
            worst = max(worst, _above(group[f, h], case.group_cap_mw[f]))
    return worst


@register_jitable
def _group_profit(room: float, members: Array, margin: Array, spare: Array) -> float:
    """Compute the largest margin times output of a group, USD, with total output at most `room` MW.

    `margin` (USD/MWh) and `spare` (MW) are those of its `members` in one hour.
    """
    profit, left = 0.0, room
    last, last_p = np.inf, -1
    while left > 0.0:
        best, best_p = 0.0, -1
        for p in members:
            if margin[p] > best and (margin[p] < last or (margin[p] == last and p > last_p)):
                best, best_p = margin[p], p
        if best_p < 0:
            break
        profit += best * min(spare[best_p], left)
        left -= spare[best_p]
        last, last_p = best, best_p
    return profit


@register_jitable
def _capped_bound(case: DispatchCase, must_run: Array, cost_hat: Array, price: Array, f: int) -> float:
    """Compute what plants of a group with an hourly limit earn above must-run at most in a day, USD."""
    members = np.flatnonzero(case.fuel_group == f)
    margin, spare = np.empty(cost_hat.shape[0]), np.empty(cost_hat.shape[0])
    total = 0.0
    for h in range(price.shape[1]):
        room = case.group_cap_mw[f]
        for p in members:
            room -= must_run[p, h]
            margin[p] = price[case.zone[p], h] - cost_hat[p]
            spare[p] = case.max_mw[p, h] - must_run[p, h]
        total += _group_profit(room, members, margin, spare)
    return total


@register_jitable
def _load_bound(case: DispatchCase, price: Array) -> Array:
    """Compute by hour what demand and the link add to the dual function, USD, at zone prices (USD/MWh)."""
    zones, hours = price.shape
    hourly = np.zeros(hours)
    interruption, lost = case.interruptible_cost_usd_per_mwh, case.value_of_lost_load_usd_per_mwh
    for z in range(zones):
        for h in range(hours):
            demand, value = case.demand_mw[z, h], price[z, h]
            block = min(case.interruptible_mw[z, h], demand)
            spared = max(0.0, value - interruption) * block + max(0.0, value - lost) * (demand - block)
            hourly[h] += value * demand - spared
    if zones == 2:
        for h in range(hours):
            hourly[h] -= max(0.0, price[1, h] - price[0, h]) * case.link_north_mw
            hourly[h] -= max(0.0, price[0, h] - price[1, h]) * case.link_south_mw
    return hourly


@register_jitable
def _hours_bound(case: DispatchCase, must_run: Array, cost_hat: Array, prices: Array) -> float:
    """Compute the dual function of a typical day, USD, at effective costs and zone prices (USD/MWh)."""
    fuel_group, cap, max_mw = case.fuel_group, case.group_cap_mw, case.max_mw
    zones, hours = prices.shape
    price = np.empty((zones, hours))
    for z in range(zones):
        for h in range(hours):
            price[z, h] = max(prices[z, h], -case.over_cost_usd_per_mwh)
    hourly = _load_bound(case, price)
    for p in range(cost_hat.shape[0]):
        z, f = case.zone[p], fuel_group[p]
        capped = f >= 0 and cap[f] < np.inf
        for h in range(hours):
            margin = price[z, h] - cost_hat[p]
            # Plants under an hourly limit of their group share what it leaves above must-run.
            spare = 0.0 if capped else max_mw[p, h] - must_run[p, h]
            hourly[h] -= margin * must_run[p, h] + max(0.0, margin) * spare
    total = 0.0
    for h in range(hours):
        total += hourly[h]
    for f in range(cap.shape[0]):
        if cap[f] < np.inf:
            total -= _capped_bound(case, must_run, cost_hat, price, f)
    return total


@register_jitable
def dual_bound_usd(
    case: DispatchCase, must_run: Array, price_usd_per_mwh: Array, plant_value: Array, group_value: Array
) -> float:
    """Compute a lower bound of the month's least cost, USD, from prices and values of limits (USD/MWh).

    Values outside the range of a dual are moved into it, so the bound holds for any arguments. The must-run
    output (MW) is that of `sim.dispatch_case.must_run_mw`.
    """
    plants = must_run.shape[0]
    cost_hat = np.empty(plants)
    total = 0.0
    for p in range(plants):
        cost_hat[p] = case.cost_usd_per_mwh[p]
        f = case.fuel_group[p]
        if f >= 0 and case.group_energy_max_mwh[f] < np.inf:
            cost_hat[p] += max(0.0, group_value[f])
        # The value is the dual of the maximum minus that of the minimum; the split gives the highest bound.
        subsidy = max(0.0, -plant_value[p])
        if case.energy_min_mwh[p] > case.energy_max_mwh[p]:
            subsidy = np.inf
        subsidy = min(subsidy, case.take_or_pay_usd_per_mwh[p])
        cost_hat[p] -= subsidy
        total += subsidy * case.energy_min_mwh[p]
        if case.energy_max_mwh[p] < np.inf:
            scarcity = max(0.0, plant_value[p] + subsidy)
            cost_hat[p] += scarcity
            total -= scarcity * case.energy_max_mwh[p]
    for f in range(group_value.shape[0]):
        if case.group_energy_max_mwh[f] < np.inf:
            total -= max(0.0, group_value[f]) * case.group_energy_max_mwh[f]
    return total + case.days * _hours_bound(case, must_run, cost_hat, price_usd_per_mwh)


@register_jitable
def prove(case: DispatchCase, must_run: Array, out: DispatchOutput) -> bool:
    """Decide whether an output is proven optimal within the tolerances; write cost, bound and violation."""
    cost = cost_usd(case, out)
    bound = dual_bound_usd(
        case, must_run, out.price_usd_per_mwh, out.plant_value_usd_per_mwh, out.group_value_usd_per_mwh
    )
    violation = violation_relative(case, must_run, out)
    out.summary[0], out.summary[1], out.summary[2] = cost, bound, violation
    return cost - bound <= GAP_MAX * max(abs(cost), 1.0) and violation <= VIOLATION_MAX
