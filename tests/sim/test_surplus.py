"""What is left for new load: closed forms, and never dearer to dispatch than to count."""

from __future__ import annotations

import numpy as np
import pytest

from sim import load_scenario
from sim.model import WattLabModel
from sim.surplus import ANY, CHEAP, DEAR, PROBE_MW, fill_idle, measure, surplus_of

NOBODY = {"miners": 1, "world_miners": 1, "ai_firms": 1}
INF = float("inf")


def left(**changes):
    """Free MW by limit and zone, and cost of 100 MW more, of two zones in one hour.

    South: 300 MW idle at 10 and 200 at 30; north: 500 MW of a gas plant at 20, 400 MW of stored water.
    """
    case = {
        "gen": np.array([[100.0], [0.0], [0.0], [200.0]]),
        "maximum": np.array([[400.0], [200.0], [500.0], [600.0]]),
        "cost": np.array([10.0, 30.0, 20.0, 0.0]),
        "zone": np.array([0, 0, 1, 1]),
        "limited": np.array([False, False, False, True]),
        "group": np.array([-1, -1, 0, -1]),
        "gas_cap": INF,
        "flow": np.array([50.0]),
        "link": 150.0,
        "over": np.zeros((2, 1)),
        "limits": np.array([10.0, 20.0, INF]),
        "reserve": 0.0,
        "lost": 1000.0,
        "probe": 100.0,
    } | changes
    free, price = measure(*case.values())
    return free[:, :, 0].tolist(), price[:, 0].tolist()


def test_a_zone_has_its_own_plants_and_what_the_link_has_room_for():
    free, price = left()
    # 50 MW flow north: 100 MW more may follow, and 200 MW may turn round
    assert free == [[300.0, 100.0], [500.0, 600.0], [700.0, 600.0]]
    assert price == [10.0, 10.0]


def test_a_full_link_leaves_each_zone_to_itself():
    free, price = left(flow=np.array([150.0]))
    assert [zone[1] for zone in free] == [0.0, 500.0, 500.0]
    assert price == [10.0, 20.0]


def test_the_reserve_is_held_by_the_dearest_plants():
    free, _ = left(reserve=600.0)
    assert free[0] == [300.0, 100.0]
    assert free[2] == [400.0, 400.0]


def test_gas_counts_within_the_limit_of_its_fuel():
    free, _ = left(gas_cap=120.0)
    assert free[1] == [420.0, 220.0]


def test_stored_water_counts_for_nothing_and_curtailed_energy_is_free():
    free, price = left(over=np.array([[0.0], [40.0]]))
    assert free[0] == [340.0, 140.0]
    assert price == [pytest.approx(6.0), pytest.approx(6.0)]


def test_beyond_all_plants_a_megawatt_hour_costs_lost_load():
    nothing = np.array([[400.0], [200.0], [450.0], [600.0]])
    free, price = left(gen=nothing)
    assert free[2] == [50.0, 50.0]
    assert price == [pytest.approx(0.5 * 20.0 + 0.5 * 1000.0)] * 2


@pytest.fixture(scope="module")
def model() -> WattLabModel:
    scenario = load_scenario("pakistan", "pakistan-status-quo", months=12, population=NOBODY)
    return WattLabModel(scenario, 3)


def test_more_is_left_at_a_higher_limit_and_nothing_beyond_what_idles(model):
    for t in range(12):
        month = model.power.run_month(model.state, t)
        free = surplus_of(model.power, [month], model.state.par).free_mw[0]
        assert (free[CHEAP] <= free[DEAR]).all()
        assert (free[DEAR] <= free[ANY]).all()
        idle = (month.maximum_mw - month.result.gen_mw)[~model.power.limited].sum(axis=0)
        assert (free[ANY] <= idle + month.result.over_mw.sum(axis=0) + 1e-6).all()


def test_dispatching_new_load_costs_no_more_than_the_surplus_says(model):
    """The idle plants are one way to serve it; dispatch may find a cheaper one, by moving water."""
    state, system = model.state, model.power
    firm = state.ai_firms
    for t in (5, 9):
        firm["active"] = 0
        month = system.run_month(state, t)
        said = surplus_of(system, [month], state.par).probe_usd_per_mwh[0]
        hours = 24.0 * month.days
        for zone in range(2):
            firm["zone"][0], firm["active"][0] = zone, 1
            firm["load_mw"][0] = PROBE_MW * (1.0 - model.values["transmission_loss_share"])
            more = system.run_month(state, t)
            cost = (more.result.cost_usd - month.result.cost_usd) / (PROBE_MW * hours)
            assert 0.0 < cost <= said[zone].mean() * (1.0 + 1e-9)
    firm["active"] = 0


def test_a_limit_of_gas_exceeded_by_rounding_leaves_nothing_and_divides_by_nothing():
    """All gas plants run at their limit, and their sum is above the cap by less than a milliwatt."""
    idle, gen = np.zeros((2, 1)), np.array([[100.0], [50.0]])
    fill_idle(idle, gen, gen.copy(), np.array([False, False]), np.array([0, -1]), 100.0 - 1e-12)
    assert idle.tolist() == [[0.0], [0.0]]
