"""Compiled monthly dispatch: a search on water, contract and fuel values around the hourly merit order (B10).

Only monthly limits tie hours together: energy of a plant (water), its take-or-pay minimum, fuel of a group.
At a given value per MWh for each of them `sim.dispatch_hours` clears every hour by itself; the result is a
*plan* with monthly energies and a cost. The master problem mixes plans so that all limits hold at least cost,
its duals are the next values to try, and the search ends when no plan can improve the mix (Dantzig & Wolfe,
Operations Research 8(1), 1960). Ties between hours need no special care: plans that differ only in who serves
a tied hour are averaged.

The answer is proven, not trusted: `sim.dispatch_case` evaluates the dual function of the whole linear
programme at the reported prices and values, whatever their origin. Cost minus bound is the gap; the caller
falls back if it is too wide.

Energies in the master are per typical day and scaled by what the limited plants could produce, so duals are
USD a day per scaled unit; code j is plan j, -1 - k the slack of limit k, -1 - K - k its shortfall.
"""

from typing import NamedTuple

import numpy as np
from numba.extending import register_jitable

from sim.dispatch_book import Book, Plan, Work, make_book, make_work
from sim.dispatch_case import Array, DispatchCase, DispatchOutput, day_sum, must_run_mw, prove
from sim.dispatch_hours import solve_hours

# Kinds of monthly limit.
PLANT_MAX, PLANT_MIN, GROUP_MAX = 0, 1, 2
# Sizes that random cases do not reach by far; beyond them the caller falls back.
MAX_PLANS, MAX_PIVOTS = 200, 2000
# Smallest pivot, and smallest improvement relative to the costs in the master: rounding of doubles.
PIVOT_SMALLEST, IMPROVEMENT_SMALLEST = 1e-10, 1e-14


class _Limits(NamedTuple):
    """Monthly limits that can bind, K of them."""

    kind: Array  # [K] PLANT_MAX, PLANT_MIN or GROUP_MAX
    member: Array  # [K] plant or group
    scale: Array  # [K] MWh a day
    right: Array  # [K] limit above must-run, scaled
    penalty: Array  # [K] USD a day per scaled unit of shortfall, infinite for a maximum


class _Master(NamedTuple):
    """Plans made so far and the basis of the problem that mixes them."""

    energy: Array  # [plans, K] scaled
    cost: Array  # [plans] USD a day
    take: Array  # [plans, N, H] MW
    flow: Array  # [plans, H] MW
    over: Array  # [plans, Z, H] MW
    price: Array  # [Z, H] USD/MWh, of the last plan
    work: Work
    basis: Array  # [K + 1] variable codes
    inverse: Array  # [K + 1, K + 1]
    level: Array  # [K + 1] of basic variables
    dual: Array  # [K + 1]
    column: Array  # [K + 1] work space


@register_jitable
def _make_limits(case: DispatchCase, must_run: Array) -> _Limits:
    """List the monthly limits that can bind, with their room above must-run."""
    plants, groups = case.max_mw.shape[0], case.group_energy_max_mwh.shape[0]
    size = 2 * plants + groups
    kind, member = np.empty(size, np.int64), np.empty(size, np.int64)
    scale, right, penalty = np.empty(size), np.empty(size), np.empty(size)
    rows = 0
    for p in range(plants):
        low, high = day_sum(must_run, p), day_sum(case.max_mw, p)
        room = case.energy_max_mwh[p] / case.days - low
        if high > low and room < high - low:
            kind[rows], member[rows], scale[rows], right[rows] = PLANT_MAX, p, high - low, max(0.0, room)
            penalty[rows] = np.inf
            rows += 1
        room = case.energy_min_mwh[p] / case.days - low
        if room > 0.0:
            kind[rows], member[rows], scale[rows], right[rows] = PLANT_MIN, p, max(1.0, high - low), room
            penalty[rows] = case.take_or_pay_usd_per_mwh[p] * scale[rows]
            rows += 1
    for f in range(groups):
        low, high = 0.0, 0.0
        for p in range(plants):
            if case.fuel_group[p] == f:
                low += day_sum(must_run, p)
                high += day_sum(case.max_mw, p)
        room = case.group_energy_max_mwh[f] / case.days - low
        if high > low and room < high - low:
            kind[rows], member[rows], scale[rows], right[rows] = GROUP_MAX, f, high - low, max(0.0, room)
            penalty[rows] = np.inf
            rows += 1
    for k in range(rows):
        right[k] /= scale[k]
    return _Limits(kind[:rows], member[:rows], scale[:rows], right[:rows], penalty[:rows])


