"""The connection desk: who gets power under each allocation rule, and how much of the quota is left."""

from __future__ import annotations

import numpy as np
import pytest

from agents.ai_appraisal import site_mw_per_mw_it
from agents.ai_firm import COLOCATION, AiFirm
from agents.ai_fleet import APPLIED
from agents.ai_siting import CHIPS, QUEUE
from agents.base import new_records
from agents.grid_operator import GridOperator
from agents.miner import FARM, STATE, Miner
from agents.policy import AI_FIRST, AUCTION, FIRST_COME, PRO_RATA, Policy
from agents.world import U_QUEUE, World
from sim import load_scenario
from sim.compiled import agent_loop
from sim.connection import connect_ai, connect_miners, convert_sites, count_queue
from sim.parameters import parameter_record
from sim.state import KINDS, empty_state

VALUES = load_scenario().values()
PAR = parameter_record({**VALUES, "ai_connection_months": 6.0})
WANTED = [30.0, 10.0, 20.0, 40.0]
SINCE = [3, 1, 2, 0]
BIDS = [5.0, 1.0, 9.0, 7.0]


def connect_four(rule: int, room_mw: float, quota_mw: float) -> tuple[np.ndarray, float]:
    """Four miners who wait for 100 MW together after the desk's month, and the MW kept for the next month."""
    miners, operator, policy = new_records(Miner, 4), new_records(GridOperator, 1), new_records(Policy, 1)
    miners["kind"] = FARM
    miners["applied_mw"], miners["applied_month"], miners["bid_usd_per_mw"] = WANTED, SINCE, BIDS
    operator["mining_room_mw"], operator["queue_mining_mw"] = room_mw, 100.0
    policy["allocation_rule"], policy["quota_mw"], policy["mining_quota_share"] = rule, quota_mw, 1.0
    connect_miners(miners, operator, policy)
    return miners, float(operator["mining_carry_mw"][0])


def granted(rule: int, room_mw: float) -> list[float]:
    """MW granted while the quota is far away; whoever is not served goes on waiting."""
    miners, _ = connect_four(rule, room_mw, 1000.0)
    served = miners["granted_mw"] > 0.0
    assert (miners["applied_mw"][served] == 0.0).all()
    assert miners["applied_mw"][~served].tolist() == np.array(WANTED)[~served].tolist()
    assert miners["granted_mw"].sum() <= room_mw + 1e-9
    return miners["granted_mw"].tolist()


@pytest.mark.parametrize(
    ("rule", "room_mw", "expected"),
    [
        (FIRST_COME, 60.0, [0.0, 10.0, 0.0, 40.0]),
        (FIRST_COME, 100.0, WANTED),
        (FIRST_COME, 39.0, [0.0] * 4),
        (AUCTION, 60.0, [0.0, 0.0, 20.0, 40.0]),
        (AUCTION, 95.0, [30.0, 0.0, 20.0, 40.0]),
        (PRO_RATA, 50.0, [15.0, 5.0, 10.0, 20.0]),
        (PRO_RATA, 100.0, WANTED),
        (AI_FIRST, 60.0, [0.0, 10.0, 0.0, 40.0]),
        (FIRST_COME, 0.0, [0.0] * 4),
    ],
)
def test_each_allocation_rule_serves_whom_it_says(rule, room_mw, expected):
    assert granted(rule, room_mw) == pytest.approx(expected)


def test_room_that_is_too_small_for_the_first_in_line_is_kept_for_it():
    miners, carry = connect_four(FIRST_COME, 60.0, 1000.0)
    assert miners["applied_mw"].tolist() == [30.0, 0.0, 20.0, 0.0]
    assert carry == 10.0
    _, carry = connect_four(FIRST_COME, 100.0, 1000.0)
    assert carry == 0.0


def test_the_last_of_the_quota_goes_to_the_first_in_line_in_part():
    miners, carry = connect_four(FIRST_COME, 60.0, 60.0)
    assert miners["granted_mw"].tolist() == [0.0, 10.0, 10.0, 40.0]
    assert carry == 0.0


