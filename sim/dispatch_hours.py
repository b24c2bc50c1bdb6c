"""Compiled hourly dispatch: merit order in one or two zones under link and hourly fuel-group limits (B10).

Once every monthly limit has a value per MWh, hours are independent and the merit order by effective cost is
the same in all of them. An hour is cleared from the merged order of both zones; if the link would then be
overloaded, it carries its limit and each zone is cleared alone. That is exact, because least cost is convex
in the flow. With hourly group limits the merit order stays exact inside one zone (limits on nested sets); for
a group with plants on both sides of a full link, `_share_group` divides its limit between the zones by the
cost of replacement.

Everything here is measured above must-run output.
"""

import numpy as np
from numba.extending import register_jitable

from sim.dispatch_book import Book, Plan
from sim.dispatch_case import Array

# Relative size below which a difference between sums of megawatts is rounding.
ROUNDING = 1e-12


@register_jitable
def _sort(order: Array, cost_hat: Array) -> None:
    """Sort elements by effective cost, then number (insertion sort: the order changes little).

    The second key makes the order, and so the plan, a function of the costs alone.
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
def _serve(
    n: int, m: int, above: bool, level: float, spare: Array, left: Array, take: Array, price: Array
) -> None:
    """Run element n for what market m has left (fully if not `above` the floor); the last sets the price."""
    if above:
        for h in range(left.shape[1]):
            amount = min(spare[n, h], left[m, h])
            take[n, h] = amount
            left[m, h] -= amount
            price[m, h] = level if amount > 0.0 else price[m, h]
    else:
        for h in range(left.shape[1]):
            take[n, h] = spare[n, h]
            left[m, h] -= spare[n, h]


@register_jitable
def _serve_limited(
    n: int,
    m: int,
    f: int,
    above: bool,
    level: float,
    spare: Array,
    left: Array,
    group_left: Array,
    take: Array,
    price: Array,
) -> None:
    """Do the same for an element of group f, within what the group has left in the market."""
    for h in range(left.shape[1]):
        amount = min(spare[n, h], group_left[m, f, h])
        if above:
            amount = min(amount, left[m, h])
            price[m, h] = level if amount > 0.0 else price[m, h]
        take[n, h] = amount
        left[m, h] -= amount
        group_left[m, f, h] -= amount


@register_jitable
def _clear(apart: bool, book: Book, plan: Plan, take: Array, over: Array, price: Array) -> None:
    """Serve what the plan has left to serve in merit order, zones `apart` or as one market (number 0).

    Elements cheaper than the floor run even if their output is curtailed. A price is the cost of the last MW
    taken.
    """
    order, zone, group, cost_hat, spare = book.order, book.zone, book.group, book.cost_hat, book.spare
    floor, left, group_left = book.floor, plan.left, plan.group_left
    markets = 2 if apart else 1
    hours = left.shape[1]
    for m in range(markets):
        for f in range(group_left.shape[1]):
            for h in range(hours):
                group_left[m, f, h] = book.group_spare[f, h]
        for h in range(hours):
            price[m, h] = floor
    above = False
    for i in range(order.shape[0]):
        n = order[i]
        level = cost_hat[n]
        if not above and level >= floor:
            above = True
            for m in range(markets):
                for h in range(hours):
                    over[m, h] = max(0.0, -left[m, h])
                    left[m, h] = max(0.0, left[m, h])
        m = zone[n] if apart else 0
        f = group[n]
        if f < 0:
            _serve(n, m, above, level, spare, left, take, price)
        else:
            _serve_limited(n, m, f, above, level, spare, left, group_left, take, price)


@register_jitable
def _tabulate(book: Book, plan: Plan, h: int, f: int, runs: Array, fills: Array, rooms: Array) -> None:
    """Set, by zone and group + 1 in hour h, the dearest running and the cheapest idle element, and room, MW.

    Room is that of the zone alone for group f, being shared, and later ones, and of both zones for earlier
    ones.
    """
    order, zone, group, spare, take = book.order, book.zone, book.group, book.spare, plan.take
    group_left, group_spare = plan.group_left, book.group_spare
    for z in range(2):
        runs[z, 0], fills[z, 0], rooms[z, 0] = -1, -1, np.inf
        for g in range(group_spare.shape[0]):
            runs[z, g + 1], fills[z, g + 1] = -1, -1
            limit, room = group_spare[g, h], group_left[z, g, h]
            if limit < np.inf:
                if g < f:
                    room = group_left[0, g, h] + group_left[1, g, h] - limit
                room = room if room > ROUNDING * (1.0 + limit) else 0.0
            rooms[z, g + 1] = room
    for i in range(order.shape[0]):
        n = order[i]
        z, g = zone[n], group[n] + 1
        least = ROUNDING * (1.0 + spare[n, h])
        if take[n, h] > least:
            runs[z, g] = n
        if spare[n, h] - take[n, h] > least and fills[z, g] < 0:
            fills[z, g] = n


@register_jitable
def _best_swap(
    cost_hat: Array, f: int, refill_cost: Array, runs: Array, fills: Array, rooms: Array
) -> tuple[float, int, int, int]:
    """Find the cheapest way to run 1 MW less of group f; return cost, zone, zone refilled, detour group + 1.

    A detour (-1: none) is a full group that adds a MW in the first zone and gives one up in the other, where
    the refill then happens.
    """
    best, start, end, detour = np.inf, -1, -1, -1
    for z in range(2):
        member = runs[z, f + 1]
        if member < 0:
            continue
        if refill_cost[z] - cost_hat[member] < best:
            best, start, end, detour = refill_cost[z] - cost_hat[member], z, z, -1
        for g in range(1, f + 1):
            add, drop = fills[z, g], runs[1 - z, g]
            if rooms[z, g] > 0.0 or add < 0 or drop < 0:
                continue
            cost = refill_cost[1 - z] + cost_hat[add] - cost_hat[drop] - cost_hat[member]
            if cost < best:
                best, start, end, detour = cost, z, 1 - z, g
    return best, start, end, detour


@register_jitable
def _share_group(book: Book, plan: Plan, h: int, f: int) -> None:
    """Take group f in hour h (link full) down to its limit, each MW where replacing it costs least.

    Both zones were cleared as if each had the whole limit of every group. Groups are shared one after the
    other by cheapest replacements, which are shortest paths of a minimum-cost flow; hence the result is
    optimal.
    """
    cost_hat, spare, take, over, group = book.cost_hat, book.spare, plan.take, plan.over, book.group
    group_left, limit = plan.group_left, book.group_spare[f, h]
    groups = book.group_spare.shape[0]
    runs, fills = np.empty((2, groups + 1), np.int64), np.empty((2, groups + 1), np.int64)
    rooms, refill_cost, refill = np.empty((2, groups + 1)), np.empty(2), np.empty(2, np.int64)
    for _ in range(8 * spare.shape[0]):
        excess = limit - group_left[0, f, h] - group_left[1, f, h]
        if excess <= ROUNDING * (1.0 + limit):
            break
        _tabulate(book, plan, h, f, runs, fills, rooms)
        for z in range(2):
            # Less is curtailed where there is surplus; elsewhere the cheapest element with room runs more.
            refill_cost[z], refill[z] = (book.floor, -1) if over[z, h] > 0.0 else (np.inf, -1)
            for g in range(groups + 1):
                n = fills[z, g]
                if g != f + 1 and n >= 0 and rooms[z, g] > 0.0 and cost_hat[n] < refill_cost[z]:
                    refill_cost[z], refill[z] = cost_hat[n], n
        cost, start, end, detour = _best_swap(cost_hat, f, refill_cost, runs, fills, rooms)
        if cost == np.inf:
            break
        give, fill = runs[start, f + 1], refill[end]
        amount = min(excess, take[give, h])
        if detour >= 0:
            add, drop = fills[start, detour], runs[end, detour]
            amount = min(amount, spare[add, h] - take[add, h], take[drop, h])
        if fill >= 0:
            amount = min(amount, spare[fill, h] - take[fill, h], rooms[end, group[fill] + 1])
        else:
            amount = min(amount, over[end, h])
        take[give, h] -= amount
        group_left[start, f, h] += amount
        if detour >= 0:
            take[add, h] += amount
            take[drop, h] -= amount
            group_left[start, detour - 1, h] -= amount
            group_left[end, detour - 1, h] += amount
        if fill < 0:
            over[end, h] -= amount
        else:
            take[fill, h] += amount
            if group[fill] >= 0:
                group_left[end, group[fill], h] -= amount


@register_jitable
def _price_shared(book: Book, plan: Plan, h: int) -> None:
    """Set the lowest prices of hour h that fit what runs, with one value of each group limit."""
    zone, group, cost_hat, spare, take = book.zone, book.group, book.cost_hat, book.spare, plan.take
    price = plan.price
    groups = book.group_spare.shape[0]
    value = np.zeros(groups + 1)
    for _ in range(2 * groups + 2):
        for z in range(2):
            price[z, h] = book.floor
        for n in range(zone.shape[0]):
            if take[n, h] > ROUNDING * (1.0 + spare[n, h]):
                price[zone[n], h] = max(price[zone[n], h], cost_hat[n] + value[group[n] + 1])
        for n in range(zone.shape[0]):
            g = group[n] + 1
            if g > 0 and spare[n, h] - take[n, h] > ROUNDING * (1.0 + spare[n, h]):
                value[g] = max(value[g], price[zone[n], h] - cost_hat[n])


@register_jitable
def _use_apart(book: Book, plan: Plan) -> None:
    """Replace the plan by that of zones apart where the link is overloaded; there share limits of groups."""
    take, over, price, overloaded = plan.take, plan.over, plan.price, plan.overloaded
    apart_take, apart_over, apart_price = plan.apart_take, plan.apart_over, plan.apart_price
    group_spare, group_left = book.group_spare, plan.group_left
    hours, groups = overloaded.shape[0], group_spare.shape[0]
    for n in range(take.shape[0]):
        for h in range(hours):
            take[n, h] = apart_take[n, h] if overloaded[h] else take[n, h]
    for h in range(hours):
        if not overloaded[h]:
            continue
        for z in range(2):
            over[z, h], price[z, h] = apart_over[z, h], apart_price[z, h]
        shared = False
        for f in range(groups):
            limit = group_spare[f, h]
            shared = shared or (limit < np.inf and limit - group_left[0, f, h] - group_left[1, f, h] > 0.0)
        if shared:
            for f in range(groups):
                if group_spare[f, h] < np.inf:
                    _share_group(book, plan, h, f)
            _price_shared(book, plan, h)


@register_jitable
def _set_flows(book: Book, plan: Plan) -> bool:
    """Set the flows of zones cleared as one market; mark hours with an overloaded link; return if any is."""
    take, over, price, flow, overloaded = plan.take, plan.over, plan.price, plan.flow, plan.overloaded
    residual = book.residual
    hours = flow.shape[0]
    for h in range(hours):
        flow[h] = -residual[0, h]
        price[1, h], over[1, h] = price[0, h], 0.0
    for n in range(take.shape[0]):
        if book.zone[n] == 0:
            for h in range(hours):
                flow[h] += take[n, h]
    any_overloaded = False
    for h in range(hours):
        export = flow[h]
        if over[0, h] > 0.0:
            # Curtail where the surplus arises: only what the other zone can use crosses the link.
            need_north = export - over[0, h]
            flow[h] = need_north if need_north > 0.0 else min(0.0, export)
            over[0, h] = max(0.0, export - flow[h])
            over[1, h] = max(0.0, flow[h] - need_north)
        within = min(max(flow[h], -book.link_south), book.link_north)
        # A flow that exceeds the limit by rounding alone has one price in both zones.
        overloaded[h] = abs(flow[h] - within) > ROUNDING * (1.0 + abs(residual[0, h]) + abs(residual[1, h]))
        any_overloaded = any_overloaded or overloaded[h]
        flow[h] = within
    return any_overloaded


@register_jitable
def solve_hours(book: Book, plan: Plan) -> None:
    """Decide the least-cost plan of all hours at the effective costs of the book (B10)."""
    zones, hours = book.residual.shape
    _sort(book.order, book.cost_hat)
    for h in range(hours):
        plan.left[0, h] = book.residual[0, h]
        if zones == 2:
            plan.left[0, h] += book.residual[1, h]
    _clear(False, book, plan, plan.take, plan.over, plan.price)
    if zones == 1 or not _set_flows(book, plan):
        return
    for h in range(hours):
        plan.left[0, h] = book.residual[0, h] + plan.flow[h]
        plan.left[1, h] = book.residual[1, h] - plan.flow[h]
    _clear(True, book, plan, plan.apart_take, plan.apart_over, plan.apart_price)
    _use_apart(book, plan)