@register_jitable
def _make_master(rows: int, book: Book) -> _Master:
    """Allocate the master problem."""
    elements, (zones, hours) = book.spare.shape[0], book.residual.shape
    return _Master(
        np.empty((MAX_PLANS, rows)),
        np.empty(MAX_PLANS),
        np.empty((MAX_PLANS, elements, hours)),
        np.empty((MAX_PLANS, hours)),
        np.empty((MAX_PLANS, zones, hours)),
        np.empty((zones, hours)),
        make_work(book),
        np.empty(rows + 1, np.int64),
        np.zeros((rows + 1, rows + 1)),
        np.empty(rows + 1),
        np.empty(rows + 1),
        np.empty(rows + 1),
    )


@register_jitable
def _plan(master: _Master, j: int) -> Plan:
    """Return plan j where it is stored, with the prices and the work space that plans share."""
    return Plan(master.take[j], master.flow[j], master.over[j], master.price, master.work)


@register_jitable
def _set_costs(book: Book, limits: _Limits, values: Array) -> None:
    """Set effective costs: cost minus the duals of all limits that an element is in."""
    cost, cost_hat, group = book.cost, book.cost_hat, book.group
    kind, member, scale = limits.kind, limits.member, limits.scale
    for n in range(group.shape[0]):
        cost_hat[n] = cost[n]
        for k in range(values.shape[0]):
            if member[k] == (group[n] if kind[k] == GROUP_MAX else n):
                cost_hat[n] -= values[k] / scale[k]


@register_jitable
def _add_up(book: Book, limits: _Limits, master: _Master, j: int) -> None:
    """Add up plan j: its scaled energies and its cost above must-run."""
    take, over, cost, group = master.take[j], master.over[j], book.cost, book.group
    kind, member, scale = limits.kind, limits.member, limits.scale
    hourly = np.zeros(take.shape[1])
    for z in range(over.shape[0]):
        for h in range(hourly.shape[0]):
            hourly[h] -= book.floor * over[z, h]
    for n in range(take.shape[0]):
        for h in range(hourly.shape[0]):
            hourly[h] += cost[n] * take[n, h]
    total = 0.0
    for h in range(hourly.shape[0]):
        total += hourly[h]
    master.cost[j] = total
    for k in range(kind.shape[0]):
        energy = 0.0
        for n in range(take.shape[0]):
            if member[k] == (group[n] if kind[k] == GROUP_MAX else n):
                energy += day_sum(take, n)
        master.energy[j, k] = energy / scale[k]


@register_jitable
def _first_values(book: Book, limits: _Limits) -> Array:
    """Return duals at which every plant with an upper limit stays at must-run: beyond any optimal dual."""
    dearest = 0.0
    for n in range(book.cost.shape[0]):
        dearest = max(dearest, book.cost[n])
    values = np.zeros(limits.kind.shape[0])
    for k in range(values.shape[0]):
        if limits.kind[k] != PLANT_MIN:
            values[k] = -2.0 * (1.0 + dearest) * limits.scale[k]
    return values


@register_jitable
def _set_basis(limits: _Limits, master: _Master) -> None:
    """Set up the feasible basis of plan 0, slacks and shortfalls."""
    rows = limits.right.shape[0]
    for k in range(rows):
        room = limits.right[k] - master.energy[0, k]
        short = limits.kind[k] == PLANT_MIN and room > 0.0
        sign = -1.0 if limits.kind[k] == PLANT_MIN and room <= 0.0 else 1.0
        master.basis[k] = -1 - rows - k if short else -1 - k
        master.inverse[k, k] = sign
        master.inverse[k, rows] = -sign * master.energy[0, k]
        master.level[k] = max(0.0, sign * room)
    master.basis[rows] = 0
    master.inverse[rows, rows] = 1.0
    master.level[rows] = 1.0


