"""B10 Dispatch: "Maximise sum wtp_j d_j - sum c_i g_i; price = dual of the balance."

Source: linear programming duality; the oracle is HiGHS on the whole programme, through `solve_lp`. "Values: c
= (5, 12, 20, 35, 60), cap = (30, 40, 25, 20, 15), wtp = (300, 300, 95, 70, 40), demand = (50, 20, 15, 25,
30): g = (30, 40, 25, 20, 0), last block served 5 of 30, price 40 (set by demand), welfare 22,545 = producer
plus consumer surplus. Tolerance 1e-8 between merit order and linprog. At an exact step the dual is an
interval: accept any value inside."
"""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.dispatch import DispatchCase, DispatchResult, dispatch, solve_lp

COST = np.array([5.0, 12.0, 20.0, 35.0, 60.0])
CAP = np.array([30.0, 40.0, 25.0, 20.0, 15.0])
WTP = np.array([300.0, 300.0, 95.0, 70.0, 40.0])
DEMAND = np.array([50.0, 20.0, 15.0, 25.0, 30.0])
TOLERANCE = 1e-8  # theory.md B10

SEARCH = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def make_case(cost: Any, cap: Any, demand_mw: float, **changes: Any) -> DispatchCase:
    """One zone, one hour, no limits but capacity; `changes` replaces fields."""
    plants = len(cost)
    case = DispatchCase(
        days=1.0,
        zone=np.zeros(plants, dtype=np.int64),
        min_mw=np.zeros(plants),
        max_mw=np.array(cap, dtype=float)[:, None],
        cost_usd_per_mwh=np.array(cost, dtype=float),
        energy_max_mwh=np.full(plants, np.inf),
        energy_min_mwh=np.zeros(plants),
        take_or_pay_usd_per_mwh=np.zeros(plants),
        fuel_group=np.full(plants, -1),
        group_cap_mw=np.empty(0),
        group_energy_max_mwh=np.empty(0),
        demand_mw=np.array([[demand_mw]]),
        interruptible_mw=np.zeros((1, 1)),
        link_north_mw=0.0,
        link_south_mw=0.0,
        interruptible_cost_usd_per_mwh=200.0,
        value_of_lost_load_usd_per_mwh=1000.0,
        over_cost_usd_per_mwh=1.0,
    )
    return case._replace(**changes)


@pytest.mark.parametrize("solve", [dispatch, solve_lp])
def test_worked_case(solve: Any) -> None:
    # A block that is not served forgoes its willingness to pay: it enters the merit order like a plant.
    case = make_case(np.concatenate((COST, WTP)), np.concatenate((CAP, DEMAND)), DEMAND.sum())
    result = solve(case)
    supply, not_served = result.gen_mw[:5, 0], result.gen_mw[5:, 0]
    served = DEMAND - not_served
    price = result.price_usd_per_mwh[0, 0]
    np.testing.assert_allclose(supply, [30.0, 40.0, 25.0, 20.0, 0.0], rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(served, [50.0, 20.0, 15.0, 25.0, 5.0], rtol=0, atol=TOLERANCE)
    assert price == pytest.approx(40.0, abs=TOLERANCE)
    welfare = WTP @ served - COST @ supply
    surplus = (WTP - price) @ served + (price - COST) @ supply
    assert welfare == pytest.approx(22545.0, rel=TOLERANCE)
    assert surplus == pytest.approx(welfare, rel=TOLERANCE)
    assert not result.fallback


blocks = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 50)), min_size=1, max_size=8)


@settings(SEARCH, max_examples=200)
@given(supply=blocks, demand=blocks)
def test_nothing_out_of_the_money_on_random_books(
    supply: list[tuple[int, int]], demand: list[tuple[int, int]]
) -> None:
    cost, cap = (np.array(side, dtype=float) for side in zip(*supply, strict=True))
    wtp, wanted = (np.array(side, dtype=float) for side in zip(*demand, strict=True))
    case = make_case(np.concatenate((cost, wtp)), np.concatenate((cap, wanted)), wanted.sum())
    result = dispatch(case)
    reference = solve_lp(case)
    produced, not_served = result.gen_mw[: len(cost), 0], result.gen_mw[len(cost) :, 0]
    price = result.price_usd_per_mwh[0, 0]
    assert produced.sum() == pytest.approx((wanted - not_served).sum(), abs=1e-9)
    assert result.cost_usd == pytest.approx(reference.cost_usd, rel=TOLERANCE, abs=TOLERANCE)
    assert np.all(produced[cost > price] <= 1e-9)
    assert np.all(produced[cost < price] >= cap[cost < price] - 1e-9)
    assert np.all(not_served[wtp > price] <= 1e-9)
    assert np.all(not_served[wtp < price] >= wanted[wtp < price] - 1e-9)


