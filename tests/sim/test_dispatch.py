"""Monthly dispatch: cases solved by hand, a Pakistan-like system, and what happens when the kernel gives up.

That cost equals the linear programme on random months is tested in tests/theory/test_b10_dispatch.py.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import sim.dispatch
import sim.dispatch_search
from sim.dispatch import DispatchCase, DispatchResult, dispatch, empty_output, solve_lp, standard_case
from sim.dispatch_case import dual_bound_usd, must_run_mw, prove, violation_relative
from sim.dispatch_search import dispatch_kernel
from sim.errors import ModelError

FloatArray = npt.NDArray[np.float64]


def make_case(cost: Any, maximum: Any, demand: Any, zone: Any = None, **changes: Any) -> DispatchCase:
    """Build a case without limits, hours and zones as in `demand` [Z, H]; `changes` replaces fields."""
    plants = len(cost)
    demand = np.atleast_2d(np.asarray(demand, dtype=float))
    case = DispatchCase(
        days=1.0,
        zone=np.zeros(plants, dtype=np.int64) if zone is None else np.array(zone),
        min_mw=np.zeros(plants),
        max_mw=np.repeat(np.array(maximum, dtype=float)[:, None], demand.shape[1], axis=1),
        cost_usd_per_mwh=np.array(cost, dtype=float),
        energy_max_mwh=np.full(plants, np.inf),
        energy_min_mwh=np.zeros(plants),
        take_or_pay_usd_per_mwh=np.zeros(plants),
        fuel_group=np.full(plants, -1),
        group_cap_mw=np.empty(0),
        group_energy_max_mwh=np.empty(0),
        demand_mw=demand,
        interruptible_mw=np.zeros_like(demand),
        link_north_mw=0.0,
        link_south_mw=0.0,
        interruptible_cost_usd_per_mwh=100.0,
        value_of_lost_load_usd_per_mwh=500.0,
        over_cost_usd_per_mwh=1.0,
    )
    return case._replace(**{name: np.asarray(v) if np.ndim(v) else v for name, v in changes.items()})


both = pytest.mark.parametrize("solve", [dispatch, solve_lp])
PEAK_DEMAND = np.repeat([80.0, 140.0], 12)


@both
@pytest.mark.parametrize(
    ("water_mwh", "saved_usd", "value"), [(300.0, 300 * 50, 50.0), (600.0, 480 * 50 + 120 * 20, 20.0)]
)
def test_water_displaces_the_dearest_plant_first(
    solve: Any, water_mwh: float, saved_usd: float, value: float
) -> None:
    # Without water the 50-dollar plant makes 40 MW in 12 hours: 480 MWh.
    case = make_case(
        [20.0, 50.0, 0.0], [100.0, 100.0, 60.0], PEAK_DEMAND, energy_max_mwh=[np.inf, np.inf, water_mwh]
    )
    dry = 20.0 * (12 * 80 + 12 * 100) + 50.0 * 480
    result = solve(case)
    assert result.cost_usd == pytest.approx(dry - saved_usd, rel=1e-12)
    assert result.plant_value_usd_per_mwh[2] == pytest.approx(value)
    assert result.gen_mw[2].sum() == pytest.approx(water_mwh)
    np.testing.assert_allclose(result.price_usd_per_mwh[0, :12], 20.0)
    assert not result.fallback


@both
@pytest.mark.parametrize(
    ("penalty", "taken_mwh", "extra_usd"), [(30.0, 480.0, 480 * 20.0), (10.0, 0.0, 480 * 10.0)]
)
def test_take_or_pay_is_taken_if_the_penalty_exceeds_the_cost_difference(
    solve: Any, penalty: float, taken_mwh: float, extra_usd: float
) -> None:
    case = make_case(
        [40.0, 60.0],
        [200.0, 100.0],
        np.full(24, 100.0),
        energy_min_mwh=[0.0, 480.0],
        take_or_pay_usd_per_mwh=[0.0, penalty],
    )
    result = solve(case)
    assert result.gen_mw[1].sum() == pytest.approx(taken_mwh)
    assert result.shortfall_mwh[1] == pytest.approx(480.0 - taken_mwh)
    assert result.cost_usd == pytest.approx(24 * 100 * 40.0 + extra_usd, rel=1e-12)
    assert result.plant_value_usd_per_mwh[1] == pytest.approx(-min(penalty, 20.0))


@both
def test_monthly_group_fuel_goes_to_the_best_plants(solve: Any) -> None:
    # Fuel for 1,200 MWh; each MWh saves 60 - 20 in the first plant (full: 960 MWh), 60 - 30 in the second.
    case = make_case(
        [20.0, 30.0, 60.0], [40.0, 50.0, 200.0], np.full(24, 100.0), fuel_group=[0, 0, -1],
        group_cap_mw=[np.inf], group_energy_max_mwh=[1200.0],
    )  # fmt: skip
    result = solve(case)
    np.testing.assert_allclose(result.gen_mw.sum(axis=1), [960.0, 240.0, 1200.0], rtol=1e-12)
    assert result.group_value_usd_per_mwh[0] == pytest.approx(30.0)


@both
def test_group_cap_is_shared_across_a_full_link_by_cost_of_replacement(solve: Any) -> None:
    # A group MW saves 30 - 10 in the south, 70 - 20 in the north: the north takes 40, the south the last 10.
    case = make_case(
        [10.0, 30.0, 20.0, 70.0], [100.0] * 4, [[80.0], [40.0]], zone=[0, 0, 1, 1], fuel_group=[0, -1, 0, -1],
        group_cap_mw=[50.0], group_energy_max_mwh=[np.inf],
    )  # fmt: skip
    result = solve(case)
    np.testing.assert_allclose(result.gen_mw[:, 0], [10.0, 70.0, 40.0, 0.0])
    # One more MW in the north costs 20 and takes a group MW from the south, worth 30 - 10.
    np.testing.assert_allclose(result.price_usd_per_mwh[:, 0], [30.0, 40.0])


@both
def test_two_groups_share_their_caps_across_a_full_link(solve: Any) -> None:
    # Both groups have plants in both zones; only by exchanging places do both caps go where they save most.
    case = make_case(
        [10.0, 12.0, 50.0, 10.0, 30.0, 90.0], [100.0] * 6, [[100.0], [100.0]], zone=[0, 0, 0, 1, 1, 1],
        fuel_group=[0, 1, -1, 0, 1, -1], group_cap_mw=[60.0, 60.0], group_energy_max_mwh=[np.inf, np.inf],
    )  # fmt: skip
    result = solve(case)
    # Savings south 40 and 38, north 80 and 60: group 0 goes north, group 1 fills the other 40 there.
    np.testing.assert_allclose(result.gen_mw[:, 0], [0.0, 20.0, 80.0, 60.0, 40.0, 0.0], atol=1e-9)
    assert result.cost_usd == pytest.approx(20 * 12 + 80 * 50 + 60 * 10 + 40 * 30)
    assert not result.fallback


@both
def test_surplus_is_exported_then_curtailed_where_it_arises(solve: Any) -> None:
    case = make_case(
        [5.0, 50.0],
        [100.0, 100.0],
        [[40.0], [30.0]],
        zone=[0, 1],
        min_mw=[100.0, 0.0],
        link_north_mw=20.0,
        link_south_mw=20.0,
    )
    result = solve(case)
    np.testing.assert_allclose(result.over_mw[:, 0], [40.0, 0.0], atol=1e-9)
    assert result.flow_mw[0] == pytest.approx(20.0)
    np.testing.assert_allclose(result.price_usd_per_mwh[:, 0], [-1.0, 50.0])
    assert result.cost_usd == pytest.approx(100 * 5 + 10 * 50 + 40 * 1)


@both
def test_interruptible_load_leaves_before_firm_load_is_shed(solve: Any) -> None:
    case = make_case(
        [10.0, 10.0], [50.0, 90.0], [[100.0, 45.0], [60.0, 60.0]], zone=[0, 1],
        interruptible_mw=[[20.0, 20.0], [5.0, 5.0]], link_north_mw=10.0, link_south_mw=10.0,
    )  # fmt: skip
    result = solve(case)
    np.testing.assert_allclose(result.interrupted_mw, [[20.0, 0.0], [0.0, 0.0]], atol=1e-9)
    np.testing.assert_allclose(result.shed_mw, [[20.0, 0.0], [0.0, 0.0]], atol=1e-9)
    np.testing.assert_allclose(result.price_usd_per_mwh[:, 0], [500.0, 10.0])
    assert result.flow_mw[0] == pytest.approx(-10.0)


@both
def test_every_zone_sheds_its_own_load_only(solve: Any) -> None:
    case = make_case([10.0], [30.0], [[20.0], [100.0]], zone=[0], link_north_mw=500.0, link_south_mw=500.0)
    result = solve(case)
    assert result.shed_mw.sum() == pytest.approx(90.0)
    assert np.all(result.shed_mw <= case.demand_mw + 1e-9)


@both
def test_without_demand_nothing_runs(solve: Any) -> None:
    result = solve(make_case([10.0, 20.0], [50.0, 50.0], np.zeros((2, 24)), zone=[0, 1], link_north_mw=10.0))
    assert result.cost_usd == 0.0
    assert not result.gen_mw.any()
    assert not result.flow_mw.any()
    assert result.converged


def test_must_run_is_lowered_to_what_limits_allow() -> None:
    case = make_case(
        [1.0] * 4, [50.0, 30.0, 50.0, 50.0], np.full(24, 10.0), min_mw=[20.0, 40.0, 30.0, 30.0],
        energy_max_mwh=[240.0, np.inf, np.inf, np.inf], fuel_group=[-1, -1, 0, 0], group_cap_mw=[40.0],
        group_energy_max_mwh=[480.0],
    )  # fmt: skip
    # Half the water; availability; the group's cap 40 of 60, then its fuel for 20 MW on average.
    np.testing.assert_allclose(must_run_mw(case), np.repeat([[10.0], [30.0], [10.0], [10.0]], 24, axis=1))
    assert dispatch(case).cost_usd == pytest.approx(solve_lp(case).cost_usd, rel=1e-12)


# Plants of a Pakistan-like system (reconciled fleet of June 2025; costs in PKR/kWh of FY2025): name, zone,
# dependable MW, must-run share, fuel cost, fuel group (0: imported gas). Hydro is storage and run of river.
PLANTS = [
    ("nuclear south", 0, 2090.0, 0.6, 1.8, -1),
    ("nuclear north", 1, 1230.0, 0.6, 1.8, -1),
    ("wind", 0, 500.0, 0.0, 0.0, -1),
    ("solar", 0, 200.0, 0.0, 0.0, -1),
    ("bagasse", 1, 100.0, 0.0, 6.0, -1),
    ("hydro storage", 1, 9000.0, 0.03, 0.1, -1),
    ("hydro river", 1, 2000.0, 0.05, 0.1, -1),
    ("Thar block 2", 0, 1240.0, 0.3, 11.5, -1),
    ("Thar block 1", 0, 1230.0, 0.3, 12.8, -1),
    ("lignite plant on imports", 0, 615.0, 0.0, 16.0, -1),
    ("gas south", 0, 900.0, 0.2, 13.2, -1),
    ("gas north", 1, 1100.0, 0.2, 13.6, -1),
    ("Port Qasim", 0, 1230.0, 0.0, 17.0, -1),
    ("China Hub", 0, 1230.0, 0.0, 17.9, -1),
    ("Sahiwal", 1, 1230.0, 0.0, 17.4, -1),
    ("RLNG 1", 1, 1180.0, 0.25, 22.4, 0),
    ("RLNG 2", 1, 1200.0, 0.0, 22.8, 0),
    ("RLNG 3", 1, 1230.0, 0.0, 23.4, 0),
    ("RLNG 4", 1, 1240.0, 0.0, 23.9, 0),
    ("K-Electric", 0, 900.0, 0.2, 24.6, 0),
    ("furnace oil north", 1, 1500.0, 0.0, 29.6, -1),
    ("furnace oil south", 0, 500.0, 0.0, 33.0, -1),
]
# Generation, hydro and imported gas, GWh (generation_monthly.csv, FY2025); days; season of the load shape.
MONTHS = {
    "2024-07": (14880.0, 5341.0, 2970.0, 31.0, "summer"),
    "2024-11": (8032.0, 2860.0, 907.0, 30.0, "shoulder"),
    "2025-01": (8153.0, 866.0, 1542.0, 31.0, "winter"),
    "2025-04": (10513.0, 2306.0, 2157.0, 30.0, "shoulder"),
}
# Load over its mean every two hours (hourly_shape.csv).
SHAPES = {
    "winter": [0.972, 0.889, 0.911, 1.080, 1.088, 0.900, 0.727, 0.768, 1.080, 1.275, 1.221, 1.096],
    "summer": [1.126, 1.053, 0.991, 0.913, 0.885, 0.868, 0.860, 0.885, 0.952, 1.073, 1.200, 1.189],
    "shoulder": [1.049, 0.971, 0.951, 0.996, 0.987, 0.884, 0.793, 0.827, 1.016, 1.174, 1.210, 1.143],
}
PKR_PER_USD = 280.0


def pakistan_month(month: str, south_share: float, link_mw: float, growth: float = 1.0) -> DispatchCase:
    """Build a month: water limits, imported gas by volume and hourly cap, contracts on four plants."""
    total, water, gas, days, season = MONTHS[month]
    names = [plant[0] for plant in PLANTS]
    zone, maximum, share, cost, group = (np.array(column) for column in list(zip(*PLANTS, strict=True))[1:])
    shape = np.interp(np.arange(24), np.arange(0, 24, 2), SHAPES[season])
    load = growth * total * 1000.0 / (24.0 * days) * shape / shape.mean()
    extra = np.array([[600.0], [300.0]])  # mining under an interruption contract
    hydro = np.array([names.index("hydro storage"), names.index("hydro river")])
    energy_max, energy_min = np.full(len(names), np.inf), np.zeros(len(names))
    energy_max[hydro] = water * 1000.0 * np.array([0.8, 0.2])
    for name, factor in (("RLNG 1", 0.66), ("RLNG 2", 0.5), ("China Hub", 0.2), ("Thar block 1", 0.6)):
        energy_min[names.index(name)] = factor * maximum[names.index(name)] * 24.0 * days
    return make_case(
        cost * 1000.0 / PKR_PER_USD, maximum, np.outer([south_share, 1.0 - south_share], load) + extra,
        zone=zone, days=days, min_mw=share * maximum, energy_max_mwh=energy_max, energy_min_mwh=energy_min,
        take_or_pay_usd_per_mwh=0.9 * cost * 1000.0 / PKR_PER_USD, fuel_group=group, group_cap_mw=[4300.0],
        group_energy_max_mwh=[gas * 1000.0], interruptible_mw=np.repeat(extra, 24, axis=1),
        link_north_mw=link_mw, link_south_mw=link_mw, value_of_lost_load_usd_per_mwh=600.0,
    )  # fmt: skip


def check_balance(case: DispatchCase, result: DispatchResult) -> None:
    """Energy balance of each zone and hour to 1e-9 relative; physical limits."""
    export = np.array([result.flow_mw, -result.flow_mw])[: case.demand_mw.shape[0]]
    supply = np.array([result.gen_mw[case.zone == z].sum(axis=0) for z in range(case.demand_mw.shape[0])])
    served = supply + result.interrupted_mw + result.shed_mw - result.over_mw - export
    np.testing.assert_allclose(served, case.demand_mw, rtol=1e-9)
    assert np.all(result.gen_mw >= must_run_mw(case) * (1.0 - 1e-9))
    assert np.all(result.gen_mw <= case.max_mw * (1.0 + 1e-9))
    assert np.all(result.gen_mw.sum(axis=1) * case.days <= case.energy_max_mwh * (1.0 + 1e-9))
    assert np.all(result.flow_mw <= case.link_north_mw * (1.0 + 1e-9))
    assert np.all(result.flow_mw >= -case.link_south_mw * (1.0 + 1e-9))


@pytest.mark.parametrize("month", MONTHS)
@pytest.mark.parametrize(
    ("south_share", "link_mw", "growth"), [(0.33, 4000.0, 1.0), (0.2, 4000.0, 1.0), (0.2, 1500.0, 1.5)]
)
def test_pakistan_like_month_equals_linear_programme(
    month: str, south_share: float, link_mw: float, growth: float
) -> None:
    case = pakistan_month(month, south_share, link_mw, growth)
    result, reference = dispatch(case), solve_lp(case)
    assert not result.fallback
    assert result.cost_usd == pytest.approx(reference.cost_usd, rel=1e-8)
    assert result.gap_relative <= 1e-9
    check_balance(case, result)
    check_balance(case, reference)
    split = result.price_usd_per_mwh[1] - result.price_usd_per_mwh[0]
    assert np.all(np.abs(split[np.abs(result.flow_mw) < link_mw * (1.0 - 1e-9)]) <= 1e-6)
    if link_mw == 1500.0:
        assert np.any(split > 1.0)


def test_answer_does_not_depend_on_what_the_arrays_held() -> None:
    case = standard_case(pakistan_month("2025-01", 0.2, 4000.0))
    outputs = [empty_output(len(PLANTS), 2, 1, 24) for _ in range(2)]
    for array in outputs[1]:
        array.fill(np.nan)
    for out in outputs:
        assert sim.dispatch.compiled_dispatch(tuple(case), tuple(out))
    for clean, dirty in zip(*outputs, strict=True):
        np.testing.assert_array_equal(clean, dirty)


def test_kernel_that_runs_out_of_plans_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    case = standard_case(pakistan_month("2025-01", 0.2, 4000.0))
    out = empty_output(len(PLANTS), 2, 1, 24)
    monkeypatch.setattr(sim.dispatch_search, "MAX_PLANS", 5)
    assert not dispatch_kernel(case, out)  # plain Python: compiled code would not see the change
    cost, bound = out.summary[:2]
    best = solve_lp(case).cost_usd
    assert bound < best * (1.0 - 1e-9) or cost > best * (1.0 + 1e-9)


def test_unproven_answer_is_replaced_by_the_linear_programme(monkeypatch: pytest.MonkeyPatch) -> None:
    case = pakistan_month("2025-01", 0.2, 4000.0)
    proven = dispatch(case)
    monkeypatch.setattr(sim.dispatch, "compiled_dispatch", lambda *_: False)
    result = dispatch(case)
    assert result.fallback
    assert result.converged
    assert result.cost_usd == pytest.approx(proven.cost_usd, rel=1e-8)


def test_bound_holds_for_any_prices_and_meets_the_cost_at_the_optimum() -> None:
    case = standard_case(pakistan_month("2025-04", 0.2, 1500.0))
    must_run, result, rng = must_run_mw(case), dispatch(case), np.random.default_rng(10)
    for spread in (0.01, 0.3, 2.0):
        noise = [rng.normal(0.0, spread, size) for size in ((2, 24), len(PLANTS), 1)]
        prices = result.price_usd_per_mwh * (1.0 + noise[0])
        values = result.plant_value_usd_per_mwh + 50.0 * noise[1]
        group = result.group_value_usd_per_mwh + 50.0 * noise[2]
        assert dual_bound_usd(case, must_run, prices, values, group) < result.cost_usd
    duals = (result.price_usd_per_mwh, result.plant_value_usd_per_mwh, result.group_value_usd_per_mwh)
    assert dual_bound_usd(case, must_run, *duals) == pytest.approx(result.cost_usd, rel=1e-9)


def test_violations_are_seen() -> None:
    case = standard_case(pakistan_month("2025-01", 0.2, 4000.0))
    out = empty_output(len(PLANTS), 2, 1, 24)
    sim.dispatch.compiled_dispatch(tuple(case), tuple(out))
    must_run, proven = must_run_mw(case), out.summary.copy()
    assert prove(case, must_run, out)
    np.testing.assert_allclose(out.summary, proven, rtol=1e-12, atol=1e-12)
    smallest = case.demand_mw[:, 3].min()
    for array, place, change, violation in (
        (out.flow_mw, 3, 1.0, 1.0 / smallest),  # balance
        (out.flow_mw, 3, 5000.0, 5000.0 / smallest),
        (out.over_mw, (0, 5), -1.0, 1.0 / case.demand_mw[0, 5]),  # negative
        (out.shed_mw, (1, 5), case.demand_mw[1, 5] + 7.0, 1.0 + 7.0 / case.demand_mw[1, 5]),
    ):
        before = array[place]
        array[place] += change
        assert violation_relative(case, must_run, out) == pytest.approx(violation, rel=1e-3)
        assert not prove(case, must_run, out)
        array[place] = before
    # More water than there is, though every hour balances.
    storage, oil = 5, 20
    out.gen_mw[storage, 12] += 100.0
    out.gen_mw[oil, 12] -= 100.0
    limit = case.energy_max_mwh[storage]
    assert violation_relative(case, must_run, out) >= 100.0 * case.days / limit - 1e-9


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"demand_mw": np.full((1, 24), -1.0)}, "demand_mw has -1; allowed from 0 to"),
        ({"cost_usd_per_mwh": np.array([np.nan, 1.0])}, "cost_usd_per_mwh has nan"),
        ({"zone": np.array([0, 1])}, "zone has 1; allowed from 0 to 0"),
        ({"fuel_group": np.array([0, -1])}, "fuel_group has 0; allowed from -1 to -1"),
        ({"min_mw": np.zeros(3)}, r"min_mw has shape \(3,\); expected \(2,\)"),
        ({"max_mw": np.full((2, 24), np.inf)}, "max_mw has inf"),
        ({"demand_mw": np.zeros((3, 24))}, "demand_mw has 3 zones; allowed are 1 or 2"),
        ({"days": 0.0}, "days is 0; must be above 0"),
        ({"interruptible_cost_usd_per_mwh": 900.0}, "at most the value of lost load, 500"),
    ],
)
def test_invalid_case_is_refused_with_field_value_and_range(changes: dict[str, Any], message: str) -> None:
    case = make_case([10.0, 20.0], [50.0, 50.0], np.full(24, 60.0))._replace(**changes)
    with pytest.raises(ModelError, match=message):
        dispatch(case)
