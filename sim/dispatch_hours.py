"""Compiled hourly dispatch: merit order in one or two zones under link and hourly fuel-group limits (B10).

Once every monthly limit has a value per MWh, hours are independent and the merit order by effective cost is
the same in all of them. An hour is cleared from the merged order of both zones; if the link would then be
overloaded, it carries its limit and each zone is cleared alone. That is exact, because least cost is convex
in the flow. With hourly group limits the merit order stays exact inside one zone (limits on nested sets); for
a group with plants on both sides of a full link, `_share_group` divides its limit between the zones by the
cost of replacement.

Everything here is measured above must-run output.
"""

from typing import NamedTuple

import numpy as np
from numba.extending import register_jitable

from sim.dispatch_case import Array, DispatchCase

# Relative size below which a difference between sums of megawatts is rounding.
ROUNDING = 1e-12


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
    left: Array  # [Z] MW, work space of the hour at hand
    group_left: Array  # [Z, F] MW, likewise


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
        np.zeros(zones),
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
    apart: bool,
    floor: float,
    order: Array,
    zone: Array,
    group: Array,
    cost_hat: Array,
    spare: Array,
    left: Array,
    group_left: Array,
    take: Array,
    over: Array,
    price: Array,
) -> float:
    """Serve one hour in merit order, zones `apart` or as one market (number 0); return MW taken in zone 0.

    `left` [markets] and `group_left` [markets, F] hold demand and group limits, MW, and are used up. Elements
    cheaper than the floor run even if their output is curtailed. A price is the cost of the last MW taken.
    """
    markets = 2 if apart else 1
    for m in range(markets):
        price[m], over[m] = floor, 0.0
    above = False
    south = 0.0
    for i in range(order.shape[0]):
        n = order[i]
        level = cost_hat[n]
        m = zone[n] if apart else 0
        if not above and level >= floor:
            above = True
            for k in range(markets):
                if left[k] < 0.0:
                    over[k], left[k] = -left[k], 0.0
        if above and left[m] == 0.0:
            take[n] = 0.0
            continue
        amount = spare[n]
        if above and amount > left[m]:
            amount = left[m]
        f = group[n]
        if f >= 0:
            if amount > group_left[m, f]:
                amount = group_left[m, f]
            group_left[m, f] -= amount
        if above and amount > 0.0:
            price[m] = level
        if zone[n] == 0:
            south += amount
        left[m] -= amount
        take[n] = amount
    return south


@register_jitable
def _pick(book: Book, plan: Plan, h: int, z: int, f: int, running: bool) -> int:
    """Find in zone z, hour h, group f the dearest running element or the cheapest with room; -1 if none."""
    best = -1
    for i in range(book.order.shape[0]):
        n = book.order[i]
        if book.zone[n] != z or book.group[n] != f:
            continue
        amount = plan.take[h, n] if running else book.spare[h, n] - plan.take[h, n]
        if amount > ROUNDING * (1.0 + book.spare[h, n]):
            best = n
            if not running:
                break
    return best


@register_jitable
def _group_room(book: Book, plan: Plan, h: int, z: int, g: int, f: int) -> float:
    """Compute what group g may add in zone z, MW, while group f is being shared; lower groups already are."""
    if g < 0 or book.group_spare[h, g] == np.inf:
        return np.inf
    room = plan.group_left[z, g]
    if g < f:
        room = plan.group_left[0, g] + plan.group_left[1, g] - book.group_spare[h, g]
    return room if room > ROUNDING * (1.0 + book.group_spare[h, g]) else 0.0


@register_jitable
def _replacement(book: Book, plan: Plan, h: int, z: int, f: int) -> tuple[float, int]:
    """Find the cheapest way to replace group f in zone z; return cost and element (-1: curtail less)."""
    if plan.over[h, z] > 0.0:
        return book.floor, -1
    best, fill = np.inf, -1
    for g in range(-1, book.group_spare.shape[1]):
        if g != f and _group_room(book, plan, h, z, g, f) > 0.0:
            n = _pick(book, plan, h, z, g, False)
            if n >= 0 and book.cost_hat[n] < best:
                best, fill = book.cost_hat[n], n
    return best, fill


@register_jitable
def _best_swap(book: Book, plan: Plan, h: int, f: int) -> tuple[float, int, int, int, int, int]:
    """Find the cheapest way to run 1 MW less of group f in hour h.

    Return its cost, the member that gives way, the zone and element of the replacement, and a detour (-1:
    none): a full group that adds the first element here and gives up the second one in the other zone.
    """
    best, give, where, fill, add, drop = np.inf, -1, -1, -1, -1, -1
    for z in range(2):
        member = _pick(book, plan, h, z, f, True)
        if member < 0:
            continue
        cost, element = _replacement(book, plan, h, z, f)
        if cost - book.cost_hat[member] < best:
            best, give, where, fill, add, drop = cost - book.cost_hat[member], member, z, element, -1, -1
        cost, element = _replacement(book, plan, h, 1 - z, f)
        for g in range(f):
            if _group_room(book, plan, h, z, g, f) > 0.0:
                continue
            first, second = _pick(book, plan, h, z, g, False), _pick(book, plan, h, 1 - z, g, True)
            if first >= 0 and second >= 0:
                detour = cost + book.cost_hat[first] - book.cost_hat[second] - book.cost_hat[member]
                if detour < best:
                    best, give, where, fill, add, drop = detour, member, 1 - z, element, first, second
    return best, give, where, fill, add, drop


