"""Compiled hourly dispatch: merit order in one or two zones under link and hourly fuel-group limits (B10).

Once every monthly limit has a value per MWh, hours are independent and the merit order by effective cost is
the same in all of them. An hour is cleared from the merged order of both zones; if the link would then be
overloaded, it carries its limit and each zone is cleared alone. That is exact, because least cost is convex
in the flow. With hourly group limits the merit order stays exact inside one zone (limits on nested sets); for
a group with plants on both sides of a full link, `_share_group` divides its limit between the zones by the
cost of replacement.

Plain Python over arrays that numba compiles. Everything here is measured above must-run output. Loops are
written out: array expressions would take numba several times as long to compile, and would not run faster.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba.extending import register_jitable

Array = npt.NDArray[Any]


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


class Book(NamedTuple):
    """What can serve demand above must-run: plants, then by zone the interruptible block and shedding."""

    order: Array  # [N] elements by effective cost
    cost_hat: Array  # [N] effective cost, USD/MWh
    zone: Array  # [N]
    group: Array  # [N], -1 none
    cost: Array  # [N] USD/MWh
    spare: Array  # [H, N] MW
    residual: Array  # [H, Z] demand minus must-run, MW
    group_spare: Array  # [H, F] hourly group limit minus must-run, MW
    link_north: float  # MW
    link_south: float  # MW
    floor: float  # price at which surplus is curtailed, USD/MWh (minus the cost of curtailing)


class Plan(NamedTuple):
    """Dispatch of all hours at one set of values."""

    take: Array  # [H, N] MW
    flow: Array  # [H] MW, south to north
    over: Array  # [H, Z] MW
    price: Array  # [H, Z] USD/MWh
    group_left: Array  # [Z, F] MW, work space of the hour at hand


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
def make_book(case: DispatchCase, must_run: Array) -> Book:
    """List the elements of a month and what demand and group limits leave above must-run (MW)."""
    plants, hours = case.max_mw.shape
    zones, groups = case.demand_mw.shape[0], case.group_cap_mw.shape[0]
    size = plants + 2 * zones
    order, zone, group = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    cost, cost_hat = np.empty(size), np.empty(size)
    spare, residual = np.empty((hours, size)), np.empty((hours, zones))
    group_spare = np.empty((hours, groups))
    for h in range(hours):
        for f in range(groups):
            group_spare[h, f] = case.group_cap_mw[f]
        for z in range(zones):
            block = min(case.interruptible_mw[z, h], case.demand_mw[z, h])
            spare[h, plants + 2 * z] = block
            spare[h, plants + 2 * z + 1] = case.demand_mw[z, h] - block
            residual[h, z] = case.demand_mw[z, h]
        for p in range(plants):
            spare[h, p] = case.max_mw[p, h] - must_run[p, h]
            residual[h, case.zone[p]] -= must_run[p, h]
            f = case.fuel_group[p]
            if f >= 0:
                group_spare[h, f] = max(0.0, group_spare[h, f] - must_run[p, h])
    for n in range(size):
        order[n] = n
        if n < plants:
            zone[n], group[n], cost[n] = case.zone[n], case.fuel_group[n], case.cost_usd_per_mwh[n]
        else:
            zone[n], group[n] = (n - plants) // 2, -1
            interruptible = (n - plants) % 2 == 0
            cost[n] = (
                case.interruptible_cost_usd_per_mwh if interruptible else case.value_of_lost_load_usd_per_mwh
            )
    return Book(
        order,
        cost_hat,
        zone,
        group,
        cost,
        spare,
        residual,
        group_spare,
        case.link_north_mw,
        case.link_south_mw,
        -case.over_cost_usd_per_mwh,
    )


@register_jitable
def make_plan(book: Book) -> Plan:
    """Allocate an empty plan for a book."""
    hours, zones = book.residual.shape
    return Plan(
        np.zeros((hours, book.zone.shape[0])),
        np.zeros(hours),
        np.zeros((hours, zones)),
        np.zeros((hours, zones)),
        np.zeros((zones, book.group_spare.shape[1])),
    )


@register_jitable
def _sort(order: Array, cost_hat: Array) -> None:
    """Sort elements by effective cost, then number (insertion sort: the order changes little).

    The second key makes the order, and so the plan, a function of the costs alone: plans are rebuilt from
    their values.
    """
    for i in range(1, order.shape[0]):
        n = order[i]
        key = cost_hat[n]
        j = i - 1
        while j >= 0 and (cost_hat[order[j]] > key or (cost_hat[order[j]] == key and order[j] > n)):
            order[j + 1] = order[j]
            j -= 1
        order[j + 1] = n


@register_jitable
def _clear(
    only_zone: int,
    target: float,
    floor: float,
    order: Array,
    zone: Array,
    group: Array,
    cost_hat: Array,
    spare: Array,
    group_left: Array,
    take: Array,
) -> tuple[float, float, float]:
    """Serve `target` MW of one zone (-1: all) in merit order; return surplus MW, price, MW taken in zone 0.

    Elements cheaper than the floor run even if their output is curtailed. The price is the cost of the last
    MW taken.
    """
    left, price, surplus, south = target, floor, 0.0, 0.0
    above = False
    for i in range(order.shape[0]):
        n = order[i]
        if only_zone >= 0 and zone[n] != only_zone:
            continue
        if above and left == 0.0:
            take[n] = 0.0
            continue
        level = cost_hat[n]
        if not above and level >= floor:
            above = True
            if left < 0.0:
                surplus, left = -left, 0.0
        amount = spare[n]
        if above and amount > left:
            amount = left
        f = group[n]
        if f >= 0:
            if amount > group_left[f]:
                amount = group_left[f]
            group_left[f] -= amount
        if above and amount > 0.0:
            price = level
        if zone[n] == 0:
            south += amount
        left -= amount
        take[n] = amount
    return surplus, price, south


@register_jitable
def _cheapest_swap(book: Book, plan: Plan, f: int, z: int, h: int) -> tuple[int, int]:
    """Find, in zone z and hour h, the dearest running element of group f and the cheapest other with room."""
    member, other = -1, -1
    for n in range(book.zone.shape[0]):
        if book.zone[n] != z:
            continue
        g = book.group[n]
        taken = plan.take[h, n]
        if g == f:
            if taken > 0.0 and (member < 0 or book.cost_hat[n] > book.cost_hat[member]):
                member = n
        elif (
            taken < book.spare[h, n]
            and (g < 0 or plan.group_left[z, g] > 0.0)
            and (other < 0 or book.cost_hat[n] < book.cost_hat[other])
        ):
            other = n
    return member, other


@register_jitable
def _share_group(book: Book, plan: Plan, f: int, h: int, excess: float) -> None:
    """Take `excess` MW of group f out of hour h (link full), each MW where replacing it costs least.

    Both zones were cleared as if each had the whole group limit. The cost of replacement rises as the group
    shrinks, so that stepwise choice is optimal for one group. With two such groups in one hour it may not be;
    then the bound of `sim.dispatch_search` leaves a gap and the reference method is called.
    """
    value = 0.0
    for _ in range(4 * book.zone.shape[0]):
        best, give, fill, where = np.inf, -1, -1, -1
        for z in range(2):
            member, other = _cheapest_swap(book, plan, f, z, h)
            surplus = plan.over[h, z] > 0.0
            if member < 0 or (other < 0 and not surplus):
                continue
            extra = (book.floor if surplus else book.cost_hat[other]) - book.cost_hat[member]
            if extra < best:
                best, give, fill, where = extra, member, other, z
        if give < 0:
            break
        amount = min(excess, plan.take[h, give])
        if plan.over[h, where] > 0.0:
            amount = min(amount, plan.over[h, where])
            plan.over[h, where] -= amount
        else:
            amount = min(amount, book.spare[h, fill] - plan.take[h, fill])
            g = book.group[fill]
            if g >= 0:
                amount = min(amount, plan.group_left[where, g])
                plan.group_left[where, g] -= amount
            plan.take[h, fill] += amount
        plan.take[h, give] -= amount
        excess -= amount
        value = best
        if excess <= 0.0:
            break
    for n in range(book.zone.shape[0]):
        if plan.take[h, n] > 0.0:
            level = book.cost_hat[n] + (value if book.group[n] == f else 0.0)
            plan.price[h, book.zone[n]] = max(plan.price[h, book.zone[n]], level)


@register_jitable
def _clear_apart(book: Book, plan: Plan, h: int) -> None:
    """Clear the zones of hour h one by one at the flow in the plan, then share group limits between them."""
    for z in range(2):
        for f in range(book.group_spare.shape[1]):
            plan.group_left[z, f] = book.group_spare[h, f]
        target = book.residual[h, z] + (plan.flow[h] if z == 0 else -plan.flow[h])
        plan.over[h, z], plan.price[h, z], _ = _clear(
            z,
            target,
            book.floor,
            book.order,
            book.zone,
            book.group,
            book.cost_hat,
            book.spare[h],
            plan.group_left[z],
            plan.take[h],
        )
    for f in range(book.group_spare.shape[1]):
        excess = book.group_spare[h, f] - plan.group_left[0, f] - plan.group_left[1, f]
        if excess > 0.0:
            _share_group(book, plan, f, h, excess)


@register_jitable
def solve_hours(book: Book, plan: Plan) -> None:
    """Decide the least-cost plan of all hours at the effective costs of the book (B10)."""
    order, zone, group, cost_hat, spare = book.order, book.zone, book.group, book.cost_hat, book.spare
    residual, group_spare, floor = book.residual, book.group_spare, book.floor
    take, over, prices, flows, group_left = plan.take, plan.over, plan.price, plan.flow, plan.group_left[0]
    hours, zones = residual.shape
    _sort(order, cost_hat)
    for h in range(hours):
        for f in range(group_left.shape[0]):
            group_left[f] = group_spare[h, f]
        target = residual[h, 0] + residual[h, 1] if zones == 2 else residual[h, 0]
        surplus, price, south = _clear(
            -1, target, floor, order, zone, group, cost_hat, spare[h], group_left, take[h]
        )
        prices[h, 0], over[h, 0] = price, surplus
        if zones == 1:
            continue
        prices[h, 1], over[h, 1] = price, 0.0
        flow = south - residual[h, 0]
        if surplus > 0.0:
            # Curtail where the surplus arises: only what the other zone can use crosses the link.
            need_north = flow - surplus
            flow = need_north if need_north > 0.0 else min(0.0, flow)
            over[h, 0] = max(0.0, south - residual[h, 0] - flow)
            over[h, 1] = max(0.0, flow - need_north)
        flows[h] = min(max(flow, -book.link_south), book.link_north)
        if flows[h] != flow:
            _clear_apart(book, plan, h)
