"""The connection desk: who gets power under each allocation rule, and how much of the quota is left."""

from __future__ import annotations

import numpy as np
import pytest

from agents.ai_firm import AiFirm
from agents.base import new_records
from agents.grid_operator import GridOperator
from agents.miner import FARM, STATE, Miner
from agents.policy import AI_FIRST, AUCTION, FIRST_COME, PRO_RATA, Policy
from agents.world import World
from sim import load_scenario
from sim.connection import connect_ai, connect_miners, count_queue
from sim.parameters import parameter_record

PAR = parameter_record({**load_scenario().values(), "ai_connection_months": 6.0})
WANTED = [30.0, 10.0, 20.0, 40.0]
APPLIED = [3, 1, 2, 0]
BIDS = [5.0, 1.0, 9.0, 7.0]


def connect_four(rule: int, room_mw: float, quota_mw: float) -> tuple[np.ndarray, float]:
    """Four miners who wait for 100 MW together after the desk's month, and the MW kept for the next month."""
    miners, operator, policy = new_records(Miner, 4), new_records(GridOperator, 1), new_records(Policy, 1)
    miners["kind"] = FARM
    miners["applied_mw"], miners["applied_month"], miners["bid_usd_per_mw"] = WANTED, APPLIED, BIDS
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
    assert row["committed_ai_mw"] == pytest.approx(15.0 - 2.0 * PAR["ai_pue"][0])


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


def connect_three(
    room_mw: float, month: int, status: list[int], chips: float = 1e6
) -> tuple[list[float], float]:
    """MW granted to three AI firms that applied in months 2, 0 and 1, and the chips that this used of the
    year's.
    """
    firms, operator, world = new_records(AiFirm, 3), new_records(GridOperator, 1), new_records(World, 1)
    firms["kind"] = [1, 0, 2]
    firms["applied_mw"], firms["planned_mw_it"] = [20.0, 10.0, 30.0], [16.0, 8.0, 24.0]
    firms["applied_month"], firms["chip_status"] = [2, 0, 1], status
    operator["ai_room_mw"] = room_mw
    world["month"], world["chips_left_gpus"] = month, chips
    connect_ai(firms, operator, world, PAR)
    return firms["granted_mw"].tolist(), chips - float(world["chips_left_gpus"][0])


def test_ai_firms_are_connected_in_order_once_studied_and_licensed():
    per_mw_it = 1000.0 / PAR["gpu_kw_it"][0]
    assert connect_three(60.0, 8, [2, 2, 2]) == ([20.0, 10.0, 30.0], pytest.approx(40.0 * per_mw_it))
    assert connect_three(45.0, 8, [2, 2, 2]) == ([0.0, 10.0, 30.0], pytest.approx(24.0 * per_mw_it))
    assert connect_three(60.0, 6, [2, 2, 2]) == ([0.0, 10.0, 0.0], 0.0)
    assert connect_three(60.0, 8, [2, 2, 0]) == ([20.0, 10.0, 0.0], pytest.approx(16.0 * per_mw_it))
    assert connect_three(60.0, 8, [1, 0, 1]) == ([0.0, 0.0, 0.0], 0.0)


def test_the_years_chips_go_to_those_they_suffice_for():
    per_mw_it = 1000.0 / PAR["gpu_kw_it"][0]
    left_for_the_small = connect_three(60.0, 8, [2, 2, 2], chips=20.0 * per_mw_it)
    assert left_for_the_small == ([20.0, 10.0, 0.0], pytest.approx(16.0 * per_mw_it))
    assert connect_three(60.0, 8, [2, 2, 2], chips=0.0) == ([0.0, 10.0, 0.0], 0.0)


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