@st.composite
def months(draw: st.DrawFn) -> DispatchCase:
    """Months with every coupling the dispatch knows; the coarse step makes ties and binding limits common."""
    zones, plants = draw(st.integers(1, 2)), draw(st.integers(1, 14))
    groups = draw(st.integers(0, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    step = draw(st.sampled_from([10.0, 1e-6]))  # coarse: many exact ties; fine: practically none
    tightness = draw(
        st.sampled_from([0.0, 0.3, 0.8, 1.0, 1.5])
    )  # mean demand over capacity: none ... shortage
    link = draw(st.tuples(*[st.sampled_from([0.0, 20.0, 50.0, 1e4])] * 2))
    share = {
        name: draw(st.sampled_from([0.0, 0.5])) for name in ("must_run", "water", "contract", "flexible")
    }
    hourly = draw(st.booleans())

    def rounded(values: Any) -> Any:
        return np.round(values / step) * step

    maximum = rounded(
        rng.uniform(0.0, 100.0, (plants, 1)) * rng.uniform(0.3 if hourly else 1.0, 1.0, (plants, 24))
    )
    energy = maximum.sum(axis=1) * 30.0
    water = np.where(
        rng.random(plants) < share["water"], rounded(energy * rng.uniform(0.0, 1.1, plants)), np.inf
    )
    contract = rng.random(plants) < share["contract"]
    demand = rounded(maximum.sum() / 24.0 / zones * tightness * rng.uniform(0.3, 1.3, (zones, 24)))
    demand[rng.integers(zones)] *= draw(st.sampled_from([1.0, 1.0, 0.0]))
    group_energy = rounded(rng.uniform(0.0, 0.5, groups) * energy.sum())
    return DispatchCase(
        days=30.0,
        zone=rng.integers(0, zones, plants),
        min_mw=np.where(rng.random(plants) < share["must_run"], rounded(rng.uniform(0.0, 60.0, plants)), 0.0),
        max_mw=maximum,
        cost_usd_per_mwh=rounded(rng.uniform(0.0, 60.0, plants)),
        energy_max_mwh=water,
        energy_min_mwh=np.where(contract, rounded(energy * rng.uniform(0.0, 1.1, plants)), 0.0),
        take_or_pay_usd_per_mwh=rounded(rng.uniform(0.0, 80.0, plants)),
        fuel_group=rng.integers(-1, groups, plants),
        group_cap_mw=np.where(rng.random(groups) < 0.7, rounded(rng.uniform(0.0, 200.0, groups)), np.inf),
        group_energy_max_mwh=np.where(rng.random(groups) < 0.7, group_energy, np.inf),
        demand_mw=demand,
        interruptible_mw=rounded(demand * share["flexible"] * rng.uniform(0.0, 1.2, (zones, 24))),
        link_north_mw=link[0],
        link_south_mw=link[1],
        interruptible_cost_usd_per_mwh=draw(st.sampled_from([40.0, 100.0])),
        value_of_lost_load_usd_per_mwh=draw(st.sampled_from([100.0, 1000.0])),
        over_cost_usd_per_mwh=draw(st.sampled_from([0.0, 1.0, 20.0])),
    )


def check_against_lp(case: DispatchCase) -> DispatchResult:
    """Compare a dispatch with the linear programme; return it."""
    result, reference = dispatch(case), solve_lp(case)
    assert reference.converged
    assert result.converged
    assert result.gap_relative <= 1e-9
    assert result.violation_relative <= 1e-9
    assert abs(result.cost_usd - reference.cost_usd) <= TOLERANCE * max(1.0, abs(reference.cost_usd))
    return result


@pytest.mark.slow
@settings(SEARCH, max_examples=600)
@given(case=months())
def test_cost_equals_linear_programme(case: DispatchCase) -> None:
    check_against_lp(case)


@settings(SEARCH, max_examples=40)
@given(case=months())
def test_cost_equals_linear_programme_on_fewer_months(case: DispatchCase) -> None:
    check_against_lp(case)


@settings(SEARCH, max_examples=40)
@given(case=months(), hour=st.integers(0, 23), step_mw=st.sampled_from([0.1, 1.0]))
def test_price_lies_in_the_dual_interval(case: DispatchCase, hour: int, step_mw: float) -> None:
    # Least cost is convex in demand, so its slopes over any finite step enclose the interval of duals.
    prices = {"kernel": dispatch(case).price_usd_per_mwh, "highs": solve_lp(case).price_usd_per_mwh}
    for zone in range(case.demand_mw.shape[0]):
        slope = {}
        for sign in (-1.0, 1.0):
            demand = case.demand_mw.copy()
            demand[zone, hour] += sign * step_mw
            if demand[zone, hour] < case.interruptible_mw[zone, hour]:
                continue  # the interruptible block would change with demand
            change = solve_lp(case._replace(demand_mw=demand)).cost_usd - solve_lp(case).cost_usd
            slope[sign] = sign * change / (step_mw * case.days)
        for name, price in prices.items():
            scale = 1e-6 * (1.0 + abs(price[zone, hour]))
            assert price[zone, hour] >= slope.get(-1.0, -np.inf) - scale, name
            assert price[zone, hour] <= slope.get(1.0, np.inf) + scale, name
