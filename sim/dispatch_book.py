"""Working form of a month for the dispatch search: elements in merit order, and a plan of all hours (B10).

Everything here is measured above must-run output. Arrays have the hour last.
"""

from typing import NamedTuple

import numpy as np
from numba.extending import register_jitable

from sim.dispatch_case import Array, DispatchCase


class Book(NamedTuple):
    """What can serve demand above must-run: plants, then by zone the interruptible block and shedding."""

    order: Array  # [N] elements by effective cost
    cost_hat: Array  # [N] effective cost, USD/MWh
    zone: Array  # [N]
    group: Array  # [N], -1 none
    cost: Array  # [N] USD/MWh
    spare: Array  # [N, H] MW
    residual: Array  # [Z, H] demand minus must-run, MW
    group_spare: Array  # [F, H] hourly group limit minus must-run, MW
    link_north: float  # MW
    link_south: float  # MW
    floor: float  # price at which surplus is curtailed, USD/MWh (minus the cost of curtailing)


class Work(NamedTuple):
    """Work space of an hour's clearing, allocated once for all plans of a month."""

    group_left: Array  # [Z, F, H] MW, group limit left
    left: Array  # [H] MW, what a market has left to serve
    pending: Array  # [H] whether the hour is to be cleared: all as one market, then some zone by zone
    runs: Array  # [2, F + 1] dearest running element by zone and group + 1
    fills: Array  # [2, F + 1] cheapest element with room, likewise
    rooms: Array  # [2, F + 1] MW, what the group has left in the zone
    refill: Array  # [2] element that replaces a group's output, by zone
    refill_cost: Array  # [2] USD/MWh
    group_value: Array  # [F + 1] USD/MWh


class Plan(NamedTuple):
    """Dispatch of all hours at one set of values."""

    take: Array  # [N, H] MW
    flow: Array  # [H] MW, south to north
    over: Array  # [Z, H] MW
    price: Array  # [Z, H] USD/MWh
    work: Work


@register_jitable
def make_book(case: DispatchCase, must_run: Array) -> Book:
    """List the elements of a month and what demand and group limits leave above must-run (MW)."""
    plants, hours = case.max_mw.shape
    zones, groups = case.demand_mw.shape[0], case.group_cap_mw.shape[0]
    size = plants + 2 * zones
    order, zone, group = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    cost, cost_hat = np.empty(size), np.empty(size)
    spare, residual = np.empty((size, hours)), np.empty((zones, hours))
    group_spare = np.empty((groups, hours))
    for h in range(hours):
        for f in range(groups):
            group_spare[f, h] = case.group_cap_mw[f]
        for z in range(zones):
            block = min(case.interruptible_mw[z, h], case.demand_mw[z, h])
            spare[plants + 2 * z, h] = block
            spare[plants + 2 * z + 1, h] = case.demand_mw[z, h] - block
            residual[z, h] = case.demand_mw[z, h]
    for p in range(plants):
        f = case.fuel_group[p]
        for h in range(hours):
            spare[p, h] = case.max_mw[p, h] - must_run[p, h]
            residual[case.zone[p], h] -= must_run[p, h]
            if f >= 0:
                group_spare[f, h] = max(0.0, group_spare[f, h] - must_run[p, h])
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
def make_work(book: Book) -> Work:
    """Allocate the work space for a book."""
    (zones, hours), groups = book.residual.shape, book.group_spare.shape[0]
    return Work(
        np.empty((zones, groups, hours)),
        np.empty(hours),
        np.empty(hours, np.bool_),
        np.empty((2, groups + 1), np.int64),
        np.empty((2, groups + 1), np.int64),
        np.empty((2, groups + 1)),
        np.empty(2, np.int64),
        np.empty(2),
        np.empty(groups + 1),
    )