def test_an_empty_queue_is_left_alone():
    miners = new_records(Miner, 2)
    operator = new_records(GridOperator, 1)
    operator["mining_room_mw"] = 10.0
    connect_miners(miners, operator, new_records(Policy, 1))
    assert miners["granted_mw"].tolist() == [0.0, 0.0]


def test_the_desk_counts_who_waits_and_what_is_committed():
    """Illegal sites, the state's own and data centres that stood before the allocation are outside the
    quota.
    """
    miners, firms = new_records(Miner, 5), new_records(AiFirm, 2)
    operator, world = new_records(GridOperator, 1), new_records(World, 1)
    miners["kind"] = [FARM, FARM, FARM, FARM, STATE]
    miners["applied_mw"] = [5.0, 0.0, 2.0, 0.0, 0.0]
    miners["site_mw"] = [1.0, 10.0, 0.0, 100.0, 70.0]
    miners["building_mw"] = [0.0, 20.0, 0.0, 0.0, 0.0]
    miners["compliance"] = [0, 0, 0, 2, 0]
    firms["applied_mw"], firms["site_mw"], firms["building_mw"] = [7.0, 0.0], [3.0, 4.0], [0.0, 8.0]
    firms["legacy_mw_it"] = [0.0, 2.0]
    count_queue(miners, firms, operator, world, PAR)
    row = operator[0]
    assert (row["queue_mining_mw"], row["committed_mining_mw"]) == (7.0, 31.0)
    assert row["queue_ai_mw"] == 7.0
    assert row["committed_ai_mw"] == pytest.approx(15.0 - 2.0 * site_mw_per_mw_it(COLOCATION, PAR[0]))


def test_imitators_see_a_running_year_of_entrants():
    miners, firms = new_records(Miner, 10), new_records(AiFirm, 1)
    operator, world = new_records(GridOperator, 1), new_records(World, 1)
    miners["entered"][:3] = 1
    seen = []
    for _ in range(200):
        count_queue(miners, firms, operator, world, PAR)
        seen.append(float(world["entrants"][0]))
    assert seen[0] == 3.0
    assert seen[1] == pytest.approx(3.0 + 3.0 * 11.0 / 12.0)
    assert seen[-1] == pytest.approx(36.0, rel=1e-6)
    assert world["entrants_log"][0] == pytest.approx(np.log(37.0), rel=1e-6)


def test_an_applicant_who_waits_is_an_entrant_once():
    state = empty_state(dict.fromkeys(KINDS, 1), new_records(Policy, 1), PAR)
    state.miners["entered"], state.miners["applied_mw"] = 1, 5.0
    state.begin_month(0, 0)
    assert state.miners["entered"].tolist() == [0]
    assert state.miners["applied_mw"].tolist() == [5.0]


GPU_KW = 1.25


def desk_world(month: int, chips: float = 1e9) -> np.ndarray:
    """Observation with one GPU generation of 1.25 kW on sale."""
    world = new_records(World, 1)
    world["month"], world["chips_left_gpus"] = month, chips
    world["gpu_kw_it"], world["offer_effective"] = GPU_KW, 1
    world["gpu_on_sale"][0, 3] = 1.0
    return world


def connect_three(
    room_mw: float, month: int, status: list[int], chips: float = 1e6
) -> tuple[list[float], float, list[int]]:
    """MW granted to three AI firms that applied in months 2, 0 and 1, the chips that this used of the
    year's, and what holds each back.
    """
    firms, operator, world = new_records(AiFirm, 3), new_records(GridOperator, 1), desk_world(month, chips)
    firms["kind"], firms["project"] = [1, 0, 2], APPLIED
    firms["applied_mw"], firms["planned_mw_it"] = [20.0, 10.0, 30.0], [16.0, 8.0, 24.0]
    firms["applied_month"], firms["chip_status"] = [2, 0, 1], status
    operator["ai_room_mw"] = room_mw
    connect_ai(firms, operator, world, new_records(Policy, 1), PAR)
    used = chips - float(world["chips_left_gpus"][0])
    return firms["granted_mw"].tolist(), used, firms["blocked_by"].tolist()


PER_MW_IT = 1000.0 / GPU_KW