@register_jitable
def _run(book: Book, plan: Plan, h: int, n: int, amount: float) -> None:
    """Run element n by `amount` MW more in hour h."""
    plan.take[h, n] += amount
    if book.group[n] >= 0:
        plan.group_left[book.zone[n], book.group[n]] -= amount


@register_jitable
def _share_group(book: Book, plan: Plan, h: int, f: int) -> None:
    """Take group f in hour h (link full) down to its limit, each MW where replacing it costs least.

    Both zones were cleared as if each had the whole limit of every group. Groups are shared one after the
    other by cheapest replacements, which are shortest paths of a minimum-cost flow; hence the result is
    optimal.
    """
    for _ in range(8 * book.zone.shape[0]):
        excess = book.group_spare[h, f] - plan.group_left[0, f] - plan.group_left[1, f]
        if not excess > ROUNDING * (1.0 + book.group_spare[h, f]):
            break
        cost, give, where, fill, add, drop = _best_swap(book, plan, h, f)
        if cost == np.inf:
            break
        amount = min(excess, plan.take[h, give])
        if add >= 0:
            amount = min(amount, book.spare[h, add] - plan.take[h, add], plan.take[h, drop])
        if fill >= 0:
            amount = min(amount, book.spare[h, fill] - plan.take[h, fill])
            amount = min(amount, _group_room(book, plan, h, where, book.group[fill], f))
            _run(book, plan, h, fill, amount)
        else:
            amount = min(amount, plan.over[h, where])
            plan.over[h, where] -= amount
        _run(book, plan, h, give, -amount)
        if add >= 0:
            _run(book, plan, h, add, amount)
            _run(book, plan, h, drop, -amount)


@register_jitable
def _price_shared(book: Book, plan: Plan, h: int) -> None:
    """Set the lowest prices of hour h that fit what runs, with one value of each group limit."""
    groups = book.group_spare.shape[1]
    value = plan.group_left[0]
    for f in range(groups):
        value[f] = 0.0
    for _ in range(2 * groups + 2):
        for z in range(2):
            plan.price[h, z] = book.floor
        for n in range(book.zone.shape[0]):
            f, z = book.group[n], book.zone[n]
            if plan.take[h, n] > ROUNDING * (1.0 + book.spare[h, n]):
                level = book.cost_hat[n] + (value[f] if f >= 0 else 0.0)
                plan.price[h, z] = max(plan.price[h, z], level)
        for n in range(book.zone.shape[0]):
            f, z = book.group[n], book.zone[n]
            if f >= 0 and book.spare[h, n] - plan.take[h, n] > ROUNDING * (1.0 + book.spare[h, n]):
                value[f] = max(value[f], plan.price[h, z] - book.cost_hat[n])


@register_jitable
def _share_groups(book: Book, plan: Plan, h: int) -> None:
    """Bring all groups that run beyond their limit in hour h, zones cleared apart, down to it."""
    shared = False
    for f in range(book.group_spare.shape[1]):
        if book.group_spare[h, f] - plan.group_left[0, f] - plan.group_left[1, f] > 0.0:
            shared = True
    if shared:
        for f in range(book.group_spare.shape[1]):
            _share_group(book, plan, h, f)
        _price_shared(book, plan, h)


@register_jitable
def solve_hours(book: Book, plan: Plan) -> None:
    """Decide the least-cost plan of all hours at the effective costs of the book (B10)."""
    order, zone, group, cost_hat, floor = book.order, book.zone, book.group, book.cost_hat, book.floor
    residual, group_spare, left, group_left = book.residual, book.group_spare, plan.left, plan.group_left
    flows, overs, prices = plan.flow, plan.over, plan.price
    hours, zones = residual.shape
    groups = group_spare.shape[1]
    _sort(order, cost_hat)
    for h in range(hours):
        spare, take, over, price = book.spare[h], plan.take[h], overs[h], prices[h]
        for f in range(groups):
            group_left[0, f] = group_spare[h, f]
        target = residual[h, 0] + residual[h, 1] if zones == 2 else residual[h, 0]
        left[0] = target
        south = _clear(False, floor, order, zone, group, cost_hat, spare, left, group_left, take, over, price)
        if zones == 1:
            continue
        flow = south - residual[h, 0]
        price[1], over[1] = price[0], 0.0
        if over[0] > 0.0:
            # Curtail where the surplus arises: only what the other zone can use crosses the link.
            need_north = flow - over[0]
            flow = need_north if need_north > 0.0 else min(0.0, flow)
            over[0] = max(0.0, south - residual[h, 0] - flow)
            over[1] = max(0.0, flow - need_north)
        flows[h] = min(max(flow, -book.link_south), book.link_north)
        # A flow that exceeds the limit by rounding alone has one price in both zones.
        if abs(flows[h] - flow) > ROUNDING * (1.0 + abs(target) + abs(flow)):
            left[0], left[1] = residual[h, 0] + flows[h], residual[h, 1] - flows[h]
            for f in range(groups):
                group_left[0, f], group_left[1, f] = group_spare[h, f], group_spare[h, f]
            _clear(True, floor, order, zone, group, cost_hat, spare, left, group_left, take, over, price)
            _share_groups(book, plan, h)
