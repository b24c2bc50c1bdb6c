"""The connection desk: which applicants get power this month, by the regime's allocation rule."""

from __future__ import annotations

import numpy as np

from agents.ai_appraisal import COLOCATION
from agents.miner import STATE
from agents.policy import AUCTION, PRO_RATA
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
    operator.queue_mining_mw = waiting
    operator.committed_mining_mw = committed
    waiting, committed = 0.0, 0.0
    for i in range(len(ai_firms)):
        waiting += ai_firms[i].applied_mw
        other = ai_firms[i]
        legacy_mw = min(other.site_mw, other.legacy_mw_it * pars[0].ai_pue)
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
def connect_ai(ai_firms, operators, worlds, pars):  # type: ignore[no-untyped-def]
    """Grant power to AI firms whose chip licence is settled, in order of application; their chips count
    against the cap.
    """
    operator = operators[0]
    room = operator.ai_room_mw
    operator.ai_carry_mw = 0.0
    world = worlds[0]
    order = np.empty(len(ai_firms))
    for i in range(len(ai_firms)):
        firm = ai_firms[i]
        studied = world.month - firm.applied_month >= pars[0].ai_connection_months
        waiting = firm.applied_mw > 0.0 and firm.chip_status == 2 and studied
        order[i] = float(firm.applied_month) if waiting else np.inf
    for position in np.argsort(order, kind="mergesort"):
        firm = ai_firms[position]
        if order[position] == np.inf:
            break
        gpus = firm.planned_mw_it * 1000.0 / pars[0].gpu_kw_it if firm.kind != COLOCATION else 0.0
        if gpus > world.chips_left_gpus:
            continue
        if firm.applied_mw > room:
            operator.ai_carry_mw = room
            break
        firm.granted_mw = firm.applied_mw
        firm.applied_mw = 0.0
        room -= firm.granted_mw
        world.chips_left_gpus -= gpus