def test_ai_firms_are_connected_in_order_once_studied_and_licensed():
    assert connect_three(60.0, 8, [2, 2, 2])[:2] == ([20.0, 10.0, 30.0], pytest.approx(40.0 * PER_MW_IT))
    few = connect_three(45.0, 8, [2, 2, 2])
    assert few == ([0.0, 10.0, 30.0], pytest.approx(24.0 * PER_MW_IT), [QUEUE, 0, 0])
    assert connect_three(60.0, 6, [2, 2, 2])[:2] == ([0.0, 10.0, 0.0], 0.0)
    assert connect_three(60.0, 8, [2, 2, 0])[:2] == ([20.0, 10.0, 0.0], pytest.approx(16.0 * PER_MW_IT))
    assert connect_three(60.0, 8, [1, 0, 1])[:2] == ([0.0, 0.0, 0.0], 0.0)


def test_the_years_chips_go_to_those_they_suffice_for():
    granted, used, blocked = connect_three(60.0, 8, [2, 2, 2], chips=20.0 * PER_MW_IT)
    assert (granted, used) == ([20.0, 10.0, 0.0], pytest.approx(16.0 * PER_MW_IT))
    assert blocked == [0, 0, CHIPS]
    assert connect_three(60.0, 8, [2, 2, 2], chips=0.0)[0] == [0.0, 10.0, 0.0]


def converted(fibre: int = 1, payoff: float = 0.0, bid: float = 2e6, site: float = 20.0, **seller):
    """An AI firm that waits for 10 MW and a miner with a site, after the market for sites; both records."""
    miners, firms = new_records(Miner, 2), new_records(AiFirm, 1)
    miners["active"], miners["kind"], miners["fibre"] = 1, FARM, [0, fibre]
    miners["site_mw"], miners["payoff_usd_per_mw"], miners["pue"] = site, payoff, 1.1
    for name, value in seller.items():
        miners[name][1] = value
    firms["kind"], firms["project"], firms["chip_status"] = 1, APPLIED, 2
    firms["applied_mw"], firms["planned_mw_it"], firms["site_bid_usd_per_mw"] = 10.0, 8.0, bid
    moved = convert_sites(miners, firms, desk_world(3), PAR)
    return firms[0], miners[1], moved


def test_an_ai_firm_takes_over_a_mining_site_where_both_gain():
    firm, miner, moved = converted()
    assert (moved, firm.granted_mw, firm.converted, miner.site_mw) == (10.0, 10.0, 1, 10.0)
    ask, bid = float(PAR["mining_site_capex_usd_per_mw"][0]), 2e6 * 8.0 / 10.0
    price = 0.5 * (ask + bid) * 10.0
    assert miner.site_sale_usd == -firm.site_sale_usd == pytest.approx(price)
    assert miner.cash_usd == pytest.approx(price)
    assert firm.equity_usd + firm.loan_usd == pytest.approx(price)


def test_a_converted_project_is_not_granted_twice():
    firms, operator, world = new_records(AiFirm, 1), new_records(GridOperator, 1), desk_world(30)
    firms["project"], firms["chip_status"], firms["granted_mw"], firms["planned_mw_it"] = APPLIED, 2, 9.0, 8.0
    operator["ai_room_mw"] = 100.0
    connect_ai(firms, operator, world, new_records(Policy, 1), PAR)
    assert firms["granted_mw"][0] == 9.0


@pytest.mark.parametrize(
    "terms",
    [
        {"fibre": 0}, {"bid": 5e5}, {"payoff": 1e5}, {"site": 9.0}, {"compliance": 2}, {"active": 0},
        {"building_mw": 1.0}, {"kind": STATE},
    ],
)  # fmt: skip
def test_no_site_changes_hands_without_power_fibre_capital_and_gain(terms):
    firm, miner, moved = converted(**terms)
    assert (moved, firm.granted_mw, miner.site_sale_usd) == (0.0, 0.0, 0.0)


