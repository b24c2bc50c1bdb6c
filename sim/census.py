"""What the books report of firms, counted in one compiled pass over the records of each kind."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba.extending import register_jitable

from agents.ai_siting import (
    ABROAD,
    BLOCKS,
    CAPITAL,
    CHIPS,
    COUNTRY_RISK,
    DEMAND,
    POWER_PRICE,
    QUEUE,
    RELIEFS,
    RETURN,
)
from agents.firm import in_business, on_terms_of_offer
from agents.miner import LICENSED, STATE
from sim.labour_market import count_expatriates, count_jobs


class MiningCensus(NamedTuple):
    """Home miners at the end of a month: load by status, and of licensed ones on the terms of the offer
    (MW), firms and exits (1), cash (USD).
    """

    licensed_mw: float
    offer_mw: float
    grey_mw: float
    theft_mw: float
    firms: float
    exits: float
    cash_usd: float


class AiCensus(NamedTuple):
    """AI firms at the end of a month: load, new load on the terms of the offer and pipeline (MW), IT load
    (MW of IT; new: not standing at the start; anchored: under a flat contract), applications,
    cancellations, last obstacles by cause and reliefs that alone would do (1), cash (USD).
    """

    load_mw: float
    offer_mw: float
    it_mw: float
    new_it_mw: float
    anchored_it_mw: float
    building_mw: float
    entered: float
    cancelled: float
    blocked_return: float
    blocked_capital: float
    blocked_queue: float
    blocked_chips: float
    blocked_demand: float
    blocked_risk: float
    blocked_power: float
    blocked_abroad: float
    relief_demand: float
    relief_risk: float
    relief_power: float
    cash_usd: float


@register_jitable
def count_miners(miners, worlds):  # type: ignore[no-untyped-def]
    """Count home miners: returns a MiningCensus. The state's own mine is not part of the allocation."""
    offer, licensed, grey, theft, firms, exits, cash = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(len(miners)):
        firm = miners[i]
        firms += firm.active
        exits += firm.left
        cash += firm.cash_usd
        if firm.compliance == 0:
            licensed += firm.energised_mw
            if firm.kind != STATE and on_terms_of_offer(firm, worlds[0]):
                offer += firm.energised_mw
        elif firm.compliance == 1:
            grey += firm.energised_mw
        else:
            theft += firm.energised_mw
    return MiningCensus(licensed, offer, grey, theft, firms, exits, cash)


@register_jitable
def count_ai_firms(ai_firms, worlds):  # type: ignore[no-untyped-def]
    """Count AI firms: returns an AiCensus."""
    load, offer, it, new_it, anchored, building = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    entered, cancelled, cash = 0.0, 0.0, 0.0
    blocked, enough = np.zeros(BLOCKS), np.zeros(RELIEFS)
    for i in range(len(ai_firms)):
        firm = ai_firms[i]
        new = max(0.0, firm.it_mw - firm.legacy_mw_it)
        share = new / firm.it_mw if firm.it_mw > 0.0 and on_terms_of_offer(firm, worlds[0]) else 0.0
        for hour in range(24):
            load += firm.load_mw[hour] / 24.0
            if share > 0.0:
                offer += share * firm.load_mw[hour] / 24.0
        it += firm.it_mw
        new_it += new
        anchored += firm.anchored_mw_it
        building += firm.building_mw
        entered += firm.entered
        cancelled += firm.cancelled
        cash += firm.cash_usd
        blocked[firm.blocked_by] += 1.0
        for relief in range(RELIEFS):
            enough[relief] += firm.reliefs >> relief & 1
    causes = (RETURN, CAPITAL, QUEUE, CHIPS, DEMAND, COUNTRY_RISK, POWER_PRICE, ABROAD)
    a, b, c, d, e, f, g, h = [blocked[cause] for cause in causes]
    demand, risk, power = enough
    return AiCensus(
        load, offer, it, new_it, anchored, building, entered, cancelled, a, b, c, d, e, f, g, h, demand,
        risk, power, cash,
    )  # fmt: skip


@register_jitable
def count_world_miners(world_miners):  # type: ignore[no-untyped-def]
    """Add up miners abroad: returns (hash rate in EH/s, power of the machines themselves in MW)."""
    hash_ehs, machine_mw = 0.0, 0.0
    for i in range(len(world_miners)):
        firm = world_miners[i]
        hash_ehs += firm.mean_hash_ehs
        machine_mw += firm.energised_mw / firm.pue
    return hash_ehs, machine_mw


@register_jitable
def count_machines_ths(miners, world_miners, worlds):  # type: ignore[no-untyped-def]
    """Add up all mining machines: fleets, orders, sold ones on their way, dealers' stock, TH/s."""
    orders, machines = 0.0, worlds[0].used_stock_ths.copy()
    for firms in (miners, world_miners):
        for i in range(len(firms)):
            firm = firms[i]
            if not in_business(firm):
                continue
            orders += firm.order_ths + firm.used_order_ths
            for generation in range(len(machines)):
                machines[generation] += firm.fleet_ths[generation] + firm.sold_ths[generation]
    return orders + machines.sum()


@register_jitable
def count_kept_abroad_usd(miners, policies):  # type: ignore[no-untyped-def]
    """Add up dividends of home owners that stay abroad: those on coins that need not be sold onshore, and
    all of illegal sites. The state brings its own money home.
    """
    total = 0.0
    for i in range(1, len(miners)):
        firm = miners[i]
        if in_business(firm) and firm.foreign == 0:
            free = 1.0 - policies[0].onshore_sale_share if firm.compliance == LICENSED else 1.0
            total += firm.dividend_usd * free
    return total


class Census(NamedTuple):
    """What the firms of all kinds are and have at the end of a month; jobs as ``count_jobs`` gives them."""

    mining: MiningCensus
    ai: AiCensus
    machines_ths: float
    abroad_hash_ehs: float
    abroad_machine_mw: float
    jobs: npt.NDArray[np.float64]
    expatriates: float
    kept_abroad_usd: float


@register_jitable
def take_census(miners: Any, world_miners: Any, ai_firms: Any, worlds: Any, policies: Any) -> Census:
    """Count firms, machines, jobs and money kept abroad."""
    hash_ehs, machine_mw = count_world_miners(world_miners)
    return Census(
        count_miners(miners, worlds), count_ai_firms(ai_firms, worlds),
        count_machines_ths(miners, world_miners, worlds), hash_ehs, machine_mw,
        count_jobs(miners, ai_firms), count_expatriates(miners, ai_firms),
        count_kept_abroad_usd(miners, policies),
    )  # fmt: skip
