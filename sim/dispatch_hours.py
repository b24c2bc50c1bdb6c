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

from sim.dispatch_book import Book, Plan, Work
from sim.dispatch_case import Array

# Relative size below which a difference between sums of megawatts is rounding.
ROUNDING = 1e-12
# Market of both zones.
BOTH = -1


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
def _clear(book: Book, plan: Plan, zone: int) -> None:
    """Serve in merit order what a market has left to serve, `plan.work.left`: a zone, or both as one (BOTH).

    Elements cheaper than the floor run even if their output is curtailed. The price is the cost of the last
    MW taken. The whole day is cleared at once, without branches, and kept in pending hours.
    """
    order, zones, group, cost_hat, spare = book.order, book.zone, book.group, book.cost_hat, book.spare
    take, over, price, floor, market = plan.take, plan.over, plan.price, book.floor, max(zone, 0)
    left, pending, group_left = plan.work.left, plan.work.pending, plan.work.group_left
    hours = left.shape[0]
    for f in range(group_left.shape[1]):
        for h in range(hours):
            group_left[market, f, h] = book.group_spare[f, h]
    for h in range(hours):
        price[market, h] = floor if pending[h] else price[market, h]
        over[market, h] = 0.0 if pending[h] else over[market, h]
    above = False
    for i in range(order.shape[0]):
        n = order[i]
        if zone != BOTH and zones[n] != zone:
            continue
        level, f = cost_hat[n], group[n]
        if not above and level >= floor:
            above = True
            for h in range(hours):
                over[market, h] = max(0.0, -left[h]) if pending[h] else over[market, h]
                left[h] = max(0.0, left[h])
        for h in range(hours):
            amount = spare[n, h]
            if f >= 0:
                amount = min(amount, group_left[market, f, h])
            if above:
                amount = min(amount, left[h])
                price[market, h] = level if pending[h] and amount > 0.0 else price[market, h]
            if f >= 0:
                group_left[market, f, h] -= amount
            left[h] -= amount
            take[n, h] = amount if pending[h] else take[n, h]


@register_jitable
def _tabulate(book: Book, plan: Plan, h: int, f: int) -> None:
    """Set, by zone and group + 1 in hour h, the dearest running and the cheapest idle element, and room, MW.

    Room is that of the zone alone for group f, being shared, and later ones, and of both zones for earlier
    ones.
    """
    order, zone, group, spare, take = book.order, book.zone, book.group, book.spare, plan.take
    group_left, group_spare = plan.work.group_left, book.group_spare
    runs, fills, rooms = plan.work.runs, plan.work.fills, plan.work.rooms
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
def _best_swap(cost_hat: Array, f: int, work: Work) -> tuple[float, int, int, int]:
    """Find the cheapest way to run 1 MW less of group f; return cost, zone, zone refilled, detour group + 1.

    A detour (-1: none) is a full group that adds a MW in the first zone and gives one up in the other, where
    the refill then happens.
    """
    runs, fills, rooms, refill_cost = work.runs, work.fills, work.rooms, work.refill_cost
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
    work, limit = plan.work, book.group_spare[f, h]
    groups = book.group_spare.shape[0]
    group_left, runs, fills, rooms = work.group_left, work.runs, work.fills, work.rooms
    refill, refill_cost = work.refill, work.refill_cost
    for _ in range(8 * spare.shape[0]):
        excess = limit - group_left[0, f, h] - group_left[1, f, h]
        if excess <= ROUNDING * (1.0 + limit):
            break
        _tabulate(book, plan, h, f)
        for z in range(2):
            # Less is curtailed where there is surplus; elsewhere the cheapest element with room runs more.
            refill_cost[z], refill[z] = (book.floor, -1) if over[z, h] > 0.0 else (np.inf, -1)
            for g in range(groups + 1):
                n = fills[z, g]
                if g != f + 1 and n >= 0 and rooms[z, g] > 0.0 and cost_hat[n] < refill_cost[z]:
                    refill_cost[z], refill[z] = cost_hat[n], n
        cost, start, end, detour = _best_swap(cost_hat, f, work)
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
    price, value, groups = plan.price, plan.work.group_value, book.group_spare.shape[0]
    for g in range(groups + 1):
        value[g] = 0.0
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
def _clear_apart(book: Book, plan: Plan) -> None:
    """Clear pending hours zone by zone with the link at its limit, and share the limits of groups on both
    sides.
    """
    residual, group_spare, group_left = book.residual, book.group_spare, plan.work.group_left
    hours = residual.shape[1]
    for z in range(2):
        for h in range(hours):
            plan.work.left[h] = residual[z, h] + (plan.flow[h] if z == 0 else -plan.flow[h])
        _clear(book, plan, z)
    for h in range(hours):
        shared = False
        for f in range(group_spare.shape[0]):
            limit = group_spare[f, h]
            shared = shared or (limit < np.inf and limit - group_left[0, f, h] - group_left[1, f, h] > 0.0)
        if shared and plan.work.pending[h]:
            for f in range(group_spare.shape[0]):
                if group_spare[f, h] < np.inf:
                    _share_group(book, plan, h, f)
            _price_shared(book, plan, h)


@register_jitable
def _set_flows(book: Book, plan: Plan) -> bool:
    """Set the flows of zones cleared as one market; leave pending, and say if there are, hours with an
    overloaded link.
    """
    take, over, price, flow, pending = plan.take, plan.over, plan.price, plan.flow, plan.work.pending
    residual, overloaded = book.residual, False
    hours = flow.shape[0]
    for h in range(hours):
        flow[h] = -residual[0, h]
        price[1, h], over[1, h] = price[0, h], 0.0
    for n in range(take.shape[0]):
        if book.zone[n] == 0:
            for h in range(hours):
                flow[h] += take[n, h]
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
        pending[h] = abs(flow[h] - within) > ROUNDING * (1.0 + abs(residual[0, h]) + abs(residual[1, h]))
        flow[h] = within
        overloaded = overloaded or pending[h]
    return overloaded


@register_jitable
def solve_hours(book: Book, plan: Plan) -> None:
    """Decide the least-cost plan of all hours at the effective costs of the book (B10)."""
    zones, hours = book.residual.shape
    _sort(book.order, book.cost_hat)
    for h in range(hours):
        plan.flow[h], plan.work.pending[h], plan.work.left[h] = 0.0, True, book.residual[0, h]
        if zones == 2:
            plan.work.left[h] += book.residual[1, h]
    _clear(book, plan, BOTH)
    if zones == 2 and _set_flows(book, plan):
        _clear_apart(book, plan)