@register_jitable
def _improvement(master: _Master, j: int) -> float:
    """Compute the reduced cost of plan j at the duals of the master."""
    energy, dual = master.energy, master.dual
    rows = energy.shape[1]
    reduced = master.cost[j] - dual[rows]
    for k in range(rows):
        reduced -= dual[k] * energy[j, k]
    return reduced


@register_jitable
def _choose(limits: _Limits, master: _Master, plans: int, tolerance: float) -> tuple[bool, int]:
    """Compute the duals of the basis; return whether a variable improves the mix, and the best one's code."""
    kind, penalty = limits.kind, limits.penalty
    basis, inverse, dual = master.basis, master.inverse, master.dual
    rows = kind.shape[0]
    for i in range(rows + 1):
        dual[i] = 0.0
    for j in range(rows + 1):
        code = basis[j]
        weight = 0.0
        if code >= 0:
            weight = master.cost[code]
        elif code < -rows:
            weight = penalty[-1 - rows - code]
        for i in range(rows + 1):
            dual[i] += weight * inverse[j, i]
    best, enter, found = -tolerance, 0, False
    for j in range(plans):
        reduced = _improvement(master, j)
        if reduced < best:
            best, enter, found = reduced, j, True
    for k in range(rows):
        reduced = dual[k] if kind[k] == PLANT_MIN else -dual[k]
        if reduced < best:
            best, enter, found = reduced, -1 - k, True
        reduced = penalty[k] - dual[k]
        if reduced < best:
            best, enter, found = reduced, -1 - rows - k, True
    return found, enter


@register_jitable
def _pivot(limits: _Limits, master: _Master, code: int) -> bool:
    """Bring a variable into the basis; return False if rounding leaves no usable pivot."""
    inverse, level, energy, column = master.inverse, master.level, master.energy, master.column
    rows = limits.kind.shape[0]
    if code >= 0:
        for i in range(rows + 1):
            column[i] = inverse[i, rows]
            for k in range(rows):
                column[i] += inverse[i, k] * energy[code, k]
    else:
        k = (-1 - code) % rows
        sign = -1.0 if code >= -rows and limits.kind[k] == PLANT_MIN else 1.0
        for i in range(rows + 1):
            column[i] = sign * inverse[i, k]
    step, leave = np.inf, -1
    for i in range(rows + 1):
        if column[i] > PIVOT_SMALLEST:
            ratio = max(0.0, level[i]) / column[i]
            if ratio < step or (ratio == step and column[i] > column[leave]):
                step, leave = ratio, i
    if leave < 0:
        return False
    for j in range(rows + 1):
        inverse[leave, j] /= column[leave]
    for i in range(rows + 1):
        if i != leave:
            level[i] -= step * column[i]
            for j in range(rows + 1):
                inverse[i, j] -= column[i] * inverse[leave, j]
    level[leave] = step
    master.basis[leave] = code
    return True


@register_jitable
def _next_values(limits: _Limits, master: _Master, plans: int, tolerance: float, values: Array) -> None:
    """Find the best mix of the plans; set `values` to its duals."""
    found, code = _choose(limits, master, plans, tolerance)
    pivots = 0
    while found and pivots < MAX_PIVOTS and _pivot(limits, master, code):
        pivots += 1
        found, code = _choose(limits, master, plans, tolerance)
    for k in range(values.shape[0]):
        # Rounding may leave a dual just outside its range.
        if limits.kind[k] == PLANT_MIN:
            values[k] = min(max(master.dual[k], 0.0), limits.penalty[k])
        else:
            values[k] = min(master.dual[k], 0.0)


@register_jitable
def _search(book: Book, limits: _Limits, master: _Master, values: Array) -> int:
    """Mix plans until none improves the mix; return their number. The last is made at the final `values`."""
    size = 0.0
    for k in range(values.shape[0]):
        # The first values are the largest; with penalties they give the size of the sums in the duals.
        size += abs(values[k]) + (limits.penalty[k] if limits.kind[k] == PLANT_MIN else 0.0)
    for j in range(MAX_PLANS):
        _set_costs(book, limits, values)
        solve_hours(book, _plan(master, j))
        _add_up(book, limits, master, j)
        tolerance = IMPROVEMENT_SMALLEST * (size + abs(master.cost[0]))
        if j == 0:
            _set_basis(limits, master)
        elif _improvement(master, j) >= -tolerance:
            return j + 1
        if j + 1 < MAX_PLANS:
            _next_values(limits, master, j + 1, tolerance, values)
    return MAX_PLANS


