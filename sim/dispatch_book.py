"""Working form of a month for the dispatch search: elements in merit order, and a plan of all hours (B10).

Everything here is measured above must-run output. Arrays have the hour last, so that loops over hours
vectorise.
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


class Plan(NamedTuple):
    """Dispatch of all hours at one set of values."""

    take: Array  # [N, H] MW
    flow: Array  # [H] MW, south to north
    over: Array  # [Z, H] MW
    price: Array  # [Z, H] USD/MWh
    left: Array  # [Z, H] MW, work space: demand left to serve
    group_left: Array  # [Z, F, H] MW, work space: group limit left
    overloaded: Array  # [H] whether the link would be, with one market
    apart_take: Array  # [N, H] MW, with zones apart
    apart_over: Array  # [Z, H] MW, likewise
    apart_price: Array  # [Z, H] USD/MWh, likewise


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
def make_plan(book: Book) -> Plan:
    """Allocate an empty plan for a book."""
    zones, hours = book.residual.shape
    return Plan(
        np.zeros(book.spare.shape),
        np.zeros(hours),
        np.zeros((zones, hours)),
        np.zeros((zones, hours)),
        np.zeros((zones, hours)),
        np.zeros((zones, book.group_spare.shape[0], hours)),
        np.zeros(hours, np.bool_),
        np.zeros(book.spare.shape),
        np.zeros((zones, hours)),
        np.zeros((zones, hours)),
    )