@pytest.mark.slow
@pytest.mark.parametrize(("arrival", "completed", "waiting"), [(5.0, 0.30, 35.0), (10.0, 0.15, 85.0)])
def test_the_desk_under_poisson_applications_is_erlang_a(arrival, completed, waiting):
    """B14 with the desk of a run: operator, desk and impatience as in a month; three desks of half a
    connection a month are a pace of 1.5 stages. In overload the share completed is c mu / lambda and the
    queue (lambda - c mu) / theta, up to the month in which impatience acts.
    """
    months, slots, theta, pace = 6000, 400, 0.1, 1.5
    par = parameter_record(
        {
            **VALUES,
            "ai_connection_months": 0.0,
            "ai_queue_attrition_per_month": theta,
            "connection_pace_mw_per_month": pace,
        }
    )
    generator = np.random.default_rng(14)
    firms, operator, policy = new_records(AiFirm, slots), new_records(GridOperator, 1), new_records(Policy, 1)
    miners, world = new_records(Miner, 1), desk_world(0)
    policy["offer_open"], policy["quota_mw"], policy["mining_quota_share"] = 1, 1e9, 1.0
    survive = agent_loop(AiFirm.review_survival)
    applied = done = 0
    queue = 0.0
    for t in range(months):
        world["month"] = t
        idle = np.flatnonzero(firms["project"] == 0)[: generator.poisson(arrival)]
        firms["project"][idle], firms["chip_status"][idle], firms["kind"][idle] = APPLIED, 2, 0
        firms["applied_mw"][idle], firms["planned_mw_it"][idle], firms["applied_month"][idle] = 1.0, 1.0, t
        count_queue(miners, firms, operator, world, par)
        GridOperator.offer_connections(operator[0], world[0], policy[0], par[0])
        connect_ai(firms, operator, world, policy, par)
        granted = firms["granted_mw"] > 0.0
        firms["draws"][:, U_QUEUE] = generator.random(slots)
        before = float(((firms["project"] == APPLIED) & ~granted).sum())
        firms["project"][granted], firms["granted_mw"][granted] = 0, 0.0
        survive(firms, world, policy, par)
        if t >= 100:
            applied, done = applied + len(idle), done + int(granted.sum())
            queue += 0.5 * (before + float((firms["project"] == APPLIED).sum()))
    assert done / applied == pytest.approx(completed, abs=1e-2)
    assert queue / (months - 100) == pytest.approx(waiting, rel=2e-2)
    # Little: mean wait of all applicants
    assert queue / applied == pytest.approx(waiting / arrival, rel=2e-2)


def rooms(mining_committed=0.0, ai_committed=0.0, queue_ai=0.0, carry=(0.0, 0.0), **policy_values):
    """MW that the operator offers this month: (mining, AI)."""
    operator, policy, world = (
        new_records(GridOperator, 1)[0],
        new_records(Policy, 1)[0],
        new_records(World, 1)[0],
    )
    world.offer_effective = 1
    operator.committed_mining_mw, operator.committed_ai_mw = mining_committed, ai_committed
    operator.queue_ai_mw = queue_ai
    operator.mining_carry_mw, operator.ai_carry_mw = carry
    defaults = {"offer_open": 1, "quota_mw": 1000.0, "mining_quota_share": 1.0}
    for name, value in {**defaults, **policy_values}.items():
        policy[name] = value
    par = parameter_record({**load_scenario().values(), "connection_pace_mw_per_month": 50.0})[0]
    GridOperator.offer_connections(operator, world, policy, par)
    return operator.mining_room_mw, operator.ai_room_mw


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, (50.0, 50.0)),
        ({"mining_committed": 980.0}, (20.0, 20.0)),
        ({"mining_committed": 600.0, "ai_committed": 390.0}, (10.0, 10.0)),
        ({"mining_committed": 600.0, "ai_committed": 500.0}, (0.0, 0.0)),
        ({"mining_committed": 390.0, "mining_quota_share": 0.4}, (10.0, 50.0)),
        ({"carry": (7.0, 9.0)}, (57.0, 59.0)),
        ({"carry": (7.0, 9.0), "mining_committed": 945.0}, (55.0, 55.0)),
        ({"mining_committed": 900.0, "ai_priority": 1, "queue_ai": 70.0}, (30.0, 50.0)),
        ({"mining_committed": 900.0, "allocation_rule": AI_FIRST, "queue_ai": 200.0}, (0.0, 50.0)),
        ({"offer_open": 0}, (0.0, 50.0)),
    ],
)
def test_the_operator_offers_what_the_quota_and_its_pace_leave(arguments, expected):
    assert rooms(**arguments) == expected
