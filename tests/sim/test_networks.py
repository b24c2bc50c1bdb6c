"""Who learns from whom: networks of peers and what firms see of them (M6)."""

from __future__ import annotations

import numpy as np
import pytest

from agents.base import new_records
from agents.miner import Miner
from agents.miner_appraisal import GREY, LICENSED, THEFT
from agents.world import U_PEER
from sim.networks import (
    COMMUNITY,
    CORE,
    CORE_PERIPHERY,
    PEERS,
    RANDOM,
    SMALL_WORLD,
    build_peers,
    observe_peers,
)
from tests.agents.observed import month, running_miner


@pytest.mark.parametrize("network", [RANDOM, SMALL_WORLD, CORE_PERIPHERY])
def test_peers_are_neighbours_in_the_community_and_do_not_depend_on_the_number_of_slots(network):
    many, few = build_peers(3, 90, network, 0.1), build_peers(3, 75, network, 0.1)
    assert many.shape == (90, PEERS)
    assert (many // COMMUNITY == np.arange(90)[:, None] // COMMUNITY).all()
    assert (many[:60] == few[:60]).all()
    assert set(few[60:].ravel()) <= {-1, *range(60, 75)}


def test_the_small_world_is_a_ring_with_a_share_of_long_ties():
    ring = build_peers(3, 3000, SMALL_WORLD, 0.0)
    assert sorted(ring[5]) == [3, 4, 6, 7]
    long_ties = (build_peers(3, 3000, SMALL_WORLD, 0.3) != ring).mean()
    # A rewired tie is the old one by chance once in 29 times
    assert long_ties == pytest.approx(0.3 * 28.0 / 29.0, abs=0.02)


def test_the_periphery_looks_at_the_core_only():
    peers = build_peers(3, COMMUNITY, CORE_PERIPHERY, 0.1)
    assert (peers[CORE:] < CORE).all()
    assert (peers[:CORE] >= CORE).any()


def test_firms_see_the_caught_share_of_their_illegal_peers_and_one_of_them():
    firms = new_records(Miner, 5)
    firms["active"], firms["energised_mw"] = 1, 1.0
    firms["compliance"] = [GREY, THEFT, THEFT, LICENSED, GREY]
    firms["caught"] = [0, 1, 0, 1, 0]
    firms["payoff_usd_per_mw"] = [0.0, 10.0, 20.0, 30.0, 40.0]
    firms["draws"][:, U_PEER] = 0.3  # the second of four peers, and a fifth of the way on to the third
    peers = np.array([[1, 2, 3, -1]] * 5)
    observe_peers(firms, peers)
    assert firms["peer_caught_share"][0] == 0.5
    assert (firms["peer_status"][0], firms["peer_payoff_usd_per_mw"][0]) == (THEFT, 20.0)
    assert firms["peer_draw"][0] == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("peer", "draw", "copied"),
    [
        ({"peer_status": THEFT, "peer_payoff_usd_per_mw": 1e6}, 0.05, True),
        ({"peer_status": THEFT, "peer_payoff_usd_per_mw": 1e6}, 0.5, False),  # did not meet
        ({"peer_status": THEFT, "peer_payoff_usd_per_mw": -1e6}, 0.05, False),
        ({"peer_status": LICENSED, "peer_payoff_usd_per_mw": 1e6}, 0.05, False),  # needs an application
        ({"peer_status": -1, "peer_payoff_usd_per_mw": 1e6}, 0.05, False),
        ({"peer_status": THEFT, "peer_payoff_usd_per_mw": 1e6, "can_bypass": 0}, 0.05, False),
    ],
)
def test_a_grey_firm_copies_a_thief_who_earns_more_if_it_can(peer, draw, copied):
    firm = running_miner(compliance=GREY, site_mw=1.0, draws=0.0, peer_draw=draw, **peer)
    Miner.plan(firm, *month())
    assert firm.compliance == (THEFT if copied else GREY)


@pytest.mark.parametrize(("hazard", "goes_on"), [(0.0, True), (1.0, False)])
def test_after_a_cut_off_a_firm_goes_on_or_gives_up_by_what_it_believes(hazard, goes_on):
    firm = running_miner(
        compliance=THEFT, site_mw=1.0, convictions=1, cutoff_months_left=1.0, perceived_hazard=hazard,
        morale=0.0,
    )  # fmt: skip
    world = {"industrial_tariff_usd_per_kwh": 1.0}  # grey power is no way out
    now = month(
        world, {"fine_usd_per_mw": 1e8}, deterrence_weight=1.0, penalty_collected_share=0.5, exit_months=3.0
    )
    Miner.plan(firm, *now)
    assert firm.cutoff_months_left == 0.0
    assert firm.loss_months == (0.0 if goes_on else 3.0)
    assert firm.compliance == THEFT
