"""The connection desk: which applicants get power this month, by the regime's allocation rule."""

from __future__ import annotations

import math

import numpy as np
from numba.extending import register_jitable

from agents.ai_accounts import GRANTED
from agents.ai_appraisal import COLOCATION, site_mw_per_mw_it, speed_up
from agents.ai_siting import CHIPS, NOTHING, QUEUE
from agents.base import GENERATIONS
from agents.firm import raise_capital
from agents.miner import STATE
from agents.miner_appraisal import LICENSED
from agents.miner_orders import make_room
from agents.policy import AUCTION, PRO_RATA
from agents.rules.finance import geometric_sum
from sim.compiled import kernel


@kernel
def count_queue(miners, ai_firms, operators, worlds, pars):  # type: ignore[no-untyped-def]
    """Tell the operator how many MW wait and how many are committed (built or building under the
    allocation).
    """
    operator, world = operators[0], worlds[0]
    waiting, committed, entrants = 0.0, 0.0, 0.0
    for i in range(len(miners)):
        firm = miners[i]
        entrants += firm.entered
        waiting += firm.applied_mw
        if firm.compliance == 0 and firm.kind != STATE:
            committed += firm.site_mw + firm.building_mw + (firm.granted_mw if firm.granted_mw > 0.0 else 0.0)
    # A running year of entrants: what imitators see
    world.entrants += entrants - world.entrants / 12.0
    world.entrants_log = math.log1p(world.entrants)
    operator.queue_mining_mw = waiting
    operator.committed_mining_mw = committed
    waiting, committed = 0.0, 0.0
    for i in range(len(ai_firms)):
        waiting += ai_firms[i].applied_mw
        other = ai_firms[i]
        legacy_mw = min(other.site_mw, other.legacy_mw_it * site_mw_per_mw_it(other.kind, pars[0]))
        committed += other.site_mw - legacy_mw + other.building_mw
    operator.queue_ai_mw = waiting
    operator.committed_ai_mw = committed


@kernel
def connect_miners(miners, operators, policies):  # type: ignore[no-untyped-def]
    """Grant power to waiting miners: by bid in an auction, in equal shares pro rata, by date of application
    otherwise.

    In an auction every winner pays the highest bid that lost per MW, so that bidding one's value is best
    (Vickrey 1961); without a loser the power goes at its tariff alone.
    """
    operator = operators[0]
    room, queue = operator.mining_room_mw, operator.queue_mining_mw
    operator.mining_carry_mw = 0.0
    if room <= 0.0 or queue <= 0.0:
        return
    policy = policies[0]
    rule = policy.allocation_rule
    free = policy.quota_mw - operator.committed_mining_mw - operator.committed_ai_mw
    free = min(free, policy.quota_mw * policy.mining_quota_share - operator.committed_mining_mw)
    if rule == PRO_RATA and queue > room:
        for i in range(len(miners)):
            firm = miners[i]
            if firm.applied_mw > 0.0:
                firm.granted_mw = firm.applied_mw * room / queue
                firm.applied_mw = 0.0
        return
    order = np.empty(len(miners))
    for i in range(len(miners)):
        firm = miners[i]
        order[i] = -firm.bid_usd_per_mw if rule == AUCTION else float(firm.applied_month)
        if firm.applied_mw <= 0.0:
            order[i] = np.inf
    winners = np.zeros(len(miners))
    losing_bid = 0.0
    for position in np.argsort(order, kind="mergesort"):
        firm = miners[position]
        if firm.applied_mw <= 0.0:
            break
        if room <= 0.0:
            losing_bid = firm.bid_usd_per_mw
            break
        if firm.applied_mw > room and room < free:
            # Works for the first in line go on: this month's capacity is kept for it
            operator.mining_carry_mw = room
            losing_bid = firm.bid_usd_per_mw
            break
        firm.granted_mw = min(firm.applied_mw, room)
        firm.applied_mw = 0.0
        room -= firm.granted_mw
        free -= firm.granted_mw
        winners[position] = firm.granted_mw
    if rule == AUCTION:
        for i in range(len(miners)):
            if winners[i] > 0.0:
                miners[i].auction_usd = winners[i] * losing_bid


