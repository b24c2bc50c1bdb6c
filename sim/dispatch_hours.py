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
def _pick(book: Book, plan: Plan, h: int, z: int, f: int, running: bool) -> int:
    """Find in zone z, hour h, group f the dearest running element or the cheapest with room; -1 if none."""
    best = -1
    for i in range(book.order.shape[0]):
        n = book.order[i]
        if book.zone[n] != z or book.group[n] != f:
            continue
        amount = plan.take[n, h] if running else book.spare[n, h] - plan.take[n, h]
        if amount > ROUNDING * (1.0 + book.spare[n, h]):
            best = n
            if not running:
                break
    return best


@register_jitable
def _group_room(book: Book, plan: Plan, h: int, z: int, g: int, f: int) -> float:
    """Compute what group g may add in zone z, MW, while group f is being shared; lower groups already are."""
    if g < 0 or book.group_spare[g, h] == np.inf:
        return np.inf
    room = plan.group_left[z, g, h]
    if g < f:
        room = plan.group_left[0, g, h] + plan.group_left[1, g, h] - book.group_spare[g, h]
    return room if room > ROUNDING * (1.0 + book.group_spare[g, h]) else 0.0


@register_jitable
def _replacement(book: Book, plan: Plan, h: int, z: int, f: int) -> tuple[float, int]:
    """Find the cheapest way to replace group f in zone z; return cost and element (-1: curtail less)."""
    if plan.over[z, h] > 0.0:
        return book.floor, -1
    best, fill = np.inf, -1
    for g in range(-1, book.group_spare.shape[0]):
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
    plan.take[n, h] += amount
    if book.group[n] >= 0:
        plan.group_left[book.zone[n], book.group[n], h] -= amount


@register_jitable
def _share_group(book: Book, plan: Plan, h: int, f: int) -> None:
    """Take group f in hour h (link full) down to its limit, each MW where replacing it costs least.

    Both zones were cleared as if each had the whole limit of every group. Groups are shared one after the
    other by cheapest replacements, which are shortest paths of a minimum-cost flow; hence the result is
    optimal.
    """
    for _ in range(8 * book.zone.shape[0]):
        excess = book.group_spare[f, h] - plan.group_left[0, f, h] - plan.group_left[1, f, h]
        if excess <= ROUNDING * (1.0 + book.group_spare[f, h]):
            break
        cost, give, where, fill, add, drop = _best_swap(book, plan, h, f)
        if cost == np.inf:
            break
        amount = min(excess, plan.take[give, h])
        if add >= 0:
            amount = min(amount, book.spare[add, h] - plan.take[add, h], plan.take[drop, h])
        if fill >= 0:
            amount = min(amount, book.spare[fill, h] - plan.take[fill, h])
            amount = min(amount, _group_room(book, plan, h, where, book.group[fill], f))
            _run(book, plan, h, fill, amount)
        else:
            amount = min(amount, plan.over[where, h])
            plan.over[where, h] -= amount
        _run(book, plan, h, give, -amount)
        if add >= 0:
            _run(book, plan, h, add, amount)
            _run(book, plan, h, drop, -amount)


@register_jitable
def _price_shared(book: Book, plan: Plan, h: int) -> None:
    """Set the lowest prices of hour h that fit what runs, with one value of each group limit."""
    groups = book.group_spare.shape[0]
    value = np.zeros(groups)
    for _ in range(2 * groups + 2):
        for z in range(2):
            plan.price[z, h] = book.floor
        for n in range(book.zone.shape[0]):
            f, z = book.group[n], book.zone[n]
            if plan.take[n, h] > ROUNDING * (1.0 + book.spare[n, h]):
                level = book.cost_hat[n] + (value[f] if f >= 0 else 0.0)
                plan.price[z, h] = max(plan.price[z, h], level)
        for n in range(book.zone.shape[0]):
            f, z = book.group[n], book.zone[n]
            if f >= 0 and book.spare[n, h] - plan.take[n, h] > ROUNDING * (1.0 + book.spare[n, h]):
                value[f] = max(value[f], plan.price[z, h] - book.cost_hat[n])


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