@register_jitable
def _write_values(price: Array, limits: _Limits, values: Array, out: DispatchOutput) -> None:
    """Write prices and values of the final duals, USD/MWh."""
    for z in range(price.shape[0]):
        for h in range(price.shape[1]):
            out.price_usd_per_mwh[z, h] = price[z, h]
    for p in range(out.plant_value_usd_per_mwh.shape[0]):
        out.plant_value_usd_per_mwh[p] = 0.0
    for f in range(out.group_value_usd_per_mwh.shape[0]):
        out.group_value_usd_per_mwh[f] = 0.0
    for k in range(values.shape[0]):
        value = values[k] / limits.scale[k]
        if limits.kind[k] == GROUP_MAX:
            out.group_value_usd_per_mwh[limits.member[k]] -= value
        else:
            out.plant_value_usd_per_mwh[limits.member[k]] -= value


@register_jitable
def _weigh(limits: _Limits, master: _Master) -> None:
    """Compute the shares of the plans in the mix afresh: updates during the search carry rounding."""
    inverse, level, right = master.inverse, master.level, limits.right
    rows = right.shape[0]
    total = 0.0
    for i in range(rows + 1):
        share = inverse[i, rows]
        for k in range(rows):
            share += inverse[i, k] * right[k]
        level[i] = max(0.0, share) if master.basis[i] >= 0 else 0.0
        total += level[i]
    for i in range(rows + 1):
        level[i] /= total


@register_jitable
def _write_mix(master: _Master, must_run: Array, out: DispatchOutput) -> None:
    """Write must-run output plus the mix of plans."""
    gen, flow, over = out.gen_mw, out.flow_mw, out.over_mw
    interrupted, shed = out.interrupted_mw, out.shed_mw
    plants, hours = must_run.shape
    for h in range(hours):
        flow[h] = 0.0
        for p in range(plants):
            gen[p, h] = must_run[p, h]
        for z in range(over.shape[0]):
            interrupted[z, h], shed[z, h], over[z, h] = 0.0, 0.0, 0.0
    for i in range(master.basis.shape[0]):
        share = master.level[i]
        if share <= 0.0:
            continue
        j = master.basis[i]
        take, plan_over, plan_flow = master.take[j], master.over[j], master.flow[j]
        for p in range(plants):
            for h in range(hours):
                gen[p, h] += share * take[p, h]
        for z in range(over.shape[0]):
            for h in range(hours):
                interrupted[z, h] += share * take[plants + 2 * z, h]
                shed[z, h] += share * take[plants + 2 * z + 1, h]
                over[z, h] += share * plan_over[z, h]
        for h in range(hours):
            flow[h] += share * plan_flow[h]


@register_jitable
def _keep_surplus_local(out: DispatchOutput) -> None:
    """Curtail where surplus arises: a mix may send it across the link to be curtailed there."""
    flow, over = out.flow_mw, out.over_mw
    for h in range(flow.shape[0]):
        to_north = max(0.0, min(flow[h], over[1, h]))
        to_south = max(0.0, min(-flow[h], over[0, h]))
        flow[h] += to_south - to_north
        over[0, h] += to_north - to_south
        over[1, h] += to_south - to_north


@register_jitable
def dispatch_kernel(case: DispatchCase, out: DispatchOutput) -> bool:
    """Decide the least-cost dispatch of a month (B10) and write it to `out`; return False if the proof fails.

    Plain function for compiled callers; `sim.dispatch.compiled_dispatch` is its compiled form for Python.
    With proof the caller uses `out`, without it `sim.dispatch.solve_lp`. The case is not checked here: it
    must be as `sim.dispatch.standard_case` makes it.
    """
    must_run = must_run_mw(case)
    book = make_book(case, must_run)
    limits = _make_limits(case, must_run)
    master = _make_master(limits.kind.shape[0], book)
    values = _first_values(book, limits)
    out.summary[3] = _search(book, limits, master, values)
    _write_values(master.price, limits, values, out)
    _weigh(limits, master)
    _write_mix(master, must_run, out)
    if case.demand_mw.shape[0] == 2:
        _keep_surplus_local(out)
    return prove(case, must_run, out)