@kernel
def connect_ai(ai_firms, operators, worlds, policies, pars):  # type: ignore[no-untyped-def]
    """Grant power to AI firms whose chip licence is settled, in order of application; their chips count
    against the cap. Who is ready and not served learns what holds it back.
    """
    operator, world, par = operators[0], worlds[0], pars[0]
    room = operator.ai_room_mw
    operator.ai_carry_mw = 0.0
    study = par.ai_connection_months * speed_up(policies[0], par)
    order = np.empty(len(ai_firms))
    for i in range(len(ai_firms)):
        firm = ai_firms[i]
        studied = world.month - firm.applied_month >= study
        waiting = firm.applied_mw > 0.0 and firm.chip_status == GRANTED and studied
        order[i] = float(firm.applied_month) if waiting else np.inf
    for position in np.argsort(order, kind="mergesort"):
        firm = ai_firms[position]
        if order[position] == np.inf:
            break
        gpus = gpus_needed(firm, world)
        if gpus > world.chips_left_gpus:
            firm.blocked_by = CHIPS
            continue
        if firm.applied_mw > room:
            firm.blocked_by = QUEUE
            operator.ai_carry_mw = room
            break
        grant(firm, world, gpus)
        room -= firm.granted_mw


@register_jitable
def gpus_needed(firm, world):  # type: ignore[no-untyped-def]
    """Count the GPUs of a stage if it buys the newest generation; a colocation hall buys none."""
    if firm.kind == COLOCATION:
        return 0.0
    newest = 0
    for generation in range(GENERATIONS):
        if world.gpu_on_sale[generation] > 0.0:
            newest = generation
    return firm.planned_mw_it * 1000.0 / world.gpu_kw_it[newest]


@register_jitable
def grant(firm, world, gpus):  # type: ignore[no-untyped-def]
    """Turn an application into granted power and book its chips."""
    firm.granted_mw = firm.applied_mw
    firm.applied_mw = 0.0
    firm.blocked_by = NOTHING
    world.chips_left_gpus -= gpus


@kernel
def convert_sites(miners, ai_firms, worlds, pars):  # type: ignore[no-untyped-def]
    """Let AI firms that wait take over energised sites of licensed miners with fibre, where both gain.

    A buyer pays up to its gain from opening earlier; a miner asks for its site and for what the machines on
    it would still earn; they meet in the middle. Buyers in order of slot, each takes the cheapest site that
    is large enough. Returns MW that changed hands.
    """
    world, par = worlds[0], pars[0]
    moved = 0.0
    for i in range(len(ai_firms)):
        firm = ai_firms[i]
        if firm.applied_mw <= 0.0 or firm.chip_status != GRANTED or firm.site_bid_usd_per_mw <= 0.0:
            continue
        bid = firm.site_bid_usd_per_mw * firm.planned_mw_it / firm.applied_mw
        gpus = gpus_needed(firm, world)
        if gpus > world.chips_left_gpus:
            continue
        best, best_ask = -1, bid
        for j in range(len(miners)):
            seller = miners[j]
            if seller.fibre == 0 or seller.active == 0 or seller.compliance != LICENSED:
                continue
            ordered_ths = seller.order_ths + seller.used_order_ths
            if seller.kind == STATE or seller.building_mw > 0.0 or ordered_ths > 0.0:
                continue
            if seller.site_mw < firm.applied_mw:
                continue
            ask = site_ask_usd_per_mw(seller, par)
            if ask < best_ask:
                best, best_ask = j, ask
        if best < 0:
            continue
        seller = miners[best]
        price = 0.5 * (bid + best_ask) * firm.applied_mw
        raise_capital(firm, price)
        firm.site_sale_usd -= price
        firm.cash_usd -= price
        seller.site_sale_usd += price
        seller.cash_usd += price
        seller.site_mw -= firm.applied_mw
        make_room(seller, world, par)
        moved += firm.applied_mw
        firm.converted = 1
        grant(firm, world, gpus)
    return moved


@register_jitable
def site_ask_usd_per_mw(miner, par):  # type: ignore[no-untyped-def]
    """What a miner asks for a MW of its site: building it anew, and the operating profit of its machines'
    life.
    """
    monthly = (1.0 + miner.wacc_per_year + par.country_risk_premium) ** (1.0 / 12.0) - 1.0
    earning = max(0.0, miner.payoff_usd_per_mw) * geometric_sum(monthly, par.rig_life_months)
    return par.mining_site_capex_usd_per_mw + earning


@kernel
def connect(miners, ai_firms, operators, worlds, policies, pars):  # type: ignore[no-untyped-def]
    """Connect miners, let sites change hands, connect AI firms. Returns MW that changed hands."""
    connect_miners(miners, operators, policies)
    converted_mw = convert_sites(miners, ai_firms, worlds, pars)
    connect_ai(ai_firms, operators, worlds, policies, pars)
    return converted_mw
